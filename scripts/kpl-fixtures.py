#!/usr/bin/env python3
"""Makes the fixtures of services/ingest/kpl with Amazon's own aggregator for Python (github.com/awslabs/kinesis-aggregation).

Each is two files: <name>.kpl, the aggregate, and <name>.json, what went into it. The same versions make the same bytes. From the top:

    python3 -m venv .cache/kpl
    .cache/kpl/bin/pip install aws_kinesis_agg==1.2.3 protobuf==7.36.2 six==1.17.0
    .cache/kpl/bin/python scripts/kpl-fixtures.py
"""

import base64
import json
import pathlib

from aws_kinesis_agg.aggregator import AggRecord

TARGET = pathlib.Path(__file__).resolve().parent.parent / "services/ingest/kpl/testdata"


def event(n, **more):
    text = {"event_uuid": f"kpl-{n}", "created_at": f"2026-11-23T08:{n // 60 % 60:02}:{n % 60:02}Z", "event_name": "lesson:started", **more}
    return json.dumps(text, separators=(",", ":"), ensure_ascii=False).encode()


LAST_HASH = str(2**128 - 1)

# name: the sub-records, as (partition key, data, explicit hash key)
FIXTURES = {
    "single": [("p", event(0), None)],
    "several": [("p", event(n), None) for n in range(5)],
    "keys": [(f"user-{n % 40}", event(n), None) for n in range(200)],
    "hashes": [("p", event(n), [None, "0", LAST_HASH, str(n)][n % 4]) for n in range(16)],
    "ndjson": [("p", event(3 * n) + b"\n" + event(3 * n + 1) + b"\n" + event(3 * n + 2) + b"\n", None) for n in range(4)],
    "unicode": [("ключ", event(0, comment="déjà vu ☃"), None), ("鍵", event(1), "1")],
    "poison": [("p", event(0), None), ("p", b"nonsense", None), ("p", b"", None), ("p", event(1), None), ("p", b'{"a":', None), ("p", event(2), None)],
    "binary": [("p", bytes(range(256)), None), ("p", b"\x1f\x8b\x08\x00", None), ("p", event(0), None)],
    "long": [("p" * 256, event(0, comment="x" * 20_000), None), ("q", event(1), None)],
}


def main():
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, records in FIXTURES.items():
        aggregate = AggRecord()
        for key, data, explicit in records:
            if not aggregate.add_user_record(key, data, explicit):
                raise SystemExit(f"{name}: too large for one aggregate")
        (TARGET / f"{name}.kpl").write_bytes(aggregate.get_contents()[2])
        holds = [{"key": k, "hash": h, "data": base64.b64encode(d).decode()} for k, d, h in records]
        (TARGET / f"{name}.json").write_text(json.dumps(holds, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
