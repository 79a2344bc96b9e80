#!/usr/bin/env bash
# Writes the tables of inputs and outputs into each module's README, between its marks, from variables.tf and outputs.tf. With --check it only says
# whether they are up to date.
set -euo pipefail
cd "$(dirname "$0")/.."

# table prints the blocks of one kind (variable, output) of a file as rows. Descriptions are one line each; a type or a default of several lines
# is named as an object or a list.
table() {
	awk -v kind="$1" '
		function flush() {
			if (name == "") return
			if (kind == "output") printf "| `%s` | %s |\n", name, description
			else printf "| `%s` | %s | %s | %s |\n", name, type, given ? "`" standard "`" : "required", description
			name = ""
		}
		$1 == kind { flush(); name = $2; gsub(/"/, "", name); type = standard = description = ""; given = 0; next }
		/^  type +=/ { sub(/^  type += /, ""); type = ($0 ~ /[({]$/) ? "object" : $0; if (type ~ /^object\(/) type = "object"; next }
		/^  default +=/ { sub(/^  default += /, ""); standard = $0; given = 1; next }
		/^  description +=/ { sub(/^  description += "/, ""); sub(/"$/, ""); gsub(/\\"/, "\""); gsub(/\|/, "\\|"); description = $0; next }
		END { flush() }
	' "$2"
}

status=0
for module in infra/modules/*/; do
	readme=${module}README.md
	new=$(mktemp)
	{
		sed '/<!-- tables -->/q' "$readme"
		printf '\n## Inputs\n\n| name | type | default | what it is |\n|---|---|---|---|\n'
		table variable "${module}variables.tf"
		printf '\n## Outputs\n\n| name | what it is |\n|---|---|\n'
		table output "${module}outputs.tf"
	} >"$new"
	if ! cmp -s "$new" "$readme"; then
		if [[ ${1:-} == --check ]]; then
			echo "$readme is not up to date: scripts/infra-docs.sh writes it" >&2
			status=1
		else
			cat "$new" >"$readme"
		fi
	fi
	rm -f "$new"
done
exit "$status"
