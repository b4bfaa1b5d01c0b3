//! The media presentation description: dynamic while the stream lives, static when it has ended.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sfu_model::codec::{ClockRate, MediaKind};

use crate::playlist::uri::MediaFile;
use crate::segment::Segment;
use crate::segment_clock::SEGMENT_LIMIT;
use crate::utc::Utc;

use super::Listed;
use super::period::{Period, Representation, periods};
use super::xml::Xml;

/// The profile of live services on ISO base media files (ISO/IEC 23009-1 section 8.4).
const PROFILE: &str = "urn:mpeg:dash:profile:isoff-live:2011";
/// The scheme of a clock that answers a GET with the time as ISO 8601 (section 5.8.5.7).
const UTC_SCHEME: &str = "urn:mpeg:dash:utc:http-xsdate:2014";
/// What a player has before it begins: a segment.
const MIN_BUFFER: Duration = Duration::from_secs(2);

/// What an MPD is made of.
#[derive(Clone, Copy, Debug)]
pub struct Presentation<'m> {
    /// The renditions with what they list, best first.
    pub renditions: &'m [Listed],
    /// Where the renditions are, relative to the MPD: `../../hls/{stream}/`.
    pub base_uri: &'m str,
    /// Where the time is to be asked for, relative to the MPD.
    pub clock_uri: &'m str,
}

impl Presentation<'_> {
    /// Writes the MPD. `None`: no segment is finished, and an MPD needs a period.
    pub fn mpd(&self) -> Option<String> {
        let periods = periods(self.renditions);
        let (_, any) = self.renditions.first()?;
        let ends_at = self.ends_at();
        periods.first()?;
        let zero_ms = u64::try_from(any.zero_unix.as_millis()).unwrap_or(u64::MAX);
        let ends_ms = u64::try_from(ends_at.as_millis()).unwrap_or(u64::MAX);
        let longest = self.renditions.iter().map(|(_, media)| media.duration());
        let depth = Span(longest.max().unwrap_or_default());
        let target = u64::from(any.server_control.target_duration_s);
        let (update, delay) = (
            Span(Duration::from_secs(target)),
            Span(any.server_control.hold_back),
        );
        let published = Utc(zero_ms.saturating_add(ends_ms));
        let (zero, total) = (Utc(zero_ms), Span(ends_at));
        let (buffer, limit) = (Span(MIN_BUFFER), Span(SEGMENT_LIMIT));
        let is_static = any.is_ended;
        let mut attributes: Vec<(&str, &dyn fmt::Display)> = vec![
            ("xmlns", &"urn:mpeg:dash:schema:mpd:2011"),
            ("profiles", &PROFILE),
            ("type", if is_static { &"static" } else { &"dynamic" }),
            ("publishTime", &published),
            ("minBufferTime", &buffer),
            ("maxSegmentDuration", &limit),
        ];
        if is_static {
            attributes.push(("mediaPresentationDuration", &total));
        } else {
            attributes.push(("availabilityStartTime", &zero));
            attributes.push(("minimumUpdatePeriod", &update));
            attributes.push(("timeShiftBufferDepth", &depth));
            attributes.push(("suggestedPresentationDelay", &delay));
        }
        let mut xml = Xml::new();
        xml.element("MPD", &attributes, |xml| {
            xml.text("BaseURL", self.base_uri);
            for period in &periods {
                write_period(xml, period);
            }
            if !is_static {
                let clock: [(&str, &dyn fmt::Display); 2] =
                    [("schemeIdUri", &UTC_SCHEME), ("value", &self.clock_uri)];
                xml.empty("UTCTiming", &clock);
            }
        });
        Some(xml.into_text())
    }

    /// The end of the last segment of all, since the timeline's zero.
    fn ends_at(&self) -> Duration {
        let lasts = self.renditions.iter().filter_map(|(info, media)| {
            let last = media.segments.last()?;
            Some(info.clock_rate.duration(last.head.starts_at.0) + last.duration)
        });
        lasts.max().unwrap_or_default()
    }
}

/// Pictures are one adaptation set, as a player changes between them; each kind of sound is one of its own.
fn write_period(xml: &mut Xml, period: &Period<'_>) {
    let start = Span(period.starts_at);
    xml.element("Period", &[("id", &period.id), ("start", &start)], |xml| {
        let of = |kind: MediaKind| {
            let all = period.representations.iter();
            all.filter(move |representation| representation.rendition.kind == kind)
        };
        let pictures: Vec<&Representation<'_>> = of(MediaKind::Video).collect();
        if !pictures.is_empty() {
            write_adaptation_set(xml, period.starts_at, &pictures);
        }
        for sound in of(MediaKind::Audio) {
            write_adaptation_set(xml, period.starts_at, &[sound]);
        }
    });
}

