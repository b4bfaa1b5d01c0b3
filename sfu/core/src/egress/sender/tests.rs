//! What waits for a subscriber has edges.

use sfu_model::codec::ClockRate;
use sfu_model::drop_reason::DropCounts;
use sfu_model::rtp::{PayloadType, SeqNo};

use super::*;
use crate::egress::extensions::ExtensionIds;
use crate::egress::history::tests::mapping;
use crate::egress::sender::missed::Missed;
use crate::egress::stream::StreamTerms;
use crate::route::packet_cache::PacketCache;
use crate::subscribe::rewrite::Rewritten;
use crate::subscribe::rewrite::tests::packet;
use crate::subscribe::rewrite_codec::CodecNumbers;
use crate::subscribe::subscription::Outgoing;

pub(in crate::egress) fn sender() -> Sender {
    let terms = StreamTerms {
        ssrc: Ssrc(1),
        repair_ssrc: Some(Ssrc(2)),
        mid: "0".to_owned(),
        cname: "freshet".to_owned(),
        clock_rate: ClockRate(90_000),
        extensions: ExtensionIds::default(),
    };
    Sender::new(None, Some(Stream::new(terms, 0)))
}

/// A sender that has sent this many packets, and the room's cache, of which each is as old as this.
fn scene(n_packets: u64, received_at: Instant) -> (Sender, PacketCache) {
    let (mut sender, mut cache) = (sender(), PacketCache::default());
    for sequence in 0..n_packets {
        let video = sender.video.as_mut().unwrap();
        video.history.insert(SeqNo(sequence), mapping(1, 0));
        let mut packet = packet(1, sequence, 0);
        packet.received_at = received_at;
        cache.insert(packet);
    }
    (sender, cache)
}

fn miss(sender: &mut Sender, wires: std::ops::Range<u16>, cache: &PacketCache) -> Missed {
    let now = Instant::START + Duration::from_secs(9);
    sender.miss(wires, cache, now, &mut DropCounts::default())
}

#[test]
fn feedback_queues_as_many_repairs_as_a_loss_can_need_and_more_are_a_keyframe() {
    let now = Instant::START + Duration::from_secs(9);
    let repaired = Missed {
        any_repair: true,
        ..Missed::default()
    };
    let lost = Missed {
        is_lost: true,
        ..Missed::default()
    };
    let (mut sender, cache) = scene(128, now);
    assert_eq!(miss(&mut sender, 0..128, &cache), repaired);
    assert_eq!(sender.repairs.len(), 128);
    let (mut sender, cache) = scene(129, now);
    assert_eq!(miss(&mut sender, 0..129, &cache), lost);
    assert_eq!(sender.repairs.len(), 0);
    sender.keyframe_asked(true);
    assert_eq!(miss(&mut sender, 0..9, &cache), Missed::default());
}

#[test]
fn what_is_late_is_repaired_and_what_is_gone_is_not() {
    let (mut sender, cache) = scene(9, Instant::START);
    let late = Missed {
        any_repair: true,
        is_late: true,
        is_lost: false,
    };
    assert_eq!(miss(&mut sender, 0..9, &cache), late);
    let (mut sender, _) = scene(9, Instant::START);
    let gone = miss(&mut sender, 0..9, &PacketCache::default());
    assert_eq!((gone.any_repair, gone.is_lost), (false, true));
}

#[test]
fn a_gap_as_long_as_a_blackout_is_not_repaired_and_as_much_here_and_there_is() {
    let now = Instant::START + Duration::from_secs(9);
    let scene = || {
        let (mut sender, mut cache) = scene(9, now);
        sender.keyframe_asked(false);
        for sequence in 9..40 {
            let video = sender.video.as_mut().unwrap();
            video.history.insert(SeqNo(sequence), mapping(1, 0));
            let mut packet = packet(1, sequence, 0);
            packet.received_at = now.saturating_sub(Duration::from_millis(10 * (40 - sequence)));
            cache.insert(packet);
        }
        (sender, cache)
    };
    let lost = |wires: Vec<u16>| {
        let (mut sender, cache) = scene();
        let mut drops = DropCounts::default();
        sender
            .miss(wires.into_iter(), &cache, now, &mut drops)
            .is_lost
    };
    assert!(lost((9..40).collect()));
    assert!(!lost((9..39).collect()));
    assert!(!lost((9..40).filter(|n| *n != 20).collect()));
}

