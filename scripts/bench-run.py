"""Ingests and compacts a file of events, and prints bench-run.sh's table: bench-run.py FILE LAKE. The MB are the file's."""

import os
import sys

import bench_process

file, lake = sys.argv[1:]
told, cpu, wall, peak = bench_process.run("run", "--lake", lake, file)
size = os.path.getsize(file)
print("| events | events per CPU s | MB per CPU s | CPU s | wall s | peak MiB |")
print("|---|---|---|---|---|---|")
print(f"| {told['stored']:,} | {told['stored'] / cpu:,.0f} | {size / 1e6 / cpu:.0f} | {cpu:.1f} | {wall:.1f} | {peak:.0f} |")
