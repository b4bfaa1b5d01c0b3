//! The media presentation description: dynamic while the stream lives, static when it has ended.

use std::fmt;
use std::time::Duration;

use sfu_model::codec::MediaKind;

use crate::playlist::server_control::ServerControl;
use crate::run::SEGMENT_LENGTH;
use crate::segment_clock::SEGMENT_LIMIT;
use crate::utc::Utc;

use super::period::{Period, Representation, periods, runs};
use super::xml::Xml;
use super::{Edge, Listed, template};

/// The profile of live services on ISO base media files (ISO/IEC 23009-1 section 8.4).
const PROFILE: &str = "urn:mpeg:dash:profile:isoff-live:2011";
/// The scheme of a clock that answers a GET with the time as ISO 8601 (section 5.8.5.7).
const UTC_SCHEME: &str = "urn:mpeg:dash:utc:http-xsdate:2014";
/// What a player has before it begins: a segment.
const MIN_BUFFER: Duration = Duration::from_secs(2);
/// How old an MPD gets at a player: so much later it may hear of a segment that is listed, and of a period that has ended where
/// numbers say times.
const UPDATE: Duration = Duration::from_secs(1);
/// How much slower and faster than it was made a player may show what it is too near to, or too far from: less than anybody hears.
const PLAYBACK_RATES: (f64, f64) = (0.95, 1.1);

/// What an MPD is made of.
#[derive(Clone, Copy, Debug)]
pub struct Presentation<'m> {
    /// The renditions with what they list, best first.
    pub renditions: &'m [Listed],
    /// Where the renditions are, relative to the MPD: `../../hls/{stream}/`.
    pub base_uri: &'m str,
    /// Where the time is to be asked for, relative to the MPD and to `base_uri`.
    pub clock_uri: &'m str,
    /// What of them can be asked for.
    pub edge: Edge,
}

/// What of an MPD is the same in all of its periods.
#[derive(Clone, Copy, Debug)]
struct Whole {
    control: ServerControl,
    is_static: bool,
    /// The last segment that was begun can be asked for before it ends.
    is_open: bool,
}

