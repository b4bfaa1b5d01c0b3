use std::sync::Arc;

use proptest::prelude::*;
use sfu_model::frame::{Discontinuity, Format, Frame};
use sfu_model::packet::Dimensions;
use sfu_model::time::{Instant, MediaTime};

use super::from_worker::{Counts, FromWorker, Trouble};
use super::to_worker::ToWorker;
use super::wire::{LENGTH_BYTES, MESSAGE_BYTES_MAX, Malformed, TEXT_BYTES_MAX, message_length};
use crate::capabilities::{Capabilities, Element, Role, State, Tried};
use crate::job::{
    Cadence, FrameRate, Job, Keyframes, PicturesJob, RUNGS_MAX, Rung, RungIndex, RungSet, SlotId,
    SoundJob,
};
use crate::place::{Cards, Place};
use crate::route::Route;

fn size() -> impl Strategy<Value = Dimensions> {
    (any::<u16>(), any::<u16>()).prop_map(|(width, height)| Dimensions { width, height })
}

fn bytes() -> impl Strategy<Value = Box<[u8]>> {
    prop::collection::vec(any::<u8>(), 0..64).prop_map(Into::into)
}

fn format() -> impl Strategy<Value = Format> {
    prop_oneof![
        (bytes(), bytes(), size()).prop_map(|(sps, pps, size)| Format::H264 { sps, pps, size }),
        size().prop_map(|size| Format::Vp8 { size }),
        (any::<u8>(), size()).prop_map(|(profile, size)| Format::Vp9 { profile, size }),
        (bytes(), size()).prop_map(|(sequence_header, size)| Format::Av1 {
            sequence_header,
            size
        }),
        (any::<u8>(), any::<u16>())
            .prop_map(|(channels, pre_skip)| Format::Opus { channels, pre_skip }),
        (bytes(), any::<u32>(), any::<u8>()).prop_map(|(config, sample_rate, channels)| {
            Format::Aac {
                config,
                sample_rate,
                channels,
            }
        }),
    ]
}

fn frame() -> impl Strategy<Value = Frame> {
    let discontinuity = prop::option::of(prop::sample::select(vec![
        Discontinuity::Lost,
        Discontinuity::Publisher,
        Discontinuity::Clock,
        Discontinuity::Encoder,
    ]));
    let times = (any::<u64>(), any::<u64>(), any::<bool>(), discontinuity);
    (times, format(), bytes()).prop_map(|(times, format, data)| Frame {
        time: MediaTime(times.0),
        captured_at: Instant::from_nanos(times.1),
        is_keyframe: times.2,
        discontinuity: times.3,
        format: Arc::new(format),
        data: data.into(),
    })
}

fn job() -> impl Strategy<Value = Job> {
    let rung = (size(), any::<u32>()).prop_map(|(size, bit_rate_bps)| Rung { size, bit_rate_bps });
    let rungs = prop::collection::vec(rung, 0..=RUNGS_MAX);
    let rate = any::<u8>().prop_map(FrameRate::clamp);
    let cadence = (rate, any::<bool>()).prop_map(|(rate, is_constant)| match is_constant {
        true => Cadence::Constant(rate),
        false => Cadence::AsSource(rate),
    });
    let keyframes = prop::option::of(1_u32..).prop_map(|ticks| match ticks {
        Some(ticks) => Keyframes::Every(ticks),
        None => Keyframes::AsSource,
    });
    prop_oneof![
        any::<u32>().prop_map(|bit_rate_bps| Job::Sound(SoundJob { bit_rate_bps })),
        (size(), cadence, keyframes, rungs).prop_map(|(source, cadence, keyframes, rungs)| {
            Job::Pictures(PicturesJob {
                source,
                cadence,
                keyframes,
                rungs,
            })
        }),
    ]
}

fn to_worker() -> impl Strategy<Value = ToWorker> {
    let slot = || any::<u32>().prop_map(SlotId);
    prop_oneof![
        any::<u8>().prop_map(|bits| ToWorker::Probe(Cards::from_bits(bits))),
        capabilities().prop_map(|found| ToWorker::Found(Box::new(found))),
        (slot(), job()).prop_map(|(slot, job)| ToWorker::Open(slot, job)),
        (slot(), frame()).prop_map(|(slot, frame)| ToWorker::Frame(slot, frame)),
        (slot(), any::<u64>()).prop_map(|(slot, t)| ToWorker::KeyframeAt(slot, MediaTime(t))),
        (slot(), any::<u8>()).prop_map(|(slot, b)| ToWorker::Rungs(slot, RungSet::from_bits(b))),
        slot().prop_map(ToWorker::Close),
    ]
}

