//! Attempts to use a nonce twice.

use proptest::prelude::*;
use sfu_model::rtp::{SeqNo, Ssrc};

use super::{pair, rtp, sealer};
use crate::srtp::{LedgerError, Profile, SealError};

const SSRC: Ssrc = Ssrc(0x1234_5678);

#[test]
fn an_index_is_taken_once() {
    let mut ledger = sealer(Profile::AeadAes128Gcm).ledger(SSRC).unwrap();
    assert!(ledger.take(SeqNo(10)).is_some());
    assert!(ledger.take(SeqNo(10)).is_none());
}

#[test]
fn an_ssrc_has_one_ledger_ever() {
    let mut sealer = sealer(Profile::AeadAes128Gcm);
    let given = sealer.ledger(SSRC).map(|ledger| ledger.ssrc());
    assert_eq!(given, Ok(SSRC), "and is gone again");
    assert_eq!(sealer.ledger(SSRC).map(drop), Err(LedgerError::Taken));
}

/// Every header that is not the index's own is refused, and the packet is left as it was.
#[test]
fn an_index_seals_its_own_packet_only() {
    for profile in Profile::ALL {
        let mut sealer = sealer(profile);
        let mut ledger = sealer.ledger(SSRC).unwrap();
        let wrong = [(Ssrc(SSRC.0 ^ 1), 0), (SSRC, 1), (SSRC, 0x100)];
        for (number, (ssrc, sequence_step)) in (0x1_0000..).zip(wrong) {
            let sequence = SeqNo(number);
            let (packet, header_bytes) = rtp(ssrc, sequence.wire() + sequence_step, b"payload");
            let mut buffer = packet.clone();
            let index = ledger.take(sequence).unwrap();
            assert_eq!(
                sealer.seal_rtp(index, &mut buffer, (0, header_bytes), &[]),
                Err(SealError::WrongIndex)
            );
            assert_eq!(buffer, packet);
        }
    }
}

/// Another session's ledger counts the same numbers of the same SSRC for other keys.
#[test]
fn an_index_of_another_sealer_is_refused() {
    for profile in Profile::ALL {
        let ((ours, _), (mut theirs, _)) = pair(profile);
        let index = theirs.ledger(SSRC).unwrap().take(SeqNo(1)).unwrap();
        let (mut buffer, header_bytes) = rtp(SSRC, 1, b"payload");
        assert_eq!(
            ours.seal_rtp(index, &mut buffer, (0, header_bytes), &[]),
            Err(SealError::WrongIndex)
        );
    }
}

#[test]
fn a_packet_shorter_than_its_header_is_refused() {
    for profile in Profile::ALL {
        let mut sealer = sealer(profile);
        let mut ledger = sealer.ledger(SSRC).unwrap();
        let (packet, _) = rtp(SSRC, 0, b"");
        for (number, (start, header_bytes)) in [
            (0, 11),
            (0, packet.len() + 1),
            (packet.len() - 11, 12),
            (usize::MAX, 12),
            (1_000, 12),
        ]
        .into_iter()
        .enumerate()
        {
            let index = ledger.take(SeqNo(number as u64)).unwrap();
            assert_eq!(
                sealer.seal_rtp(index, &mut packet.clone(), (start, header_bytes), &[]),
                Err(SealError::TooShort),
                "{start} {header_bytes}"
            );
        }
        assert_eq!(
            sealer.seal_rtcp(&mut vec![0x80, 201, 0, 1, 0, 0, 0], 0),
            Err(SealError::TooShort)
        );
    }
}

proptest! {
    /// Whatever the order, with every sequence number of a call that wraps: no index comes out twice.
    #[test]
    fn no_order_of_takes_repeats_an_index(
        start in 0_u64..1 << 34,
        steps in proptest::collection::vec((any::<bool>(), -2_000_i64..2_000), 1..500),
    ) {
        let mut ledger = sealer(Profile::AeadAes128Gcm).ledger(SSRC).unwrap();
        let mut given = std::collections::HashSet::new();
        let mut at = start;
        for (back, step) in steps {
            at = at.saturating_add_signed(step);
            // Sometimes without its roll-overs, as after a bug.
            let sequence = if back { SeqNo(at & 0xffff) } else { SeqNo(at) };
            if ledger.take(sequence).is_some() {
                prop_assert!(given.insert(sequence), "{sequence:?} twice");
            }
        }
    }
}
