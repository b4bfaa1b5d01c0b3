#!/bin/sh
# Shows that the simulator's tests can fail: breaks the SFU's core in one place at a time, in a copy of the tree, and wants
# the tests to notice. A mutant that lives is a missing test.
#
#   load-tests/sim/mutants.sh           all of them, one after the other
#   load-tests/sim/mutants.sh NAME...   some of them
#   load-tests/sim/mutants.sh --check   none: only whether the code that each one changes is still there, and can be copied
#
# All mutants are built at once, each behind a question that FRESHET_MUTANT answers while the tests run: to build the core
# again for each would take five times as long.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
# What the workspace's crates depend on is compiled once for both.
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}
# It is used from another folder.
case $CARGO_TARGET_DIR in /*) ;; *) CARGO_TARGET_DIR=$PWD/$CARGO_TARGET_DIR ;; esac
export CARGO_TARGET_DIR
tree=$CARGO_TARGET_DIR/mutants
# Cargo names what it builds by its place in the workspace: in another place a mutant never passes for the core.
place=mutant
core=sfu/core/src

# name ~ file ~ tests ~ what sed replaces in exactly one line ~ by what, where MUTANT is whether this one runs
#
# The tests are a suite of the simulator's and the file of it that is about what the mutant breaks: that one must notice,
# whatever others do.
mutants() {
    cat <<END
sequence_skips_a_number_on_a_switch ~subscribe/rewrite.rs~behaviour publisher_reconnects~self.last.sequence.0.wrapping_add(1)~self.last.sequence.0.wrapping_add(if MUTANT { 2 } else { 1 })
time_stands_still_on_a_switch ~subscribe/rewrite.rs~behaviour publisher_reconnects~self.last.time.0.wrapping_add(self.ticks_since_last(packet))~self.last.time.0.wrapping_add(self.ticks_since_last(packet).min(if MUTANT { 1 } else { u64::MAX }))
picture_id_is_not_moved ~subscribe/rewrite_picture.rs~behaviour takeover_is_seamless~id.wrapping_add(self.picture_id)~id.wrapping_add(if MUTANT { 0 } else { self.picture_id })
selector_switches_on_a_delta_frame ~subscribe/select.rs~behaviour subscriber_follows_the_best_layer~if !packet.facts.starts_keyframe {~if !packet.facts.starts_keyframe && !MUTANT {
gate_is_open_to_everybody ~worker/datagrams.rs~behaviour clienthello_race~  .by_remote(remote)$~  .by_remote(remote).or_else(|| self.sessions.indexes().first().copied().filter(|_| MUTANT))
stun_integrity_is_not_checked ~worker/datagrams.rs~behaviour stun_with_bad_integrity_is_ignored~if !session.engine.is_authentic~if !MUTANT && !session.engine.is_authentic
consent_is_given_for_ever ~session/state.rs~behaviour consent_expires~self.consented_at + CONSENT_TIMEOUT~self.consented_at + CONSENT_TIMEOUT * if MUTANT { 1000 } else { 1 }
keyframe_requests_are_not_spaced ~publish/keyframe_requests.rs~behaviour keyframe_requests_are_coalesced~is_none_or(|due| due > now)~is_none_or(|due| due > now && !MUTANT)
cache_takes_one_packet_for_another ~route/packet_cache.rs~behaviour five_percent_loss_is_repaired_by_rtx~(packet.sequence == sequence)~(packet.sequence == sequence || MUTANT)
repair_names_another_packet ~egress/stream/repairs.rs~networks repair~&sent.sequence.wire().to_be_bytes()~&sent.sequence.wire().wrapping_add(u16::from(MUTANT)).to_be_bytes()
own_estimate_is_not_heard ~egress/feedback.rs~networks plain_viewers~estimator\.on_remb(bitrate)~estimator.on_remb(if MUTANT { continue } else { bitrate })
repairs_cost_nothing ~egress/repair.rs~behaviour a_hostile_viewer_costs_only_itself~None => false,~None => MUTANT,
report_is_taken_twice ~srtp/replay.rs~behaviour forged_packets_forward_nothing~Some(_) => Freshness::Replayed,~Some(_) => if MUTANT { Freshness::Fresh } else { Freshness::Replayed },
step_up_needs_no_room ~budget/plan.rs~networks rates~limits\.fits(\*\*rung, HEADROOM, rate)~(MUTANT || limits.fits(**rung, HEADROOM, rate))
what_is_left_out_leaves_a_gap ~subscribe/rewrite.rs~layers a_viewer_chooses_layers~source\.sequence_shift\.wrapping_sub(1)~source.sequence_shift.wrapping_sub(u64::from(!MUTANT))
late_number_forgets_what_was_left_out ~subscribe/skipped.rs~layers losses_are_repaired_where_layers_are_left_out~count\.packets += marked(&self\.packets)~count.packets += u64::from(!MUTANT) * marked(&self.packets)
late_packet_goes_by_what_passes_now ~subscribe/changes.rs~layers losses_are_repaired_where_layers_are_left_out~if time < from => passed = before~if time < from && !MUTANT => passed = before
frame_rate_is_joined_anywhere ~subscribe/select_layer.rs~layers a_viewer_chooses_layers~&& placement\.is_switching_point~&& (placement.is_switching_point || MUTANT)
decode_target_is_joined_anywhere ~subscribe/select_target.rs~layers a_viewer_chooses_layers~(is_switch && references\.all~(MUTANT || is_switch && references.all
decode_target_changes_inside_a_picture ~subscribe/select_target.rs~layers frames_overtake_each_other~self\.frames\.is_newest(number)~(self.frames.is_newest(number) || MUTANT)
active_targets_are_not_said ~subscribe/select_target.rs~layers a_late_joiner_gets_all_layers~is_told\.then_some(decodable)~(is_told && !MUTANT).then_some(decodable)
marker_is_left_out_with_its_packet ~subscribe/rewrite.rs~layers a_viewer_chooses_layers~packet\.marker || passing\.ends_picture~packet.marker || passing.ends_picture && !MUTANT
tl0_index_jumps_on_a_switch ~subscribe/rewrite_picture.rs~layers a_publisher_comes_back_with_other_layers~i\.wrapping_add(self\.tl0)~i.wrapping_add(if MUTANT { 0 } else { self.tl0 })
picture_that_is_left_out_keeps_its_id ~subscribe/rewrite_picture.rs~layers a_publisher_comes_back_with_other_layers~self\.shift\.picture_id\.wrapping_sub(1)~self.shift.picture_id.wrapping_sub(u16::from(!MUTANT))
repair_forgets_the_marker ~egress/stream/repairs.rs~layers losses_are_repaired_where_layers_are_left_out~packet\.marker || mapping\.is_marked~packet.marker || mapping.is_marked && !MUTANT
resolution_is_joined_anywhere ~subscribe/select_layer.rs~layers a_viewer_chooses_layers~&& !placement\.is_inter_predicted~&& (!placement.is_inter_predicted || MUTANT)
all_sizes_are_sent_without_descriptors ~subscribe/subscription.rs~layers a_player_without_descriptors~if self\.has_descriptors ||~if MUTANT || self.has_descriptors ||
filled_number_is_repaired_with_its_payload ~egress/history.rs~layers losses_are_repaired_where_layers_are_left_out~self\.late\.get(sequence)~self.late.get(sequence).filter(|_| !MUTANT)
END
}

# The simulator, and what it depends on of the workspace.
members='sfu/model sfu/core signaling/auth whip-whep/core load-tests/sim'

copy() {
    rm -rf "$tree"
    listed=
    for member in $members; do
        mkdir -p "$tree/$place/$member"
        cp -R "$root/$member/." "$tree/$place/$member/"
        listed="$listed${listed:+, }\"$place/$member\""
    done
    cp "$root/Cargo.lock" "$root/clippy.toml" "$tree/"
    # The workspace without its root package, and with these members.
    awk -v place="$place" -v listed="$listed" '
        /^\[/ { keep = ($0 ~ /^\[(workspace|profile)/) }
        /^members = \[/ {
            printf "members = [%s]\n", listed
            skip = 1
        }
        { sub(/path = "/, "&" place "/") }
        keep && !skip { print }
        skip && /^\]/ { skip = 0 }
    ' "$root/Cargo.toml" >"$tree/Cargo.toml"
    printf '\nmod mutant;\n' >>"$tree/$place/$core/lib.rs"
    cat >"$tree/$place/$core/mutant.rs" <<'END'
//! Which mutant runs.

use std::sync::OnceLock;

#[inline]
pub(crate) fn is(name: &str) -> bool {
    static RUNS: OnceLock<Option<String>> = OnceLock::new();
    let runs = RUNS.get_or_init(|| std::env::var("FRESHET_MUTANT").ok());
    runs.as_deref() == Some(name)
}
END
}

# A file that is gone and a line that reads differently both leave a mutant with nothing to break.
is_there() { # name file pattern
    if [ "$(grep -c -- "$3" "$root/$core/$2" 2>/dev/null)" = 1 ]; then return 0; fi
    echo "$1: $core/$2 has not exactly one line with what it changes" >&2
    return 1
}

put_in() { # name file pattern replacement
    file=$tree/$place/$core/$2
    # What sed would take for the text that it replaces is Rust's reference, or its "and".
    replacement=$(printf '%s' "$4" | sed 's/\\&/\&/g; s/&/\\\&/g; s/MUTANT/crate::mutant::is("'"$1"'")/g')
    sed "s#$3#$replacement#" "$file" >"$file.mutant"
    mv "$file.mutant" "$file"
}

cargo_test() {
    (cd "$tree" && $limit cargo test --quiet -p freshet-sim "$@") </dev/null >"$tree/log" 2>&1
}

build() {
    limit=
    cargo_test --test behaviour --test layers --test networks --no-run
}

# A mutant that makes the tests run for ever is caught too: they take some seconds.
pass() { # mutant, and its tests
    limit='timeout 100'
    FRESHET_MUTANT=$1
    export FRESHET_MUTANT
    cargo_test --test "${2% *}" -- "${2#* }::"
}

judge() { # name tests
    if pass "$1" "$2"; then
        echo "$1: LIVES, no test noticed" >&2
        return 1
    fi
    echo "$1: caught by $(grep -c '^    [a-z_]*::' "$tree/log" || true) tests"
}

# each VERB...: calls it with the name, file, tests, pattern and replacement of each mutant that is wanted.
each() {
    n_done=0
    n_failed=0
    while IFS='~' read -r name file tests pattern replacement; do
        name=${name% }
        case "$wanted" in
            "  " | *" $name "*) ;;
            *) continue ;;
        esac
        n_done=$((n_done + 1))
        "$@" "$name" "$file" "$tests" "$pattern" "$replacement" </dev/null || n_failed=$((n_failed + 1))
    done <<END
$(mutants)
END
    [ "$n_done" -gt 0 ] || { echo "no such mutant:$wanted" >&2; exit 1; }
}

# Whether the copy is a workspace: a dependency that is new has to be copied as well.
is_whole() {
    # Of other platforms' crates not all are here.
    host=$(rustc -vV | sed -n 's/^host: //p')
    (cd "$tree" && cargo metadata --offline --format-version 1 --filter-platform "$host" >/dev/null 2>"$tree/log") && return
    echo "the copy that mutants are made in is no workspace" >&2
    cat "$tree/log" >&2
    return 1
}

check_one() { is_there "$1" "$2" "$4"; }
put_in_one() { is_there "$1" "$2" "$4" && put_in "$1" "$2" "$4" "$5"; }
judge_one() { judge "$1" "$3"; }

if [ "${1:-}" = --check ]; then
    shift
    wanted=" $* "
    each check_one
    echo "$n_done mutants, $n_failed with nothing to change"
    copy
    is_whole && [ "$n_failed" -eq 0 ]
    exit
fi

wanted=" $* "
began=$(date +%s)
copy
each put_in_one
[ "$n_failed" -eq 0 ] || exit 1
if ! build; then
    echo "the mutants do not compile" >&2
    cat "$tree/log" >&2
    exit 1
fi
echo "the mutants were compiled in $(($(date +%s) - began)) s"
mutants | cut -d '~' -f 3 | sort -u | while read -r tests; do
    if ! pass none "$tests"; then
        echo "$tests: the tests fail without any mutant" >&2
        tail -40 "$tree/log" >&2
        exit 1
    fi
done
each judge_one
echo "$((n_done - n_failed)) passed, $n_failed failed"
[ "$n_failed" -eq 0 ]
