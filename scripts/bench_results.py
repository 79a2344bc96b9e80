"""What bench-peers.sh measured."""

import json
import statistics

NAMES = {
    "lakebed": "Lakebed", "chdb-rawhour": "ClickHouse, hour by hour", "chdb-raw": "ClickHouse, whole", "polars-rawhour": "Polars, hour by hour",
    "polars-raw": "Polars, whole", "duckdb-rawhour": "DuckDB, hour by hour", "python-raw": "Python, 2 processes", "shell-gzip6": "cat, awk, gzip",
    "shell-pigz6": "cat, awk, pigz", "spark-raw": "Spark",
}


class Tool:
    """The medians of a tool's runs."""

    def __init__(self, peer, runs):
        self.ours = peer == "lakebed"
        self.name = NAMES.get(peer, peer)
        self.runs = len(runs)
        for key in ("wall", "cpu", "peak_mb", "mb_cpu_s", "out_bytes"):
            setattr(self, key, statistics.median(r[key] or 0 for r in runs))
        self.right = all(r["rc"] == 0 and r["ok"] for r in runs)
        self.exact = self.right and all(r["byte_exact"] for r in runs)


def read(path):
    """Gives the input as a line of text, and the tools: Lakebed first, then by what they make of a second of the processor."""
    runs = {}
    for line in open(path, encoding="utf-8"):
        r = json.loads(line)
        runs.setdefault(r["peer"], []).append(r)
    tools = sorted((Tool(*item) for item in runs.items()), key=lambda t: (not t.ours, -t.mb_cpu_s))
    first = next(iter(runs.values()))[0]
    kind = {"json": "plain", "gz": "gzip"}[first["input"]]
    copies = ", without copies" * first["set"].endswith("-unique")
    return f"{first['lines']:,} events, {first['raw'] / 1e6:,.0f} MB in {kind} fragments{copies}; medians of {tools[0].runs}", tools
