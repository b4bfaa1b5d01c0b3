//! Replays every target's seeds, and inputs made from them, on any toolchain.
//!
//! `FRESHET_FUZZ_CASES` sets how many inputs a target of cost 1 gets, `FRESHET_FUZZ_SEED` where the generator begins.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a seed that cannot be read, like one that breaks its target, fails the test"
)]

use std::any::Any;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use freshet_fuzz::bombs::sdp_bombs;
use freshet_fuzz::mutate::Mutator;
use freshet_fuzz::{TARGETS, Target};

/// Inputs for a target of cost 1, unless the environment says otherwise: all targets together take about a minute.
const CASES_DEFAULT: u64 = 20_000;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is no number: {text}")),
    )
}

fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target.name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut seeds: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(!seeds.is_empty(), "{} has no seeds", target.name);
    if target.name == "sdp_offer" {
        seeds.extend(sdp_bombs().into_iter().map(|(_, body)| body));
    }
    seeds
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words")
}

/// Runs one input; a panic names it so that it can become a seed.
fn run(target: &Target, input: &[u8], origin: &str) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (target.run)(input))) {
        let hex: String = input
            .iter()
            .take(4_096)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        panic!(
            "{} {origin}: {}\n{} bytes: {hex}",
            target.name,
            words(&*panic),
            input.len()
        );
    }
}

fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let corpus = corpus(target);
    for (index, input) in corpus.iter().enumerate() {
        run(target, input, &format!("seed file {index}"));
    }
    let n_cases = number("FRESHET_FUZZ_CASES").unwrap_or(CASES_DEFAULT) / u64::from(target.cost);
    let seed = number("FRESHET_FUZZ_SEED").unwrap_or(1);
    let mut mutator = Mutator::new(seed);
    for case in 0..n_cases.max(1) {
        run(
            target,
            &mutator.next(&corpus),
            &format!("seed {seed}, case {case}"),
        );
    }
}

macro_rules! replays {
    ($($test:ident: $target:literal,)*) => {
        $(#[test] fn $test() { replay($target); })*

        #[test]
        fn every_target_is_replayed() {
            let replayed = [$($target),*];
            assert_eq!(replayed, TARGETS.map(|target| target.name));
        }
    };
}

replays! {
    datagrams_are_told_apart: "demux",
    a_byte_stream_is_cut_into_frames: "framing",
    a_stranger_is_not_answered: "stun_to_session",
    a_session_survives_any_order: "session_step",
    a_node_keeps_its_promises_whatever_happens: "machine",
    a_payload_ends_no_session: "facts",
    a_descriptor_ends_no_session: "dependency",
    sound_is_taken_apart_whole: "red",
    a_report_is_taken_from_its_sender_and_once: "srtcp_open",
    feedback_costs_what_its_bytes_justify: "rtcp_compound",
    frames_of_any_packets_rise_in_time_and_are_whole: "frames",
    a_format_is_carried_whole_or_not_at_all: "formats",
    what_a_worker_writes_is_read_as_it_was_written: "transcode_message",
    a_request_is_answered_and_reaches_only_its_own_session: "whip_http",
    an_offer_is_answered_or_refused: "sdp_offer",
    an_answer_is_complete_or_none: "answer",
    a_fragment_is_read_or_refused: "sdp_fragment",
    a_link_stays_in_its_header: "link_header",
    a_forged_token_opens_nothing: "jwt",
    a_forged_url_opens_nothing: "signed_url",
    a_player_is_answered_once_and_in_time: "origin_request",
}

#[test]
fn a_target_that_breaks_is_found_and_names_its_input() {
    let breaks = Target {
        name: "breaks",
        run: |bytes| assert!(!bytes.contains(&0xff), "a promise is broken"),
        cost: 1,
    };
    let mut mutator = Mutator::new(1);
    let found = (0..1_000).find_map(|case| {
        let input = mutator.next(&[b"seed".to_vec()]);
        catch_unwind(|| run(&breaks, &input, &format!("case {case}"))).err()
    });
    let panic = found.expect("a thousand inputs hold the byte");
    assert!(words(&*panic).contains("a promise is broken"));
    assert!(words(&*panic).contains("ff"), "the input is in the message");
}