fn write_adaptation_set(xml: &mut Xml, starts_at: Duration, all: &[&Representation<'_>]) {
    let Some(kind) = all.first().map(|one| one.rendition.kind) else {
        return;
    };
    let mime = match kind {
        MediaKind::Video => "video/mp4",
        MediaKind::Audio => "audio/mp4",
    };
    let attributes: [(&str, &dyn fmt::Display); 3] = [
        ("contentType", &kind),
        ("mimeType", &mime),
        ("segmentAlignment", &"true"),
    ];
    xml.element("AdaptationSet", &attributes, |xml| {
        for representation in all {
            write_representation(xml, starts_at, representation);
        }
    });
}

fn write_representation(xml: &mut Xml, starts_at: Duration, one: &Representation<'_>) {
    let info = one.rendition;
    // Whole numbers a second, as they are measured.
    let fps = info.milli_fps.map(|fps| fps / 1_000).filter(|fps| *fps > 0);
    let sampling = info.clock_rate.0;
    let mut attributes: Vec<(&str, &dyn fmt::Display)> = vec![
        ("id", &info.name),
        ("codecs", &info.codecs),
        ("bandwidth", &info.peak_bps),
    ];
    if let Some(size) = &info.size {
        attributes.push(("width", &size.width));
        attributes.push(("height", &size.height));
    }
    if let Some(fps) = &fps {
        attributes.push(("frameRate", fps));
    }
    if info.kind == MediaKind::Audio {
        attributes.push(("audioSamplingRate", &sampling));
    }
    xml.element("Representation", &attributes, |xml| {
        if let Some(channels) = &info.channels {
            let scheme = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011";
            let attributes: [(&str, &dyn fmt::Display); 2] =
                [("schemeIdUri", &scheme), ("value", channels)];
            xml.empty("AudioChannelConfiguration", &attributes);
        }
        xml.text("BaseURL", &format!("{}/", info.name));
        write_segments(xml, starts_at, one);
    });
}

fn write_segments(xml: &mut Xml, starts_at: Duration, one: &Representation<'_>) {
    let Some(first) = one.segments.first() else {
        return;
    };
    let rate = one.rendition.clock_rate;
    let media = format!("{}/$Number$.m4s", one.epoch);
    let init = format!("{}/{}", one.epoch, MediaFile::Init(first.head.init));
    let offset = ticks(rate, starts_at);
    let attributes: [(&str, &dyn fmt::Display); 5] = [
        ("timescale", &rate.0),
        ("presentationTimeOffset", &offset),
        ("startNumber", &first.head.number.0),
        ("initialization", &init),
        ("media", &media),
    ];
    xml.element("SegmentTemplate", &attributes, |xml| {
        xml.element("SegmentTimeline", &[], |xml| {
            for (at, duration, repeat) in runs(rate, one.segments) {
                let mut attributes: Vec<(&str, &dyn fmt::Display)> =
                    vec![("t", &at), ("d", &duration)];
                if repeat > 0 {
                    attributes.push(("r", &repeat));
                }
                xml.empty("S", &attributes);
            }
        });
    });
}

/// Start, duration and number of repetitions of segments with the same duration, one right after the other, in ticks.
fn runs(rate: ClockRate, segments: &[Arc<Segment>]) -> Vec<(u64, u64, u64)> {
    let mut runs: Vec<(u64, u64, u64)> = Vec::new();
    let nexts = segments
        .iter()
        .skip(1)
        .map(|next| Some(next.head.starts_at.0));
    for (segment, next) in segments.iter().zip(nexts.chain([None])) {
        let at = segment.head.starts_at.0;
        // A segment lasts until the next; the text of HLS is rounded, and would leave holes of a tick.
        let alone = ticks(rate, segment.duration).max(1);
        let duration = next.map_or(alone, |next| next.saturating_sub(at).max(1));
        match runs.last_mut() {
            Some((start, each, repeat))
                if *each == duration && *start + *each * (*repeat + 1) == at =>
            {
                *repeat += 1;
            }
            _ => runs.push((at, duration, 0)),
        }
    }
    runs
}

/// The nearest tick to a span.
fn ticks(rate: ClockRate, span: Duration) -> u64 {
    let nanos = i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
    u64::try_from(rate.ticks_in_nanos(nanos)).unwrap_or(0)
}

/// A span as `xs:duration`.
struct Span(Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PT{}.{:06}S", self.0.as_secs(), self.0.subsec_micros())
    }
}
