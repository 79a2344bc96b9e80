"""Prints a table of what bench-peers.sh measured: medians, and ratios to the first row, which is Lakebed."""

import json
import statistics
import sys

runs = {}
for line in open(sys.argv[1], encoding="utf-8"):
    r = json.loads(line)
    runs.setdefault(r["peer"], []).append(r)
rows = []
for name, all_ in runs.items():
    m = {k: statistics.median(r[k] or 0 for r in all_) for k in ("wall", "cpu", "peak_mb", "mb_cpu_s", "ev_cpu_s", "out_bytes")}
    ok = all(r["rc"] == 0 and r["ok"] for r in all_)
    rows.append((name, m, "bytes kept" if ok and all(r["byte_exact"] for r in all_) else "each event once" if ok else "WRONG"))
ours = next(m for name, m, _ in rows if name == "lakebed")
rows.sort(key=lambda r: (r[0] != "lakebed", -r[1]["mb_cpu_s"]))
first = next(iter(runs.values()))[0]
print(f"{first['set']}: {first['lines']:,} events, {first['raw'] / 1e6:,.0f} MB of {first['input']} fragments; medians of {len(next(iter(runs.values())))}\n")
print("| tool | wall s | CPU s | MB per CPU s | peak MB | out MB | output | Lakebed's MB per CPU s, times | its wall time, times |")
print("|---|---|---|---|---|---|---|---|---|")
for name, m, verdict in rows:
    print(f"| {name} | {m['wall']:.1f} | {m['cpu']:.1f} | {m['mb_cpu_s']:.0f} | {m['peak_mb']:.0f} | {m['out_bytes'] / 1e6:.1f} | {verdict} "
          f"| {ours['mb_cpu_s'] / m['mb_cpu_s']:.2f} | {m['wall'] / ours['wall']:.2f} |")
sys.exit(any(verdict == "WRONG" for name, _, verdict in rows if name == "lakebed"))
