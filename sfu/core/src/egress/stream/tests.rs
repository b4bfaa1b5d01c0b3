//! One number holds one thing, whether it is sent for the first time or again.

use std::time::Duration;

use sfu_model::rtp::PayloadType;

use super::*;
use crate::srtp::Profile;
use crate::srtp::tests::pair;
use crate::subscribe::rewrite::Rewritten;
use crate::subscribe::rewrite::tests::packet;

struct Scene {
    sealer: Sealer,
    stream: Stream,
}

impl Scene {
    fn new() -> Self {
        let ((mut sealer, _), _) = pair(Profile::AeadAes128Gcm);
        let terms = StreamTerms {
            ssrc: Ssrc(1),
            repair_ssrc: Some(Ssrc(2)),
            mid: "0".to_owned(),
            cname: "freshet".to_owned(),
            clock_rate: ClockRate(90_000),
            extensions: ExtensionIds::default(),
        };
        let mut stream = Stream::new(terms, 0);
        stream.open(&mut sealer).unwrap();
        Self { sealer, stream }
    }

    fn send(&mut self, sequence: u64, is_empty: bool) -> Result<(), DropReason> {
        let packet = packet(1, sequence, 0);
        let out = Outgoing {
            payload_type: PayloadType::new(96).unwrap(),
            red_payload_type: None,
            repair_payload_type: PayloadType::new(97),
            numbers: Rewritten {
                sequence: packet.sequence,
                time: packet.time,
                marker: packet.marker,
                codec: CodecNumbers::None,
            },
            is_empty,
            is_doubtful: false,
        };
        let (numbers, carried) = (TransportNumbers::default(), Carried::default());
        let with = (&packet, &out, &carried);
        self.stream
            .write_media(&self.sealer, with, numbers, &mut Vec::new())
    }

    /// Sends again what a NACK names. Returns its length.
    fn repair(&mut self, wire: u16) -> usize {
        let history = &mut self.stream.history;
        let sent = history.repair(wire, Duration::ZERO, Instant::START);
        let sent = sent.unwrap();
        let packet = packet(1, sent.source.0, 0);
        let mut buffer = Vec::new();
        let numbers = TransportNumbers::default();
        self.stream
            .write_repair(&self.sealer, (&packet, &sent), numbers, &mut buffer)
            .unwrap();
        buffer.len()
    }
}

#[test]
fn what_was_sent_without_its_payload_is_sent_again_without_it() {
    let mut scene = Scene::new();
    for sequence in [10, 12] {
        scene.send(sequence, false).unwrap();
    }
    scene.send(11, true).unwrap();
    let payload_bytes = packet(1, 10, 0).payload.len();
    assert_eq!(scene.repair(11) + payload_bytes, scene.repair(10));
}

#[test]
fn what_a_repair_has_brought_is_not_filled_when_its_turn_comes() {
    let mut scene = Scene::new();
    for sequence in [10, 12] {
        scene.send(sequence, false).unwrap();
    }
    scene.repair(11);
    assert_eq!(scene.send(11, true), Err(DropReason::NumberUsed));
}
