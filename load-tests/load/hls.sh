#!/bin/sh
# One stream to many viewers of LL-HLS over loopback, against the figures of docs/performance.md: 2,000 and 5,000 reloads that wait
# for the same part, pictures and sound of 500 viewers over 1,000 connections, 500 viewers beside as many readers of a byte a second,
# and how many plain requests a core answers. Each run goes to its end though one before it missed its bar, for more is known then.
# Exits with 1 when one did.
#
# usage: hls.sh [freshet-load OPTIONS], of the runs with viewers, such as --seconds 60
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cd "$here/../.."

. load-tests/load/server.sh
build_server
let_crowds_in
latency=low
start_server
missed=

load() { # command option...
    command=$1
    shift
    echo "== $command $*"
    (on_core 1 "$bin/freshet-load" "$command" "http://$http/hls/bench/multivariant.m3u8" --whip "http://$http/whip/bench" \
        --key bench-key-0001 --server-pid "$server" "$@") || missed=yes
}

load hls --viewers 2000 --no-sound --max-reload-p99-ms 60 --max-stalls 0 --max-errors 0 "$@"
load hls --viewers 500 --max-reload-p99-ms 60 --max-stalls 0 --max-errors 0 "$@"
load hls --viewers 5000 --no-sound --max-reload-p99-ms 150 --max-stalls 0 --max-errors 0 "$@"
load hls --viewers 500 --no-sound --bitrate 4000000 --slow 500 --max-slow-delay-ms 10 --max-slow-secs 30 --max-stalls 0 \
    --max-errors 0 --seconds 40
load requests --object playlist --min-per-core 35000
load requests --object part --sound --min-per-core 35000
[ -z "$missed" ]
