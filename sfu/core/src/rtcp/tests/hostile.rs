//! Bytes that nobody meant well.

use proptest::prelude::*;
use sfu_model::rtp::Ssrc;

use super::read;
use crate::rtcp::{
    Compound, Feedback, Malformed, write_fir, write_nack, write_pli, write_receiver_report,
};

/// How many things a compound packet says, lists of numbers included.
fn n_statements(bytes: &[u8]) -> usize {
    Compound::new(bytes)
        .map(|statement| match statement {
            Ok(Feedback::Nack { packets, .. }) => packets.count(),
            Ok(Feedback::Remb { ssrcs, .. } | Feedback::Bye { ssrcs }) => ssrcs.count(),
            Ok(Feedback::TransportWide(feedback)) => feedback.packets(0).count(),
            Ok(_) | Err(Malformed) => 1,
        })
        .sum()
}

/// The dearest bytes are symbol vectors, seven packets each, and the runs of 24 bytes of feedback.
fn n_statements_max(bytes: &[u8]) -> usize {
    bytes.len() * 7 + (bytes.len() / 24) * 1_024 + 1
}

#[test]
fn a_packet_that_does_not_add_up_ends_the_compound() {
    let mut pli = Vec::new();
    write_pli(&mut pli, Ssrc(1), Ssrc(2));
    for (broken, why) in [
        (&[0x41, 206, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0][..], "version 1"),
        (
            &[0x81, 206, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0],
            "longer than it is",
        ),
        (&[0x81, 206, 0, 1, 0, 0, 0, 0], "no media"),
        (&[0x81, 206, 0], "ends in its header"),
        (
            &[0xa1, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0],
            "padding of nothing",
        ),
        (
            &[0xa1, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9],
            "more padding than packet",
        ),
        (&[0xa1, 206, 0, 0], "padding of an empty packet"),
        (&[0x81, 201, 0, 1, 0, 0, 0, 1], "a block that is missing"),
        (
            &[0x9f, 203, 0, 1, 0, 0, 0, 1],
            "31 that leave in room for one",
        ),
        (
            &[0x84, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2],
            "half an entry",
        ),
        (
            &[
                0x8f, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, b'R', b'E', b'M', b'B', 1, 0, 0, 0,
            ],
            "an estimate without its SSRC",
        ),
    ] {
        let bytes = [&pli, broken, &pli].concat();
        let given: Vec<_> = Compound::new(&bytes).take(10).collect();
        assert!(
            matches!(given[..], [Ok(Feedback::Pli { .. }), Err(Malformed)]),
            "{why}: {given:?}"
        );
    }
}

#[test]
fn padding_is_no_feedback() {
    let mut bytes = Vec::new();
    write_nack(&mut bytes, Ssrc(1), Ssrc(2), [7].into_iter());
    bytes[0] |= 0x20;
    bytes[3] += 1;
    bytes.extend([0, 0, 0, 4]);
    assert_eq!(n_statements(&bytes), 1);
}

#[test]
fn what_means_nothing_here_is_passed_over() {
    let mut bytes = vec![0x80, 207, 0, 1, 0, 0, 0, 1]; // an extended report
    bytes.extend([0x80, 204, 0, 2, 0, 0, 0, 1, b'n', b'a', b'm', b'e']);
    bytes.extend([0x82, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]); // slice loss
    bytes.extend([0x83, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]); // a rate to keep to
    bytes.extend([
        0x8f, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, b'o', b't', b'h', b'r',
    ]);
    let statements = read(&bytes).unwrap();
    assert_eq!(statements.len(), 5);
    assert!(
        statements
            .iter()
            .all(|statement| matches!(statement, Feedback::Other))
    );
}

proptest! {
    #[test]
    fn any_bytes_are_survived_and_cost_what_they_are(bytes in proptest::collection::vec(any::<u8>(), 0..1_500)) {
        prop_assert!(n_statements(&bytes) <= n_statements_max(&bytes));
    }

    /// Bytes that get past the header.
    #[test]
    fn any_packets_are_survived_and_cost_what_they_are(
        packets in proptest::collection::vec((0_u8..64, 200_u8..208, proptest::collection::vec(any::<u8>(), 0..40)), 1..20),
    ) {
        let mut bytes = Vec::new();
        for (count, kind, body) in packets {
            let n_words = body.len() / 4;
            bytes.extend([0x80 | count, kind, 0, u8::try_from(n_words).unwrap()]);
            bytes.extend(&body[..n_words * 4]);
        }
        prop_assert!(n_statements(&bytes) <= n_statements_max(&bytes));
    }

    #[test]
    fn a_cut_compound_is_survived(cut in 0_usize..80) {
        let mut bytes = Vec::new();
        write_receiver_report(&mut bytes, Ssrc(1), &[]);
        write_fir(&mut bytes, Ssrc(1), Ssrc(2), 3);
        write_nack(&mut bytes, Ssrc(1), Ssrc(2), 0..100);
        let cut = cut.min(bytes.len());
        prop_assert!(n_statements(&bytes[..cut]) <= n_statements(&bytes) + 1);
    }
}
