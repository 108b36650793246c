"""Reads exports of traces with OpenTelemetry's own protocol definition, strictly.

Takes a list of bodies, as text. Answers `{"spans": […], "faults": […]}`.
"""

import base64
import json
import re
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

# Where OTLP differs from the JSON that protobuf prescribes
# (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): these are hexadecimal and no base64.
IDS = {"traceId": 32, "spanId": 16, "parentSpanId": 16}
# Protobuf's parser takes numbers for these, too, which lose digits.
TEXTS = {"startTimeUnixNano", "endTimeUnixNano", "intValue"}
# And names for these.
NUMBERS = {"kind", "code", "flags"}


def protobuf(value, name, faults):
    """A value of the JSON as protobuf's parser takes it."""
    if isinstance(value, dict):
        faults += [f"{member} is not in camel case" for member in value if "_" in member]
        return {member: protobuf(inner, member, faults) for member, inner in value.items()}
    if isinstance(value, list):
        return [protobuf(inner, name, faults) for inner in value]
    if name in IDS:
        if not re.fullmatch(f"[0-9a-f]{{{IDS[name]}}}", value) or not int(value, 16):
            faults.append(f"{name} is none: {value}")
        return base64.b64encode(bytes.fromhex(value)).decode()
    if name in TEXTS and not isinstance(value, str):
        faults.append(f"{name} is no text")
    if name in NUMBERS and type(value) is not int:
        faults.append(f"{name} is no number")
    return value


def plain(value):
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(inner) for inner in value.array_value.values]
    return getattr(value, kind)


def attributes(of):
    return {one.key: plain(one.value) for one in of}


def spans(request):
    for of_resource in request.resource_spans:
        resource = attributes(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield {
                    "resource": resource,
                    "trace": span.trace_id.hex(),
                    "id": span.span_id.hex(),
                    "parent": span.parent_span_id.hex() or None,
                    "name": span.name,
                    "kind": span.kind,
                    "nanos": [str(span.start_time_unix_nano), str(span.end_time_unix_nano)],
                    "attributes": attributes(span.attributes),
                    "links": [{"trace": link.trace_id.hex(), "span": link.span_id.hex()} for link in span.links],
                    "error": span.status.message if span.status.code == 2 else None,
                }


def judge(bodies):
    found, faults = [], []
    for body in bodies:
        try:
            message = protobuf(json.loads(body), "", faults)
            found += spans(json_format.ParseDict(message, ExportTraceServiceRequest()))
        except (ValueError, json_format.ParseError) as error:
            faults.append(str(error))
    return {"spans": found, "faults": faults}


json.dump(judge(json.load(sys.stdin)), sys.stdout)
