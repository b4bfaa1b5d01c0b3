//! A stream as its packager tells of it, and requests to its origin.

use std::sync::Arc;
use std::time::Duration;

use bridge_origin::client::Client;
use bridge_origin::config::{Config, Dash};
use bridge_origin::event::Event;
use bridge_origin::origin::{Answer, Origin, Woken};
use bridge_origin::request::{Headers, Method, Request, Tree};
use bridge_origin::response::{Body, Response};
use bridge_origin::waiting::GroupId;
use bridge_packager::event::Event as Packaged;
use bridge_packager::part::{Part, PartIndex};
use bridge_packager::playlist::media::{Media, Report, Upcoming};
use bridge_packager::playlist::server_control::ServerControl;
use bridge_packager::rendition::{RenditionName, RenditionOutline};
use bridge_packager::segment::{InitNumber, MediaSequenceNumber, Segment, SegmentHead};
use bytes::Bytes;
use sfu_model::codec::{ClockRate, MediaKind};
use sfu_model::time::{Instant, MediaTime};

pub(crate) const EPOCH: &str = "k3x9";
pub(crate) const PART: Duration = Duration::from_millis(500);
pub(crate) const PART_BYTES: u32 = 100;
pub(crate) const LIVE_SEGMENTS: usize = 10;

/// Renditions in step: parts of half a second, four a segment, target duration 2 s.
pub(crate) struct Stream {
    pub(crate) origin: Origin,
    pub(crate) now: Instant,
    pub(crate) events: Vec<Event>,
    pub(crate) parts_per_segment: u32,
    /// Segments that the DVR playlist lists.
    pub(crate) dvr_segments: usize,
    pub(crate) is_stored_at_once: bool,
    pub(crate) part_size: usize,
    control: ServerControl,
    renditions: Vec<RenditionName>,
    segments: Vec<Arc<Segment>>,
    discontinuities_removed: u64,
    next: u64,
    open: Vec<Part>,
    init: u32,
    /// The part after the last that a playlist listed.
    pub(crate) listed: (u64, u32),
    is_discontinuous: bool,
    pub(crate) is_ended: bool,
    /// Who asks from here on.
    pub(crate) client: Option<Client>,
}

pub(crate) fn name(name: &str) -> RenditionName {
    RenditionName::parse(name).unwrap()
}

fn info(name: RenditionName) -> RenditionOutline {
    let is_sound = name.as_str() == "aac";
    RenditionOutline {
        name,
        kind: if is_sound {
            MediaKind::Audio
        } else {
            MediaKind::Video
        },
        clock_rate: ClockRate(90_000),
        codecs: Arc::from("avc1.42e01f"),
        formats: Arc::default(),
        size: None,
        milli_fps: None,
        channels: None,
        peak_bps: 1_000_000,
        average_bps: 900_000,
    }
}

/// The bytes of a part.
pub(crate) fn bytes_of(rendition: &str, segment: u64, part: u32) -> Bytes {
    let mut bytes = format!("{rendition}/{segment}.{part}/").into_bytes();
    bytes.resize(PART_BYTES as usize, b'.');
    Bytes::from(bytes)
}

impl Stream {
    /// Nothing was told yet.
    pub(crate) fn silent(renditions: &[&str]) -> Self {
        Self::new(renditions, true)
    }

    /// Renditions are known, and the server can keep nothing on disk.
    pub(crate) fn without_disk(renditions: &[&str]) -> Self {
        let mut stream = Self::new(renditions, false);
        stream.tell_renditions();
        stream
    }

    fn new(renditions: &[&str], has_disk: bool) -> Self {
        let control = ServerControl::new(PART, 2);
        let config = Config {
            epoch: Arc::from(EPOCH),
            server_control: control,
            has_disk,
            dash: Dash {
                base_uri: Arc::from("../../hls/demo/"),
                clock_uri: Arc::from("../../clock"),
            },
        };
        Self {
            origin: Origin::new(config),
            now: Instant::START + Duration::from_secs(100),
            events: Vec::new(),
            parts_per_segment: 4,
            dvr_segments: 1_000,
            is_stored_at_once: true,
            part_size: PART_BYTES as usize,
            control,
            renditions: renditions.iter().copied().map(name).collect(),
            segments: Vec::new(),
            discontinuities_removed: 0,
            next: 0,
            open: Vec::new(),
            init: 0,
            listed: (0, 0),
            is_discontinuous: false,
            is_ended: false,
            client: None,
        }
    }

    /// Renditions and their init sections are known.
    pub(crate) fn begun(renditions: &[&str]) -> Self {
        let mut stream = Self::silent(renditions);
        stream.tell_renditions();
        stream
    }

