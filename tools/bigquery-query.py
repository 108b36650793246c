"""Asks the emulator of `make dev WAREHOUSE=bigquery`, and prints each row as a line of JSON."""

import json
import sys

from google.api_core.exceptions import GoogleAPIError
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

PROJECT = "sparrow-dev"  # as in tools/dev.ts

client = bigquery.Client(
    PROJECT,
    credentials=AnonymousCredentials(),
    client_options={"api_endpoint": "http://127.0.0.1:9050"},
    default_query_job_config=bigquery.QueryJobConfig(default_dataset=f"{PROJECT}.sparrow"),
)
try:
    for row in client.query(sys.argv[1], retry=None, job_retry=None).result(retry=None):
        print(json.dumps(dict(row), default=str))
except (GoogleAPIError, OSError) as error:
    sys.exit(f"✗ {error}")
