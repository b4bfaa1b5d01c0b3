//! What names the segments of a representation: a list with their times, or a length with which numbers say them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sfu_model::codec::ClockRate;

use crate::playlist::uri::MediaFile;
use crate::segment::Segment;

use super::period::{Period, Representation};
use super::xml::Xml;

/// The `SegmentTemplate` of a representation (ISO/IEC 23009-1 section 5.3.9.4). `early`: so long before it is whole a segment can
/// be asked for.
pub(crate) fn write(
    xml: &mut Xml,
    period: &Period<'_>,
    one: &Representation<'_>,
    early: Option<Duration>,
) {
    let rate = one.rendition.clock_rate;
    let media = format!("{}/$Number$.m4s", one.epoch);
    let init = format!("{}/{}", one.epoch, MediaFile::Init(one.init));
    let start = ticks(rate, period.starts_at);
    let early = early.map(|early| early.as_secs_f64());
    let mut attributes: Vec<(&str, &dyn fmt::Display)> = vec![
        ("timescale", &rate.0),
        ("presentationTimeOffset", &start),
        ("initialization", &init),
        ("media", &media),
    ];
    if let Some(early) = &early {
        attributes.push(("availabilityTimeOffset", early));
    }
    let Some(numbers) = period.numbers else {
        let first = one.segments.first().map_or(0, |first| first.head.number.0);
        attributes.push(("startNumber", &first));
        xml.element("SegmentTemplate", &attributes, |xml| {
            write_timeline(xml, rate, one.segments);
        });
        return;
    };
    let (length, last) = (ticks(rate, numbers.length), one.last.map(|last| last.0));
    attributes.push(("duration", &length));
    attributes.push(("startNumber", &numbers.first.0));
    if let Some(last) = &last {
        attributes.push(("endNumber", last));
    }
    if early.is_some() && numbers.is_regular {
        attributes.push(("availabilityTimeComplete", &"false"));
    }
    xml.empty("SegmentTemplate", &attributes);
}

fn write_timeline(xml: &mut Xml, rate: ClockRate, segments: &[Arc<Segment>]) {
    xml.element("SegmentTimeline", &[], |xml| {
        for (at, duration, repeat) in runs(rate, segments) {
            let mut attributes: Vec<(&str, &dyn fmt::Display)> = vec![("t", &at), ("d", &duration)];
            if repeat > 0 {
                attributes.push(("r", &repeat));
            }
            xml.empty("S", &attributes);
        }
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