    /// So many parts of one picture rendition and sound are there.
    pub(crate) fn with_parts(n_parts: u32) -> Self {
        let mut stream = Self::begun(&["720p", "aac"]);
        stream.parts(n_parts);
        stream
    }

    pub(crate) fn tell_renditions(&mut self) {
        for rendition in self.renditions.clone() {
            self.tell(Packaged::Init {
                rendition,
                init: InitNumber(0),
                bytes: Bytes::from_static(b"ftyp moov"),
            });
        }
        self.tell_of_more(&[]);
    }

    /// The renditions that there are, and more.
    pub(crate) fn tell_of_more(&mut self, more: &[&str]) {
        let names = self.renditions.iter().cloned();
        let names = names.chain(more.iter().copied().map(name));
        let infos: Arc<[RenditionOutline]> = names.map(info).collect();
        self.tell(Packaged::Renditions(infos));
    }

    /// A rendition is not listed any more, and nothing comes of it.
    pub(crate) fn remove(&mut self, rendition: &str) {
        self.renditions.retain(|r| r.as_str() != rendition);
        self.tell_of_more(&[]);
    }

    pub(crate) fn come_back(&mut self, rendition: &str) {
        self.renditions.push(name(rendition));
        self.tell_of_more(&[]);
    }

    pub(crate) fn tell(&mut self, event: Packaged) {
        self.origin.handle_event(event, self.now);
        while let Some(event) = self.origin.poll_event() {
            if let Event::ToDisk { key, .. } = &event
                && self.is_stored_at_once
            {
                self.origin.handle_stored(key);
            }
            self.events.push(event);
        }
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
        self.origin.handle_timeout(self.now);
    }

    pub(crate) fn parts(&mut self, n_parts: u32) {
        for _ in 0..n_parts {
            self.part();
        }
    }

    /// Half a second later each rendition has one more part.
    pub(crate) fn part(&mut self) {
        self.pass(PART);
        self.part_now();
    }

    pub(crate) fn part_now(&mut self) {
        self.part_bytes();
        if self.open.len() as u32 >= self.parts_per_segment {
            self.tell_segment();
        }
        self.tell_playlists();
    }

    /// The bytes of a part, which no playlist lists yet.
    pub(crate) fn part_bytes(&mut self) {
        let index = PartIndex(self.open.len() as u32);
        self.open.push(Part {
            index,
            duration: PART,
            is_independent: index.0 == 0,
            is_gap: false,
            size_bytes: PART_BYTES,
        });
        let segment = MediaSequenceNumber(self.next);
        for rendition in self.renditions.clone() {
            let mut bytes = bytes_of(rendition.as_str(), segment.0, index.0).to_vec();
            bytes.resize(self.part_size, b'.');
            let bytes = Bytes::from(bytes);
            self.tell(Packaged::Part {
                rendition,
                segment,
                index,
                bytes,
            });
        }
    }

    /// The segment ends earlier than was hinted.
    pub(crate) fn cut(&mut self) {
        self.tell_segment();
        self.tell_playlists();
    }

    /// The next segment needs another init section.
    pub(crate) fn change_init(&mut self) {
        self.init += 1;
        for rendition in self.renditions.clone() {
            self.tell(Packaged::Init {
                rendition,
                init: InitNumber(self.init),
                bytes: Bytes::from_static(b"ftyp moov other"),
            });
        }
    }

    /// The next segment begins with a discontinuity.
    pub(crate) fn break_off(&mut self) {
        self.is_discontinuous = true;
    }

    pub(crate) fn end(&mut self) {
        if !self.open.is_empty() {
            self.tell_segment();
        }
        self.is_ended = true;
        self.tell_playlists();
    }

    fn head(&self) -> SegmentHead {
        SegmentHead {
            number: MediaSequenceNumber(self.next),
            discontinuity_sequence: 0,
            is_discontinuous: self.is_discontinuous,
            init: InitNumber(self.init),
            starts_at: MediaTime(self.next * 180_000),
            program_date_time_ms: 1_700_000_000_000 + self.next * 2_000,
        }
    }

    fn tell_segment(&mut self) {
        let parts: Arc<[Part]> = std::mem::take(&mut self.open).into();
        let n_parts = parts.len() as u32;
        self.segments.push(Arc::new(Segment {
            head: self.head(),
            duration: PART * n_parts,
            parts,
            is_gap: false,
            size_bytes: PART_BYTES * n_parts,
        }));
        self.is_discontinuous = false;
        while self.segments.len() > self.dvr_segments {
            let removed = self.segments.remove(0);
            self.discontinuities_removed += u64::from(removed.head.is_discontinuous);
        }
        let segment = MediaSequenceNumber(self.next);
        self.next += 1;
        for rendition in self.renditions.clone() {
            self.tell(Packaged::Segment {
                rendition,
                segment,
                n_parts,
            });
        }
    }

