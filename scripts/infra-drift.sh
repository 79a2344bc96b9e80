#!/usr/bin/env bash
# Plans a folder below infra/ that has been applied, and prints what Terraform would change. In the emulator's environment what
# infra/environments/emulator/drift.txt names is left out where the emulator gave nothing back: a value that is there and another than ours is drift all the
# same. Exits 1 when anything is left, so that `apply` twice changes nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:?usage: scripts/infra-drift.sh FOLDER [ARGUMENTS OF PLAN]}
shift

plan=$(mktemp)
trap 'rm -f "$plan"' EXIT
scripts/infra-terraform.sh -chdir="$folder" plan -input=false -no-color -out="$plan" "$@" >/dev/null
scripts/infra-terraform.sh -chdir="$folder" show -json "$plan" | python3 -c '
import json, os, sys

known = set()
path = os.path.join(sys.argv[1], "drift.txt")
if os.path.exists(path):
    known = {tuple(line.split()[:2]) for line in open(path) if line.strip() and not line.startswith("#")}

# What Terraform reads where an answer has no such field: a zero value, or its own default.
nothing = (None, "", 0, False, [], {}, "missing")

found = []
for r in json.load(sys.stdin).get("resource_changes", []):
    change = r["change"]
    if change["actions"] in (["no-op"], ["read"]):
        continue
    before, after = change["before"] or {}, change["after"] or {}
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) == after.get(name) or (change["after_unknown"] or {}).get(name):
            continue
        if (r["type"], name) not in known or before.get(name) not in nothing:
            found.append("%s: %s: %s -> %s" % (r["address"], name, json.dumps(before.get(name)), json.dumps(after.get(name))))
    if change["actions"] != ["update"]:
        found.append("%s: %s" % (r["address"], "+".join(change["actions"])))
print("\n".join(found) if found else "no drift but what is known")
sys.exit(1 if found else 0)
' "$folder"
