//! What two hours of a stream cost in memory: bytes on the heap, those of the packager's lists among them.

#[cfg(test)]
mod heap;

#[cfg(test)]
mod measured {
    use std::sync::Arc;
    use std::time::Duration;

    use bridge_origin::config::{Config, Dash};
    use bridge_origin::event::Event;
    use bridge_origin::origin::{Answer, Origin};
    use bridge_origin::request::{Headers, Method, Request, Tree};
    use bridge_packager::event::Event as Packaged;
    use bridge_packager::part::{Part, PartIndex};
    use bridge_packager::playlist::media::{Media, Upcoming};
    use bridge_packager::playlist::server_control::ServerControl;
    use bridge_packager::rendition::RenditionName;
    use bridge_packager::segment::{InitNumber, MediaSequenceNumber, Segment, SegmentHead};
    use bytes::Bytes;
    use sfu_model::time::{Instant, MediaTime};

    use crate::heap;

    const PART: Duration = Duration::from_millis(500);
    const PARTS_PER_SEGMENT: u32 = 4;
    /// Segments whose parts the packager remembers.
    const PARTS_KEPT: usize = 8;
    /// Two hours of segments of two seconds.
    const DVR_SEGMENTS: usize = 3_600;

    /// Renditions and their bit rates, which make 5 Mb/s.
    const RENDITIONS: [(&str, usize); 5] = [
        ("1080p", 2_900_000),
        ("720p", 1_200_000),
        ("480p", 520_000),
        ("240p", 252_000),
        ("aac", 128_000),
    ];

    struct Rendition {
        name: RenditionName,
        part_bytes: usize,
        segments: Vec<Arc<Segment>>,
    }

    impl Rendition {
        fn segment(&mut self, number: u64) {
            let parts = (0..PARTS_PER_SEGMENT).map(|index| Part {
                index: PartIndex(index),
                duration: PART,
                is_independent: index == 0,
                is_gap: false,
                size_bytes: self.part_bytes as u32,
            });
            self.segments.push(Arc::new(Segment {
                head: SegmentHead {
                    number: MediaSequenceNumber(number),
                    discontinuity_sequence: 0,
                    is_discontinuous: false,
                    init: InitNumber(0),
                    starts_at: MediaTime(number * 180_000),
                    program_date_time_ms: number * 2_000,
                },
                duration: PART * PARTS_PER_SEGMENT,
                parts: parts.collect(),
                is_gap: false,
                size_bytes: self.part_bytes as u32 * PARTS_PER_SEGMENT,
            }));
            // The packager forgets the parts of what is long past listing them.
            if let Some(at) = self.segments.len().checked_sub(PARTS_KEPT + 1) {
                let old = Segment::clone(&self.segments[at]);
                let parts = Arc::from([]);
                self.segments[at] = Arc::new(Segment { parts, ..old });
            }
            if self.segments.len() > DVR_SEGMENTS {
                self.segments.remove(0);
            }
        }

        fn media(&self) -> Arc<Media> {
            Arc::new(Media {
                rendition: self.name.clone(),
                server_control: ServerControl::new(PART, 2),
                zero_unix: Duration::from_secs(1_700_000_000),
                epoch: Arc::from("k3x9"),
                segments: self.segments.clone().into(),
                runs: Arc::from([]),
                live_from: self.segments.len().saturating_sub(10),
                discontinuities_removed: 0,
                open: None,
                upcoming: Upcoming::GoesOn,
                is_ended: false,
                reports: Arc::from([]),
            })
        }
    }

    /// Tells of a segment of all renditions, whose writes succeed.
    fn play(origin: &mut Origin, renditions: &mut [Rendition], number: u64, now: &mut Instant) {
        let segment = MediaSequenceNumber(number);
        for index in 0..PARTS_PER_SEGMENT {
            *now += PART;
            for rendition in renditions.iter() {
                let bytes = Bytes::from(vec![index as u8; rendition.part_bytes]);
                let part = Packaged::Part {
                    rendition: rendition.name.clone(),
                    segment,
                    index: PartIndex(index),
                    bytes,
                };
                origin.handle_event(part, *now);
            }
        }
        for rendition in renditions {
            rendition.segment(number);
            let finished = Packaged::Segment {
                rendition: rendition.name.clone(),
                segment,
                n_parts: PARTS_PER_SEGMENT,
            };
            origin.handle_event(finished, *now);
            origin.handle_event(Packaged::Playlist(rendition.media()), *now);
        }
        while let Some(event) = origin.poll_event() {
            if let Event::ToDisk { key, .. } = event {
                origin.handle_stored(&key);
            }
        }
    }

    fn fetch_playlists(origin: &mut Origin, now: Instant) {
        for (name, _) in RENDITIONS {
            for file in ["live.m3u8", "dvr.m3u8"] {
                let path = format!("{name}/{file}");
                let request = Request {
                    method: Method::Get,
                    tree: Tree::Hls,
                    path: &path,
                    query: None,
                    headers: Headers {
                        accept_encoding: Some("gzip"),
                        ..Headers::default()
                    },
                    client: None,
                };
                let Answer::Now(response) = origin.handle_request(&request, now) else {
                    panic!("{path} waits");
                };
                assert_eq!(response.status.code(), 200);
            }
        }
    }

    #[test]
    fn a_stream_of_5_mbit_with_two_hours_behind_it_is_within_16_mb() {
        let mut now = Instant::START + Duration::from_secs(1);
        let mut renditions: Vec<Rendition> = RENDITIONS
            .into_iter()
            .map(|(name, bps)| Rendition {
                name: RenditionName::parse(name).unwrap(),
                part_bytes: bps / 8 / 2,
                segments: Vec::new(),
            })
            .collect();
        let before = heap::bytes();
        let mut origin = Origin::new(Config {
            epoch: Arc::from("k3x9"),
            server_control: ServerControl::new(PART, 2),
            has_disk: true,
            dash: Dash {
                base_uri: Arc::from("../../hls/demo/"),
                clock_uri: Arc::from("../../clock"),
            },
        });
        for number in 0..DVR_SEGMENTS as u64 + 20 {
            play(&mut origin, &mut renditions, number, &mut now);
        }
        fetch_playlists(&mut origin, now);
        let whole = heap::bytes() - before;
        let media = origin.stats().memory_bytes;
        println!("{whole} bytes in memory, {media} of them media");
        assert_eq!(origin.stats().lost_segments, 0);
        assert!(media > 6_000_000, "the last seconds are in memory: {media}");
        assert!(media <= 10_000_000, "{media}");
        assert!(whole <= 16_000_000, "{whole}");
    }
}
