#!/usr/bin/env bash
# terraform with a configuration of the project's own: `scripts/infra-terraform.sh -chdir=infra/environments/dev plan`. The provider comes from the
# public registry where that answers, else from a mirror on this machine: LAKEBED_TF_MIRROR, or the usual places. What is installed is kept
# in .cache/terraform, so that every module shares one copy and it is fetched once. A TF_CLI_CONFIG_FILE of the user's is left alone when it is there.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cache=$root/.cache/terraform

command -v terraform >/dev/null || {
	echo "terraform is not installed: https://developer.hashicorp.com/terraform/install (1.9 or newer)" >&2
	exit 1
}

# mirror prints the first folder that holds providers as `terraform providers mirror` lays them out.
mirror() {
	local place
	for place in ${LAKEBED_TF_MIRROR:+"$LAKEBED_TF_MIRROR"} ~/.terraform.d/{plugins,mirror} /usr/{local/,}share/terraform/{plugins,providers} /opt/* /var/lib/terraform/*; do
		if [[ -d $place/registry.terraform.io/hashicorp/aws ]]; then
			echo "$place"
			return
		fi
	done
}

# registry tells whether the public registry answers, as far as that can be asked: without curl terraform finds out itself.
registry() { ! command -v curl >/dev/null || curl -fsS --max-time 10 https://registry.terraform.io/.well-known/terraform.json >/dev/null 2>&1; }

# configure writes where providers come from. The registry is asked only by `init`: nothing else installs.
configure() {
	local place=
	if [[ -n ${LAKEBED_TF_MIRROR:-} && ! -d $LAKEBED_TF_MIRROR/registry.terraform.io/hashicorp/aws ]]; then
		echo "LAKEBED_TF_MIRROR is $LAKEBED_TF_MIRROR, where no registry.terraform.io/hashicorp/aws lies" >&2
		exit 1
	fi
	if [[ -n ${LAKEBED_TF_MIRROR:-} ]] || ! registry; then
		place=$(mirror)
		if [[ -z $place ]]; then
			echo "no way to registry.terraform.io, and no mirror of its providers: name the folder that holds registry.terraform.io/ in LAKEBED_TF_MIRROR" >&2
			exit 1
		fi
	fi
	{
		echo "plugin_cache_dir = \"$cache/plugins\""
		echo "plugin_cache_may_break_dependency_lock_file = true" # else what is there is fetched anew for each folder; no lock file is kept here
		echo "disable_checkpoint = true"
		if [[ -n $place ]]; then
			echo "provider_installation {"
			echo "  filesystem_mirror {"
			echo "    path = \"$place\""
			echo "  }"
			echo "}"
		fi
	} >"$cache/terraform.rc.$$"
	mv "$cache/terraform.rc.$$" "$cache/terraform.rc"
}

if [[ ! -f ${TF_CLI_CONFIG_FILE:-} ]]; then
	mkdir -p "$cache/plugins"
	if [[ ! -f $cache/terraform.rc || " $* " == *" init "* ]]; then
		configure
	fi
	export TF_CLI_CONFIG_FILE=$cache/terraform.rc
fi
exec terraform "$@"
