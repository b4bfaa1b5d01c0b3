//! Everything that can be written.

use proptest::prelude::*;
use sfu_model::rate::Bitrate;
use sfu_model::rtp::Ssrc;
use sfu_model::time::{NtpTime, RtpTimestamp};

use super::{read, read_one};
use crate::rtcp::{
    CompactNtp, Feedback, ReportBlock, SenderReport, write_bye, write_fir, write_nack, write_pli,
    write_receiver_report, write_remb, write_sender_report,
};

const US: Ssrc = Ssrc(0x0102_0304);
const MEDIA: Ssrc = Ssrc(0xfefd_fcfb);

const SENT: SenderReport = SenderReport {
    ssrc: US,
    ntp: NtpTime(0xb44d_b705_2000_0000),
    rtp: RtpTimestamp(0xdead_beef),
    packets: 1_000,
    octets: u32::MAX,
};

fn block(ssrc: u32) -> ReportBlock {
    ReportBlock {
        ssrc: Ssrc(ssrc),
        fraction_lost: 64,
        cumulative_lost: -3,
        highest: 0x0002_ffff,
        jitter: 90,
        last_sr: Some(CompactNtp(0xb705_2000)),
        delay_since_last_sr: CompactNtp(0x0005_4000),
    }
}

/// Byte by byte as in RFC 3550 sections 6.4.1 and 6.5.
#[test]
fn a_sender_report_is_a_whole_compound_packet() {
    let mut buffer = b"before".to_vec();
    write_sender_report(&mut buffer, SENT, "freshet");
    let mut wanted = b"before".to_vec();
    wanted.extend([0x80, 200, 0, 6, 1, 2, 3, 4]);
    wanted.extend([0xb4, 0x4d, 0xb7, 0x05, 0x20, 0, 0, 0]);
    wanted.extend([
        0xde, 0xad, 0xbe, 0xef, 0, 0, 0x03, 0xe8, 0xff, 0xff, 0xff, 0xff,
    ]);
    wanted.extend([0x81, 202, 0, 4, 1, 2, 3, 4, 1, 7]);
    wanted.extend(b"freshet\0");
    wanted.extend([0, 0]);
    assert_eq!(buffer, wanted);

    let statements = read(&buffer[6..]).unwrap();
    let [Feedback::SenderReport(report), Feedback::Other] = statements[..] else {
        panic!("{statements:?}")
    };
    assert_eq!(report, SENT);
}

#[test]
fn a_cname_ends_with_a_zero_whatever_its_length() {
    for length in [0, 1, 2, 3, 4, 255, 256, 70_000] {
        let mut buffer = Vec::new();
        write_sender_report(&mut buffer, SENT, &"c".repeat(length));
        assert_eq!(read(&buffer).unwrap().len(), 2, "{length}");
        assert_eq!(buffer.len() % 4, 0);
        assert_eq!(buffer.last(), Some(&0));
    }
}

#[test]
fn a_receiver_report_gives_its_blocks() {
    let blocks: Vec<ReportBlock> = (0..40).map(block).collect();
    for n_blocks in [0, 1, 31, 40] {
        let mut buffer = Vec::new();
        write_receiver_report(&mut buffer, US, &blocks[..n_blocks]);
        let statements = read(&buffer).unwrap();
        let given = statements.iter().map(|statement| {
            let Feedback::ReceiverReport(block) = statement else {
                panic!("{statement:?}")
            };
            *block
        });
        assert!(given.eq(blocks[..n_blocks.min(31)].iter().copied()));
    }
}

#[test]
fn what_was_lost_keeps_its_sign_at_the_edge_of_24_bits() {
    for (lost, on_the_wire) in [(i32::MIN, -(1 << 23)), (i32::MAX, (1 << 23) - 1), (-1, -1)] {
        let mut buffer = Vec::new();
        let block = ReportBlock {
            cumulative_lost: lost,
            last_sr: None,
            ..block(1)
        };
        write_receiver_report(&mut buffer, US, &[block]);
        let Feedback::ReceiverReport(read) = read_one(&buffer) else {
            panic!("another")
        };
        assert_eq!(read.cumulative_lost, on_the_wire);
        assert_eq!(read.last_sr, None);
    }
}

