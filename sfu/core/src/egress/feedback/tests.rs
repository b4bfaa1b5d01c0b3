//! What one datagram of feedback can cost.

use sfu_model::codec::ClockRate;
use sfu_model::limits::DATAGRAM_BYTES_MAX;
use sfu_model::rtp::{PayloadType, SeqNo};

use super::*;
use crate::egress::extensions::ExtensionIds;
use crate::egress::feedback_patience::FeedbackPatience;
use crate::egress::history::tests::mapping;
use crate::egress::redundancy::Carried;
use crate::egress::sender::tests::sender;
use crate::egress::stream::{Stream, StreamTerms, TransportNumbers};
use crate::rtcp::{CompactNtp, write_fir, write_nack, write_pli, write_receiver_report};
use crate::srtp::tests::pair;
use crate::srtp::{Profile, Sealer};
use crate::subscribe::rewrite::Rewritten;
use crate::subscribe::rewrite::tests::packet;
use crate::subscribe::rewrite_codec::CodecNumbers;
use crate::subscribe::subscription::Outgoing;

const NOW: Moment = Moment {
    now: Instant::START,
    ntp: NtpTime(0),
};
const MEDIA: Ssrc = Ssrc(1);

/// What is dropped of a clear datagram, whether something is to be repaired, and whether a keyframe is wanted.
fn hear_all(sender: &mut Sender, clear: &[u8]) -> (DropCounts, Heard, bool) {
    let mut patience = FeedbackPatience::default();
    let mut steps = patience.begin(NOW.now);
    let mut drops = DropCounts::default();
    let seen = (&PacketCache::default(), NOW);
    let heard = hear_clear(sender, clear, &mut steps, seen, &mut drops);
    (drops, heard, steps.ran_out())
}

fn with_history() -> Sender {
    let mut sender = sender();
    let video = sender.video.as_mut().unwrap();
    for sequence in 0..200 {
        video.history.insert(SeqNo(sequence), mapping(1, 0));
    }
    sender
}

#[test]
fn numbers_that_nobody_sent_are_looked_up_as_often_as_a_datagram_may() {
    let mut clear = Vec::new();
    while clear.len() < DATAGRAM_BYTES_MAX - 100 {
        write_nack(&mut clear, Ssrc(9), MEDIA, 20_000..20_170);
    }
    let (drops, heard, ran_out) = hear_all(&mut with_history(), &clear);
    let n_looked_up = drops.get(DropReason::NotRepairable);
    assert!((2_000..=2_048).contains(&n_looked_up), "{n_looked_up}");
    assert!(ran_out && !heard.wants_repair);
}

#[test]
fn feedback_that_claims_more_than_a_datagram_may_say_is_not_heard() {
    // Each tells of 65,535 lost packets in 36 bytes: 1,024 lines.
    let mut clear = Vec::new();
    let mut one = vec![0x8f, 205, 0, 9, 0, 0, 0, 9, 0, 0, 0, 1];
    one.extend([0, 0, 0xff, 0xff, 0, 0, 0, 0]);
    one.extend([0x1f, 0xff].repeat(8));
    one.extend([0x00, 0x07, 0, 0]);
    for _ in 0..50 {
        clear.extend(&one);
    }
    write_pli(&mut clear, Ssrc(9), MEDIA);
    let (_, heard, ran_out) = hear_all(&mut with_history(), &clear);
    assert!(ran_out && !heard.wants_keyframe, "what follows is ignored");
    let mut alone = one.clone();
    write_pli(&mut alone, Ssrc(9), MEDIA);
    let (_, heard, ran_out) = hear_all(&mut with_history(), &alone);
    assert!(!ran_out && heard.wants_keyframe, "one is heard");
}

#[test]
fn a_browsers_whole_list_of_losses_is_heard() {
    let mut clear = Vec::new();
    write_nack(&mut clear, Ssrc(9), MEDIA, (100..200).chain(30_000..30_900));
    let (drops, heard, ran_out) = hear_all(&mut with_history(), &clear);
    assert_eq!(drops.get(DropReason::NotRepairable), 900);
    // The room's cache has none of them.
    assert!(heard.has_lost_all && !ran_out);
}

#[test]
fn what_stands_before_a_malformed_part_is_heard() {
    let mut clear = Vec::new();
    write_nack(&mut clear, Ssrc(9), MEDIA, 100..105);
    write_pli(&mut clear, Ssrc(9), MEDIA);
    // Feedback that says it is longer than the datagram.
    clear.extend([0x81, 206, 0, 99, 0, 0, 0, 9]);
    let mut sender = with_history();
    let (drops, heard, _) = hear_all(&mut sender, &clear);
    assert_eq!(drops.get(DropReason::MalformedRtcp), 1);
    assert!(heard.wants_keyframe && heard.has_lost_all, "{heard:?}");
}

