//! An init section.

use mp4_atom::{Codec, Decode as _, Moov, Trex};

use super::boxes::{Broken, split};

/// What a decoder is told first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Init {
    /// Its tracks.
    pub tracks: Vec<Track>,
}

/// A track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// `track_ID`.
    pub id: u32,
    /// Ticks a second.
    pub timescale: u32,
    /// The sample entry's type, as `CODECS` begins.
    pub format: &'static str,
    /// Of `avc1`: profile and level.
    pub avc: Option<(u8, u8)>,
    /// Of pictures.
    pub size: Option<(u16, u16)>,
    /// Of sound.
    pub channels: Option<u64>,
    /// Of `avc1`: whether there is a sequence and a picture parameter set.
    pub has_parameter_sets: Option<bool>,
    /// `default_sample_flags` of `trex`.
    pub default_flags: u32,
    /// `default_sample_duration` of `trex`.
    pub default_duration: u32,
}

/// Why bytes are no init section.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Its boxes are not.
    #[error(transparent)]
    Boxes(#[from] Broken),
    /// A box of a type that is known cannot be read.
    #[error("{0}")]
    Box(#[from] mp4_atom::Error),
    /// A box is missing.
    #[error("there is no {0}")]
    Missing(&'static str),
}

impl Init {
    /// Reads one.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let boxes = split(bytes)?;
        if !boxes.iter().any(|(kind, _)| kind == b"ftyp") {
            return Err(Unreadable::Missing("ftyp"));
        }
        let moov = boxes.iter().find(|(kind, _)| kind == b"moov");
        let (_, mut moov) = *moov.ok_or(Unreadable::Missing("moov"))?;
        let moov = Moov::decode(&mut moov)?;
        let extends = moov.mvex.map(|mvex| mvex.trex).unwrap_or_default();
        let tracks = moov.trak.iter().map(|trak| {
            let id = trak.tkhd.track_id;
            let extends = extends.iter().find(|trex| trex.track_id == id).cloned();
            let entry = trak.mdia.minf.stbl.stsd.codecs.first();
            Track::new(
                (id, trak.mdia.mdhd.timescale),
                extends.unwrap_or_default(),
                entry,
            )
        });
        Ok(Self {
            tracks: tracks.collect(),
        })
    }
}

impl Track {
    fn new((id, timescale): (u32, u32), extends: Trex, entry: Option<&Codec>) -> Self {
        let mut track = Self {
            id,
            timescale,
            format: "",
            avc: None,
            size: None,
            channels: None,
            has_parameter_sets: None,
            default_flags: extends.default_sample_flags,
            default_duration: extends.default_sample_duration,
        };
        match entry {
            Some(Codec::Avc1(avc)) => {
                let sets = &avc.avcc;
                track.format = "avc1";
                track.avc = Some((sets.avc_profile_indication, sets.avc_level_indication));
                track.size = Some((avc.visual.width, avc.visual.height));
                track.has_parameter_sets = Some(
                    !sets.sequence_parameter_sets.is_empty()
                        && !sets.picture_parameter_sets.is_empty(),
                );
            }
            Some(Codec::Hvc1(hevc)) => {
                track.format = "hvc1";
                track.size = Some((hevc.visual.width, hevc.visual.height));
            }
            Some(Codec::Vp09(vp9)) => {
                track.format = "vp09";
                track.size = Some((vp9.visual.width, vp9.visual.height));
            }
            Some(Codec::Av01(av1)) => {
                track.format = "av01";
                track.size = Some((av1.visual.width, av1.visual.height));
            }
            Some(Codec::Mp4a(aac)) => {
                track.format = "mp4a";
                track.channels = Some(u64::from(aac.audio.channel_count));
            }
            Some(Codec::Opus(opus)) => {
                track.format = "opus";
                track.channels = Some(u64::from(opus.dops.output_channel_count));
            }
            _ => {}
        }
        track
    }

    /// Whether a decoder of the other can go on with this.
    pub fn is_as(&self, other: &Self) -> bool {
        let key = |track: &Self| {
            (
                track.id,
                track.timescale,
                track.format,
                track.size,
                track.channels,
            )
        };
        key(self) == key(other)
    }
}
