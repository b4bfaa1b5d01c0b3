//! What a packet that leaves is counted as, and one that does not.

use sfu_model::codec::ClockRate;
use sfu_model::datagram::{TransmitBatch, Transport};
use sfu_model::rtp::{PayloadType, Ssrc};
use sfu_model::time::{Instant, NtpTime};

use super::*;
use crate::egress::estimation::Negotiated;
use crate::egress::extensions::ExtensionIds;
use crate::egress::stream::StreamTerms;
use crate::route::packet_cache::PacketCache;
use crate::srtp::tests::pair;
use crate::srtp::{Opener, Profile};
use crate::stats::Stats;
use crate::subscribe::rewrite::Rewritten;
use crate::subscribe::rewrite::tests::packet;
use crate::subscribe::rewrite_codec::CodecNumbers;

/// A stream over an estimated path.
struct Scene {
    stream: Stream,
    sealer: Sealer,
    estimation: Estimation,
    stats: Stats,
    batch: TransmitBatch,
}

impl Scene {
    fn new() -> Self {
        let ((mut sealer, _), _): ((Sealer, Opener), _) = pair(Profile::AeadAes128Gcm);
        let terms = StreamTerms {
            ssrc: Ssrc(1),
            repair_ssrc: None,
            mid: "0".to_owned(),
            cname: "freshet".to_owned(),
            clock_rate: ClockRate(90_000),
            extensions: ExtensionIds {
                transport_sequence: Some(3),
                ..ExtensionIds::default()
            },
        };
        let mut stream = Stream::new(terms, 0);
        stream.open(&mut sealer).unwrap();
        let mut estimation = Estimation::new(Negotiated {
            has_sequence: true,
            has_send_time: false,
            has_repairs: true,
        });
        assert!(estimation.plan(true, Instant::START).is_some());
        Self {
            stream,
            sealer,
            estimation,
            stats: Stats::default(),
            batch: TransmitBatch::default(),
        }
    }

    fn send(&mut self, sequence: u64, is_empty: bool) {
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
            is_empty,
            is_doubtful: false,
        };
        let place = "127.0.0.1:9".parse().unwrap();
        let path = Path {
            remote: (Transport::Udp, place),
            local: place,
        };
        let mut turn = Turn {
            cache: &PacketCache::default(),
            path: &path,
            now: Instant::START,
            ntp_anchor: NtpTime(0),
            batch: &mut self.batch,
            stats: &mut self.stats,
            straight_bytes: 0,
        };
        let with = (&packet, &out, &Carried::default());
        let stream = (&mut self.stream, &self.sealer);
        send(stream, with, &mut self.estimation, &mut turn);
    }

    fn next_number(&self) -> Option<u16> {
        let numbers = self.estimation.numbers(true, Instant::START, NtpTime(0));
        numbers.sequence
    }
}

#[test]
fn what_could_not_be_sealed_takes_no_number_that_its_receiver_would_miss() {
    let mut scene = Scene::new();
    scene.send(7, false);
    assert_eq!(scene.next_number(), Some(1));
    scene.send(7, false);
    assert_eq!(scene.stats.drops.get(DropReason::NumberUsed), 1);
    assert_eq!((scene.next_number(), scene.stats.packets_out), (Some(1), 1));
    scene.send(8, false);
    assert_eq!((scene.next_number(), scene.stats.packets_out), (Some(2), 2));
}

#[test]
fn a_packet_that_leaves_empty_has_no_octets() {
    let mut scene = Scene::new();
    let payload_bytes = packet(1, 7, 0).payload.len() as u64;
    scene.send(7, false);
    scene.send(8, true);
    let counters = scene.stream.counters();
    assert_eq!(counters.packets, 2);
    assert_eq!(u64::from(counters.octets), payload_bytes);
    assert_eq!(scene.stats.bytes_out, payload_bytes);
}
