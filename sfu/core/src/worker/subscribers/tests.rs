//! In which order a turn's packets leave.

use std::time::Duration;

use sfu_model::codec::{ClockRate, Codec};
use sfu_model::datagram::Transport;
use sfu_model::id::{EncodingId, TrackId};
use sfu_model::layer::Layer;
use sfu_model::packet::LayerSizes;
use sfu_model::rtp::{PayloadType, Ssrc};

use super::*;
use crate::budget::means::Budget;
use crate::egress::extensions::ExtensionIds;
use crate::egress::sender::Sender;
use crate::egress::stream::{Stream, StreamTerms};
use crate::route::packet_cache::PacketCache;
use crate::route::tracks::{EncodingOutline, TrackOutline};
use crate::session::engine::Agreed;
use crate::session::gate::Path;
use crate::srtp::{KeyingMaterial, Profile, Side};
use crate::stats::Stats;
use crate::subscribe::payload_types::{Format, PayloadTypes};
use crate::subscribe::rewrite::Rewritten;
use crate::subscribe::rewrite::tests::packet;
use crate::subscribe::rewrite_codec::CodecNumbers;
use crate::subscribe::subscription::{Outgoing, Supply};

const SOUND: Ssrc = Ssrc(1);
const PICTURES: Ssrc = Ssrc(2);
const REPAIRS: Ssrc = Ssrc(3);

struct Scene {
    subscriber: Subscriber,
    cache: PacketCache,
    arrivals: Arrivals,
}

fn sound(sequence: u64) -> Packet {
    let mut packet = packet(9, sequence, sequence * 960);
    packet.codec = Codec::Opus;
    packet.facts.starts_keyframe = true;
    packet
}

fn picture(sequence: u64) -> Packet {
    let mut packet = packet(1, sequence, 0);
    packet.payload = vec![0_u8; 1_000].into();
    packet
}

/// A subscription to sound, which begins at any packet.
fn to_sound(cache: &PacketCache) -> Subscription {
    let format = Format {
        codec: Codec::Opus,
        payload_type: PayloadType::new(111).unwrap(),
        repair: None,
        red: None,
    };
    let formats = (PayloadTypes::new(vec![format]), false);
    let mut subscription = Subscription::new(formats, 7, 7);
    let track = TrackOutline {
        id: TrackId(9),
        kind: MediaKind::Audio,
        encodings: vec![EncodingOutline {
            id: EncodingId(9),
            rid: None,
            rank: 0,
            codec: Some(Codec::Opus),
            sizes: LayerSizes::default(),
            is_flowing: true,
            highest_layer: Layer::default(),
        }],
    };
    let now = Instant::START;
    let supply = Supply { cache, now };
    let _ = subscription.update(Some(&track), Budget::Unlimited, supply);
    subscription
}

fn stream(ssrc: Ssrc, repair_ssrc: Option<Ssrc>) -> Option<Stream> {
    let terms = StreamTerms {
        ssrc,
        repair_ssrc,
        mid: "0".to_owned(),
        cname: "freshet".to_owned(),
        clock_rate: ClockRate(90_000),
        extensions: ExtensionIds::default(),
    };
    Some(Stream::new(terms, 0))
}

impl Scene {
    fn new() -> Self {
        let (cache, arrivals) = (PacketCache::default(), Arrivals::default());
        let mut sender = Sender::new(stream(SOUND, None), stream(PICTURES, Some(REPAIRS)));
        let profile = Profile::AeadAes128Gcm;
        let bytes: Vec<u8> = (1..).take(profile.keying_bytes()).collect();
        assert!(sender.open(Agreed {
            material: KeyingMaterial::from_exporter(&bytes),
            profile,
            side: Side::Server,
        }));
        let audio = Some(to_sound(&cache));
        let subscriber = Subscriber::new(audio, None, sender, arrivals.end());
        Self {
            subscriber,
            cache,
            arrivals,
        }
    }

    fn comes(&mut self, packet: Packet) {
        self.arrivals.push(&packet);
        self.cache.insert(packet);
    }

    /// The SSRCs of what leaves in a turn, each once for all in a row.
    fn turn(&mut self, now: Instant, send: impl FnOnce(&mut Self, &mut Turn<'_>)) -> Vec<Ssrc> {
        let place = "127.0.0.1:9".parse().unwrap();
        let path = Path {
            remote: (Transport::Udp, place),
            local: place,
        };
        let (mut batch, mut stats) = (TransmitBatch::default(), Stats::default());
        let cache = std::mem::take(&mut self.cache);
        let mut turn = Turn {
            cache: &cache,
            path: &path,
            now,
            ntp_anchor: NtpTime(0),
            batch: &mut batch,
            stats: &mut stats,
            straight_bytes: 0,
        };
        send(self, &mut turn);
        self.subscriber.sender.end_turn(&mut turn);
        self.cache = cache;
        let mut all = Vec::new();
        for (run, bytes) in batch.iter() {
            for datagram in bytes.chunks(run.segment_bytes) {
                // Reports carry their SSRC elsewhere (RFC 5761 section 4).
                if !(192..224).contains(&datagram[1]) {
                    all.push(Ssrc(u32::from_be_bytes(
                        datagram[8..12].try_into().unwrap(),
                    )));
                }
            }
        }
        all.dedup();
        all
    }

    /// More pictures come than leave in one turn.
    fn burst(&mut self) -> Vec<Ssrc> {
        (0..20).for_each(|sequence| self.cache.insert(picture(sequence)));
        self.turn(Instant::START, |scene, turn| {
            for sequence in 0..20 {
                let packet = picture(sequence);
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
                    is_empty: false,
                    is_doubtful: false,
                };
                let sent = scene.subscriber.sender.send_fresh((&packet, &out), turn);
                assert_eq!(sent, Ok(()));
            }
        })
    }

    /// A turn of what waits and what came.
    fn next(&mut self, now: Instant) -> Vec<Ssrc> {
        self.turn(now, |scene, turn| {
            assert!(send_all(&mut scene.subscriber, &scene.arrivals, turn));
        })
    }
}

#[test]
fn sound_leaves_before_repairs_and_pictures_that_wait() {
    let mut scene = Scene::new();
    assert_eq!(scene.burst(), [PICTURES]);
    let now = Instant::START + Duration::from_millis(200);
    let missed = scene.subscriber.sender.miss(
        std::iter::once(3),
        &scene.cache,
        now,
        &mut DropCounts::default(),
    );
    assert!(missed.any_repair);
    scene.comes(sound(1));
    scene.comes(sound(2));
    assert_eq!(scene.next(now), [SOUND, REPAIRS, PICTURES]);
    // Each packet of sound once, and with nothing that waits too.
    scene.comes(sound(3));
    assert_eq!(scene.next(now), [SOUND]);
    let sent = scene.subscriber.sender.stream_of(SOUND).unwrap();
    assert_eq!(sent.counters().packets, 3);
}
