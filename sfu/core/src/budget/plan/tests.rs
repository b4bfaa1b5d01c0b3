//! Targets of a subscription, step by step.

use sfu_model::codec::MediaKind;
use sfu_model::id::{EncodingId, TrackId};
use sfu_model::layer::Layer;
use sfu_model::packet::LayerSizes;
use sfu_model::rtp::Rid;

use super::*;
use crate::route::tracks::EncodingOutline;

fn track(flowing: &[bool]) -> TrackOutline {
    let encodings = (0_u8..)
        .zip(flowing)
        .map(|(rank, is_flowing)| EncodingOutline {
            id: EncodingId(u64::from(rank) + 10),
            rid: None,
            rank,
            codec: None,
            sizes: LayerSizes::default(),
            is_flowing: *is_flowing,
            highest_layer: Layer::default(),
        })
        .collect();
    TrackOutline {
        id: TrackId(1),
        kind: MediaKind::Video,
        encodings,
    }
}

/// 300, 900 and 2,700 kbit/s.
fn rate(rung: Rung) -> Option<Bitrate> {
    let step = u32::try_from(rung.encoding.0 - 10).unwrap();
    Some(Bitrate::from_kbps(300 * 3_u64.pow(step)))
}

fn rung(encoding: u64) -> Rung {
    Rung {
        encoding: EncodingId(encoding),
        ceiling: Layer {
            spatial: 0,
            temporal: Layer::TOP.temporal,
        },
    }
}

fn means(budget: Budget, ms: u64) -> Means {
    Means {
        budget,
        now: Instant::START + Duration::from_millis(ms),
    }
}

fn within(kbps: u64) -> Budget {
    Budget::Limited(PathLimits {
        left: Bitrate::from_kbps(kbps),
        queue: Duration::ZERO,
        may_try: false,
        is_measured: false,
    })
}

#[test]
fn without_a_limit_the_largest_that_flows_is_the_target() {
    let cases: [(&[bool], Option<u64>, Option<u64>); 5] = [
        (&[true, true, true], None, Some(12)),
        (&[true, true, false], Some(12), Some(11)),
        (&[false, false, false], Some(12), Some(12)),
        (&[false, false, false], None, Some(10)),
        (&[], None, None),
    ];
    for (flowing, current, expected) in cases {
        let current = current.map(rung);
        let plan =
            Planner::default().plan(&track(flowing), current, means(Budget::Unlimited, 0), rate);
        assert_eq!(
            plan.target.map(|rung| rung.encoding),
            expected.map(EncodingId),
            "{flowing:?} {current:?}"
        );
    }
}

/// The ranks of the targets that a sequence of budgets, a second apart, leads to.
fn walk(budgets: &[u64]) -> Vec<u64> {
    let mut planner = Planner::default();
    let mut current = None;
    let track = track(&[true, true, true]);
    let mut ranks = Vec::new();
    for (second, kbps) in (0..).zip(budgets) {
        let plan = planner.plan(&track, current, means(within(*kbps), second * 1_000), rate);
        current = plan.target;
        ranks.push(current.unwrap().encoding.0 - 10);
    }
    ranks
}

/// The ranks of the targets of a path that is measured, planned twice a second.
fn measured_walk(budgets: impl Iterator<Item = u64>) -> Vec<Option<u64>> {
    let mut planner = Planner::default();
    let mut current = None;
    let track = track(&[true, true, true]);
    let mut ranks = Vec::new();
    for (step, kbps) in (0..).zip(budgets) {
        let budget = Budget::Limited(PathLimits {
            left: Bitrate::from_kbps(kbps),
            queue: Duration::ZERO,
            may_try: false,
            is_measured: true,
        });
        let plan = planner.plan(&track, current, means(budget, step * 500), rate);
        assert_eq!(
            plan.target.is_none(),
            plan.why == Why::SoundOnly(Bitrate::from_kbps(kbps))
        );
        current = plan.target;
        ranks.push(current.map(|rung| rung.encoding.0 - 10));
    }
    ranks
}

