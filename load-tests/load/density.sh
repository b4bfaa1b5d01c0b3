#!/bin/sh
# What one core of a server carries, against the figures of docs/performance.md: each run goes to its end though one before it
# missed its bar, for more is known then. Exits with 1 when one did.
#
# usage: density.sh [freshet-load OPTIONS], of all runs
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
missed=

run() { # viewers option...
    viewers=$1
    shift
    echo "== $viewers players: $*"
    "$here/bench.sh" --viewers "$viewers" --seconds 30 "$@" || missed=yes
}

run 200 --max-latency-p50-us 1000 --max-latency-p99-beyond-ms 5 "$@"
run 200 --pacing paced --max-latency-p50-us 1000 --max-latency-p99-beyond-ms 5 "$@"
run 500 --max-cpu-us 0.9 --max-limit-ratio 2.0 --max-viewer-kib 107 "$@"
run 2500 --max-server-cores 0.8 --max-viewer-kib 107 "$@"
[ -z "$missed" ]
