"""Judges requests to BigQuery and to Google's authorization server by what Google publishes.

Takes `{"key": the account's key file, "calls": [{"method", "path", "contentType", "authorization", "body"}, …]}`, in their
order. Answers for each with `{"method": its id in the API, or "token", "faults": […]}`.
"""

import json
import sys
from urllib.parse import urlsplit

import api
from tokens import Account


def judge(key, calls):
    account = Account(key)
    scope = None  # of the access tokens that were given last
    for call in calls:
        if call["path"] == urlsplit(key["token_uri"]).path:
            scope, faults = account.exchange(call["contentType"], call["body"])
            yield {"method": "token", "faults": faults}
            continue
        method = api.find(call["method"], call["path"])
        if method is None:
            yield {"method": None, "faults": ["the API has no such method"]}
            continue
        faults = api.faults(method, call["path"], call["body"])
        if call["body"] and call["contentType"] != "application/json":
            faults.append("the content type is not application/json")
        allowed, more = bearer(account, call["authorization"], scope)
        faults += more
        if not more and allowed not in method["scopes"]:
            faults.append(f"it needs one of {method['scopes']}, not {allowed}")
        yield {"method": method["id"].removeprefix("bigquery."), "faults": faults}


def bearer(account, authorization, granted):
    """Scope and faults of what goes along with a request."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme != "Bearer":
        return None, ["there is no bearer token"]
    if token.count(".") == 2:
        return account.bearer(token)
    return (granted, []) if granted else (None, ["the token is no JWT, and none was exchanged for it"])


asked = json.load(sys.stdin)
json.dump(list(judge(asked["key"], asked["calls"])), sys.stdout)
