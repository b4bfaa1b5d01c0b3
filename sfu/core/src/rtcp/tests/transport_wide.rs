//! Transport-wide feedback.

use proptest::prelude::*;
use sfu_model::rtp::Ssrc;

use super::{read, read_one};

use crate::rtcp::{
    Arrivals, Compound, Feedback, Malformed, TransportFeedback, write_transport_feedback,
};

/// A feedback packet with these bytes after its two SSRCs.
fn packet(body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x8f, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2];
    bytes.extend(body);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes[3] = u8::try_from(bytes.len() / 4 - 1).unwrap();
    bytes
}

fn feedback(bytes: &[u8]) -> TransportFeedback<'_> {
    let Feedback::TransportWide(feedback) = read_one(bytes) else {
        panic!("another")
    };
    feedback
}

fn packets(bytes: &[u8]) -> Vec<(u16, Option<i64>)> {
    let feedback = feedback(bytes);
    feedback.packets(feedback.reference_ticks(None)).collect()
}

/// The chunk formats of the draft's sections 3.1.3 and 3.1.4, by hand.
#[test]
fn chunks_are_read_as_in_the_draft() {
    let bytes = packet(&[
        0xff,
        0xfe, // the first packet
        0,
        18, // how many
        0,
        0,
        2,
        9, // 128 ms, the ninth feedback
        0x20,
        0x02, // a run of two small deltas
        0b1010_0100,
        0, // one bit each: arrived, lost, lost, arrived, then lost
        0b1110_0100,
        0, // two bits each: large, small, lost, and more than the count wants
        4,
        0, // 1 ms, at once
        8,
        12, // 2 ms, 3 ms
        0xff,
        0xfc, // 1 ms earlier
        16,   // 4 ms
    ]);
    let feedback = feedback(&bytes);
    assert_eq!(
        (feedback.base, feedback.count, feedback.feedback_count),
        (65_534, 18, 9)
    );
    let given = packets(&bytes);
    let arrived: Vec<(u16, i64)> = given
        .iter()
        .filter_map(|(sequence, ticks)| Some((*sequence, (*ticks)?)))
        .collect();
    assert_eq!(
        arrived,
        [
            (65_534, 516),
            (65_535, 516),
            (0, 524),
            (3, 536),
            (14, 532),
            (15, 548)
        ]
    );
    let numbers = given.iter().map(|(sequence, _)| *sequence);
    assert!(numbers.eq((0..18).map(|at| 65_534_u16.wrapping_add(at))));
}

#[test]
fn what_does_not_add_up_is_malformed() {
    for (body, why) in [
        (&[0, 1, 0, 0, 0, 0, 0, 0][..], "tells of nothing"),
        (
            &[0, 1, 0, 1, 0, 0, 0, 0, 0x60, 1, 0, 0],
            "reserved symbol of a run",
        ),
        (
            &[0, 1, 0, 1, 0, 0, 0, 0, 0xf0, 0, 0, 0],
            "reserved symbol of a vector",
        ),
        (&[0, 1, 0, 9, 0, 0, 0, 0, 0x20, 9, 0, 0], "deltas end"),
        (&[0, 1, 0, 9, 0, 0, 0, 0, 0x40, 1, 0, 0], "chunks end"),
        (&[0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0], "runs of nothing"),
        (&[0, 1, 0, 1], "ends in its header"),
    ] {
        assert_eq!(read(&packet(body)).map(drop), Err(Malformed), "{why}");
    }
}

/// 24 bytes claim 65,528 lost packets.
#[test]
fn a_claim_costs_no_more_than_its_bytes() {
    let mut body = vec![0, 0, 0xff, 0xf8, 0, 0, 0, 0];
    body.extend([0x1f, 0xff].repeat(8));
    let bytes = packet(&body);
    let given = packets(&bytes);
    assert_eq!(given.len(), 1_024);
    assert!(given.iter().all(|(_, ticks)| ticks.is_none()));
    // The first run is longer than that: its end is what counts.
    assert_eq!(given.first(), Some(&(8_191 - 1_024, None)));
}

#[test]
fn what_follows_a_long_outage_keeps_its_numbers() {
    let bytes = packet(&[
        0, 0, 0x1f, 0xff, 0, 0, 0, 0, 0x1f, 0xfe, 0x20, 1, 4, //
    ]);
    let given = packets(&bytes);
    assert_eq!(given.len(), 1_025);
    assert_eq!(given.last(), Some(&(8_190, Some(4))));
}

