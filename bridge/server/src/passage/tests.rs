use std::ops::Range;
use std::sync::Arc;

use proptest::prelude::*;
use sfu_model::frame::Format;
use sfu_model::packet::Dimensions;
use sfu_model::time::Instant;

use super::*;

const LOW: Source = Source::Video { rank: 0 };
const HIGH: Source = Source::Video { rank: 1 };

/// Of `profile_idc`.
const BASELINE: u8 = 66;
const HIGH_422: u8 = 122;

fn frame(ms: u64, is_keyframe: bool) -> Frame {
    frame_of(BASELINE, ms, is_keyframe)
}

fn frame_of(profile: u8, ms: u64, is_keyframe: bool) -> Frame {
    let size = Dimensions {
        width: 640,
        height: 360,
    };
    let (sps, pps) = (Box::from([0x67, profile, 0, 31]), Box::default());
    Frame {
        time: MediaTime(ms * 90),
        captured_at: Instant::START,
        is_keyframe,
        discontinuity: None,
        format: Arc::new(Format::H264 { sps, pps, size }),
        data: Arc::from([0]),
    }
}

/// A stream and what became of its frames.
struct Show {
    passage: Passage,
    /// When a frame went to its rendition, to the transcoder, and when a keyframe was asked for, in milliseconds.
    passed: Vec<(Source, u64)>,
    encoded: Vec<(Source, u64)>,
    asked: Vec<(Source, u64)>,
}

impl Show {
    fn new(transcodes: bool) -> Self {
        Self {
            passage: Passage::new(transcodes),
            passed: Vec::new(),
            encoded: Vec::new(),
            asked: Vec::new(),
        }
    }

    fn give(&mut self, profile: u8, source: Source, ms: u64, is_keyframe: bool) {
        let fate = (self.passage).judge(source, &frame_of(profile, ms, is_keyframe));
        let at = [(source, ms)];
        self.passed.extend(at.iter().filter(|_| fate.passes));
        self.encoded.extend(at.iter().filter(|_| fate.is_encoded));
        self.asked.extend(at.iter().filter(|_| fate.wants_keyframe));
    }

    /// Frames of these, so far apart, with a keyframe every two seconds.
    fn frames(&mut self, sources: &[(Source, u64)], ms: Range<u64>) {
        let sources: Vec<(Source, u64, u8)> = (sources.iter())
            .map(|(source, apart)| (*source, *apart, BASELINE))
            .collect();
        self.frames_of(&sources, ms);
    }

    /// Likewise, each of a profile.
    fn frames_of(&mut self, sources: &[(Source, u64, u8)], ms: Range<u64>) {
        for at in ms {
            for (source, apart, profile) in sources {
                if at % apart == 0 {
                    self.give(*profile, *source, at, at % 2_000 == 0);
                }
            }
            let now = Duration::from_millis(at);
            if self.passage.is_due(now) {
                self.passage.look(now);
            }
        }
    }

    /// The first picture of the encoder's that is shown, which comes `late` after it was captured and is a keyframe where it
    /// is asked for.
    fn take_over(&mut self, now_ms: u64, late: u64) -> u64 {
        let mut key_at = None;
        for ms in (now_ms - late)..now_ms + 5_000 {
            let is_key = key_at.is_some_and(|at| MediaTime(ms * 90) >= at);
            let (is_shown, asks) = self.passage.admit(&frame(ms, is_key));
            key_at = key_at.or(asks);
            if is_shown {
                return ms;
            }
        }
        panic!("it never takes over");
    }

    fn n_passed(&self, source: Source, ms: Range<u64>) -> usize {
        let of = self.passed.iter();
        of.filter(|(s, at)| *s == source && ms.contains(at)).count()
    }
}

#[test]
fn a_good_stream_is_passed_on_and_never_encoded() {
    let mut show = Show::new(true);
    show.frames(&[(LOW, 40), (HIGH, 40)], 0..60_000);
    assert_eq!(show.passed.len(), 2 * 1_500);
    assert_eq!((show.encoded.len(), show.asked.len()), (0, 0));
    assert!(!show.passage.needs_encoder());
}

#[test]
fn an_unfit_encoding_is_left_out_while_another_is_fit_and_comes_back_at_a_keyframe() {
    let mut show = Show::new(true);
    show.frames(&[(LOW, 40), (HIGH, 400)], 0..20_000);
    assert_eq!(show.n_passed(HIGH, 14_000..20_000), 0);
    assert_eq!(show.n_passed(LOW, 14_000..20_000), 150);
    assert_eq!(show.passage.passed_on().collect::<Vec<_>>(), [LOW]);
    assert_eq!(show.encoded, [], "the other is there for all");
    show.frames(&[(LOW, 40), (HIGH, 40)], 20_000..50_000);
    let first = show
        .passed
        .iter()
        .find(|(s, at)| *s == HIGH && *at >= 20_000);
    let first = first.unwrap().1;
    assert_eq!(first % 2_000, 0, "a keyframe");
    assert!((30_000..44_000).contains(&first), "{first}");
    assert!(show.asked.iter().all(|(source, _)| *source == HIGH));
    assert_eq!(
        show.n_passed(HIGH, first..50_000) as u64,
        (50_000 - first) / 40
    );
}

