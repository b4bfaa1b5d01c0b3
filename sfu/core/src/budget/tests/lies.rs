//! Viewers who say what is not so.

use std::time::Duration;

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_oneof, proptest};
use proptest::{collection, option};
use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

use crate::budget::arrival::Arrival;
use crate::budget::estimate::Estimator;
use crate::budget::limits::{ESTIMATE_MAX, ESTIMATE_MIN};

/// Sends 1 Mbit/s for `seconds`, and answers each tenth of a second what `lie` makes of the numbers in it.
fn run(
    estimator: &mut Estimator,
    seconds: u64,
    lie: impl Fn(u64, u16) -> (u16, Option<Arrival>),
) -> Bitrate {
    let mut now = Instant::from_nanos(1_000_000_000);
    let mut highest = ESTIMATE_MIN;
    for tenth in 0..seconds * 10 {
        let mut lines = Vec::new();
        for _ in 0..10 {
            now += Duration::from_millis(10);
            lines.push(lie(tenth, estimator.on_sent(1_200, now)));
        }
        estimator.on_feedback(lines.into_iter(), now);
        estimator.on_timeout(now);
        let _ = estimator.poll_probe(now);
        let estimate = estimator.estimate();
        assert!(estimate >= ESTIMATE_MIN && estimate <= ESTIMATE_MAX);
        highest = highest.max(estimate);
    }
    highest
}

fn honest(number: u16) -> (u16, Option<Arrival>) {
    (number, Some(Arrival(i64::from(number) * 40)))
}

#[test]
fn feedback_for_packets_never_sent_is_ignored() {
    let mut estimator = Estimator::default();
    estimator.on_feedback((0..u16::MAX).map(honest), Instant::START);
    assert_eq!(estimator.rtt(), None);
    let before = estimator.estimate();
    run(&mut estimator, 10, |_, number| {
        honest(number.wrapping_add(20_000))
    });
    assert_eq!((estimator.estimate(), estimator.rtt()), (before, None));
}

#[test]
fn feedback_said_twice_counts_once() {
    let [once, twice] = [1, 3].map(|times| {
        let mut estimator = Estimator::default();
        let mut now = Instant::from_nanos(1_000_000_000);
        for _ in 0..100 {
            let mut lines = Vec::new();
            for _ in 0..10 {
                now += Duration::from_millis(10);
                lines.push(honest(estimator.on_sent(1_200, now)));
            }
            for _ in 0..times {
                estimator.on_feedback(lines.iter().copied(), now);
            }
        }
        estimator.estimate()
    });
    assert_eq!(once, twice);
}

#[test]
fn arrivals_that_run_backwards_or_leap_stay_in_range() {
    let lies: [fn(u64, u16) -> i64; 5] = [
        |_, number| -i64::from(number) * 40,
        |_, _| 0,
        |_, number| i64::from(number),
        |tenth, number| if tenth % 2 == 0 { i64::MAX } else { i64::MIN } ^ i64::from(number),
        |tenth, number| i64::try_from(tenth).unwrap() * 1_000_000 - i64::from(number) * 7,
    ];
    for lie in lies {
        let mut estimator = Estimator::default();
        estimator.set_wanted(Bitrate(u64::MAX));
        run(&mut estimator, 20, |tenth, number| {
            (number, Some(Arrival(lie(tenth, number))))
        });
    }
}

#[test]
fn a_viewer_who_denies_three_packets_of_four_gets_a_quarter() {
    let mut estimator = Estimator::default();
    run(&mut estimator, 5, |_, number| honest(number));
    let denied = |_, number: u16| {
        let (number, arrival) = honest(number);
        (number, arrival.filter(|_| number % 4 == 0))
    };
    run(&mut estimator, 30, denied);
    let estimate = estimator.estimate();
    // Of the 960 kbit/s that are sent whatever the estimate says.
    assert!(estimate < Bitrate::from_kbps(350), "{estimate}");
}

#[test]
fn remb_has_a_range_and_no_word_beside_feedback() {
    let mut estimator = Estimator::default();
    for (claimed, most) in [
        (0, ESTIMATE_MIN),
        (1 << 63, ESTIMATE_MAX),
        (u64::MAX, ESTIMATE_MAX),
    ] {
        estimator.on_remb(Bitrate(claimed));
        let estimate = estimator.estimate();
        assert!(
            estimate >= ESTIMATE_MIN && estimate <= most,
            "{claimed}: {estimate}"
        );
    }
    run(&mut estimator, 5, |_, number| honest(number));
    let before = estimator.estimate();
    estimator.on_remb(Bitrate::ZERO);
    estimator.on_report(255, Some(Duration::MAX), Instant::from_nanos(9_000_000_000));
    assert_eq!(estimator.estimate(), before);
}

#[derive(Clone, Debug)]
enum Call {
    Send(u16),
    Feedback(Vec<(u16, Option<i64>)>),
    Report(u8, Option<Duration>),
    Remb(u64),
    Want(u64),
    Timeout,
    Wait(Duration),
    Probe,
}

fn call() -> impl Strategy<Value = Call> {
    let number = prop_oneof![0..64_u16, any::<u16>()];
    let arrival = prop_oneof![-400_i64..4_000, any::<i64>()];
    let lines = collection::vec((number, option::of(arrival)), 0..40);
    prop_oneof![
        6 => any::<u16>().prop_map(Call::Send),
        6 => lines.prop_map(Call::Feedback),
        1 => (any::<u8>(), option::of(any::<Duration>())).prop_map(|(lost, rtt)| Call::Report(lost, rtt)),
        1 => any::<u64>().prop_map(Call::Remb),
        1 => any::<u64>().prop_map(Call::Want),
        2 => Just(Call::Timeout),
        3 => (0..200_u64).prop_map(|ms| Call::Wait(Duration::from_millis(ms))),
        1 => any::<u64>().prop_map(|nanos| Call::Wait(Duration::from_nanos(nanos))),
        2 => Just(Call::Probe),
    ]
}

proptest! {
    #[test]
    fn any_order_of_calls_keeps_the_estimate_in_range(calls in collection::vec(call(), 1..200)) {
        let mut estimator = Estimator::default();
        let mut now = Instant::START;
        for call in calls {
            match call {
                Call::Send(bytes) => {
                    estimator.on_sent(usize::from(bytes), now);
                }
                Call::Feedback(lines) => {
                    let lines = lines.into_iter().map(|(number, at)| (number, at.map(Arrival)));
                    estimator.on_feedback(lines, now);
                }
                Call::Report(lost, rtt) => estimator.on_report(lost, rtt, now),
                Call::Remb(bps) => estimator.on_remb(Bitrate(bps)),
                Call::Want(bps) => estimator.set_wanted(Bitrate(bps)),
                Call::Timeout => estimator.on_timeout(now),
                Call::Wait(duration) => now += duration,
                Call::Probe => {
                    let probe = estimator.poll_probe(now);
                    prop_assert!(probe.is_none_or(|probe| probe.rate <= ESTIMATE_MAX));
                }
            }
            let estimate = estimator.estimate();
            prop_assert!(estimate >= ESTIMATE_MIN && estimate <= ESTIMATE_MAX);
            prop_assert!((0.0..=1.0).contains(&estimator.loss()));
            let _ = (estimator.poll_timeout(), estimator.rtt(), estimator.limited_by());
        }
    }
}
