//! A stream of one rendition as its packager tells of it, for tests: what it plays is large, so that few segments fill the memory.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::response::Response;
use bridge_origin::config::{Config, Dash};
use bridge_origin::event::SegmentKey;
use bridge_origin::request::{Headers, Method, Request, Tree};
use bridge_origin::response::Body;
use bridge_packager::event::Event as Packaged;
use bridge_packager::part::{Part, PartIndex};
use bridge_packager::playlist::media::{Media, Upcoming};
use bridge_packager::playlist::server_control::ServerControl;
use bridge_packager::rendition::{RenditionName, RenditionOutline};
use bridge_packager::segment::{InitNumber, MediaSequenceNumber, Segment, SegmentHead};
use bytes::Bytes;
use sfu_model::codec::{ClockRate, MediaKind};
use sfu_model::id::RoomId;
use sfu_model::time::MediaTime;
use sfu_net::clock::Clock;

use crate::folder::Folder;
use crate::order::Order;
use crate::router::with_body;
use crate::stream::{Reply, Stream};

const EPOCH: &str = "k3x9";

/// Eight of these are all that an origin keeps in memory.
pub(crate) const SEGMENT_BYTES: u32 = 8 * 1024 * 1024;

/// Less than a piece of a body.
pub(crate) const PART_BYTES: u32 = 1_000;

/// Segments of the live playlist.
const LIVE: usize = 4;

static NEXT: AtomicU32 = AtomicU32::new(0);

pub(crate) struct Sample {
    pub(crate) stream: Arc<Stream>,
    /// Gone with the test.
    root: PathBuf,
    control: ServerControl,
    segments: Vec<Arc<Segment>>,
    /// Parts of the open one.
    n_parts: u32,
    bytes: Bytes,
}

/// Segment of the only rendition.
pub(crate) fn key(number: u64) -> SegmentKey {
    SegmentKey {
        rendition: RenditionName::parse("720p").unwrap(),
        segment: MediaSequenceNumber(number),
    }
}

impl Sample {
    /// A stream with a rendition and no segment yet, whose folder is not there yet either.
    pub(crate) fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("freshet-bridge-{}-{number}", std::process::id());
        let root = std::env::temp_dir().join(name);
        let control = ServerControl::new(Duration::from_millis(500), 2);
        let config = Config {
            epoch: Arc::from(EPOCH),
            server_control: control,
            has_disk: true,
            dash: Dash {
                base_uri: Arc::from("../../hls/demo/"),
                clock_uri: Arc::from("time"),
            },
        };
        let room = RoomId::parse("demo").unwrap();
        let folder = Folder::new(root.join("demo").join(EPOCH));
        let sample = Self {
            stream: Arc::new(Stream::new(room, config, folder, Clock::start())),
            root,
            control,
            segments: Vec::new(),
            n_parts: 0,
            bytes: Bytes::from(vec![7; SEGMENT_BYTES as usize]),
        };
        let rendition = key(0).rendition;
        let info = RenditionOutline {
            name: rendition.clone(),
            kind: MediaKind::Video,
            clock_rate: ClockRate(90_000),
            codecs: Arc::from("avc1.42e01f"),
            formats: Arc::default(),
            size: None,
            milli_fps: None,
            channels: None,
            peak_bps: 1_000_000,
            average_bps: 900_000,
        };
        let init = Packaged::Init {
            rendition,
            init: InitNumber(0),
            bytes: Bytes::from_static(b"ftyp moov"),
        };
        let mut events = vec![init, Packaged::Renditions(Arc::from([info]))];
        assert!(sample.stream.publish(&mut events).is_empty());
        sample
    }

    /// Where the folder of all streams is.
    pub(crate) const fn root(&self) -> &PathBuf {
        &self.root
    }

    /// One more segment is whole and listed: what is to be done with files.
    pub(crate) fn segment(&mut self) -> Vec<Order> {
        let number = self.segments.len() as u64;
        let (rendition, segment) = (key(0).rendition, MediaSequenceNumber(number));
        let duration = Duration::from_secs(2);
        let part = Part {
            index: PartIndex(0),
            duration,
            is_independent: true,
            is_gap: false,
            size_bytes: SEGMENT_BYTES,
        };
        self.segments.push(Arc::new(Segment {
            head: SegmentHead {
                number: segment,
                discontinuity_sequence: 0,
                is_discontinuous: false,
                init: InitNumber(0),
                starts_at: MediaTime(number * 180_000),
                program_date_time_ms: 1_700_000_000_000 + number * 2_000,
            },
            duration,
            parts: Arc::from([part]),
            is_gap: false,
            size_bytes: SEGMENT_BYTES,
        }));
        let mut events = vec![
            Packaged::Part {
                rendition: rendition.clone(),
                segment,
                index: PartIndex(0),
                bytes: self.bytes.clone(),
            },
            Packaged::Segment {
                rendition,
                segment,
                n_parts: 1,
            },
            Packaged::Playlist(Arc::new(self.media())),
        ];
        self.stream.publish(&mut events)
    }

    /// One more part of the segment after the last.
    pub(crate) fn part(&mut self) {
        let index = PartIndex(self.n_parts);
        self.n_parts += 1;
        let mut events = vec![Packaged::Part {
            rendition: key(0).rendition,
            segment: MediaSequenceNumber(self.segments.len() as u64),
            index,
            bytes: self.bytes.slice(..PART_BYTES as usize),
        }];
        assert!(self.stream.publish(&mut events).is_empty());
    }

    /// It has all of its parts.
    pub(crate) fn finish(&mut self) {
        let mut events = vec![Packaged::Segment {
            rendition: key(0).rendition,
            segment: MediaSequenceNumber(self.segments.len() as u64),
            n_parts: self.n_parts,
        }];
        let _ = self.stream.publish(&mut events);
    }

    fn media(&self) -> Media {
        Media {
            rendition: key(0).rendition,
            server_control: self.control,
            zero_unix: Duration::from_secs(1_700_000_000),
            epoch: Arc::from(EPOCH),
            segments: self.segments.clone().into(),
            runs: Arc::from([]),
            live_from: self.segments.len().saturating_sub(LIVE),
            discontinuities_removed: 0,
            open: None,
            upcoming: Upcoming::GoesOn,
            is_ended: false,
            reports: Arc::from([]),
        }
    }

    /// The answer to a request that need not wait.
    pub(crate) async fn get(&self, path: &str) -> Response {
        with_body(&self.stream, self.ask(path), None).await
    }

    fn ask(&self, path: &str) -> bridge_origin::response::Response {
        let request = Request {
            method: Method::Get,
            tree: Tree::Hls,
            path,
            query: None,
            headers: Headers::default(),
            client: None,
        };
        match self.stream.ask(&request) {
            Reply::Now(answer) => answer,
            Reply::Later(_) => panic!("{path} is there"),
        }
    }

    /// The numbers of the segments that a playlist lists, all of which can be had.
    pub(crate) async fn listed(&self, playlist: &str) -> Vec<u64> {
        let answer = self.ask(&format!("720p/{playlist}"));
        let Body::Bytes(text) = &answer.body else {
            panic!("{answer:?} is no playlist");
        };
        let text = String::from_utf8(text.to_vec()).unwrap();
        let mut numbers = Vec::new();
        for uri in text.lines().filter(|line| !line.starts_with('#')) {
            let status = self.get(&format!("720p/{uri}")).await.status();
            assert_eq!(status, 200, "{uri} of {text}");
            let file = uri.rsplit('/').next().unwrap();
            numbers.push(file.strip_suffix(".m4s").unwrap().parse().unwrap());
        }
        numbers
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}