#[test]
fn where_none_is_fit_the_encoder_takes_over_at_an_agreed_keyframe_without_overlap() {
    let mut show = Show::new(true);
    show.frames(&[(LOW, 1_000)], 0..4_000);
    assert_eq!(
        show.encoded.first(),
        Some(&(LOW, 2_000)),
        "the second late one"
    );
    assert_eq!(
        show.n_passed(LOW, 2_000..4_000),
        2,
        "it is passed on as well"
    );
    let shown = show.take_over(3_100, 120);
    show.frames(&[(LOW, 1_000)], 4_000..9_000);
    assert_eq!(show.n_passed(LOW, shown..9_000), 0);
    assert!((3_300..=3_400).contains(&shown), "{shown}");
    assert!(!show.passage.passes_on());
    assert!(!show.passage.is_passing(LOW));
}

#[test]
fn where_the_encoder_gives_nothing_what_comes_is_passed_on() {
    let mut show = Show::new(true);
    show.frames(&[(LOW, 1_000)], 0..30_000);
    assert_eq!(show.passed.len(), 30);
    let mut without = Show::new(false);
    without.frames(&[(LOW, 1_000), (HIGH, 400)], 0..30_000);
    assert_eq!(
        without.n_passed(HIGH, 0..30_000),
        75,
        "it is the better one"
    );
    assert_eq!(
        without.n_passed(LOW, 14_000..30_000),
        16,
        "since none is fit"
    );
    assert_eq!(without.encoded, []);
}

#[test]
fn an_encoder_that_ends_gives_way_to_what_comes_from_a_keyframe_on() {
    let mut show = Show::new(true);
    show.frames(&[(LOW, 1_000)], 0..4_000);
    show.take_over(3_100, 100);
    show.frames(&[(LOW, 1_000)], 4_000..9_000);
    show.passage.handle_no_encoder();
    show.frames(&[(LOW, 1_000)], 9_000..14_000);
    let passed: Vec<u64> = show.passed.iter().map(|(_, at)| *at).collect();
    assert_eq!(
        passed,
        [0, 1_000, 2_000, 3_000, 10_000, 11_000, 12_000, 13_000]
    );
    assert_eq!(show.asked, [(LOW, 9_000)]);
    assert_eq!(show.encoded.len(), 12, "it is wanted on");
}

#[test]
fn an_encoder_in_trouble_for_six_seconds_is_not_tried_for_a_minute() {
    let mut show = Show::new(true);
    show.frames(&[(LOW, 1_000)], 0..4_000);
    show.take_over(3_100, 100);
    for ms in (4_000..9_000).step_by(100) {
        show.passage.handle_trouble(Duration::from_millis(ms));
    }
    show.frames(&[(LOW, 1_000)], 4_000..9_000);
    assert!(!show.passage.passes_on(), "it may have been its beginning");
    show.passage.handle_trouble(Duration::from_secs(9));
    show.encoded.clear();
    show.frames(&[(LOW, 1_000)], 9_000..69_000);
    assert_eq!(show.encoded, []);
    let n_passed = show.n_passed(LOW, 10_000..69_000);
    assert_eq!(n_passed, 59, "from a keyframe on");
    show.frames(&[(LOW, 1_000)], 69_000..73_000);
    assert!(!show.encoded.is_empty(), "it is tried again");
}

#[test]
fn an_encoder_that_misses_its_time_is_agreed_with_anew() {
    let mut show = Show::new(true);
    show.frames(&[(LOW, 500), (HIGH, 600)], 0..3_000);
    show.frames(&[(LOW, 1_000)], 3_000..6_000);
    let (_, first) = show.passage.admit(&frame(5_900, false));
    assert!(first.is_some());
    show.frames(&[(LOW, 1_000)], 6_000..10_000);
    let (is_shown, second) = show.passage.admit(&frame(9_900, true));
    assert!(!is_shown && second > first);
}

