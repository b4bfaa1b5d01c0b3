//! The stages of a stream whose pictures are encoded anew, with an encoder that makes what it is told to.

use std::collections::BTreeMap;
use std::sync::Arc;

use bridge_packager::config::Windows;
use bridge_packager::latency::LatencyMode;
use bridge_packager::playlist::media::Media;
use sfu_model::codec::Codec;
use sfu_model::frame::{Discontinuity, Format};
use sfu_model::id::{EncodingId, TrackId};
use sfu_model::layer::Layer;
use sfu_model::packet::{Dimensions, Extensions, PayloadFacts};
use sfu_model::rtp::SeqNo;
use sfu_model::time::NtpTime;

use super::*;

const RUNGS: [(&str, u16); 3] = [("720p", 720), ("480p", 480), ("160p", 160)];
/// Pictures a second.
const RATE: u64 = 30;
/// From the capture of a picture to when it is encoded.
const ENCODED_AFTER: Duration = Duration::from_millis(60);
const STEP: Duration = Duration::from_millis(10);

fn name(text: &str) -> RenditionName {
    RenditionName::parse(text).unwrap()
}

/// A stream in virtual time: a publisher's sound, and an encoder of its pictures.
struct Bench {
    stages: Stages,
    began_at: Instant,
    now: Instant,
    n_sounds: u64,
    n_pictures: u64,
    /// What is encoded, and since when without a hole.
    made: BTreeMap<&'static str, Option<Discontinuity>>,
    playlists: BTreeMap<RenditionName, Arc<Media>>,
    /// The pictures of each part, by the rung that they are of, and where the part begins.
    parts: BTreeMap<RenditionName, Vec<u8>>,
    n_thumbnails: u32,
}

impl Bench {
    fn new() -> Self {
        let mut stages = Stages::new(Config {
            epoch: "k3x9".into(),
            latency: LatencyMode::Low,
            windows: Windows::default(),
            ntp_anchor: NtpTime::UNIX_EPOCH,
            transcodes: true,
        });
        stages.expect(Anew {
            takes_pictures: true,
            n_sounds: 0,
            n_pictures: RUNGS.len(),
        });
        stages.routes.passage.handle_other_codec();
        let began_at = Instant::START + Duration::from_secs(1);
        let mut bench = Self {
            stages,
            began_at,
            now: began_at,
            n_sounds: 0,
            n_pictures: 0,
            made: RUNGS.into_iter().map(|(rung, _)| (rung, None)).collect(),
            playlists: BTreeMap::new(),
            parts: BTreeMap::new(),
            n_thumbnails: 0,
        };
        bench.sound();
        let all = RUNGS.map(|(rung, _)| name(rung));
        bench.stages.begin_renditions(&all, began_at);
        bench
    }

    fn sound(&mut self) {
        let captured_at = self.began_at + Duration::from_millis(20) * self.n_sounds as u32;
        let packet = Packet {
            track: TrackId(1),
            encoding: EncodingId(1),
            layer: Layer::spatial(0),
            codec: Codec::Opus,
            sequence: SeqNo(self.n_sounds),
            time: MediaTime(self.n_sounds * 960),
            captured_at,
            received_at: self.now,
            capture_age: None,
            marker: false,
            facts: PayloadFacts::default(),
            descriptor: None,
            extensions: Extensions::default(),
            payload: [0xfc, 1, 2, 3][..].into(),
        };
        self.n_sounds += 1;
        self.stages.handle_packet(&packet, &[], self.now);
    }

    /// What the encoder makes of one picture.
    fn encode(&mut self) {
        let time = self.n_pictures * 90_000 / RATE;
        let is_keyframe = self.n_pictures.is_multiple_of(2 * RATE);
        let captured_at = self.began_at + Duration::from_micros(time * 100 / 9);
        self.n_pictures += 1;
        for (rung, height) in RUNGS {
            // A rung begins with the keyframe of all.
            let Some(discontinuity) = self
                .made
                .get_mut(rung)
                .filter(|d| d.is_none() || is_keyframe)
            else {
                continue;
            };
            let frame = Frame {
                time: MediaTime(time),
                captured_at,
                is_keyframe,
                discontinuity: discontinuity.take(),
                format: Arc::new(Format::H264 {
                    sps: Box::new([0x67, 0x42, 0x40, 0x1f, height.to_le_bytes()[0], 0x80]),
                    pps: Box::new([0x68, 0xce, 0x3c, 0]),
                    size: Dimensions {
                        width: height / 9 * 16,
                        height,
                    },
                }),
                data: [&[0, 0, 0, 97, 0x65][..], &[mark(rung); 96]]
                    .concat()
                    .into(),
            };
            (self.stages).handle_picture(&name(rung), &frame, &[], self.now);
        }
    }

