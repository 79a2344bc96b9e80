"""Draws what bench-peers.sh measured as an SVG, for a light and a dark page: bench-plot.py RESULTS.jsonl… > bench.svg. A tool whose output was wrong is
left out."""

import sys
from html import escape

import bench_results

WIDTH, LABELS, BAR, ROW, HEAD = 800, 170, 220, 22, 62
COLUMNS = (("MB per CPU second, more is better", "mb_cpu_s", "{:.0f}"), ("seconds of wall time, less is better", "wall", "{:.1f}"))
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #57606a }
  .head { font-size: 13px; font-weight: 600; fill: #24292f }
  .bar { fill: #afb8c1 }
  .ours { fill: #0969da; font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    text { fill: #8b949e } .head { fill: #e6edf3 } .bar { fill: #484f58 } .ours { fill: #58a6ff }
  }
"""


def text(x, y, words, kind="", anchor="start"):
    return f'<text x="{x}" y="{y}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def panel(path, top):
    """Draws one file's results from there on, and tells how high they are."""
    what, tools = bench_results.read(path)
    tools = [t for t in tools if t.right]
    out = [text(0, top + 16, what, "head")]
    for n, (title, key, form) in enumerate(COLUMNS):
        left = LABELS + n * (WIDTH - LABELS) // 2
        most = max(getattr(t, key) for t in tools)
        out.append(text(left, top + 40, title))
        for row, t in enumerate(tools):
            y, value = top + HEAD + row * ROW, getattr(t, key)
            length, ours = max(1, value / most * BAR), " ours" * t.ours
            out.append(f'<rect x="{left}" y="{y - 11}" width="{length:.1f}" height="14" rx="2" class="bar{ours}"/>')
            out.append(text(f"{left + length + 6:.1f}", y, form.format(value), ours.strip()))
            if n == 0:
                out.append(text(LABELS - 10, y, t.name, ours.strip(), "end"))
    return out, HEAD + len(tools) * ROW


body, height = [], 0
for path in sys.argv[1:]:
    part, high = panel(path, height)
    body += part
    height += high
print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">\n'
      f"<title>Compaction by Lakebed and by other tools</title>\n<style>{STYLE}</style>")
print("\n".join(body) + "\n</svg>")
