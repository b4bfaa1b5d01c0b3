//! When a stream is reported on, and how it ends.

use sfu_model::codec::ClockRate;
use sfu_model::datagram::Transport;
use sfu_model::rtp::{PayloadType, Ssrc};
use sfu_model::time::NtpTime;

use super::*;
use crate::egress::extensions::ExtensionIds;
use crate::egress::redundancy::Carried;
use crate::egress::stream::{StreamTerms, TransportNumbers};
use crate::route::packet_cache::PacketCache;
use crate::rtcp::{Compound, Feedback};
use crate::session::gate::Path;
use crate::srtp::tests::pair;
use crate::srtp::{Opener, Profile};
use crate::stats::Stats;
use crate::subscribe::rewrite::Rewritten;
use crate::subscribe::rewrite::tests::packet;
use crate::subscribe::rewrite_codec::CodecNumbers;
use crate::subscribe::subscription::Outgoing;

const SOUND: Ssrc = Ssrc(1);
const PICTURE: Ssrc = Ssrc(2);

struct Scene {
    sealer: Sealer,
    opener: Opener,
    streams: [Stream; 2],
    reports: Reports,
    batch: TransmitBatch,
}

fn stream(ssrc: Ssrc, sealer: &mut Sealer) -> Stream {
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
    stream
}

impl Scene {
    fn new() -> Self {
        let ((mut sealer, _), (_, opener)) = pair(Profile::AeadAes128Gcm);
        Self {
            streams: [stream(SOUND, &mut sealer), stream(PICTURE, &mut sealer)],
            sealer,
            opener,
            reports: Reports::default(),
            batch: TransmitBatch::default(),
        }
    }

    /// A stream sends a packet of this number.
    fn sends(&mut self, index: usize, sequence: u64) {
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
        let (numbers, carried) = (TransportNumbers::default(), Carried::default());
        let with = (&packet, &out, &carried);
        let stream = &mut self.streams[index];
        stream
            .write_media(&self.sealer, with, numbers, &mut Vec::new())
            .unwrap();
    }

    fn turn(&mut self, ms: u64, act: impl FnOnce(&mut Self, &mut Turn<'_>)) -> Vec<Vec<u8>> {
        let place = "127.0.0.1:9".parse().unwrap();
        let path = Path {
            remote: (Transport::Udp, place),
            local: place,
        };
        let mut batch = std::mem::take(&mut self.batch);
        let mut turn = Turn {
            cache: &PacketCache::default(),
            path: &path,
            now: Instant::START + Duration::from_millis(ms),
            ntp_anchor: NtpTime(0),
            batch: &mut batch,
            stats: &mut Stats::default(),
            straight_bytes: 0,
        };
        act(self, &mut turn);
        let sealed = batch
            .iter()
            .flat_map(|(run, bytes)| bytes.chunks(run.segment_bytes));
        let open = |bytes: &[u8]| self.opener.open_rtcp(&mut bytes.to_vec()).unwrap().to_vec();
        sealed.map(open).collect()
    }

    /// Whose reports leave at a moment.
    fn reported(&mut self, ms: u64) -> Vec<Ssrc> {
        let sent = self.turn(ms, |scene, turn| {
            let streams = scene.streams.iter();
            scene.reports.send(streams, &mut scene.sealer, turn);
        });
        let of = |clear: &Vec<u8>| match Compound::new(clear).next() {
            Some(Ok(Feedback::SenderReport(report))) => report.ssrc,
            other => panic!("{other:?}"),
        };
        sent.iter().map(of).collect()
    }
}

#[test]
fn each_stream_is_reported_on_with_its_first_packet_and_then_every_second() {
    let mut scene = Scene::new();
    assert_eq!(scene.reported(0), []);
    scene.sends(0, 1);
    assert_eq!(scene.reported(10), [SOUND]);
    assert_eq!(scene.reported(20), []);
    scene.sends(1, 1);
    assert_eq!(
        scene.reported(300),
        [PICTURE],
        "at once, not with the sound"
    );
    scene.sends(1, 2);
    assert_eq!(scene.reported(310), []);
    assert_eq!(scene.reported(1_009), []);
    assert_eq!(scene.reported(1_010), [SOUND, PICTURE]);
    assert_eq!(scene.reported(1_500), []);
    assert_eq!(scene.reported(2_010), [SOUND, PICTURE]);
}

#[test]
fn a_goodbye_is_a_whole_compound_packet() {
    let mut scene = Scene::new();
    let sent = scene.turn(0, |scene, turn| {
        let streams = scene.streams.iter();
        scene.reports.say_goodbye(streams, &mut scene.sealer, turn);
    });
    assert_eq!(sent.len(), 2);
    for clear in sent {
        let kinds = (clear[1], clear[9]);
        assert_eq!(kinds, (201, 202), "a report, a description");
        let last = Compound::new(&clear).last();
        assert!(matches!(last, Some(Ok(Feedback::Bye { .. }))), "{last:?}");
    }
}
