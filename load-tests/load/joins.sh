#!/bin/sh
# A hundred players come within a second: how soon each has a whole picture, and how many keyframes that costs the publisher,
# against the figures of docs/performance.md. Exits with freshet-load's status.
#
# usage: joins.sh [freshet-load OPTIONS], such as --viewers 200 --joins 200.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cd "$here/../.."

. load-tests/load/server.sh
build_server
# A generator is a crowd behind one address: what the server would let one client do is not what is measured.
export FRESHET_LIMITS__CONNECTIONS_PER_ADDRESS=8192
export FRESHET_LIMITS__JOINS_PER_SECOND_AND_CLIENT=1000
start_server
(on_core 1 "$bin/freshet-load" fanout --whip "http://$http/whip/bench" --whep "http://$http/whep/bench" \
    --key bench-key-0001 --viewers 100 --joins 100 --seconds 3 --server-pid "$server" --max-lost 0 \
    --max-join-p95-ms 400 --max-keyframe-requests 5 "$@")
