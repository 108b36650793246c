# Sourced by the scripts beside it: places, versions and words.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=$root/.tools

WORKER_BUILD_VERSION=0.8.7
WASM_BINDGEN_VERSION=0.2.130   # must equal wasm-bindgen's in Cargo.lock
CARGO_DENY_VERSION=0.20.2
CARGO_FUZZ_VERSION=0.13.2

# npm's `node` brings the Node that wrangler needs, whichever is installed.
export PATH=$root/node_modules/node/bin:$root/node_modules/.bin:$tools/bin:$PATH
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false

say() { printf '· %s\n' "$*" >&2; }
die() { printf '✗ %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# Whether system packages may be installed here without asking anybody.
may_install() { has apt-get && [ "$(id -u)" = 0 ]; }

# install_packages NAME...: from the Debian or Ubuntu archive.
install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# cargo_tool NAME VERSION COMMAND [FLAGS...]: installs a pinned tool from crates.io.
cargo_tool() {
  local name=$1 version=$2 command=$3; shift 3
  [ "$(cat "$tools/$name.version" 2>/dev/null)" = "$version" ] && [ -x "$tools/bin/$command" ] && return
  say "building $name $version (once, a few minutes)"
  mkdir -p "$tools"
  cargo install --quiet --root "$tools" "$@" "$name@$version" >&2 || die "cargo could not install $name $version"
  echo "$version" >"$tools/$name.version"
}
