"""Compacts a lake, and prints a line of bench-memory.sh's table: bench-memory.py SET LAKE. The peak is of the process's resident memory (ru_maxrss)."""

import pathlib
import sys

import bench_process

name, lake = sys.argv[1:]
raw = sum(f.stat().st_size for f in pathlib.Path(lake, "raw").rglob("*.json"))
told, cpu, wall, peak = bench_process.run("compact", "--once", "--lake", lake)
print(f"| {name} | {told['lines_read']:,} | {raw / 1e6:,.0f} | {cpu:.1f} | {wall:.1f} | {peak:.0f} |", flush=True)