fn capabilities() -> impl Strategy<Value = Capabilities> {
    let state = prop_oneof![
        Just(State::Usable),
        Just(State::Missing),
        "[a-z ]{0,20}".prop_map(|why| State::Broken(why.into())),
    ];
    let element = (
        prop::sample::select(&Role::ALL[..]),
        prop::sample::select(&Place::ALL[..]),
        "[a-z0-9]{1,12}",
        state,
    );
    let element = element.prop_map(|(role, place, name, state)| Element {
        role,
        place,
        name: name.into(),
        state,
    });
    let tried = (
        prop::sample::select(&Route::ALL[..]),
        "[a-z0-9]{1,12}",
        prop::option::of("[a-z ]{0,20}"),
    );
    let tried = tried.prop_map(|(route, encoder, failure)| Tried {
        route,
        encoder: encoder.into(),
        failure: failure.map(Into::into),
    });
    let elements = prop::collection::vec(element, 0..20);
    let tried = prop::collection::vec(tried, 0..6);
    ("[a-z0-9. ]{0,20}", elements, tried).prop_map(|(version, elements, tried)| Capabilities {
        version: version.into(),
        elements,
        tried,
    })
}

fn from_worker() -> impl Strategy<Value = FromWorker> {
    let slot = || any::<u32>().prop_map(SlotId);
    let rung = any::<u8>().prop_map(RungIndex);
    prop_oneof![
        Just(FromWorker::Ready),
        capabilities().prop_map(FromWorker::Probed),
        (slot(), "[a-z ]{0,40}").prop_map(|(slot, by)| FromWorker::Opened(slot, by.into())),
        (slot(), rung, frame()).prop_map(|(slot, rung, f)| FromWorker::Frame(slot, rung, f)),
        (slot(), prop::sample::select(&Trouble::ALL[..]))
            .prop_map(|(slot, trouble)| FromWorker::Trouble(slot, trouble)),
        (slot(), "[a-z ]{0,40}").prop_map(|(slot, why)| FromWorker::Failed(slot, why.into())),
        "[a-z ]{0,40}".prop_map(|why| FromWorker::CardLost(why.into())),
        prop::sample::select(&Place::ALL[..]).prop_map(FromWorker::Touches),
        any::<[u64; 6]>().prop_map(|n| FromWorker::Alive(Counts {
            frames_in: n[0],
            frames_in_dropped: n[1],
            pictures_dropped: n[2],
            frames_out: n[3],
            frames_out_dropped: n[4],
            lag_max_us: n[5],
        })),
    ]
}

/// The bytes after the length, which says how many they are.
fn body(message: &[u8]) -> &[u8] {
    let (length, body) = message.split_first_chunk::<LENGTH_BYTES>().unwrap();
    assert_eq!(message_length(*length), Ok(body.len()));
    body
}

proptest! {
    #[test]
    fn what_is_written_to_a_worker_is_read_there(message in to_worker()) {
        let written = message.encode().unwrap();
        prop_assert_eq!(ToWorker::decode(body(&written)), Ok(message));
    }

    #[test]
    fn what_a_worker_writes_is_read_here(message in from_worker()) {
        let written = message.encode().unwrap();
        prop_assert_eq!(FromWorker::decode(body(&written)), Ok(message));
    }

    #[test]
    fn any_bytes_are_a_message_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        // A codec that was broken may write anything: reading it ends nothing.
        if let Ok(message) = FromWorker::decode(&bytes) {
            prop_assert!(message.encode().is_some());
        }
        if let Ok(message) = ToWorker::decode(&bytes) {
            prop_assert!(message.encode().is_some());
        }
    }

    #[test]
    fn a_message_that_is_cut_or_goes_on_is_refused(message in from_worker(), cut in 1_usize..) {
        let written = message.encode().unwrap();
        let whole = body(&written);
        let cut = &whole[..cut % whole.len()];
        prop_assert!(FromWorker::decode(cut).is_err());
        prop_assert_eq!(FromWorker::decode(&[whole, &[0]].concat()), Err(Malformed::Long));
    }
}

#[test]
fn a_message_has_an_edge_in_bytes() {
    let sent = |n_bytes: usize| {
        let format = Format::Opus {
            channels: 2,
            pre_skip: 0,
        };
        let frame = Frame {
            time: MediaTime(0),
            captured_at: Instant::START,
            is_keyframe: true,
            discontinuity: None,
            format: Arc::new(format),
            data: vec![0; n_bytes].into(),
        };
        ToWorker::Frame(SlotId(0), frame).encode()
    };
    let overhead = sent(0).unwrap().len() - LENGTH_BYTES;
    assert!(sent(MESSAGE_BYTES_MAX - overhead).is_some());
    assert!(sent(MESSAGE_BYTES_MAX - overhead + 1).is_none());
    let length = |n_bytes: usize| message_length(u32::try_from(n_bytes).unwrap().to_le_bytes());
    assert_eq!(length(MESSAGE_BYTES_MAX), Ok(MESSAGE_BYTES_MAX));
    assert_eq!(length(MESSAGE_BYTES_MAX + 1), Err(Malformed::Limit));
}

#[test]
fn a_text_that_is_no_text_has_an_edge_where_others_have_it() {
    let mut message = vec![5, 0, 0, 0, 0];
    message.extend(u32::try_from(TEXT_BYTES_MAX).unwrap().to_le_bytes());
    message.extend([0xff; TEXT_BYTES_MAX]);
    let read = FromWorker::decode(&message).unwrap();
    let written = read.encode().unwrap();
    assert_eq!(FromWorker::decode(body(&written)), Ok(read));
}
