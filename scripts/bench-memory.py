"""Compacts a lake, and prints a line of bench-memory.sh's table: bench-memory.py SET LAKE. The peak is of the process's resident memory (VmHWM)."""

import json
import os
import pathlib
import subprocess
import sys
import time

name, lake = sys.argv[1:]
raw = sum(f.stat().st_size for f in pathlib.Path(lake, "raw").rglob("*.json"))
start = time.monotonic()
process = subprocess.Popen(["bin/lakebed", "compact", "--once", "--quiet", "--output", "json", "--lake", lake], stdout=subprocess.PIPE)
told = process.stdout.read()
_, status, used = os.wait4(process.pid, 0)
wall = time.monotonic() - start
process.returncode = os.waitstatus_to_exitcode(status)
if process.returncode != 0:
    sys.exit(f"compact ended with {process.returncode}")
told = json.loads(told)
events = told["lines_read"]
print(f"| {name} | {events:,} | {raw / 1e6:,.0f} | {used.ru_utime + used.ru_stime:.1f} | {wall:.1f} | {used.ru_maxrss / 1024:.0f} |", flush=True)