#[test]
fn a_path_without_room_for_the_smallest_gets_none_until_it_has() {
    let fall = [1_000, 200, 200, 200, 200, 200, 200];
    let wait = [500; 4];
    let ranks = measured_walk(fall.into_iter().chain(wait).chain([1_000]));
    let (pictures, rest) = ranks.split_at(5);
    assert!(pictures.iter().all(Option::is_some), "{ranks:?}");
    assert_eq!(rest, [None, None, None, None, Some(0), Some(0), Some(1)]);
}

#[test]
fn a_limit_is_kept_and_the_smallest_always_passes() {
    assert_eq!(walk(&[100]), [0]);
    assert_eq!(walk(&[940]), [0], "no room to spare");
    assert_eq!(walk(&[950]), [1]);
    assert_eq!(walk(&[50_000]), [2]);
}

#[test]
fn a_step_down_has_a_grace_and_a_step_up_waits_longer() {
    assert_eq!(walk(&[4_000, 500, 4_000]), [2, 2, 2]);
    let budgets = [4_000, 500, 500, 4_000, 4_000, 4_000];
    assert_eq!(walk(&budgets), [2, 2, 0, 0, 2, 2]);
}

#[test]
fn a_queue_ends_the_grace_sooner_the_less_is_left() {
    let cases = [
        (2_000, 150, 12),
        (2_000, 200, 11),
        (1_000, 90, 12),
        (1_000, 100, 11),
    ];
    for (kbps, queue_ms, expected) in cases {
        let budget = Budget::Limited(PathLimits {
            left: Bitrate::from_kbps(kbps),
            queue: Duration::from_millis(queue_ms),
            may_try: false,
            is_measured: false,
        });
        let top = Some(rung(12));
        let track = track(&[true, true, true]);
        let plan = Planner::default().plan(&track, top, means(budget, 0), rate);
        let target = plan.target.map(|rung| rung.encoding.0);
        assert_eq!(target, Some(expected), "{kbps} {queue_ms}");
        assert_eq!(plan.is_urgent, expected < 12);
    }
}

#[test]
fn an_estimate_that_wavers_changes_nothing() {
    assert_eq!(walk(&[3_200, 2_600, 3_200, 2_600, 2_570]), [2, 2, 2, 2, 2]);
    assert_eq!(walk(&[3_200, 2_500, 2_500]), [2, 2, 1]);
}

#[test]
fn a_step_up_that_fails_is_tried_less_and_less_often() {
    let mut planner = Planner::default();
    let track = track(&[true, true, true]);
    let mut current = Some(rung(11));
    let mut raised_at = Vec::new();
    for ms in (0..60_000).step_by(100) {
        // Whatever is tried, the path carries the middle one and not more.
        let kbps = if current == Some(rung(12)) {
            1_200
        } else {
            4_000
        };
        let plan = planner.plan(&track, current, means(within(kbps), ms), rate);
        if plan.target.map(|r| r.encoding) > current.map(|r| r.encoding) {
            raised_at.push(ms);
        }
        current = plan.target;
    }
    let pauses: Vec<u64> = raised_at.windows(2).map(|w| w[1] - w[0]).collect();
    assert_eq!(pauses, [5_100, 9_100, 17_100, 17_100]);
}

#[test]
fn what_comes_next_is_said_and_nothing_at_the_top() {
    let track = track(&[true, true, true]);
    let plan = |kbps| Planner::default().plan(&track, None, means(within(kbps), 0), rate);
    assert_eq!(plan(950).next_up.as_bps().div_ceil(1_000), 2_835);
    assert_eq!(plan(9_000).next_up, Bitrate::ZERO);
}

/// One encoding of two resolutions and three frame rates: 100, 150, 200, then 800 kbit/s.
fn svc_rate(rung: Rung) -> Option<Bitrate> {
    Some(Bitrate::from_kbps(match rung.ceiling {
        Layer { spatial: 1, .. } => 800,
        Layer { temporal: 0, .. } => 100,
        Layer { temporal: 1, .. } => 150,
        _ => 200,
    }))
}

