"""Reads from BigQuery, or an emulator, with Google's client.

Takes `{"endpoint", "project", "dataset", "queries": [SQL, …]}`; tables without a dataset are those of `dataset`. Answers
with `{"rows": [[{column: value}, …], …], "tables": {name: what there is to know}}`. Times are RFC 3339 with three decimals.
"""

import datetime
import json
import sys

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery


def text(value):
    if isinstance(value, datetime.datetime):
        utc = value.astimezone(datetime.timezone.utc)
        return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value.isoformat()  # a date


def described(table):
    resource = table.to_api_repr()
    members = ("type", "schema", "timePartitioning", "clustering")
    return {**{name: resource.get(name) for name in members}, "rows": table.num_rows}


asked = json.load(sys.stdin)
dataset = f"{asked['project']}.{asked['dataset']}"
client = bigquery.Client(
    asked["project"],
    credentials=AnonymousCredentials(),
    client_options={"api_endpoint": asked["endpoint"]},
    default_query_job_config=bigquery.QueryJobConfig(default_dataset=dataset),
)
rows = [[dict(row) for row in client.query(sql).result()] for sql in asked["queries"]]
tables = {table.table_id: described(client.get_table(table)) for table in client.list_tables(dataset)}
json.dump({"rows": rows, "tables": tables}, sys.stdout, default=text)
