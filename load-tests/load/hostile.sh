#!/bin/sh
# Strangers flood a server with ClientHellos while sessions are set up, and with binding requests while players watch, against
# the figures of docs/performance.md. Exits with freshet-load's status.
#
# usage: hostile.sh [freshet-load OPTIONS]
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cd "$here/../.."
. load-tests/load/server.sh

build_server
start_server
(on_core 1 "$bin/freshet-load" hostile --whip "http://$http/whip/bench" --whep "http://$http/whep/bench" \
    --key bench-key-0001 --server-pid "$server" --metrics "$http" "$@")
