"""Whether a request is one of BigQuery's API, by Google's discovery document."""

import json
import re
from urllib.parse import parse_qsl, urlsplit

from googleapiclient.discovery_cache import get_static_doc

DOCUMENT = json.loads(get_static_doc("bigquery", "v2"))
RANGES = {
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}


def _methods(resources):
    for resource in resources.values():
        yield from resource.get("methods", {}).values()
        yield from _methods(resource.get("resources", {}))


METHODS = list(_methods(DOCUMENT["resources"]))


def find(http_method, path):
    """The API's method behind a path, or None."""
    path = urlsplit(path).path
    for method in METHODS:
        # Such as projects/{+projectId}/datasets
        parts = re.split(r"\{[^}]*\}", DOCUMENT["servicePath"] + method["path"])
        pattern = "[^/]+".join(map(re.escape, parts))
        if method["httpMethod"] == http_method and re.fullmatch("/" + pattern, path):
            return method
    return None


def faults(method, path, body):
    """What the API does not know of a request of `method`: in its query, and in its body, as JSON text or nothing."""
    parameters = {**DOCUMENT["parameters"], **method.get("parameters", {})}
    found = []
    for name, value in parse_qsl(urlsplit(path).query, keep_blank_values=True, strict_parsing=True):
        parameter = parameters.get(name)
        if parameter is None or parameter["location"] != "query":
            found.append(f"?{name} is unknown")
        else:
            found += _of_parameter(value, parameter, f"?{name}")
    if not body:
        return found + (["there is no body"] if "request" in method else [])
    if "request" not in method:
        return found + ["there is a body"]
    # What is null is taken away from what is there, which only a change can mean.
    return found + _of(json.loads(body), method["request"], "body", method["httpMethod"] == "PATCH")


def _of_parameter(value, parameter, where):
    """Numbers and booleans are text in a query."""
    if parameter["type"] == "boolean":
        return [] if value in ("true", "false") else [f"{where} is no boolean"]
    if parameter["type"] == "integer":
        return _of_integer(value, parameter["format"], where)
    return []


def _of(value, schema, where, can_be_null):
    if "$ref" in schema:
        return _of(value, DOCUMENT["schemas"][schema["$ref"]], where, can_be_null)
    kind = schema["type"]
    if kind == "any" or (value is None and can_be_null):
        return []
    types = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float)}
    if not isinstance(value, types[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return [f"{where} is no {kind}"]
    if kind == "object":
        return [fault for name in value for fault in _of_member(value, name, schema, where, can_be_null)]
    if kind == "array":
        items = enumerate(value)
        return [fault for i, item in items for fault in _of(item, schema["items"], f"{where}[{i}]", can_be_null)]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where} is none of {schema['enum']}"]
    if schema.get("format") in RANGES:
        return _of_integer(str(value), schema["format"], where)
    return []


def _of_member(value, name, schema, where, can_be_null):
    member = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
    where = f"{where}.{name}"
    if member is None:
        return [f"{where} is unknown"]
    if member.get("readOnly"):
        return [f"{where} is for Google to say"]
    return _of(value[name], member, where, can_be_null)


def _of_integer(text, form, where):
    low, high = RANGES[form]
    fits = re.fullmatch(r"-?\d+", text) and low <= int(text) <= high
    return [] if fits else [f"{where} is no {form}"]