#[test]
fn only_the_video_has_keyframes() {
    let wants = |write: &dyn Fn(&mut Vec<u8>, Ssrc)| {
        [MEDIA, Ssrc(0), Ssrc(7)].map(|media| {
            let mut clear = Vec::new();
            write(&mut clear, media);
            hear_all(&mut with_history(), &clear).1.wants_keyframe
        })
    };
    let expected = [true, false, false];
    assert_eq!(wants(&|c, media| write_pli(c, Ssrc(9), media)), expected);
    assert_eq!(wants(&|c, media| write_fir(c, Ssrc(9), media, 1)), expected);
}

const SOUND: Ssrc = Ssrc(3);

/// Of a fifth.
const FIFTH: u8 = 51;

/// A sender of both streams over a path that is estimated by reports.
struct Both {
    sender: Sender,
    sealer: Sealer,
    n_sent: u64,
}

impl Both {
    fn new() -> Self {
        let ((mut sealer, _), _) = pair(Profile::AeadAes128Gcm);
        let stream = |ssrc, sealer: &mut Sealer| {
            let terms = StreamTerms {
                ssrc,
                repair_ssrc: None,
                mid: "0".to_owned(),
                cname: "freshet".to_owned(),
                clock_rate: ClockRate(90_000),
                extensions: ExtensionIds::default(),
            };
            let mut stream = Stream::new(terms, 0);
            stream.open(sealer).unwrap();
            Some(stream)
        };
        let sound = stream(SOUND, &mut sealer);
        let mut sender = Sender::new(sound, stream(MEDIA, &mut sealer));
        assert!(sender.plan(true, NOW.now).is_some());
        sender.estimation().estimator.on_sent(1_000, NOW.now);
        Self {
            sender,
            sealer,
            n_sent: 0,
        }
    }

    fn send(&mut self, ssrc: Ssrc, n_packets: u64) {
        for sequence in self.n_sent..self.n_sent + n_packets {
            let packet = packet(1, sequence, 0);
            let out = Outgoing {
                payload_type: PayloadType::new(96).unwrap(),
                red_payload_type: None,
                repair_payload_type: None,
                numbers: Rewritten {
                    sequence: packet.sequence,
                    time: packet.time,
                    marker: packet.marker,
                    codec: CodecNumbers::None,
                },
                is_empty: false,
                is_doubtful: false,
            };
            let with = (&packet, &out, &Carried::default());
            let stream = self.sender.stream_of(ssrc).unwrap();
            let numbers = TransportNumbers::default();
            let written = stream.write_media(&self.sealer, with, numbers, &mut Vec::new());
            written.unwrap();
        }
        self.n_sent += n_packets;
    }

    /// The loss, of 256, after a compound packet with these blocks.
    fn after(&mut self, blocks: &[(Ssrc, u8)]) -> f64 {
        let block = |(ssrc, fraction_lost): &(Ssrc, u8)| ReportBlock {
            ssrc: *ssrc,
            fraction_lost: *fraction_lost,
            cumulative_lost: 0,
            highest: 0,
            jitter: 0,
            last_sr: None,
            delay_since_last_sr: CompactNtp(0),
        };
        let mut clear = Vec::new();
        let blocks: Vec<ReportBlock> = blocks.iter().map(block).collect();
        write_receiver_report(&mut clear, Ssrc(9), &blocks);
        hear_all(&mut self.sender, &clear);
        self.sender.estimation().estimator.loss() * 256.0
    }
}

#[test]
fn sound_that_arrives_hides_no_pictures_that_are_lost() {
    for order in [[(MEDIA, FIFTH), (SOUND, 0)], [(SOUND, 0), (MEDIA, FIFTH)]] {
        let mut both = Both::new();
        both.send(MEDIA, 100);
        both.send(SOUND, 50);
        assert_eq!(both.after(&order), 34.0, "two thirds of the loss");
        both.send(MEDIA, 340);
        both.send(SOUND, 0);
        assert_eq!(both.after(&order), 51.0, "of what was sent since");
    }
}

#[test]
fn a_report_of_what_was_reported_before_says_nothing() {
    let mut both = Both::new();
    both.send(MEDIA, 100);
    let twice = [(MEDIA, FIFTH), (MEDIA, 255), (SOUND, 255)];
    assert_eq!(both.after(&twice), 51.0);
    assert_eq!(both.after(&[(MEDIA, 0), (SOUND, 255)]), 51.0);
}

#[test]
fn a_few_packets_are_told_of_together_with_those_after_them() {
    let mut both = Both::new();
    both.send(MEDIA, 19);
    assert_eq!(both.after(&[(MEDIA, 255)]), 0.0, "nothing is said yet");
    both.send(MEDIA, 1);
    assert_eq!(both.after(&[(MEDIA, 0)]), 242.0, "19 of 20");
}