#[test]
fn the_reference_time_goes_on_across_its_wrap() {
    let reference = |time: u32, previous| {
        let [_, a, b, c] = time.to_be_bytes();
        let bytes = packet(&[0, 1, 0, 1, a, b, c, 0, 0x20, 1, 0, 0]);
        feedback(&bytes).reference_ticks(previous)
    };
    let wrap = 1_i64 << 24;
    let last = reference(0xff_ffff, None);
    assert_eq!(last, (wrap - 1) * 256);
    let after = reference(1, Some(last));
    assert_eq!(after, (wrap + 1) * 256);
    assert_eq!(reference(0xff_ffff, Some(after)), last, "late, from before");
    assert_eq!(reference(0xff_ffff, Some(0)), -256);
}

fn round_trip(arrivals: Arrivals<'_>) -> Vec<(u16, Option<i64>)> {
    let mut given = Vec::new();
    let (mut rest, mut reference) = (arrivals, None);
    while !rest.ticks.is_empty() {
        let mut buffer = Vec::new();
        let n_written = write_transport_feedback(&mut buffer, Ssrc(1), Ssrc(2), rest);
        assert!(n_written > 0 && buffer.len() <= 1_200);
        let feedback = feedback(&buffer);
        assert_eq!(usize::from(feedback.count), n_written);
        let ticks = feedback.reference_ticks(reference);
        given.extend(feedback.packets(ticks));
        reference = Some(ticks);
        rest.ticks = &rest.ticks[n_written..];
        rest.base = rest.base.wrapping_add(feedback.count);
    }
    given
}

proptest! {
    /// Whatever arrived, in whatever order, lost in runs or alone.
    #[test]
    fn arrivals_are_read_as_they_were_written(
        base in any::<u16>(),
        start in 0_i64..1 << 31,
        steps in proptest::collection::vec((0_u8..4, -40_i64..40_000, 1_usize..40), 1..80),
    ) {
        let mut ticks = Vec::new();
        let mut now = start;
        for (kind, step, n_packets) in steps {
            for _ in 0..n_packets {
                now += match kind {
                    0 => 0,
                    1 => step.rem_euclid(100),
                    2 => step.rem_euclid(2_000),
                    _ => step,
                };
                ticks.push((kind != 0).then_some(now));
            }
        }
        let arrivals = Arrivals { base, feedback_count: 1, ticks: &ticks };
        let wanted = ticks.iter().enumerate().map(|(at, ticks)| {
            (base.wrapping_add(u16::try_from(at).unwrap()), *ticks)
        });
        let wanted: Vec<_> = wanted.collect();
        let given = round_trip(arrivals);
        // The unwrapped time of the first feedback starts anew: only what lies between counts.
        let shift = match (wanted.iter().find_map(|p| p.1), given.iter().find_map(|p| p.1)) {
            (Some(wanted), Some(given)) => wanted - given,
            _ => 0,
        };
        let given: Vec<_> = given.into_iter().map(|(n, t)| (n, t.map(|t| t + shift))).collect();
        prop_assert_eq!(given, wanted);
    }
}

/// The length of deltas is counted for a whole chunk at once; the packets are read one by one.
#[test]
fn every_chunk_is_as_long_as_its_packets() {
    let mut n_read = 0;
    for word in 0..=u16::MAX {
        for count in [1_u8, 5, 7, 13, 14] {
            let [high, low] = word.to_be_bytes();
            let mut body = vec![0, 0, 0, count, 0, 0, 0, 0, high, low];
            // Seven lost packets more, where a chunk has not symbols enough.
            body.extend([0, 7]);
            body.extend([0; 2 * 14]);
            let bytes = packet(&body);
            let Some(Ok(Feedback::TransportWide(report))) = Compound::new(&bytes).next() else {
                continue;
            };
            n_read += 1;
            let given = report.packets(0).count();
            assert_eq!(given, usize::from(report.n_lines()), "{word:#x}, {count}");
            assert_eq!(given, usize::from(count), "{word:#x}");
        }
    }
    assert!(n_read > 100_000, "{n_read} were no nonsense");
}
