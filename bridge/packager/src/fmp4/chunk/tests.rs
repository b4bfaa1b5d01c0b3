//! What is written is read back by types, and is what was given.

use mp4_atom::{Any, Decode, FourCC, Moof, Prft, ReferenceTime, Styp, Trun};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// ISO/IEC 14496-12 section 8.8.3.1.
const SYNC_SAMPLE: u32 = 0x0200_0000;
const DEPENDENT_SAMPLE: u32 = 0x0101_0000;

const BEGIN: MediaTime = MediaTime(0x1_0000_0007);

fn sample(duration: u32, is_keyframe: bool, data: &[u8]) -> Sample {
    Sample {
        duration,
        is_keyframe,
        data: data.into(),
    }
}

fn video(samples: &[Sample]) -> Bytes {
    chunk(7, BEGIN, MediaKind::Video, samples, None, false)
}

/// The fragment, and where it begins.
fn moof(bytes: &[u8]) -> (Moof, usize) {
    let mut rest = bytes;
    loop {
        let at = bytes.len() - rest.len();
        if let Any::Moof(moof) = Any::decode(&mut rest).unwrap() {
            return (moof, at);
        }
    }
}

fn run(moof: &Moof) -> &Trun {
    &moof.traf[0].trun[0]
}

/// The flags of each sample as a reader works them out (ISO/IEC 14496-12 section 8.8.8.1).
fn flags(moof: &Moof) -> Vec<u32> {
    let default = moof.traf[0].tfhd.default_sample_flags.unwrap();
    let entries = run(moof).samples.iter();
    entries
        .map(|entry| entry.flags.unwrap_or(default))
        .collect()
}

/// The duration of each, likewise.
fn durations(moof: &Moof) -> Vec<u32> {
    let default = moof.traf[0].tfhd.default_sample_duration;
    let entries = run(moof).samples.iter();
    entries
        .map(|entry| entry.duration.or(default).unwrap())
        .collect()
}

#[test]
fn a_chunk_says_when_it_is_and_what_is_in_it() {
    let samples = [sample(3_000, true, b"key"), sample(3_001, false, b"delta")];
    let bytes = video(&samples);
    let (moof, at) = moof(&bytes);
    assert_eq!(at, 0);
    assert_eq!(moof.mfhd.sequence_number, 7);
    let [traf] = &moof.traf[..] else {
        panic!("one track");
    };
    assert_eq!(traf.tfhd.track_id, TRACK_ID);
    assert!(traf.tfhd.default_base_is_moof);
    assert_eq!(traf.tfhd.base_data_offset, None);
    let time = traf.tfdt.as_ref().unwrap().base_media_decode_time;
    assert_eq!(time, BEGIN.0);
    assert_eq!(durations(&moof), [3_000, 3_001]);
    assert_eq!(flags(&moof), [SYNC_SAMPLE, DEPENDENT_SAMPLE]);
    let sizes: Vec<_> = run(&moof).samples.iter().map(|entry| entry.size).collect();
    assert_eq!(sizes, [Some(3), Some(5)]);
    assert!(bytes.ends_with(b"mdatkeydelta"));
}

#[test]
fn what_all_samples_share_is_said_once() {
    let even = [
        sample(960, true, b"a"),
        sample(960, false, b"b"),
        sample(960, false, b"c"),
    ];
    let (short, _) = moof(&video(&even));
    let entries: Vec<_> = run(&short).samples.iter().collect();
    assert!(entries.iter().all(|entry| entry.duration.is_none()));
    assert_eq!(entries[0].flags, Some(SYNC_SAMPLE), "first_sample_flags");
    assert_eq!(entries[1].flags, None);

    let delta_only = &even[1..];
    assert_eq!(flags(&moof(&video(delta_only)).0), [DEPENDENT_SAMPLE; 2]);
    let key_inside = [even[1].clone(), even[0].clone()];
    let (each, _) = moof(&video(&key_inside));
    assert_eq!(flags(&each), [DEPENDENT_SAMPLE, SYNC_SAMPLE]);
}

#[test]
fn each_sample_of_sound_is_one_to_begin_at() {
    let samples = [sample(1_024, true, b"a"), sample(1_024, false, b"b")];
    let bytes = chunk(1, BEGIN, MediaKind::Audio, &samples, None, true);
    assert_eq!(flags(&moof(&bytes).0), [SYNC_SAMPLE; 2]);
}