#[test]
fn pictures_that_are_fit_again_are_passed_on_from_a_keyframe_and_not_for_one_of_ten_seconds() {
    let mut show = Show::new(true);
    show.frames(&[(LOW, 1_000)], 0..4_000);
    show.take_over(3_100, 100);
    show.frames(&[(LOW, 40)], 4_000..13_000);
    assert!(!show.passage.passes_on());
    show.frames(&[(LOW, 40)], 13_000..40_000);
    assert!(show.passage.passes_on());
    let first = show.passed.iter().find(|(_, at)| *at >= 4_000).unwrap().1;
    assert_eq!(first % 2_000, 0, "a keyframe");
    assert!((20_000..30_000).contains(&first), "{first}");
    assert!(show.encoded.iter().all(|(_, at)| *at < first));
    assert!(
        show.asked
            .iter()
            .all(|(_, at)| (14_000..first).contains(at))
    );
    let (is_shown, _) = show.passage.admit(&frame(first, true));
    assert!(!is_shown, "a late picture of the encoder's");
}

#[test]
fn another_codec_goes_to_the_encoder_and_the_next_publisher_is_passed_on_at_once() {
    let mut show = Show::new(true);
    show.passage.handle_other_codec();
    assert!(show.passage.needs_encoder());
    assert_eq!(show.passage.admit(&frame(0, true)), (true, None));
    show.passage.handle_publisher_gone();
    assert!(!show.passage.needs_encoder());
    show.frames(&[(LOW, 40)], 4_000..5_000);
    assert_eq!((show.passed.len(), show.encoded.len()), (25, 0));
}

#[test]
fn a_profile_that_players_do_not_decode_is_never_passed_on() {
    let mut show = Show::new(true);
    show.frames_of(&[(LOW, 40, HIGH_422)], 0..30_000);
    assert_eq!(show.passed, []);
    assert_eq!(show.encoded.len(), 750, "from the first on");
    assert!(show.passage.needs_encoder() && !show.passage.passes_on());
    let unfit: Vec<_> = show.passage.unfit(Duration::from_secs(30)).collect();
    assert_eq!(unfit, [(LOW, Unfit::Profile)]);
    assert_eq!(show.passage.admit(&frame(0, true)), (true, None));
    for ms in (20_000..30_000).step_by(100) {
        show.passage.handle_trouble(Duration::from_millis(ms));
    }
    show.passage.handle_no_encoder();
    show.frames_of(&[(LOW, 40, HIGH_422)], 30_000..40_000);
    assert_eq!(show.passed, [], "nor where the encoder gives nothing");
}

#[test]
fn a_publisher_that_chooses_a_profile_of_players_is_passed_on_from_its_keyframe() {
    for transcodes in [true, false] {
        let mut show = Show::new(transcodes);
        show.frames_of(&[(LOW, 40, HIGH_422)], 0..9_000);
        assert!(show.passage.needs_encoder());
        show.frames(&[(LOW, 40)], 9_000..12_000);
        assert_eq!(show.passed.first(), Some(&(LOW, 10_000)), "{transcodes}");
        assert_eq!(show.passage.unfit(Duration::from_secs(12)).count(), 0);
        show.frames_of(&[(LOW, 40, HIGH_422)], 12_000..14_000);
        assert_eq!(show.passed.last(), Some(&(LOW, 11_960)), "{transcodes}");
    }
}

#[test]
fn of_a_simulcast_the_encoding_that_players_do_not_decode_is_left_out() {
    let mut show = Show::new(true);
    show.frames_of(&[(LOW, 40, BASELINE), (HIGH, 40, HIGH_422)], 0..10_000);
    assert_eq!(show.n_passed(LOW, 0..10_000), 250);
    assert_eq!(show.n_passed(HIGH, 0..10_000), 0);
    assert_eq!(show.encoded, []);
    show.frames_of(
        &[(LOW, 1_000, BASELINE), (HIGH, 40, HIGH_422)],
        10_000..13_000,
    );
    show.take_over(12_900, 100);
    assert_eq!(
        show.n_passed(HIGH, 0..13_000),
        0,
        "while the encoder begins"
    );
}

proptest! {
    #[test]
    fn what_is_passed_on_of_a_source_never_lacks_what_it_refers_to(
        events in proptest::collection::vec((0_u8..8, 1_u64..1_500, any::<bool>()), 1..400)
    ) {
        let mut passage = Passage::new(true);
        let (mut ms, mut last) = (0, true);
        for (kind, step, is_keyframe) in events {
            ms += step / if kind < 5 { 20 } else { 1 };
            match kind {
                0..=5 => {
                    let fate = passage.judge(LOW, &frame(ms, is_keyframe));
                    // Behind a frame that was left out only a keyframe goes on.
                    prop_assert!(!fate.passes || last || is_keyframe);
                    last = fate.passes;
                }
                6 => drop(passage.admit(&frame(ms, is_keyframe))),
                _ => passage.look(Duration::from_millis(ms)),
            }
        }
    }
}
