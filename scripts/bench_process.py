"""Runs bin/lakebed, and tells what it took."""

import json
import os
import subprocess
import sys
import time


def run(*arguments):
    """Gives what a command prints as JSON, the seconds of CPU and of wall time that its process took, and the peak of its resident memory in MiB."""
    start = time.monotonic()
    process = subprocess.Popen(["bin/lakebed", *arguments, "--quiet", "--output", "json"], stdout=subprocess.PIPE)
    told = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{arguments[0]} ended with {process.returncode}")
    return json.loads(told), used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024
