"""Prints a table of what bench-ingest.sh measured: medians, and how many times as many events Lakebed takes."""

import base64
import collections
import datetime
import glob
import json
import os
import re
import statistics
import sys

events, outs, results = sys.argv[1:]


def lines(across):
    """The lines that are to come out: of the records with one id the first, as it came, with the three fields before its closing brace."""
    seen, all_ = set(), collections.Counter()
    for name in sorted(glob.glob(events + "/*.json")):
        if not across:
            seen = set()
        for record in json.load(open(name, encoding="utf-8"))["Records"]:
            raw = base64.b64decode(record["kinesis"]["data"])
            event = json.loads(raw)
            if event["event_uuid"] in seen:
                continue
            seen.add(event["event_uuid"])
            at = datetime.datetime.fromtimestamp(event["created_at"], datetime.timezone.utc)
            kind, _, subkind = event["event_name"].partition(":")
            added = {"created_datetime": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "event_type": kind, "event_subtype": subkind}
            text = json.dumps(added, ensure_ascii=False, separators=(",", ":")).encode()
            all_[raw[:-1] + b"," + text[1:]] += 1
    return all_


want = {False: lines(False), True: lines(True)}
speed = collections.defaultdict(dict)
for line in open(results, encoding="utf-8"):
    run, name, said = line.split("|", 2)
    speed[name][run] = int(re.search(r": (\d+) records/s", said).group(1))
ours = {name: runs for name, runs in speed.items() if name.startswith("lakebed")}
verdicts = {}
for name in speed:
    got = collections.Counter(open(os.path.join(outs, name.replace("/", "-")), "rb").read().split(b"\n")[:-1])
    expected = want[name.endswith("window")]
    verdicts[name] = "yes" if got == expected else f"no, {sum((got - expected).values()):,} lines are others"

print(f"{len(glob.glob(events + '/*.json'))} events of Lambda with 500 records each; medians of {len(ours['lakebed'])} runs. "
      "The others look for copies in the event alone, as `lakebed` does here; `lakebed, window` also among the last minutes' events, as on AWS.\n")
print("| tool | events per CPU s | lakebed takes, times | lakebed, window takes, times | byte exact |")
print("|---|---|---|---|---|")
for name in sorted(speed, key=lambda n: (n not in ours, -statistics.median(speed[n].values()))):
    times = [statistics.median(ours[o][r] / speed[name][r] for r in speed[name]) for o in ("lakebed", "lakebed, window")]
    print(f"| {name} | {statistics.median(speed[name].values()):,.0f} | {times[0]:.1f} | {times[1]:.1f} | {verdicts[name]} |")
sys.exit(any(verdicts[name] != "yes" for name in ours))
