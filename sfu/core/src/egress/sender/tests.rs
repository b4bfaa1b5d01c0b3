//! What waits for a subscriber has edges.

use sfu_model::codec::ClockRate;
use sfu_model::rtp::{PayloadType, SeqNo};

use super::*;
use crate::egress::extensions::ExtensionIds;
use crate::egress::history::tests::mapping;
use crate::egress::stream::StreamTerms;
use crate::subscribe::rewrite::Rewritten;
use crate::subscribe::rewrite::tests::packet;
use crate::subscribe::rewrite_codec::CodecNumbers;
use crate::subscribe::subscription::Outgoing;

fn sender() -> Sender {
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

#[test]
fn feedback_queues_as_many_repairs_as_a_loss_can_need_and_no_more() {
    let mut sender = sender();
    let video = sender.video.as_mut().unwrap();
    for sequence in 0..200 {
        video.history.insert(SeqNo(sequence), mapping(1, 0));
    }
    for wire in 0..128 {
        assert_eq!(sender.repair(wire, Instant::START), Ok(()), "{wire}");
    }
    assert_eq!(
        sender.repair(128, Instant::START),
        Err(NoRepair::TooMany),
        "one more"
    );
}

#[test]
fn as_many_packets_wait_as_the_queue_holds_and_one_more_is_dropped() {
    let mut sender = sender();
    let mut wait = |sequence| {
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
        };
        sender.wait(&packet, &out)
    };
    for sequence in 0..2_048 {
        assert_eq!(wait(sequence), Ok(()), "{sequence}");
    }
    assert_eq!(wait(2_048), Err(DropReason::SenderQueueFull));
    assert_eq!(sender.queue.len(), 2_048);
    let bytes = packet(1, 0, 0).payload.len();
    assert_eq!(
        sender.queue_bytes,
        2_048 * bytes,
        "what was dropped does not count"
    );
}
