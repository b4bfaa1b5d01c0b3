# shellcheck shell=sh
# What ./dev runs, and how it tells what came of it. Sourced by ./dev, after setup.sh.

# A run goes through all its suites even when one fails: one look shows everything that is broken.
begin() {
    report=; failed=; seconds=0; long_seconds=0
    run_log=$(mktemp)
    trap 'rm -f "$run_log" "$run_log.status"' EXIT
}

# What a suite ends with when it could not be run for a reason that is no fault of the tree: told at the end, and no failure.
# 77 is what other test runners mean by that.
not_run=77

suite() {
    name=$1; shift
    say "== $name"
    started=$(date +%s)
    # What is seen is kept as well: its tests are counted at the end. A pipe has the status of its last command, hence the file.
    { "$@" && echo 0 >"$run_log.status" || echo $? >"$run_log.status"; } 2>&1 | tee -a "$run_log"
    case $(cat "$run_log.status") in
        0) result=ok ;;
        "$not_run") result='not run' ;;
        *) result=FAILED; failed="$failed $name" ;;
    esac
    took=$(($(date +%s) - started))
    seconds=$((seconds + took))
    case $name in mutants | browser | interop) long_seconds=$((long_seconds + took)) ;; esac
    report="$report$(printf '  %-10s %-7s %4s s' "$name" "$result" "$took")
"
}

finish() {
    printf 'dev: what was run\n%s' "$report" >&2
    # A machine decides as well, so that more than that fails nothing.
    [ "$long_seconds" -eq 0 ] ||
        say "in all $seconds s, of 2700 on two cores; long tests (mutants, browser, interop) $long_seconds s, of 900"
    tell_failures <"$run_log"
    count_tests <"$run_log"
    [ -z "$failed" ] || die "failed:$failed"
}

# Why tests failed, at the end as well, for those who have no more than that: the lines of the browsers' runner, which tell of
# first tries too, and what Rust's tests panicked with.
tell_failures() {
    sed 's/\x1b\[[0-9;]*m//g' | awk '
        told >= 40 { exit }
        /^failed: / { print "dev: " $0; told += 1 }
        panicked { print "dev:   " $0; panicked = 0 }
        /^ *thread .* panicked at / { sub(/^ */, ""); print "dev: " $0; told += 1; panicked = 1 }' | cut -c 1-600
}

# The runners' own closing lines, added up: cargo test, nextest, vitest, node's runner, and plain `N passed, N failed`.
count_tests() {
    sed 's/\x1b\[[0-9;]*m//g' | awk '
        /^ *Summary .* tests? run:/ {
            if (match($0, /[0-9]+ passed/)) passed += substr($0, RSTART)
            if (match($0, /[0-9]+ failed/)) failed += substr($0, RSTART)
        }
        /^test result: / || /^ *Tests  / || /^[0-9]+ passed, [0-9]+ failed$/ {
            if (match($0, /[0-9]+ passed/)) passed += substr($0, RSTART)
            if (match($0, /[0-9]+ failed/)) failed += substr($0, RSTART)
        }
        /^# pass [0-9]+$/ { passed += $3 }
        /^# fail [0-9]+$/ { failed += $3 }
        END { if (passed + failed > 0) printf "%d passed, %d failed\n", passed, failed }'
}

build_web_client() {
    npm_packages web-client
    stamp=web-client/dist/index.html
    if [ -e "$stamp" ] && [ -z "$(find web-client -path web-client/node_modules -prune -o \
        -path 'web-client/dist*' -prune -o -type f -newer "$stamp" -print | head -n 1)" ]; then
        return 0
    fi
    say "building the web client"
    npm run --prefix web-client build >&2
}

# The clients of the interop suite are a suite of their own.
rust_packages='--workspace --exclude freshet-interop --features freshet-load/clock,freshet/gst,bridge-transcode/gst'

# shellcheck disable=SC2086  # a list of options
test_rust() {
    if has cargo-nextest; then
        cargo nextest run --locked $rust_packages --no-fail-fast &&
            cargo test --locked $rust_packages --doc
    else
        cargo test --locked $rust_packages --no-fail-fast
    fi && forwards_without_allocating
}

# Of what the bench measures, this is the same on every machine.
# shellcheck disable=SC2086  # a list of options
forwards_without_allocating() {
    cargo test --locked $rust_packages --bench forward -- --subscribers 20 --rounds 4 \
        --max-allocations 0.001 --max-estimated-allocations 0.001 --max-receipt-allocations 4
}

test_mutants() { load-tests/sim/mutants.sh; }

test_web() { npm test --prefix web-client; }

# The binary that the Rust suite has tested, with the features of the whole workspace: built alone, half of what it depends
# on would be built again.
# shellcheck disable=SC2086  # a list of options
build_tested_binary() { cargo test --locked --quiet $rust_packages --no-run; }

compile_tests() {
    build_tested_binary && case " $* " in *' interop '*) cargo test --locked --quiet --package freshet-interop --no-run ;; esac
}

# Patient tests wait more than they work: two of them share the machine, which the others want for themselves.
test_browser() {
    build_tested_binary || return
    browser_failed=
    FRESHET_BIN="$(target_dir)/debug/freshet" npm run patient --prefix tests/browser || browser_failed=yes
    FRESHET_BIN="$(target_dir)/debug/freshet" npm test --prefix tests/browser || browser_failed=yes
    [ -z "$browser_failed" ]
}