    fn tell_playlists(&mut self) {
        self.listed = (self.next, self.open.len() as u32);
        for rendition in self.renditions.clone() {
            let media = self.media(&rendition);
            self.tell(Packaged::Playlist(Arc::new(media)));
        }
    }

    pub(crate) fn media(&self, rendition: &RenditionName) -> Media {
        let open = (!self.open.is_empty()).then(|| (self.head(), Arc::from(self.open.as_slice())));
        let others = self.renditions.iter().filter(|other| *other != rendition);
        Media {
            rendition: rendition.clone(),
            server_control: self.control,
            zero_unix: Duration::from_secs(1_700_000_000),
            epoch: Arc::from(EPOCH),
            segments: self.segments.clone().into(),
            runs: Arc::from([]),
            live_from: self.segments.len().saturating_sub(LIVE_SEGMENTS),
            discontinuities_removed: self.discontinuities_removed,
            open,
            upcoming: Upcoming::GoesOn,
            is_ended: self.is_ended,
            reports: others
                .map(|other| Report {
                    rendition: other.clone(),
                    last: MediaSequenceNumber(self.next),
                    last_part: None,
                })
                .collect(),
        }
    }

    pub(crate) fn ask(&mut self, url: &str, method: Method, headers: Headers<'_>) -> Answer {
        let (path, query) = match url.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (url, None),
        };
        let (tree, path) = match path.strip_prefix("dash:") {
            Some(path) => (Tree::Dash, path),
            None => (Tree::Hls, path),
        };
        let request = Request {
            method,
            tree,
            path,
            query,
            headers,
            client: self.client,
        };
        self.origin.handle_request(&request, self.now)
    }

    pub(crate) fn get(&mut self, url: &str) -> Answer {
        self.ask(url, Method::Get, Headers::default())
    }

    /// The answer to a request that is answered at once.
    pub(crate) fn fetch(&mut self, url: &str) -> Response {
        at_once(self.get(url))
    }

    pub(crate) fn fetch_with(&mut self, url: &str, headers: Headers<'_>) -> Response {
        at_once(self.ask(url, Method::Get, headers))
    }

    pub(crate) fn status(&mut self, url: &str) -> u16 {
        self.fetch(url).status.code()
    }

    /// The group of a request that waits.
    pub(crate) fn hold(&mut self, url: &str) -> GroupId {
        match self.get(url) {
            Answer::Wait(group) => group,
            Answer::Now(response) => panic!("{url} does not wait: {response:?}"),
        }
    }

    pub(crate) fn woken(&mut self) -> Vec<Woken> {
        std::iter::from_fn(|| self.origin.poll_woken()).collect()
    }

    /// The answer to the only group that is answered by now.
    pub(crate) fn only_woken(&mut self) -> Woken {
        let mut woken = self.woken();
        assert_eq!(woken.len(), 1, "{woken:?}");
        woken.remove(0)
    }
}

pub(crate) fn at_once(answer: Answer) -> Response {
    match answer {
        Answer::Now(response) => response,
        Answer::Wait(group) => panic!("it waits in {group:?}"),
    }
}

/// The bytes of a body that is in memory.
pub(crate) fn bytes(response: &Response) -> Vec<u8> {
    match &response.body {
        Body::Empty => Vec::new(),
        Body::Bytes(bytes) => bytes.to_vec(),
        Body::Chunks(chunks) | Body::Growing { parts: chunks, .. } => chunks.concat(),
        Body::Disk { key, .. } => panic!("{key:?} is on disk"),
    }
}

pub(crate) fn text(response: &Response) -> String {
    assert_eq!(response.status.code(), 200, "{response:?}");
    String::from_utf8(bytes(response)).unwrap()
}

pub(crate) fn header(response: &Response, name: &str) -> Option<String> {
    let mut headers = response.headers().filter(|(field, _)| *field == name);
    let value = headers.next().map(|(_, value)| value.into_owned());
    assert!(headers.next().is_none(), "{name} is there twice");
    value
}

/// The URI that a playlist hints, relative to the stream.
pub(crate) fn hint(rendition: &str, playlist: &str) -> Option<String> {
    let line = playlist
        .lines()
        .find(|l| l.starts_with("#EXT-X-PRELOAD-HINT:"))?;
    let uri = line.split_once("URI=\"")?.1.split('"').next()?;
    Some(format!("{rendition}/{uri}"))
}