fn svc_track() -> TrackOutline {
    let mut track = track(&[true]);
    track.encodings[0].highest_layer = Layer {
        spatial: 1,
        temporal: 2,
    };
    track
}

#[test]
fn layers_inside_an_encoding_are_steps_like_encodings() {
    let mut planner = Planner::default();
    let mut current = None;
    let mut walked = Vec::new();
    for (second, kbps) in (0..).zip([900, 300, 300, 160, 160, 20, 20]) {
        let means = means(within(kbps), second * 1_000);
        current = planner.plan(&svc_track(), current, means, svc_rate).target;
        let Layer { spatial, temporal } = current.unwrap().ceiling;
        walked.push((spatial, temporal));
    }
    let expected = [(1, 3), (1, 3), (0, 3), (0, 3), (0, 1), (0, 1), (0, 0)];
    assert_eq!(walked, expected);
}

#[test]
fn pictures_are_given_up_only_when_it_is_known_what_they_cost() {
    let plan = |rate: fn(Rung) -> Option<Bitrate>| {
        let means = means(within(20), 0);
        let plan = Planner::default().plan(&svc_track(), None, means, rate);
        plan.target.unwrap().ceiling
    };
    assert_eq!(plan(svc_rate), Layer::default());
    let whole = Layer {
        spatial: 0,
        temporal: Layer::TOP.temporal,
    };
    assert_eq!(plan(|_| None), whole);
}

fn chosen(rid: &str) -> Planner {
    let mut planner = Planner::default();
    planner.choose(LayerChoice {
        rid: Rid::new(rid),
        ..LayerChoice::default()
    });
    planner
}

/// The same track, with the rids `q`, `h` and `f`.
fn named(flowing: &[bool]) -> TrackOutline {
    let mut track = track(flowing);
    for (encoding, rid) in track.encodings.iter_mut().zip(["q", "h", "f"]) {
        encoding.rid = Rid::new(rid);
    }
    track
}

#[test]
fn a_choice_bounds_the_target_and_the_path_decides_below_it() {
    let all = named(&[true, true, true]);
    let carries = |kbps| Why::Path(Bitrate::from_kbps(kbps));
    let table = [
        ("h", Budget::Unlimited, 11, Why::Chosen),
        ("q", Budget::Unlimited, 10, Why::Chosen),
        ("h", within(50_000), 11, Why::Chosen),
        ("h", within(500), 10, carries(500)),
        ("f", within(1_000), 11, carries(1_000)),
        ("x", Budget::Unlimited, 12, Why::Best),
    ];
    for (rid, budget, expected, why) in table {
        let plan = chosen(rid).plan(&all, None, means(budget, 0), rate);
        let target = plan.target.map(|rung| rung.encoding);
        assert_eq!(target, Some(EncodingId(expected)), "{rid} {budget:?}");
        assert_eq!(plan.why, why, "{rid} {budget:?}");
    }
    let plan = chosen("h").plan(&all, None, means(within(50_000), 0), rate);
    assert_eq!(plan.next_up, Bitrate::ZERO, "nothing above is wanted");
}

#[test]
fn a_choice_that_does_not_flow_is_what_comes_nearest() {
    let budgets = [Budget::Unlimited, within(50_000)];
    for budget in budgets {
        let target = |rid, flowing| {
            let plan = chosen(rid).plan(&named(flowing), None, means(budget, 0), rate);
            (plan.target.map(|rung| rung.encoding.0), plan.why)
        };
        let below = target("f", &[true, true, false]);
        assert_eq!(below, (Some(11), Why::Best), "{budget:?}");
        let above = target("q", &[false, true, true]);
        assert_eq!(above, (Some(11), Why::Best), "{budget:?}");
    }
}

