# shellcheck shell=sh
# A server with one stream for a load test, on a core of its own. Sourced by the scripts beside it, from the repository's root.

# The load's programs and the server, as people run them.
build_server() {
    cargo build --release --locked --package freshet --package freshet-load --bin freshet --bin freshet-load
    bin=${CARGO_TARGET_DIR:-target}/release
}

# Server and load each have a core: what one does must not be paid for by the other.
on_core() { core=$1; shift; exec "$@"; }
if [ "$(nproc)" -ge 2 ] && command -v taskset >/dev/null 2>&1; then
    on_core() { core=$1; shift; exec taskset -c "$core" "$@"; }
fi

stop_server() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$data"
}

# A generator is a crowd behind one address: what the server would let one client do is not what is measured.
let_crowds_in() {
    export FRESHET_LIMITS__CONNECTIONS_PER_ADDRESS=8192
    export FRESHET_LIMITS__JOINS_PER_SECOND_AND_CLIENT=1000
}

# What is measured is WHEP, unless a script says otherwise.
latency=ultra-low

# Sets `server`, its process, and `http`, its address. One worker, because it has one core.
start_server() {
    server=
    data=$(mktemp -d)
    trap stop_server EXIT
    trap 'exit 130' INT TERM
    cat >"$data/freshet.toml" <<TOML
[https]
enabled = false
[sfu]
workers = 1
[hls]
latency = "$latency"
[[streams]]
name = "bench"
key = "bench-key-0001"
public = true
TOML
    mkfifo "$data/addresses"
    (on_core 0 "$bin/freshet" serve --config "$data/freshet.toml" --data "$data/data" --listen 127.0.0.1:0 \
        --log-level warn --print-addresses) >"$data/addresses" &
    server=$!
    # The server's first line is its addresses; what follows is for people. If it ends before it listens, so does the read.
    exec 3<"$data/addresses"
    IFS= read -r addresses <&3 || { echo "bench: the server did not start" >&2; exit 2; }
    http=$(printf '%s\n' "$addresses" | sed -n 's/.*"http":"\([^"]*\)".*/\1/p')
    [ -n "$http" ] || { echo "bench: no HTTP address in: $addresses" >&2; exit 2; }
}
