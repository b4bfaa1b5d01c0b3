//! An init section: `ftyp` and `moov` of one track without samples.

use bytes::Bytes;
use mp4_atom::{
    Dinf, Dref, Encode, FourCC, Ftyp, Hdlr, Mdhd, Mdia, Minf, Moov, Mvex, Mvhd, Smhd, Stbl, Stco,
    Stsd, Tkhd, Trak, Trex, Url, Vmhd,
};
use sfu_model::codec::MediaKind;
use sfu_model::frame::Format;
use sfu_model::packet::Dimensions;

use super::sample_entry::sample_entry;
use super::track::TRACK_ID;
use super::unsupported::UnsupportedFormat;

/// The structural brand of CMAF tracks (ISO/IEC 23000-19 section 7.2). The brands of its media profiles (`cfhd`, `caac`)
/// are not claimed: they bound level, size and colour, which the publisher chose.
const CMFC: FourCC = FourCC::new(b"cmfc");
/// ISO/IEC 14496-12 annex E: a reader knows `default-base-is-moof` and 64-bit `tfdt`.
const ISO6: FourCC = FourCC::new(b"iso6");
/// Demanded of files with AV1 (AV1 in ISOBMFF section 2.1).
const AV01: FourCC = FourCC::new(b"av01");

/// `handler_type` of pictures and of sound (ISO/IEC 14496-12 sections 12.1.1 and 12.2.1).
const VIDE: FourCC = FourCC::new(b"vide");
const SOUN: FourCC = FourCC::new(b"soun");

/// ISO 639-2 for a language that nobody told (ISO/IEC 14496-12 section 8.4.2.3).
const UNDETERMINED: &str = "und";

/// `ftyp` and `moov` (ISO/IEC 23000-19 section 7.3.2) that players need before chunks of this format.
pub fn init_section(format: &Format) -> Result<Bytes, UnsupportedFormat> {
    let mut bytes = Vec::new();
    file_type(format).encode(&mut bytes)?;
    movie(format)?.encode(&mut bytes)?;
    Ok(bytes.into())
}

fn file_type(format: &Format) -> Ftyp {
    let mut compatible_brands = vec![CMFC, ISO6];
    if matches!(format, Format::Av1 { .. }) {
        compatible_brands.push(AV01);
    }
    Ftyp {
        major_brand: CMFC,
        minor_version: 0,
        compatible_brands,
    }
}

/// Durations are 0: the movie itself has no samples, and a live track does not know how long it will be.
fn movie(format: &Format) -> Result<Moov, UnsupportedFormat> {
    Ok(Moov {
        mvhd: Mvhd {
            timescale: format.clock_rate().0,
            rate: 1.into(),
            volume: 1.into(),
            next_track_id: TRACK_ID + 1,
            ..Mvhd::default()
        },
        mvex: Some(Mvex {
            mehd: None,
            trex: vec![Trex {
                track_id: TRACK_ID,
                default_sample_description_index: 1,
                // Each chunk says them itself.
                ..Trex::default()
            }],
        }),
        trak: vec![track(format)?],
        ..Moov::default()
    })
}

fn track(format: &Format) -> Result<Trak, UnsupportedFormat> {
    let Dimensions { width, height } = format.size().unwrap_or_default();
    let volume: u8 = match format.kind() {
        MediaKind::Audio => 1,
        MediaKind::Video => 0,
    };
    Ok(Trak {
        tkhd: Tkhd {
            track_id: TRACK_ID,
            enabled: true,
            in_movie: true,
            volume: volume.into(),
            width: width.into(),
            height: height.into(),
            ..Tkhd::default()
        },
        mdia: Mdia {
            mdhd: Mdhd {
                timescale: format.clock_rate().0,
                language: UNDETERMINED.to_owned(),
                ..Mdhd::default()
            },
            hdlr: handler(format.kind()),
            minf: media(format)?,
        },
        ..Trak::default()
    })
}

fn handler(kind: MediaKind) -> Hdlr {
    let (handler, name) = match kind {
        MediaKind::Audio => (SOUN, "sound"),
        MediaKind::Video => (VIDE, "pictures"),
    };
    Hdlr {
        handler,
        name: name.to_owned(),
    }
}

fn media(format: &Format) -> Result<Minf, UnsupportedFormat> {
    let is_video = format.kind() == MediaKind::Video;
    Ok(Minf {
        vmhd: is_video.then(Vmhd::default),
        smhd: (!is_video).then(Smhd::default),
        dinf: Dinf {
            dref: Dref {
                // Without a location: the samples are in this file.
                entries: vec![Url::default().into()],
            },
        },
        stbl: Stbl {
            stsd: Stsd {
                codecs: vec![sample_entry(format)?],
            },
            // Demanded, though empty: all samples are in fragments (ISO/IEC 14496-12 section 8.7.5).
            stco: Some(Stco::default()),
            ..Stbl::default()
        },
        ..Minf::default()
    })
}

#[cfg(test)]
mod tests;