# Built outside the namespace, which reaches no registry, and run inside it.
test_interop() {
    build_tested_binary &&
        cargo test --locked --package freshet-interop --no-run &&
        FRESHET_BIN="$(target_dir)/debug/freshet" sh scripts/in_namespace.sh \
            cargo test --locked --offline --package freshet-interop
}

test_acme() {
    build_tested_binary &&
        sh scripts/in_namespace.sh sh tests/acme/run "$(target_dir)/debug/freshet"
}

# What the release of Rust that the workspace is written for warns of fails. What a newer one has learned to warn of is
# shown: it must not break a tree that nobody has changed.
lint_clippy() {
    case $(rustc --version) in
        "rustc $rust_min."*) level=-D ;;
        *) level=-W ;;
    esac
    cargo clippy --locked --workspace --features freshet-load/clock,freshet/gst,bridge-transcode/gst --all-targets --keep-going -- "$level" warnings
}

lint_doc() { RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --features freshet/gst --no-deps --keep-going; }

lint_types() {
    npm run --prefix web-client lint && npm run --prefix tests/browser lint
}

# Every script is found by its first line, and what it sources is checked with it.
# shellcheck disable=SC2046  # a list of files
lint_shell() { shellcheck --external-sources --check-sourced $(git grep -lE '^#!.*sh$'); }

lint_dependencies() { cargo deny --offline --locked check --hide-inclusion-graph bans licenses sources; }

# Known weaknesses are kept in a repository on GitHub, which not every machine reaches. It is asked for two minutes at most.
lint_advisories() {
    if ! timeout 120 cargo deny --locked fetch db; then
        say "advisories: NOT CHECKED, because their database (github.com/RustSec/advisory-db) could not be fetched"
        return "$not_run"
    fi
    cargo deny --offline --locked check advisories
}

# The lints that are cheap once everything else has been compiled.
test_lint() {
    unkempt=
    cargo fmt --all --check || unkempt=yes
    lint_clippy || unkempt=yes
    lint_shell || unkempt=yes
    lint_types || unkempt=yes
    # Whether the mutants still have something to break shows at once; whether they are noticed is a suite.
    load-tests/sim/mutants.sh --check || unkempt=yes
    [ -z "$unkempt" ]
}

# Timings are taken on the release build: that is what people run.
bench() {
    FRESHET_BIN="$(target_dir)/release/freshet"
    export FRESHET_BIN
    figure=$1; shift
    case $figure in
        glass | joins | reload | playable | packaging)
            # A bench of load before it has left a server without a transcoder.
            cargo build --release --locked --features gst --bin freshet &&
                npm run --silent --prefix tests/browser bench -- "$figure" ;;
        throttled) npm run --prefix tests/browser record ;;
        emulated) FRESHET_EMULATOR="$(target_dir)/release/freshet-emulator" npm run --prefix tests/browser emulated ;;
        viewers) load-tests/load/bench.sh "$@" ;;
        joins100) load-tests/load/bench.sh --viewers 100 --joins 100 --seconds 3 --max-join-p95-ms 400 \
            --max-keyframe-requests 5 "$@" ;;
        hls) load-tests/load/hls.sh "$@" ;;
        bystanders) load-tests/load/bystanders.sh "$@" ;;
        density) load-tests/load/density.sh "$@" ;;
        ramp) load-tests/load/ramp.sh "$@" ;;
        limit) cargo run --release --locked --package freshet-load -- limit "$@" ;;
        peers) load-tests/peers/bench.sh "$@" ;;
        hostile) load-tests/load/hostile.sh ;;
        sim) cargo run --release --locked --package freshet-sim --example speed ;;
        networks) cargo run --release --locked --package freshet-sim --example matrix ;;
        seeds) FRESHET_SIM_SEEDS=1000 cargo test --locked --package freshet-sim --test seeds -- --nocapture ;;
        # Forwarding allocates nothing. The publisher's engine does, twice for a packet that comes, and all engines do for
        # checks and reports: of a hundred viewers 0.02 for each packet that goes.
        core) cargo bench --locked --package freshet-sim --bench forward -- --max-ns 300 --max-allocations 0 \
            --max-estimated-allocations 0 --max-receipt-allocations 2.01 --max-engine-allocations 0.05 \
            --max-estimation-ns 100 "$@" ;;
        *) die "no such bench: $figure" ;;
    esac
}

# Sessions come and go for so many minutes, and the server's memory must not follow; or players of HLS play for so long.
soak() {
    case $1 in
        sessions) script=src/soak.js ;;
        players) script=src/players_soak.js ;;
    esac
    FRESHET_BIN="$(target_dir)/release/freshet" npm run --silent --prefix tests/browser soak -- "$script" "$2"
}

# So many minutes, half of them each: property tests draw new cases on the crates that parse and decide, then the fuzz
# targets get inputs that nobody has tried.
fuzz() {
    deadline=$(($(date +%s) + $1 * 30))
    while [ "$(date +%s)" -lt "$deadline" ]; do
        PROPTEST_CASES=4096 cargo test --locked -p sfu-model -p sfu-net -p sfu-core \
            -p bridge-frames -p bridge-packager -p bridge-origin -p bridge-transcode -p bridge-server \
            -p signaling-auth -p whip-whep-core -p freshet-check -p freshet-sim || return 1
    done
    load-tests/fuzz/run.sh $((($1 + 1) / 2))
}