#[test]
fn what_was_sent_into_a_full_queue_is_sent_again_once_unasked() {
    let sent_at = Instant::START + Duration::from_secs(9);
    let after = |ms| sent_at + Duration::from_millis(ms);
    let (mut sender, mut cache) = scene(9, sent_at);
    let mut last = packet(1, 5, 0);
    last.marker = true;
    cache.insert(last);
    sender.doubt(SeqNo(3), sent_at);
    assert_eq!(sender.poll_timeout(), Some(after(150)));
    let mut drops = DropCounts::default();
    for (ms, n_queued) in [(149, 0), (150, 3), (300, 3)] {
        sender.queue_doubtful(&cache, after(ms), &mut drops);
        assert_eq!(sender.repairs.len(), n_queued, "{ms} ms");
    }
    let numbers: Vec<u64> = sender.repairs.iter().map(|sent| sent.sequence.0).collect();
    assert_eq!(numbers, [3, 4, 5], "up to the picture's last");
}

#[test]
fn what_is_sent_again_unasked_has_an_edge() {
    let now = Instant::START + Duration::from_secs(9);
    let (mut sender, cache) = scene(200, now);
    sender.doubt(SeqNo(0), Instant::START);
    sender.queue_doubtful(&cache, now, &mut DropCounts::default());
    assert_eq!(sender.repairs.len(), 32);
    assert!(miss(&mut sender, 40..136, &cache).any_repair);
    sender.doubt(SeqNo(150), Instant::START);
    sender.queue_doubtful(&cache, now, &mut DropCounts::default());
    assert_eq!(sender.repairs.len(), 128);
}

/// A packet that waits.
fn wait(sender: &mut Sender, sequence: u64) -> Result<(), DropReason> {
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
    sender.wait(&packet, &out)
}

#[test]
fn as_many_packets_wait_as_the_queue_holds_and_one_more_is_dropped() {
    let mut sender = sender();
    for sequence in 0..2_048 {
        assert_eq!(wait(&mut sender, sequence), Ok(()), "{sequence}");
    }
    assert_eq!(wait(&mut sender, 2_048), Err(DropReason::SenderQueueFull));
    assert_eq!(sender.queue.len(), 2_048);
    let bytes = packet(1, 0, 0).payload.len();
    assert_eq!(
        sender.queue_bytes,
        2_048 * bytes,
        "what was dropped does not count"
    );
}

/// Whoever takes nothing, asks for everything again and changes its encoding all the time.
#[test]
fn what_is_kept_for_the_slowest_subscriber_has_a_bound() {
    let (mut sender, mut cache) = (sender(), PacketCache::default());
    for sequence in 0..10_000_u16 {
        let _ = wait(&mut sender, u64::from(sequence));
        let now = Instant::START + Duration::from_secs(u64::from(sequence));
        let video = sender.video.as_mut().unwrap();
        let number = SeqNo(u64::from(sequence));
        video.history.insert(number, mapping(1, 0));
        let mut packet = packet(1, number.0, 0);
        packet.received_at = now;
        cache.insert(packet);
        let asked = sequence.saturating_sub(200)..=sequence;
        sender.miss(asked, &cache, now, &mut DropCounts::default());
    }
    assert!(sender.repairs.len() > 100, "{}", sender.repairs.len());
    let kept = size_of::<Sender>()
        + sender.queue.capacity() * size_of::<Queued>()
        + sender.repairs.capacity() * size_of::<Sent>()
        + 2 * history::BYTES
        + repair_copies::BYTES;
    println!("{kept} bytes of {HELD_BYTES_BOUND}");
    assert!(kept <= HELD_BYTES, "{kept} bytes");
}
