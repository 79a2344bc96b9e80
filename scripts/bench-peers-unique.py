"""Makes of a data set of bench-peers.sh another, in which no event comes twice: bench-peers-unique.py FROM TO"""

import gzip
import json
import pathlib
import re
import sys

source, to = map(pathlib.Path, sys.argv[1:])
seen = set()
packed = 0
for path in sorted((source / "json").rglob("*.json")):
    kept = []
    for line in path.read_bytes().splitlines(keepends=True):
        id_ = re.search(rb'"event_uuid":"([^"]*)"', line)[1]
        if id_ not in seen:
            seen.add(id_)
            kept.append(line)
    name = path.relative_to(source / "json")
    for folder, suffix, text in (("json", "", b"".join(kept)), ("gz", ".gz", gzip.compress(b"".join(kept), 6, mtime=0))):
        out = to / folder / (str(name) + suffix)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(text)
    packed += len(text)
manifest = json.loads((source / "manifest.json").read_text())
for m in (manifest, *manifest["Hours"].values()):
    m["Lines"] = m["Unique"]
    m["RawBytes"] = m["UniqueBytes"]
manifest["GzFragmentBytes"] = packed
manifest["Set"] += "-unique"
if len(seen) != manifest["Unique"]:
    sys.exit(f"{len(seen)} events, {manifest['Unique']} in the manifest")
(to / "manifest.json").write_text(json.dumps(manifest))