#[test]
fn a_bye_names_who_leaves() {
    let ssrcs: Vec<Ssrc> = (1..=40).map(Ssrc).collect();
    for n_ssrcs in [1, 31, 40] {
        let mut buffer = Vec::new();
        write_bye(&mut buffer, &ssrcs[..n_ssrcs], "freshet");
        assert!(buffer.starts_with(&[0x80, 201, 0, 1]), "a report first");
        assert_eq!(buffer[8..10], [0x81, 202], "then who it is");
        assert!(buffer.windows(7).any(|bytes| bytes == b"freshet"));
        let statements = read(&buffer).unwrap();
        let [Feedback::Other, Feedback::Bye { ssrcs: leaving }] = &statements[..] else {
            panic!("{statements:?}")
        };
        let leaving = leaving.clone();
        assert!(leaving.eq(ssrcs[..n_ssrcs.min(31)].iter().copied()));
    }
    let mut buffer = Vec::new();
    write_bye(&mut buffer, &[], "freshet");
    assert!(buffer.is_empty());
}

#[test]
fn keyframe_requests_say_of_what() {
    let mut buffer = Vec::new();
    write_pli(&mut buffer, US, MEDIA);
    assert_eq!(buffer.len(), 12);
    write_fir(&mut buffer, US, MEDIA, 7);
    let statements = read(&buffer).unwrap();
    assert!(matches!(
        statements[..],
        [
            Feedback::Pli { media: MEDIA },
            Feedback::Fir {
                media: MEDIA,
                sequence: 7
            }
        ]
    ));
}

#[test]
fn a_fir_may_ask_for_several() {
    let mut buffer = Vec::new();
    write_fir(&mut buffer, US, MEDIA, 7);
    buffer.extend([0, 0, 0, 9, 8, 0, 0, 0]);
    buffer[3] += 2;
    let asked: Vec<(Ssrc, u8)> = read(&buffer)
        .unwrap()
        .iter()
        .map(|statement| {
            let Feedback::Fir { media, sequence } = statement else {
                panic!("{statement:?}")
            };
            (*media, *sequence)
        })
        .collect();
    assert_eq!(asked, [(MEDIA, 7), (Ssrc(9), 8)]);
}

fn nack(packets: &[u16]) -> (usize, Vec<u16>) {
    let mut buffer = Vec::new();
    write_nack(&mut buffer, US, MEDIA, packets.iter().copied());
    let Feedback::Nack { media, packets } = read_one(&buffer) else {
        panic!("another")
    };
    assert_eq!(media, MEDIA);
    (buffer.len(), packets.collect())
}

#[test]
fn neighbours_share_an_entry_of_a_nack() {
    let packets: Vec<u16> = (65_530..=65_535).chain(0..=10).collect();
    assert_eq!(nack(&packets), (16, packets.clone()));
    let packets = [5, 22];
    assert_eq!(nack(&packets), (20, packets.to_vec()), "one too far");
    let packets = [5, 21];
    assert_eq!(nack(&packets), (16, packets.to_vec()));
}

fn remb(rate: Bitrate, n_ssrcs: u32) -> (Bitrate, usize) {
    let ssrcs: Vec<Ssrc> = (0..n_ssrcs).map(Ssrc).collect();
    let mut buffer = Vec::new();
    write_remb(&mut buffer, US, rate, &ssrcs);
    let Feedback::Remb { bitrate, ssrcs } = read_one(&buffer) else {
        panic!("another")
    };
    (bitrate, ssrcs.count())
}

#[test]
fn an_estimate_keeps_eighteen_bits() {
    assert_eq!(remb(Bitrate(0), 0), (Bitrate(0), 0));
    assert_eq!(remb(Bitrate(262_143), 1), (Bitrate(262_143), 1));
    assert_eq!(remb(Bitrate(262_145), 2), (Bitrate(262_144), 2));
    assert_eq!(remb(Bitrate(u64::MAX), 300).1, 255);
    // The largest that can be written: 46 zeros follow.
    assert_eq!(remb(Bitrate(u64::MAX), 0).0, Bitrate(!0 << 46));
}

#[test]
fn an_estimate_past_all_rates_is_the_highest_rate() {
    let mut buffer = Vec::new();
    write_remb(&mut buffer, US, Bitrate(1), &[]);
    buffer[17..20].fill(0xff);
    let Feedback::Remb { bitrate, .. } = read_one(&buffer) else {
        panic!("another")
    };
    assert_eq!(bitrate, Bitrate(u64::MAX));
}

proptest! {
    #[test]
    fn any_packets_can_be_asked_for_again(packets in proptest::collection::vec(any::<u16>(), 0..100)) {
        let mut asked = nack(&packets).1;
        let mut wanted = packets;
        asked.sort_unstable();
        asked.dedup();
        wanted.sort_unstable();
        wanted.dedup();
        prop_assert_eq!(asked, wanted);
    }

    #[test]
    fn an_estimate_loses_at_most_its_last_bits(rate in any::<u64>()) {
        let (read, _) = remb(Bitrate(rate), 1);
        prop_assert!(read.0 <= rate && rate - read.0 <= rate >> 17);
    }
}
