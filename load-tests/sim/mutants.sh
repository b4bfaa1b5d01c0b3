#!/bin/sh
# Shows that the simulator's tests can fail: breaks the SFU's core in one place at a time, in a copy of the tree, and wants
# the tests to notice. A mutant that lives is a missing test.
#
#   load-tests/sim/mutants.sh           all of them, about ten minutes on two cores the first time, three later
#   load-tests/sim/mutants.sh NAME...   some of them
#   load-tests/sim/mutants.sh --check   none: only whether the code that each one changes is still there
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
# A place that stays the same: Cargo then rebuilds only what a mutant changes.
tree=$root/target/mutants
core=sfu/core/src
# Its own: Cargo names what it builds by paths inside the workspace, so in a shared place a mutant would pass for the core.
CARGO_TARGET_DIR=$tree/target
export CARGO_TARGET_DIR

# name | file | what sed replaces | by what
mutants=$(cat <<'END'
sequence_skips_a_number_on_a_switch|subscribe/rewrite.rs|self.last.sequence.0.wrapping_add(1)|self.last.sequence.0.wrapping_add(2)
time_stands_still_on_a_switch|subscribe/rewrite.rs|self.last.time.0.wrapping_add(self.ticks_since_last(packet))|self.last.time.0.wrapping_add(self.ticks_since_last(packet).min(1))
selector_switches_on_a_delta_frame|subscribe/select.rs|if !packet.facts.starts_keyframe {|if false {
picture_id_is_not_moved|subscribe/rewrite_picture.rs|id.wrapping_add(self.picture_id)|id
gate_is_open_to_everybody|worker/datagrams.rs|  .by_remote(remote)$|  .by_remote(remote).or_else(\|\| self.sessions.indexes().first().copied())
stun_integrity_is_not_checked|worker/datagrams.rs|if !session.engine.is_authentic|if false \&\& !session.engine.is_authentic
keyframe_requests_are_not_spaced|publish/keyframe_requests.rs|is_none_or(.due. due > now)|is_none_or(\|_\| false)
END
)

copy() {
    mkdir -p "$tree/load-tests"
    rm -rf "$tree/sfu" "$tree/load-tests/sim"
    mkdir -p "$tree/sfu"
    cp -R "$root/sfu/model" "$root/sfu/core" "$tree/sfu/"
    cp -R "$root/load-tests/sim" "$tree/load-tests/"
    cp "$root/Cargo.lock" "$root/clippy.toml" "$tree/"
    # The workspace without its root package, and with these three members.
    awk '
        /^\[/ { keep = ($0 ~ /^\[(workspace|profile)/) }
        /^members = \[/ { print "members = [\"sfu/model\", \"sfu/core\", \"load-tests/sim\"]"; skip = 1 }
        keep && !skip { print }
        skip && /^\]/ { skip = 0 }
    ' "$root/Cargo.toml" >"$tree/Cargo.toml"
}

cargo_test() { # limit argument...
    limit=$1
    shift
    (cd "$tree" && $limit cargo test --quiet --offline -p freshet-sim --test behaviour "$@") >"$tree/log" 2>&1
}

build() {
    cargo_test '' --no-run
}

# A mutant that makes the tests run for ever is caught too: they take ten seconds.
pass() {
    cargo_test 'timeout 300'
}

# A file that is gone and a line that reads differently both leave a mutant with nothing to break.
is_there() { # name file pattern
    if [ "$(grep -c -- "$3" "$root/$core/$2" 2>/dev/null)" = 1 ]; then return 0; fi
    echo "$1: sfu/core/src/$2 has not exactly one line with what it changes" >&2
    return 1
}

judge() { # name file pattern replacement
    is_there "$1" "$2" "$3" || return 1
    copy
    file=$tree/$core/$2
    sed "s#$3#$4#" "$file" >"$file.mutant"
    mv "$file.mutant" "$file"
    if ! build; then
        echo "$1: does not compile" >&2
        cat "$tree/log" >&2
        return 1
    fi
    if pass; then
        echo "$1: LIVES, no test noticed" >&2
        return 1
    fi
    echo "$1: caught by $(grep -c '^    [a-z_]*::' "$tree/log" || true) tests"
}

verb=judge
if [ "${1:-}" = --check ]; then
    verb=is_there
    shift
else
    copy
    if ! build || ! pass; then
        echo "the tests fail without any mutant" >&2
        tail -40 "$tree/log" >&2
        exit 1
    fi
fi

wanted=" $* "
n_failed=0
n_judged=0
old_ifs=$IFS
IFS='
'
for line in $mutants; do
    name=${line%%|*}
    rest=${line#*|}
    file=${rest%%|*}
    rest=${rest#*|}
    pattern=${rest%%|*}
    # A bar inside a replacement is written \|.
    replacement=$(printf '%s' "${rest#*|}" | sed 's/\\|/|/g')
    case "$wanted" in
        "  " | *" $name "*) ;;
        *) continue ;;
    esac
    n_judged=$((n_judged + 1))
    IFS=$old_ifs
    "$verb" "$name" "$file" "$pattern" "$replacement" || n_failed=$((n_failed + 1))
    IFS='
'
done

case $verb in
    judge) echo "$n_judged mutants, $n_failed not caught" ;;
    is_there) echo "$n_judged mutants, $n_failed with nothing to change" ;;
esac
[ "$n_judged" -gt 0 ] && [ "$n_failed" -eq 0 ]
