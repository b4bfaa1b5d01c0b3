//! A stream under test: virtual time, and what every test demands of what came out.

use std::collections::BTreeMap;

use bridge_frames::config::Config;
use bridge_frames::event::Event;
use bridge_frames::frames::Frames;
use bridge_frames::source::Source;
use bridge_frames::warning::Warning;
use sfu_model::frame::{Discontinuity, Frame};
use sfu_model::packet::Packet;
use sfu_model::time::{Instant, MediaTime};

/// Frames, and when it is.
pub(crate) struct Bench {
    pub(crate) frames: Frames,
    pub(crate) now: Instant,
    pub(crate) events: Vec<(Instant, Event)>,
    begun: BTreeMap<Source, MediaTime>,
    last: BTreeMap<Source, MediaTime>,
    must_be_key: BTreeMap<Source, bool>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            frames: Frames::new(Config::default()),
            now: Instant::START,
            events: Vec::new(),
            begun: BTreeMap::new(),
            last: BTreeMap::new(),
            must_be_key: BTreeMap::new(),
        }
    }

    /// Packets in the order of their arrival.
    pub(crate) fn arrive(&mut self, packets: impl IntoIterator<Item = Packet>) {
        for packet in packets {
            self.run_to(packet.received_at);
            self.frames.handle_packet(&packet, self.now);
            self.drain();
        }
    }

    /// All that is due until then.
    pub(crate) fn run_to(&mut self, at: Instant) {
        while let Some(due) = self.frames.poll_timeout().filter(|due| *due <= at) {
            let before = self.frames.poll_timeout();
            self.now = self.now.max(due);
            self.frames.handle_timeout(self.now);
            self.drain();
            assert_ne!(self.frames.poll_timeout(), before, "it would never end");
        }
        self.now = self.now.max(at);
    }

    fn drain(&mut self) {
        while let Some(event) = self.frames.poll_event() {
            self.check(&event);
            self.events.push((self.now, event));
        }
    }

    /// What is so of any stream, whatever was sent.
    fn check(&mut self, event: &Event) {
        match event {
            Event::Begins { source, time, .. } => {
                let before = self.begun.insert(*source, *time);
                assert!(
                    before.is_none_or(|before| before < *time),
                    "{source}: {before:?} {time:?}"
                );
            }
            Event::Frame { source, frame } => {
                let (begun, last) = (self.begun.get(source), self.last.get(source));
                assert_eq!(begun, Some(&frame.time), "{source}: it began");
                assert!(
                    last.is_none_or(|last| *last < frame.time),
                    "{source}: times rise"
                );
                let breaks = frame.discontinuity.is_some() && *source != Source::Audio;
                let must_be_key = self.must_be_key.entry(*source).or_insert(true);
                let is_jump = frame.discontinuity == Some(Discontinuity::Clock);
                assert!(
                    frame.is_keyframe || !(*must_be_key || breaks) || is_jump,
                    "{source}"
                );
                assert_eq!(frame.kind(), source.kind());
                *must_be_key = false;
                self.last.insert(*source, frame.time);
            }
            Event::KeyframeWanted { source } => {
                self.must_be_key.insert(*source, true);
            }
            Event::Warning { .. } => {}
        }
    }

    pub(crate) fn of(&self, source: Source) -> Vec<&Frame> {
        self.timed(source)
            .into_iter()
            .map(|(_, frame)| frame)
            .collect()
    }

    /// Frames, and when they came out.
    pub(crate) fn timed(&self, source: Source) -> Vec<(Instant, &Frame)> {
        self.events
            .iter()
            .filter_map(|(at, event)| match event {
                Event::Frame { source: s, frame } if *s == source => Some((*at, frame)),
                Event::Frame { .. }
                | Event::Begins { .. }
                | Event::KeyframeWanted { .. }
                | Event::Warning { .. } => None,
            })
            .collect()
    }

    pub(crate) fn video(&self, rank: u8) -> Vec<&Frame> {
        self.of(Source::Video { rank })
    }

    pub(crate) fn audio(&self) -> Vec<&Frame> {
        self.of(Source::Audio)
    }

    pub(crate) fn times(&self, source: Source) -> Vec<u64> {
        self.of(source).iter().map(|frame| frame.time.0).collect()
    }

    pub(crate) fn warnings(&self) -> Vec<(Source, Warning)> {
        self.events
            .iter()
            .filter_map(|(_, event)| match event {
                Event::Warning { source, warning } => Some((*source, *warning)),
                Event::Frame { .. } | Event::Begins { .. } | Event::KeyframeWanted { .. } => None,
            })
            .collect()
    }

    /// When keyframes were asked for.
    pub(crate) fn wishes(&self) -> Vec<Instant> {
        let wish = |event: &Event| matches!(event, Event::KeyframeWanted { .. });
        let wishes = self.events.iter().filter(|(_, event)| wish(event));
        wishes.map(|(at, _)| *at).collect()
    }

    /// The discontinuities of a source, each with the index of its frame.
    pub(crate) fn breaks(&self, source: Source) -> Vec<(usize, Discontinuity)> {
        let frames = self.of(source).into_iter().enumerate();
        frames
            .filter_map(|(index, f)| Some((index, f.discontinuity?)))
            .collect()
    }
}