#[test]
fn the_first_chunk_of_a_segment_names_its_brands() {
    let styp = |is_keyframe| {
        let samples = [sample(1, is_keyframe, b"a")];
        let bytes = chunk(1, BEGIN, MediaKind::Video, &samples, None, true);
        Styp::decode(&mut bytes.as_ref()).unwrap()
    };
    assert_eq!(styp(true).major_brand, FourCC::new(MSDH));
    let brands = [MSDH, CMFS].map(FourCC::new);
    assert_eq!(styp(true).compatible_brands, brands);
    let no_cmaf_segment = styp(false).compatible_brands;
    assert_eq!(no_cmaf_segment, [FourCC::new(MSDH)]);
}

#[test]
fn the_time_of_capture_stands_before_the_fragment() {
    let produced = ProducerTime {
        unix: Duration::from_millis(1_700_000_000_500),
        media_time: BEGIN,
    };
    let samples = [sample(1, true, b"a")];
    let bytes = chunk(1, BEGIN, MediaKind::Video, &samples, Some(produced), false);
    let prft = Prft::decode(&mut bytes.as_ref()).unwrap();
    // 1970 is 2,208,988,800 s after 1900, and half a second is half of 2^32.
    assert_eq!(prft.ntp_timestamp >> 32, 1_700_000_000 + 2_208_988_800);
    assert_eq!(prft.ntp_timestamp & 0xffff_ffff, 1 << 31);
    assert_eq!(prft.media_time, BEGIN.0);
    assert_eq!(prft.reference_track_id, TRACK_ID);
    assert_eq!(prft.utc_time_semantics, ReferenceTime::RealTime);
    assert_eq!(moof(&bytes).1, PRFT_BYTES);
}

fn any_sample() -> impl Strategy<Value = Sample> {
    let duration = prop_oneof![Just(3_000_u32), any::<u32>()];
    let data = vec(any::<u8>(), 0..50);
    (duration, any::<bool>(), data).prop_map(|(duration, is_keyframe, data)| Sample {
        duration,
        is_keyframe,
        data: data.into(),
    })
}

proptest! {
    #[test]
    fn a_reader_finds_each_sample_as_it_was_given(
        (number, starts_at) in any::<(u32, u64)>(),
        is_audio in any::<bool>(),
        samples in vec(any_sample(), 0..40),
        produced in proptest::option::of(any::<(u32, u64)>()),
        begins_segment in any::<bool>(),
    ) {
        let kind = if is_audio { MediaKind::Audio } else { MediaKind::Video };
        let produced = produced.map(|(unix, media_time)| ProducerTime {
            unix: Duration::from_secs(unix.into()),
            media_time: MediaTime(media_time),
        });
        let starts_at = MediaTime(starts_at);
        let bytes = chunk(number, starts_at, kind, &samples, produced, begins_segment);

        let mut rest = bytes.as_ref();
        let mut names = Vec::new();
        while !rest.is_empty() {
            names.push(Any::decode(&mut rest).unwrap().kind().to_string());
        }
        let expected = [
            begins_segment.then_some("styp"),
            produced.map(|_| "prft"),
            Some("moof"),
            Some("mdat"),
        ];
        prop_assert_eq!(names, expected.into_iter().flatten().collect::<Vec<_>>());

        let (moof, at) = moof(&bytes);
        prop_assert_eq!(moof.mfhd.sequence_number, number);
        prop_assert_eq!(moof.traf[0].tfdt.as_ref().unwrap().base_media_decode_time, starts_at.0);
        let given: Vec<u32> = samples.iter().map(|s| s.duration).collect();
        prop_assert_eq!(durations(&moof), given);
        let sync: Vec<bool> = flags(&moof).iter().map(|flags| *flags == SYNC_SAMPLE).collect();
        let given: Vec<bool> = samples.iter().map(|s| is_audio || s.is_keyframe).collect();
        prop_assert_eq!(sync, given);

        let mut from = at + usize::try_from(run(&moof).data_offset.unwrap()).unwrap();
        for (sample, entry) in samples.iter().zip(run(&moof).samples.iter()) {
            let to = from + entry.size.unwrap() as usize;
            prop_assert_eq!(&bytes[from..to], &sample.data[..]);
            from = to;
        }
        prop_assert_eq!(from, bytes.len(), "the last sample ends the chunk");
    }

    #[test]
    fn one_allocation_is_enough_and_none_of_it_is_left(
        is_audio in any::<bool>(),
        samples in vec(any_sample(), 1..40),
        begins_segment in any::<bool>(),
    ) {
        let kind = if is_audio { MediaKind::Audio } else { MediaKind::Video };
        let bytes = chunk(0, BEGIN, kind, &samples, None, begins_segment);
        let n_bytes = bytes.len();
        prop_assert_eq!(Vec::from(bytes).capacity(), n_bytes);
    }
}