    /// Runs to a time of the stream, in milliseconds.
    fn run_until(&mut self, ms: u64) {
        let until = self.began_at + Duration::from_millis(ms);
        while self.now < until {
            self.now += STEP;
            let passed = self.now - self.began_at;
            if passed.as_millis() >= u128::from(self.n_sounds * 20) {
                self.sound();
            }
            let encoded = passed.saturating_sub(ENCODED_AFTER).as_micros();
            while u128::from(self.n_pictures * 1_000_000 / RATE) < encoded {
                self.encode();
            }
            self.stages.handle_timeout(&[], self.now);
            self.collect();
        }
    }

    fn collect(&mut self) {
        let told = self.stages.take();
        self.n_thumbnails += u32::from(told.keyframe.is_some());
        for event in told.packaged {
            match event {
                Packaged::Playlist(media) => {
                    self.playlists.insert(media.rendition.clone(), media);
                }
                Packaged::Part {
                    rendition, bytes, ..
                } => self
                    .parts
                    .entry(rendition)
                    .or_default()
                    .extend(bytes.last()),
                Packaged::Init { .. }
                | Packaged::Segment { .. }
                | Packaged::Renditions(_)
                | Packaged::KeyframeWanted => {}
            }
        }
    }

    fn demand(&mut self, wanted: &[&'static str]) {
        let names: Vec<RenditionName> = wanted.iter().map(|rung| name(rung)).collect();
        self.stages.routes.handle_demand(&names);
        for rung in wanted {
            (self.made).entry(rung).or_insert(Some(Discontinuity::Lost));
        }
    }

    /// Whose pictures a rendition's parts end with, without repetitions.
    fn shown(&self, rung: &str) -> Vec<u8> {
        let mut marks = self.parts[&name(rung)].clone();
        marks.dedup();
        marks
    }

    /// Where the segments behind discontinuities begin, in milliseconds.
    fn breaks(&self, rung: &str) -> Vec<u64> {
        let segments = self.playlists[&name(rung)].segments.iter();
        let broken = segments.filter(|segment| segment.head.is_discontinuous);
        broken
            .map(|segment| segment.head.starts_at.0 / 90)
            .collect()
    }
}

fn mark(rung: &str) -> u8 {
    rung.as_bytes()[0]
}

#[test]
fn a_rung_rests_and_goes_on_at_keyframes_of_all_and_nobody_misses_a_picture() {
    let mut bench = Bench::new();
    bench.run_until(6_500);
    bench.demand(&["720p", "160p"]);
    let of_480p = name("480p");
    // Its encoder goes on while its pictures are shown.
    bench.run_until(8_500);
    assert!(bench.stages.routes.needs(&of_480p));
    bench.run_until(9_500);
    assert!(!bench.stages.routes.needs(&of_480p));
    bench.made.remove("480p");
    bench.run_until(15_000);
    bench.demand(&["720p", "480p", "160p"]);
    bench.run_until(24_500);

    assert_eq!(bench.shown("720p"), b"7");
    assert_eq!(bench.shown("480p"), b"414");
    assert_eq!(bench.shown("160p"), b"1");
    for (rung, _) in RUNGS {
        assert_eq!(bench.breaks(rung), [8_000, 18_000], "{rung}");
        let segments = &bench.playlists[&name(rung)].segments;
        let whole = segments.iter().filter(|segment| !segment.is_gap);
        assert_eq!(whole.count(), segments.len(), "{rung}");
    }
    let counted = bench.stages.counts().packager;
    assert_eq!((counted.stand_in_parts, counted.gap_parts), (0, 0));
    assert_eq!(counted.discontinuities, 2);
    assert!(
        (2..=3).contains(&bench.n_thumbnails),
        "{}",
        bench.n_thumbnails
    );
}
