"""Prints a table of what bench-peers.sh measured: medians, and ratios to the first row, which is Lakebed."""

import sys

import bench_results

what, tools = bench_results.read(sys.argv[1])
ours = tools[0]
if not ours.ours:
    sys.exit("Lakebed did not run")
print(f"{what}\n")
print("| tool | wall s | CPU s | MB per CPU s | peak MB | out MB | output | Lakebed's MB per CPU s, times | its wall time, times |")
print("|---|---|---|---|---|---|---|---|---|")
for t in tools:
    verdict = "bytes kept" if t.exact else "each event once" if t.right else "WRONG"
    print(f"| {t.name} | {t.wall:.1f} | {t.cpu:.1f} | {t.mb_cpu_s:.0f} | {t.peak_mb:.0f} | {t.out_bytes / 1e6:.1f} | {verdict} "
          f"| {ours.mb_cpu_s / t.mb_cpu_s:.2f} | {t.wall / ours.wall:.2f} |")
sys.exit(not ours.right)
