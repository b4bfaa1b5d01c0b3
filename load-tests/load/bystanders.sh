#!/bin/sh
# One of fifty players has 100 kbit/s and loses a fifth of it: what do the others feel, against the figures of
# docs/performance.md? Exits with freshet-load's status.
#
# usage: bystanders.sh [freshet-load OPTIONS], such as --viewers 200 --rounds 9
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cd "$here/../.."

. load-tests/load/server.sh
build_server
let_crowds_in
start_server
(on_core 1 "$bin/freshet-load" bystanders --whip "http://$http/whip/bench" --whep "http://$http/whep/bench" \
    --key bench-key-0001 --simulcast --pacing paced --joins 50 --server-pid "$server" "$@")
