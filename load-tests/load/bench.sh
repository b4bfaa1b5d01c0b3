#!/bin/sh
# One stream to many players over loopback, against the figures of docs/performance.md. Exits with freshet-load's status.
#
# usage: bench.sh [freshet-load OPTIONS], such as --viewers 500 --seconds 30 --pacing paced; by default 200 players, 60 s.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cd "$here/../.."

. load-tests/load/server.sh
build_server
let_crowds_in
start_server
(on_core 1 "$bin/freshet-load" fanout --whip "http://$http/whip/bench" --whep "http://$http/whep/bench" \
    --key bench-key-0001 --viewers 200 --seconds 60 --joins 50 --server-pid "$server" --max-lost 0 --max-cpu-us 3.5 \
    --limit "$@")
