#!/bin/sh
# Fuzzes every target for so many minutes in all: run.sh [MINUTES] (default 5).
#
# With cargo-fuzz and a nightly toolchain libFuzzer leads by coverage; without, the replay test makes inputs from the
# seeds, from another random seed each round, which it prints when it finds something. What is found belongs into corpus/.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cd "$here/../.."
minutes=${1:-5}

targets() { for file in "$here"/fuzz_targets/*.rs; do basename "$file" .rs; done; }

by_coverage() {
    n_targets=$(targets | wc -l)
    seconds=$((minutes * 60 / n_targets + 1))
    for target in $(targets); do
        echo "fuzz: $target for $seconds s" >&2
        # What libFuzzer keeps goes to the first folder; the seeds are read only.
        kept="$here/libfuzzer/kept/$target"
        mkdir -p "$kept"
        cargo +nightly fuzz run --fuzz-dir "$here/libfuzzer" "$target" "$kept" "$here/corpus/$target" -- \
            -max_total_time="$seconds" -max_len=98304 -timeout=10 -rss_limit_mb=2048
    done
}

by_replay() {
    deadline=$(($(date +%s) + minutes * 60))
    cargo test --release --locked --package freshet-fuzz --no-run
    while [ "$(date +%s)" -lt "$deadline" ]; do
        seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
        echo "fuzz: replay with FRESHET_FUZZ_SEED=$seed" >&2
        FRESHET_FUZZ_SEED=$seed FRESHET_FUZZ_CASES=${FRESHET_FUZZ_CASES:-200000} \
            cargo test --release --locked --package freshet-fuzz --test replay -- --quiet
    done
}

if cargo +nightly fuzz --version >/dev/null 2>&1; then by_coverage; else by_replay; fi