#[test]
fn a_choice_takes_effect_at_once_and_so_does_its_end() {
    let track = named(&[true, true, true]);
    let mut planner = Planner::default();
    let mut current = None;
    let mut ranks = Vec::new();
    let choices = [("f", 4_000), ("q", 4_000), ("f", 4_000), ("", 4_000)];
    for ((rid, kbps), second) in choices.into_iter().zip(0..) {
        planner.choose(LayerChoice {
            rid: Rid::new(rid),
            ..LayerChoice::default()
        });
        let plan = planner.plan(&track, current, means(within(kbps), second * 100), rate);
        current = plan.target;
        ranks.push(current.unwrap().encoding.0 - 10);
    }
    assert_eq!(ranks, [2, 0, 2, 2]);
}

#[test]
fn what_sleeps_above_is_probed_for_and_a_path_too_narrow_for_it_is_why() {
    let sleeping = track(&[true, true, false]);
    for (kbps, why) in [
        (1_000, Why::Path(Bitrate::from_kbps(1_000))),
        (5_000, Why::Best),
    ] {
        let plan = Planner::default().plan(&sleeping, None, means(within(kbps), 0), rate);
        assert_eq!(plan.target, Some(rung(11)));
        assert_eq!(plan.next_up, Bitrate::from_kbps(2_700).scaled(HEADROOM));
        assert_eq!(plan.why, why, "{kbps} kbit/s");
    }
    let known = |rung: Rung| rate(rung).filter(|_| rung.encoding < EncodingId(12));
    let plan = Planner::default().plan(&sleeping, None, means(within(1_000), 0), known);
    assert_eq!((plan.next_up, plan.why), (Bitrate::ZERO, Why::Best));
    let mut planner = Planner::default();
    planner.choose(LayerChoice {
        spatial: Some(1),
        ..LayerChoice::default()
    });
    let plan = planner.plan(&sleeping, None, means(within(1_000), 0), rate);
    assert_eq!((plan.next_up, plan.why), (Bitrate::ZERO, Why::Chosen));
}

/// A path that cannot be probed, on which this is known to arrive.
fn untested(kbps: u64) -> Budget {
    Budget::Limited(PathLimits {
        left: Bitrate::from_kbps(kbps),
        queue: Duration::ZERO,
        may_try: true,
        is_measured: false,
    })
}

#[test]
fn what_cannot_be_probed_is_tried_a_rung_at_a_time() {
    let track = track(&[true, true, true]);
    let mut planner = Planner::default();
    let mut current = Some(rung(10));
    let mut tries = Vec::new();
    // As if each try were believed: the path carries what is sent, and a little more.
    let mut left = 350;
    for second in 0..20 {
        let plan = planner.plan(&track, current, means(untested(left), second * 1_000), rate);
        if let Some(tried) = plan.tried {
            tries.push((second, tried));
            left = tried.as_bps() / 1_000;
        }
        current = plan.target;
    }
    let kbps = Bitrate::from_kbps;
    let expected = [
        (5, kbps(900).scaled(HEADROOM)),
        (10, kbps(2_700).scaled(HEADROOM)),
    ];
    assert_eq!(tries, expected);
    assert_eq!(current, Some(rung(12)));
}

#[test]
fn a_try_that_fails_is_made_again_ever_later() {
    let track = track(&[true, true]);
    let mut planner = Planner::default();
    let mut current = Some(rung(10));
    let mut tries = Vec::new();
    // Four seconds after each try the path turns out not to carry it.
    let mut tried_at = None;
    for second in 0..300 {
        let failed = tried_at.is_some_and(|at| second >= at + 4);
        let budget = match tried_at {
            Some(_) if !failed => untested(950),
            _ => untested(350),
        };
        let plan = planner.plan(&track, current, means(budget, second * 1_000), rate);
        if plan.tried.is_some() {
            tries.push(second);
            tried_at = Some(second);
        } else if plan.target == Some(rung(10)) {
            tried_at = None;
        }
        current = plan.target;
    }
    let apart: Vec<u64> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(apart.is_sorted() && apart.len() < 10, "{apart:?}");
    assert!(apart.last().is_some_and(|last| *last > 60), "{apart:?}");
}
