#!/usr/bin/env bash
# Installs Trino, the engine that Athena is built on, with its Hive connector alone, into .cache/trino-VERSION/, once: from Maven Central through mvn, which
# keeps the 450 MB in its own repository, too. Trino wants a newer Java than most machines call `java`: the first that is new enough in the usual
# places is named in .cache/trino-VERSION/java, for the tests that start it.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/tier.sh
source scripts/tier.sh

version=476 # the newest whose server is on Maven Central
java=24     # the oldest Java that it starts with
home=$PWD/.cache/trino-$version
tier="what Athena sees (integration/athena)"

# jdks prints every place where a JDK may lie, the user's own choice first.
jdks() {
	local found
	echo "${JAVA_HOME:-}"
	if found=$(command -v java) && found=$(readlink -f "$found"); then
		echo "${found%/bin/java}"
	fi
	ls -d /usr/lib/jvm/* /opt/* /opt/java/* /usr/local/* /usr/java/* ~/.jdks/* ~/.sdkman/candidates/java/* \
		/Library/Java/JavaVirtualMachines/*/Contents/Home 2>/dev/null || true
}

# jdk prints the first that is new enough and whole.
jdk() {
	local place major
	while read -r place; do
		[[ -n $place && -x $place/bin/java && -x $place/bin/jar && -f $place/release ]] || continue
		major=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$place/release")
		if [[ -n $major ]] && ((major >= java)); then
			echo "$place"
			return
		fi
	done < <(jdks)
}

found=$(jdk)
if [[ -z $found ]]; then
	skip_tier "$tier" "a JDK of version $java or newer (temurin-25-jdk, or Debian's openjdk-25-jdk; JAVA_HOME can name it)"
	exit 0
fi
if [[ ! -f $home/installed ]]; then
	if ! command -v mvn >/dev/null; then
		skip_tier "$tier" "mvn, which fetches Trino (Debian, Ubuntu: apt install maven)"
		exit 0
	fi
	work=$home.new
	rm -rf "$work" "$home"
	mkdir -p "$work/hive"
	for artifact in "trino-server-core:$version:tar.gz" "trino-hive:$version:zip"; do
		echo "== maven: io.trino:$artifact"
		if ! mvn --quiet --batch-mode --strict-checksums dependency:copy "-Dartifact=io.trino:$artifact" "-DoutputDirectory=$work" >"$work/mvn.log" 2>&1; then
			tail -n 20 "$work/mvn.log" >&2
			skip_tier "$tier" "io.trino:$artifact, which mvn could not fetch"
			exit 0
		fi
	done
	tar -xzf "$work/trino-server-core-$version.tar.gz" -C "$work"
	(cd "$work/hive" && "$found/bin/jar" -xf "../trino-hive-$version.zip")
	mkdir "$work/plugin"
	mv "$work/trino-server-core-$version/lib" "$work/lib"
	mv "$work/hive/trino-hive-$version" "$work/plugin/hive"
	rm -rf "$work/trino-server-core-$version"* "$work/trino-hive-$version.zip" "$work/hive" "$work/mvn.log"
	echo "$version" >"$work/installed"
	mv "$work" "$home"
fi
echo "$found" >"$home/java"