impl Presentation<'_> {
    /// Writes the MPD. `None`: no segment is finished, and an MPD needs a period.
    pub fn mpd(&self) -> Option<String> {
        let runs = runs(self.renditions, self.edge);
        let ends_at = self.ends_at();
        let periods = periods(self.renditions, &runs, ends_at);
        let (_, any) = self.renditions.first()?;
        let (first, last) = (periods.first()?, periods.last()?);
        let zero_ms = u64::try_from(any.zero_unix.as_millis()).unwrap_or(u64::MAX);
        // A period may begin with what is not whole.
        let changed_ms = u64::try_from(ends_at.max(last.starts_at).as_millis());
        let published = Utc(zero_ms.saturating_add(changed_ms.unwrap_or(u64::MAX)));
        let whole = Whole {
            control: any.server_control,
            is_static: any.is_ended,
            is_open: !any.is_ended && runs.values().next_back().is_some_and(|run| run.is_regular),
        };
        let (update, delay) = (Span(UPDATE), Span(delay(&any.server_control)));
        let longest = self.renditions.iter().map(|(_, media)| media.duration());
        let since_first = ends_at.saturating_sub(first.starts_at);
        let depth = Span(longest.max().unwrap_or_default().min(since_first));
        let (zero, total) = (Utc(zero_ms), Span(ends_at));
        let (buffer, limit) = (Span(MIN_BUFFER), Span(SEGMENT_LIMIT));
        let kind = if whole.is_static { "static" } else { "dynamic" };
        let mut attributes: Vec<(&str, &dyn fmt::Display)> = vec![
            ("xmlns", &"urn:mpeg:dash:schema:mpd:2011"),
            ("profiles", &PROFILE),
            ("type", &kind),
            ("publishTime", &published),
            ("minBufferTime", &buffer),
            ("maxSegmentDuration", &limit),
        ];
        if whole.is_static {
            attributes.push(("mediaPresentationDuration", &total));
        } else {
            attributes.push(("availabilityStartTime", &zero));
            attributes.push(("minimumUpdatePeriod", &update));
            attributes.push(("timeShiftBufferDepth", &depth));
        }
        // Where segments are open their latency says it, and players (Shaka) add the two.
        if !whole.is_static && !whole.is_open {
            attributes.push(("suggestedPresentationDelay", &delay));
        }
        let mut xml = Xml::new();
        xml.element("MPD", &attributes, |xml| {
            xml.text("BaseURL", self.base_uri);
            if whole.is_open {
                write_latency(xml, &whole.control);
            }
            for period in &periods {
                write_period(xml, whole, period);
            }
            if !whole.is_static {
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

impl Whole {
    /// How much earlier than it is whole a segment of a period can be asked for: when its first part is there. Shaka Player takes no
    /// segment early unless all representations of all periods say that theirs are; of those that are listed it changes nothing,
    /// since they are listed when they are whole.
    fn early(&self, period: &Period<'_>) -> Option<Duration> {
        let is_early = !self.is_static && (self.is_open || period.numbers.is_some());
        is_early.then(|| SEGMENT_LENGTH.saturating_sub(self.control.part_target))
    }
}

/// How far behind the present players of whole segments are to be: what HLS counts from the end of the last segment, and a segment,
/// which is listed when it is whole.
fn delay(control: &ServerControl) -> Duration {
    control.hold_back + Duration::from_secs(u64::from(control.target_duration_s))
}

/// How far behind players are to be (section K.3.2), in milliseconds: a part is there when it ends, and three more are in hand.
fn write_latency(xml: &mut Xml, control: &ServerControl) {
    let target = control.part_hold_back + control.part_target;
    let [target, least, most] = [target, control.part_hold_back, target + control.hold_back]
        .map(|latency| latency.as_millis());
    let latency: [(&str, &dyn fmt::Display); 3] =
        [("target", &target), ("min", &least), ("max", &most)];
    let rates: [(&str, &dyn fmt::Display); 2] =
        [("min", &PLAYBACK_RATES.0), ("max", &PLAYBACK_RATES.1)];
    xml.element("ServiceDescription", &[("id", &0)], |xml| {
        xml.empty("Latency", &latency);
        xml.empty("PlaybackRate", &rates);
    });
}

/// Pictures are one adaptation set, as a player changes between them; each kind of sound is one of its own.
fn write_period(xml: &mut Xml, whole: Whole, period: &Period<'_>) {
    let start = Span(period.starts_at);
    xml.element("Period", &[("id", &period.id), ("start", &start)], |xml| {
        let of = |kind: MediaKind| {
            let all = period.representations.iter();
            all.filter(move |representation| representation.rendition.kind == kind)
        };
        let pictures: Vec<&Representation<'_>> = of(MediaKind::Video).collect();
        if !pictures.is_empty() {
            write_adaptation_set(xml, whole, period, &pictures);
        }
        for sound in of(MediaKind::Audio) {
            write_adaptation_set(xml, whole, period, &[sound]);
        }
    });
}

fn write_adaptation_set(
    xml: &mut Xml,
    whole: Whole,
    period: &Period<'_>,
    all: &[&Representation<'_>],
) {
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
            write_representation(xml, whole, period, representation);
        }
    });
}

fn write_representation(
    xml: &mut Xml,
    whole: Whole,
    period: &Period<'_>,
    one: &Representation<'_>,
) {
    let info = one.rendition;
    // Whole numbers a second, as they are measured.
    let fps = info.milli_fps.map(|fps| fps / 1_000).filter(|fps| *fps > 0);
    let sampling = info.clock_rate.0;
    let format = info.formats.iter().find(|format| format.init == one.init);
    let (codecs, size) = format.map_or((&info.codecs, info.size), |format| {
        (&format.codecs, format.size)
    });
    let mut attributes: Vec<(&str, &dyn fmt::Display)> = vec![
        ("id", &info.name),
        ("codecs", codecs),
        ("bandwidth", &info.peak_bps),
    ];
    if let Some(size) = &size {
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
        template::write(xml, period, one, whole.early(period));
    });
}

/// A span as `xs:duration`.
struct Span(Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PT{}.{:06}S", self.0.as_secs(), self.0.subsec_micros())
    }
}
