//! Against `webrtc-srtp`, which shares no code with ours, in every profile.

use sfu_model::rtp::{SeqNo, Ssrc};
use webrtc_srtp::context::Context;
use webrtc_srtp::option::{srtcp_replay_protection, srtp_replay_protection};
use webrtc_srtp::protection_profile::ProtectionProfile;

use super::{material, pair, reports, rtp};
use crate::srtp::{KeyingMaterial, OpenError, Opener, Profile, Sealer, Side, contexts};

const SSRC: Ssrc = Ssrc(0xcafe_babe);
const PROFILES: [(Profile, ProtectionProfile); 3] = [
    (Profile::AeadAes128Gcm, ProtectionProfile::AeadAes128Gcm),
    (Profile::AeadAes256Gcm, ProtectionProfile::AeadAes256Gcm),
    (
        Profile::Aes128CmSha1_80,
        ProtectionProfile::Aes128CmHmacSha1_80,
    ),
];

/// The oracle with one side's keys.
fn oracle(profile: Profile, theirs: ProtectionProfile, side: Side) -> Context {
    let material = material(profile);
    let (keys, salts) = material.split_at(2 * profile.key_bytes());
    let half = |bytes: &[u8]| match side {
        Side::Client => bytes[..bytes.len() / 2].to_vec(),
        Side::Server => bytes[bytes.len() / 2..].to_vec(),
    };
    Context::new(
        &half(keys),
        &half(salts),
        theirs,
        Some(srtp_replay_protection(128)),
        Some(srtcp_replay_protection(128)),
    )
    .unwrap()
}

fn ours(profile: Profile, we_are: Side) -> (Sealer, Opener) {
    let material = KeyingMaterial::from_exporter(&material(profile));
    contexts(material, profile, we_are).unwrap()
}

fn payload(sequence: u64, n_bytes: usize) -> Vec<u8> {
    let low = sequence.to_be_bytes()[7];
    (0..n_bytes)
        .map(|at| u8::try_from(at % 251).unwrap() ^ low)
        .collect()
}

#[test]
fn packets_of_any_length_from_anywhere_are_opened_by_others() {
    for (profile, theirs) in PROFILES {
        for side in [Side::Client, Side::Server] {
            let (mut sealer, _) = ours(profile, side);
            let mut ledger = sealer.ledger(SSRC).unwrap();
            let mut oracle = oracle(profile, theirs, side);
            let lengths = [0, 1, 15, 16, 17, 500, 1_200, 1_452];
            // So much of the payload stands in the buffer, and the rest lies elsewhere.
            let splits = [0, 1, 2, 16, 17, usize::MAX];
            let cases = lengths.map(|n| splits.map(|split| (n, split)));
            for (sequence, (n_bytes, split)) in (1_u64..).zip(cases.into_iter().flatten()) {
                let (clear, header_bytes) =
                    rtp(SSRC, SeqNo(sequence).wire(), &payload(sequence, n_bytes));
                let (here, elsewhere) = clear.split_at(header_bytes + split.min(n_bytes));
                // What stands before the packet is another's and stays.
                let mut buffer = b"before".to_vec();
                buffer.extend(here);
                let index = ledger.take(SeqNo(sequence)).unwrap();
                sealer
                    .seal_rtp(index, &mut buffer, (6, header_bytes), elsewhere)
                    .unwrap();
                assert!(buffer.starts_with(b"before"));
                let sealed = &buffer[6..];
                assert_eq!(sealed.len(), clear.len() + profile.rtp_overhead_bytes());
                assert_eq!(oracle.decrypt_rtp(sealed).unwrap(), clear);
            }
        }
    }
}

/// Three roll-overs of the sequence number, each with packets that come late from before it.
#[test]
fn indices_go_on_across_roll_overs() {
    for (profile, theirs) in PROFILES {
        let (mut sealer, _) = ours(profile, Side::Server);
        let mut ledger = sealer.ledger(SSRC).unwrap();
        let mut oracle = oracle(profile, theirs, Side::Server);
        let mut open = |number: u64| {
            let (clear, header_bytes) = rtp(SSRC, SeqNo(number).wire(), &payload(number, 40));
            let mut buffer = clear.clone();
            let index = ledger.take(SeqNo(number)).unwrap();
            sealer
                .seal_rtp(index, &mut buffer, (0, header_bytes), &[])
                .unwrap();
            assert_eq!(oracle.decrypt_rtp(&buffer).unwrap(), clear, "{number}");
        };
        let mut number = 65_000;
        for roll_over in 1..4_u64 {
            let wrap = roll_over << 16;
            // Steps that no receiver takes for a step back.
            while number < wrap - 20 {
                open(number);
                number += 10_000.min(wrap - 20 - number).max(1);
            }
            // Every second packet up to the wrap and over it, then those that were late.
            (wrap - 20..wrap + 20).step_by(2).for_each(&mut open);
            (wrap - 19..wrap + 20).step_by(2).for_each(&mut open);
            number = wrap + 20;
        }
    }
}

