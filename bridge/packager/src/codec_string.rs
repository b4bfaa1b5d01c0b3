//! Codec strings (RFC 6381), as `CODECS` of HLS, `@codecs` of DASH and `MediaSource.isTypeSupported` take them.

use sfu_model::frame::Format;

use crate::fmp4::codec::{aac, av1, avc, vp9};

/// The string of a format. `None` where it cannot be carried, with the codec or its profile.
pub fn codec_string(format: &Format) -> Option<String> {
    Some(match format {
        // ISO/IEC 14496-15 annex E: the three bytes after the set's NAL header.
        Format::H264 { sps, .. } => {
            let head = avc::SpsHead::parse(sps)?;
            format!(
                "avc1.{:02x}{:02x}{:02x}",
                head.profile_idc, head.constraint_flags, head.level_idc
            )
        }
        Format::Vp8 { .. } => return None,
        // VP Codec ISO Media File Format Binding, "Codecs Parameter String": profile, level, depth.
        Format::Vp9 { profile, size } => {
            let bit_depth = vp9::bit_depth(*profile)?;
            let level = vp9::level(*size);
            format!("vp09.{profile:02}.{level:02}.{bit_depth:02}")
        }
        // AV1 in ISOBMFF section 5: what follows the depth has defaults, which are those of WebRTC's encoders.
        Format::Av1 {
            sequence_header, ..
        } => {
            let header = av1::SequenceHeader::parse(sequence_header)?;
            format!(
                "av01.{}.{:02}{}.{:02}",
                header.profile,
                header.level_idx,
                if header.is_high_tier { 'H' } else { 'M' },
                header.colour.bit_depth(),
            )
        }
        // The sample entry is `Opus`, whose name RFC 6381 would repeat; browsers list the codec in lower case.
        Format::Opus { .. } => "opus".to_owned(),
        // RFC 6381 section 3.3: 40 is AAC's objectTypeIndication, in hexadecimal.
        Format::Aac { config, .. } => format!("mp4a.40.{}", aac::object_type(config)?),
    })
}

/// One string for formats that follow one another: of H.264 the largest profile with the highest level, since a decoder of it
/// plays the others too; the last of all else, whose strings do not differ in what a decoder must know. A list of them all would
/// promise a track for each, which players (Chromium's source buffers) wait for.
pub(crate) fn covering<'s>(strings: impl Iterator<Item = &'s str>) -> Option<String> {
    strings.fold(None, |covered: Option<String>, next| {
        let Some(covered) = covered else {
            return Some(next.to_owned());
        };
        let both = profile_and_level(&covered).zip(profile_and_level(next));
        Some(match both {
            None => next.to_owned(),
            Some(((profile, level), (next_profile, next_level))) => {
                let largest = match rank(next_profile) >= rank(profile) {
                    true => next_profile,
                    false => profile,
                };
                format!("avc1.{largest}{:02x}", level.max(next_level))
            }
        })
    })
}

/// Of a string of H.264: profile with its constraints as it stands there, and level.
fn profile_and_level(string: &str) -> Option<(&str, u8)> {
    let (profile, level) = string.strip_prefix("avc1.")?.split_at_checked(4)?;
    Some((profile, u8::from_str_radix(level, 16).ok()?))
}

/// How much a profile needs that encoders of live pictures make, those with more above all.
fn rank(profile: &str) -> u8 {
    let idc = profile.get(..2).unwrap_or_default();
    let names = ["42", "4d", "64"];
    let at = names.iter().position(|name| *name == idc);
    at.and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use sfu_model::packet::Dimensions;

    use super::*;

    const SIZE: Dimensions = Dimensions {
        width: 1280,
        height: 720,
    };

    fn of(format: &Format) -> Option<String> {
        codec_string(format)
    }

    #[test]
    fn pictures_are_named_by_profile_and_level() {
        let h264 = Format::H264 {
            sps: [0x67, 0x42, 0xe0, 0x1f, 0x8c].into(),
            pps: [0x68, 0xce].into(),
            size: SIZE,
        };
        assert_eq!(of(&h264).as_deref(), Some("avc1.42e01f"));
        let vp9 = |profile| Format::Vp9 {
            profile,
            size: SIZE,
        };
        assert_eq!(of(&vp9(0)).as_deref(), Some("vp09.00.40.08"));
        assert_eq!(of(&vp9(2)).as_deref(), Some("vp09.02.40.10"));
        assert_eq!(of(&vp9(1)), None);
        let av1 = Format::Av1 {
            sequence_header: [
                0x0a, 0x0b, 0, 0, 0, 4, 0x3c, 0xfe, 0xcc, 0xda, 0xf9, 0, 0x40,
            ]
            .into(),
            size: SIZE,
        };
        assert_eq!(of(&av1).as_deref(), Some("av01.0.00M.08"));
        assert_eq!(of(&Format::Vp8 { size: SIZE }), None);
    }

    #[test]
    fn sound_is_named_by_its_object_type() {
        let opus = Format::Opus {
            channels: 2,
            pre_skip: 312,
        };
        assert_eq!(of(&opus).as_deref(), Some("opus"));
        let aac = |config: &[u8]| Format::Aac {
            config: config.into(),
            sample_rate: 48_000,
            channels: 2,
        };
        assert_eq!(of(&aac(&[0x11, 0x90])).as_deref(), Some("mp4a.40.2"));
        assert_eq!(of(&aac(&[0x29, 0x90])).as_deref(), Some("mp4a.40.5"));
        assert_eq!(of(&aac(&[])), None);
    }

    #[test]
    fn one_string_covers_what_follows_one_another() {
        let of = |strings: &[&str]| covering(strings.iter().copied());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["avc1.42e01f"]).as_deref(), Some("avc1.42e01f"));
        let anew = ["avc1.640028", "avc1.4d401f", "avc1.42e033"];
        assert_eq!(of(&anew).as_deref(), Some("avc1.640033"));
        let other = ["avc1.640028", "vp09.00.40.08"];
        assert_eq!(of(&other).as_deref(), Some("vp09.00.40.08"));
        assert_eq!(of(&["opus", "opus"]).as_deref(), Some("opus"));
    }
}
