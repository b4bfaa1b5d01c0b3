# What ./dev runs, and how it tells what came of it. Sourced by ./dev, after setup.sh.

# A run goes through all its suites even when one fails: one look shows everything that is broken.
begin() {
    report=; failed=
    run_log=$(mktemp)
    trap 'rm -f "$run_log" "$run_log.status"' EXIT
}

suite() {
    name=$1; shift
    say "== $name"
    started=$(date +%s)
    # What is seen is kept as well: its tests are counted at the end. A pipe has the status of its last command, hence the file.
    { "$@" && echo 0 >"$run_log.status" || echo 1 >"$run_log.status"; } 2>&1 | tee -a "$run_log"
    if [ "$(cat "$run_log.status")" = 0 ]; then
        result=ok
    else
        result=FAILED; failed="$failed $name"
    fi
    report="$report$(printf '  %-9s %-7s %4s s' "$name" "$result" "$(($(date +%s) - started))")
"
}

finish() {
    printf 'dev: what was run\n%s' "$report" >&2
    count_tests <"$run_log"
    [ -z "$failed" ] || die "failed:$failed"
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
        -path web-client/dist -prune -o -type f -newer "$stamp" -print | head -n 1)" ]; then
        return 0
    fi
    say "building the web client"
    npm run --prefix web-client build >&2
}

# The clients that need GStreamer's headers are a suite of their own.
rust_packages='--workspace --exclude freshet-interop'

# shellcheck disable=SC2086  # a list of options
test_rust() {
    if has cargo-nextest; then
        cargo nextest run --locked $rust_packages --no-fail-fast &&
            cargo test --locked $rust_packages --doc
    else
        cargo test --locked $rust_packages --no-fail-fast
    fi
}

test_web() { npm test --prefix web-client; }

# The binary that the Rust suite has tested, with the features of the whole workspace: built alone, half of what it depends
# on would be built again.
# shellcheck disable=SC2086  # a list of options
build_tested_binary() { cargo test --locked --quiet $rust_packages --no-run; }

test_browser() {
    build_tested_binary &&
        FRESHET_BIN="$(target_dir)/debug/freshet" npm test --prefix tests/browser
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

lint_types() {
    npm run --prefix web-client lint && npm run --prefix tests/browser lint
}

# cargo-deny takes minutes to build, so it is installed once and only for the lints. Advisories are asked for by hand, with
# `cargo deny check advisories`: their database is fetched from a place that not every machine reaches.
lint_dependencies() {
    if ! has cargo-deny; then
        say "installing cargo-deny"
        again cargo install --locked --quiet cargo-deny || return 1
    fi
    cargo deny --offline --locked check bans licenses sources
}

# Timings are taken on the release build: that is what people run.
bench() {
    FRESHET_BIN="$(target_dir)/release/freshet"
    export FRESHET_BIN
    case $1 in
        glass | joins | reload) npm run --silent --prefix tests/browser bench -- "$1" ;;
        viewers) load-tests/load/bench.sh ;;
        sim) cargo run --release --locked --package freshet-sim --example speed ;;
        *) die "no such bench: $1 (glass, joins, reload, viewers, sim)" ;;
    esac
}

# Sessions come and go for so many minutes, and the server's memory must not follow.
soak() {
    FRESHET_BIN="$(target_dir)/release/freshet" \
        npm run --silent --prefix tests/browser soak -- "$1"
}

# So many minutes, half of them each: property tests draw new cases on the crates that parse and decide, then the fuzz
# targets get inputs that nobody has tried.
fuzz() {
    deadline=$(($(date +%s) + $1 * 30))
    while [ "$(date +%s)" -lt "$deadline" ]; do
        PROPTEST_CASES=4096 cargo test --locked -p sfu-model -p sfu-net -p sfu-core \
            -p signaling-auth -p whip-whep-core -p freshet-sim || return 1
    done
    load-tests/fuzz/run.sh $((($1 + 1) / 2))
}
