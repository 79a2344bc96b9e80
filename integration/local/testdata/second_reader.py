"""Reads the events that were fed (NDJSON) and the parts of a lake, sharing no code with Lakebed, and prints what each holds.

An event that was fed counts once, however often it came; a line that is no event does not count. The checksum is the sum of a hash of
every event's own bytes: of a stored line, those before the fields that the transform added.
"""

import concurrent.futures
import datetime
import glob
import gzip
import hashlib
import json
import re
import sys
import time

ADDED = re.compile(rb',"(?:created_datetime|event_type|event_subtype)":"[^"]*"')
ID = re.compile(rb'"event_uuid":"([0-9a-fA-F-]{36})"')


def own(line):
    """The bytes of a stored event without the fields that were added at its end, in the order in which they are."""
    end = len(line) - 1
    while True:
        cut = max(line.rfind(b',"created_datetime":', 0, end), line.rfind(b',"event_type":', 0, end), line.rfind(b',"event_subtype":', 0, end))
        if cut < 0 or not ADDED.fullmatch(line[cut:end]):
            return line[:end] + b"}"
        end = cut


def digest(line):
    return int.from_bytes(hashlib.blake2b(line, digest_size=8).digest(), "little")


def pairs(items):
    keys = [k.lower() for k, _ in items]
    if len(set(keys)) != len(keys):
        raise ValueError("a key twice")
    return dict(items)


def depth(value):
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


def seconds(t):
    """Unix seconds of an event's time, or None."""
    if isinstance(t, str) and not re.fullmatch(r"-?\d+(\.\d+)?", t):
        try:
            when = datetime.datetime.fromisoformat(t)
        except ValueError:
            return None
        return when.replace(tzinfo=when.tzinfo or datetime.timezone.utc).timestamp()
    if isinstance(t, bool) or not isinstance(t, (int, float, str)):
        return None
    t = float(t)
    for unit, limit in ((1, 1e11), (1e3, 1e14), (1e6, 1e17)):
        if abs(t) < limit:
            return t / unit
    return t / 1e9


def good(line):
    """The id of a line that is an event, or None."""
    try:
        e = json.loads(line.decode("utf-8"), object_pairs_hook=pairs, parse_constant=lambda c: 1 / 0)
        json.dumps(e, ensure_ascii=False).encode("utf-8")  # no lone surrogates
    except (ValueError, ZeroDivisionError, RecursionError):
        return None
    if not isinstance(e, dict) or depth(e) > 64 or not isinstance(e.get("event_uuid"), str) or not 1 <= len(e["event_uuid"]) <= 256:
        return None
    t = seconds(e.get("created_at"))
    if t is None or not 631152000 <= t <= time.time() + 86400:
        return None
    return e["event_uuid"].lower()


def input_of(file):
    rows, total, seen = 0, 0, set()
    with open(file, "rb") as f:
        for line in f:
            line = line.rstrip(b"\n")
            m = ID.search(line)
            if m and m.group(1).lower() in seen:
                continue
            uid = good(line)
            if uid is None:
                continue
            rows += 1
            seen.add(uid.encode())
            total = (total + digest(line)) % 2**64
    return {"Rows": rows, "IDs": len(seen), "Sum": f"{total:016x}"}


def lake_of(folder):
    rows, total, ids = 0, 0, set()
    for path in glob.glob(glob.escape(folder) + "/events/dt=*/hour=*/gen-*/part-*.json.gz"):
        with gzip.open(path, "rb") as f:
            for line in f:
                assert line.endswith(b"\n"), path
                line = line[:-1]
                rows += 1
                ids.add(ID.search(line).group(1).lower())
                total = (total + digest(own(line))) % 2**64
    return {"Rows": rows, "IDs": len(ids), "Sum": f"{total:016x}"}


if __name__ == "__main__":
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        fed, held = pool.submit(input_of, sys.argv[1]), pool.submit(lake_of, sys.argv[2])
        print(json.dumps({"Input": fed.result(), "Lake": held.result()}))
