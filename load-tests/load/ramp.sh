#!/bin/sh
# More and more players on one stream over loopback: how many does the server carry on one core? Exits with freshet-load's
# status, which is a failure where a bar is broken before the last step.
#
# usage: ramp.sh [freshet-load OPTIONS], such as --steps 500,1000,1500,2000,2500 or --network clean:40,mobile:40,lossy:20
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cd "$here/../.."

. load-tests/load/server.sh
build_server
let_crowds_in
start_server
(on_core 1 "$bin/freshet-load" ramp --whip "http://$http/whip/bench" --whep "http://$http/whep/bench" \
    --key bench-key-0001 --steps 50,100,200,400 --seconds 10 --joins 50 --server-pid "$server" --max-lost 0 \
    --max-latency-p99-ms 50 --max-server-cores 0.8 "$@")