#[test]
fn a_packet_sealed_by_us_is_taken_once() {
    for (profile, theirs) in PROFILES {
        let (mut sealer, _) = ours(profile, Side::Server);
        let mut ledger = sealer.ledger(SSRC).unwrap();
        let mut oracle = oracle(profile, theirs, Side::Server);
        let (mut buffer, header_bytes) = rtp(SSRC, 9, b"once");
        let index = ledger.take(SeqNo(9)).unwrap();
        sealer
            .seal_rtp(index, &mut buffer, (0, header_bytes), &[])
            .unwrap();
        assert!(oracle.decrypt_rtp(&buffer).is_ok());
        assert!(oracle.decrypt_rtp(&buffer).is_err(), "replayed");
    }
}

/// The tag covers all of a packet: header, extension, payload and the tag itself.
#[test]
fn a_packet_of_ours_changed_anywhere_is_refused_by_others() {
    for (profile, theirs) in PROFILES {
        let (mut sealer, _) = ours(profile, Side::Server);
        let mut ledger = sealer.ledger(SSRC).unwrap();
        let (mut buffer, header_bytes) = rtp(SSRC, 9, b"whole");
        let index = ledger.take(SeqNo(9)).unwrap();
        sealer
            .seal_rtp(index, &mut buffer, (0, header_bytes), &[])
            .unwrap();
        for at in 0..buffer.len() {
            let mut tampered = buffer.clone();
            tampered[at] ^= 1;
            let mut oracle = oracle(profile, theirs, Side::Server);
            assert!(oracle.decrypt_rtp(&tampered).is_err(), "byte {at}");
        }
    }
}

#[test]
fn reports_go_both_ways() {
    for (profile, theirs) in PROFILES {
        let (mut sealer, mut opener) = ours(profile, Side::Server);
        let mut receives = oracle(profile, theirs, Side::Server);
        let mut sends = oracle(profile, theirs, Side::Client);
        for round in 0..300 {
            let clear = reports(SSRC, Ssrc(round));
            let mut buffer = b"before".to_vec();
            buffer.extend(&clear);
            sealer.seal_rtcp(&mut buffer, 6).unwrap();
            let sealed = &buffer[6..];
            assert_eq!(sealed.len(), clear.len() + profile.rtcp_overhead_bytes());
            assert_eq!(receives.decrypt_rtcp(sealed).unwrap(), clear);

            let mut sealed = sends.encrypt_rtcp(&clear).unwrap().to_vec();
            assert_eq!(opener.open_rtcp(&mut sealed).unwrap(), clear);
        }
    }
}

#[test]
fn a_report_comes_once_in_any_order() {
    for (profile, theirs) in PROFILES {
        let (_, mut opener) = ours(profile, Side::Server);
        let mut sends = oracle(profile, theirs, Side::Client);
        let mut seal = |ssrc| sends.encrypt_rtcp(&reports(ssrc, SSRC)).unwrap().to_vec();
        let sealed: Vec<Vec<u8>> = (0..200).map(|_| seal(SSRC)).collect();
        // The other SSRC's indices are the same numbers.
        let other = seal(Ssrc(1));
        let mut open = |packet: &Vec<u8>| opener.open_rtcp(&mut packet.clone()).map(<[u8]>::len);
        for packet in sealed[72..].iter().rev() {
            assert!(open(packet).is_ok());
        }
        for packet in &sealed[72..] {
            assert_eq!(open(packet), Err(OpenError::Replayed));
        }
        assert_eq!(
            open(&sealed[71]),
            Err(OpenError::Replayed),
            "too old to know"
        );
        assert!(open(&other).is_ok());
    }
}

/// A change anywhere is refused, and does not make the true packet a replay.
#[test]
fn a_report_changed_anywhere_is_refused() {
    for (profile, theirs) in PROFILES {
        let (_, mut opener) = ours(profile, Side::Server);
        let clear = reports(SSRC, Ssrc(1));
        let sealed = oracle(profile, theirs, Side::Client)
            .encrypt_rtcp(&clear)
            .unwrap();
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut tampered = sealed.to_vec();
                tampered[at] ^= 1 << bit;
                let refused = opener.open_rtcp(&mut tampered).unwrap_err();
                assert!(
                    matches!(refused, OpenError::Forged | OpenError::InTheClear),
                    "byte {at}: {refused}"
                );
            }
        }
        for length in 0..sealed.len() {
            assert!(opener.open_rtcp(&mut sealed[..length].to_vec()).is_err());
        }
        assert_eq!(opener.open_rtcp(&mut sealed.to_vec()).unwrap(), clear);
    }
}

#[test]
fn our_own_reports_are_not_taken_for_the_other_sides() {
    for profile in Profile::ALL {
        let ((mut sealer, mut opener), (_, mut their_opener)) = pair(profile);
        let clear = reports(SSRC, Ssrc(1));
        let mut sealed = clear.clone();
        sealer.seal_rtcp(&mut sealed, 0).unwrap();
        assert_eq!(
            opener.open_rtcp(&mut sealed.clone()),
            Err(OpenError::Forged),
            "reflected"
        );
        assert_eq!(their_opener.open_rtcp(&mut sealed).unwrap(), clear);
    }
}
