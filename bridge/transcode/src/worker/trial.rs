//! Whether a way works: a few pictures are sent along it, through the very elements that a slot's would go through. What an element
//! says of itself when it becomes READY leaves out what is opened at the first picture: a session, a kernel that is compiled.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use gstreamer as gst;
use sfu_model::packet::Dimensions;

use super::elements;
use super::line::{Line, Reason, element};
use super::rung::H264_CAPS;
use crate::annex_b::access_unit;
use crate::chain::PictureCaps;
use crate::job::{FrameRate, Rung};
use crate::plan::{Card, Plan};

/// What is encoded: small, and of a size that every encoder takes.
const SOURCE: Dimensions = Dimensions {
    width: 320,
    height: 240,
};

/// Into what, which needs a scaler.
const RUNG: Rung = Rung {
    size: Dimensions {
        width: 256,
        height: 192,
    },
    bit_rate_bps: 500_000,
};

/// Pictures that are sent.
const N_PICTURES: u8 = 8;

/// The one that is to be a keyframe though none is due. Those after it are there for an encoder that keeps some back.
const KEYFRAME_AT: u8 = 4;

/// Each step is over within milliseconds; the first loads a driver, and compiles its kernels.
const STEP_WITHIN: Duration = Duration::from_secs(8);

/// Why a trial failed in which nothing came in that time.
pub(super) const SILENT: &str = "nothing came out in time";

/// What comes out of a line: samples, and why there are no more.
type Out = Result<gst::Sample, Reason>;

/// Sends pictures along a plan, as far by a card as is said.
///
/// # Errors
///
/// Nothing of use came out: why.
pub(super) fn encode(plan: &Plan, card: Card) -> Result<(), Reason> {
    let rate = FrameRate::clamp(30);
    let (source, pictures) = source(&plan.pictures(card))?;
    let chain = plan.encoding(&RUNG, rate, card);
    let chain = chain.ok_or("an element is missing")?;
    let caps = H264_CAPS.parse::<gst::Caps>();
    let caps = caps.map_err(|error| Reason::from(error.to_string()))?;
    let (encoder, units) = line(&elements::make(&chain)?, &caps)?;
    for n in 0..N_PICTURES {
        source.push(picture(n));
        let sample = next(&pictures)?;
        let (Some(buffer), Some(caps)) = (sample.buffer(), sample.caps()) else {
            return Err("a picture without its layout".into());
        };
        if n == 0 {
            encoder.set_caps(&caps.to_owned());
        }
        if n == KEYFRAME_AT {
            encoder.force_keyframe();
        }
        encoder.push(buffer.copy());
    }
    for n in 0..=KEYFRAME_AT {
        check(n, &next(&units)?)?;
    }
    Ok(())
}

/// Pictures as a decoder would give them, where they are to lie.
fn source(lie: &PictureCaps) -> Result<(Line, Receiver<Out>), Reason> {
    let mut row = vec![element("videoconvert")?];
    if let Some(upload) = lie.place.upload() {
        row.push(element(upload)?);
    }
    let (source, pictures) = line(&row, &elements::caps(lie)?)?;
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", "I420")
        .field("width", i32::from(SOURCE.width))
        .field("height", i32::from(SOURCE.height))
        .field("framerate", gst::Fraction::new(30, 1))
        .build();
    source.set_caps(&caps);
    Ok((source, pictures))
}

fn line(row: &[gst::Element], caps: &gst::Caps) -> Result<(Line, Receiver<Out>), Reason> {
    // More than ever waits: what finds no room is not missed.
    let (out, came): (SyncSender<Out>, _) = sync_channel(4 * usize::from(N_PICTURES));
    let failed = out.clone();
    let line = Line::start(
        row,
        caps,
        N_PICTURES.into(),
        move |sample| drop(out.try_send(Ok(sample))),
        move |why| drop(failed.try_send(Err(why))),
    );
    match line {
        Ok(line) => Ok((line, came)),
        // The element that failed says more than its pipeline.
        Err(why) => Err(came.try_recv().ok().and_then(Result::err).unwrap_or(why)),
    }
}

fn next(came: &Receiver<Out>) -> Out {
    let silent = |_| Err(Reason::from(SILENT));
    came.recv_timeout(STEP_WITHIN).unwrap_or_else(silent)
}

/// A grey picture, each a little lighter than the last.
fn picture(n: u8) -> gst::Buffer {
    let n_bytes = usize::try_from(SOURCE.area() / 2 * 3).unwrap_or(0);
    let mut buffer = gst::Buffer::from_mut_slice(vec![100_u8.saturating_add(n); n_bytes]);
    if let Some(buffer) = buffer.get_mut() {
        let period = gst::ClockTime::SECOND / 30;
        buffer.set_pts(period * u64::from(n));
        buffer.set_duration(period);
    }
    buffer
}

/// The first access unit begins a stream, and a keyframe comes where it was asked for.
fn check(n: u8, sample: &gst::Sample) -> Result<(), Reason> {
    let map = sample
        .buffer()
        .and_then(|buffer| buffer.map_readable().ok());
    let map = map.ok_or("an access unit cannot be read")?;
    let unit = access_unit(map.as_slice());
    if n == 0 && (unit.sps.is_none() || unit.pps.is_none()) {
        return Err("its first access unit has no parameter sets".into());
    }
    if (n == 0 || n == KEYFRAME_AT) && !unit.is_idr {
        return Err("it makes no keyframe where it is asked for one".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capabilities::{Capabilities, Element, Role, State};
    use crate::place::Place;
    use crate::route::Route;

    /// A plan by these elements, whatever they are.
    fn by(scaler: &str, encoder: &str) -> Plan {
        gst::init().unwrap();
        let found = Capabilities {
            version: "".into(),
            elements: vec![Element {
                role: Role::Scale,
                place: Place::Processor,
                name: scaler.into(),
                state: State::Usable,
            }],
            tried: Vec::new(),
        };
        Plan::trial(&found, Route::PROCESSOR, encoder)
    }

    #[test]
    fn what_encodes_passes_and_makes_the_keyframe_that_it_is_asked_for() {
        for encoder in ["x264enc", "openh264enc"] {
            let encoded = encode(&by("videoscale", encoder), Card::Used);
            assert_eq!(encoded, Ok(()), "{encoder}");
        }
    }

    #[test]
    fn what_does_not_encode_says_why() {
        // It fails to be made, makes no H.264, and makes no picture of this size.
        let rows = [
            ("videoscale", "nosuchenc", "nosuchenc"),
            ("videoscale", "vp8enc", "link"),
            ("identity", "x264enc", "not-negotiated"),
        ];
        for (scaler, encoder, expected) in rows {
            let why = encode(&by(scaler, encoder), Card::Used).unwrap_err();
            assert!(why.contains(expected), "{scaler} {encoder}: {why}");
        }
    }

    #[test]
    fn an_encoder_that_ignores_a_forced_keyframe_is_refused() {
        let map = |n: u8, nal: &[u8]| {
            let bytes = [&[0, 0, 0, 1][..], nal].concat();
            let buffer = gst::Buffer::from_slice(bytes);
            check(n, &gst::Sample::builder().buffer(&buffer).build())
        };
        gst::init().unwrap();
        assert!(map(KEYFRAME_AT, &[0x65, 1]).is_ok());
        assert!(map(1, &[0x41, 1]).is_ok());
        let why = map(KEYFRAME_AT, &[0x41, 1]).unwrap_err();
        assert!(why.contains("keyframe"), "{why}");
        let why = map(0, &[0x65, 1]).unwrap_err();
        assert!(why.contains("parameter sets"), "{why}");
    }
}
