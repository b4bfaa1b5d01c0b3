//! A part or a segment: one or more movie fragments.

use std::time::Duration;

use mp4_atom::{Decode as _, Moof, Traf, TrunEntry};

use super::boxes::split;
use super::init::{Init, Track, Unreadable};

/// `sample_is_non_sync_sample` (ISO/IEC 14496-12 section 8.8.3.1).
const NON_SYNC: u32 = 0x0001_0000;

/// What a file has of each track, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragment {
    /// Of each track.
    pub tracks: Vec<Run>,
}

/// The samples of one track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// `track_ID`.
    pub track: u32,
    /// When the first begins.
    pub begins: Duration,
    /// How long all last.
    pub length: Duration,
    /// Whether a decoder can begin with any.
    pub has_sync: bool,
}

impl Fragment {
    /// Reads a file, whose tracks are those of `init`.
    pub fn parse(bytes: &[u8], init: &Init) -> Result<Self, Unreadable> {
        let boxes = split(bytes)?;
        let mut fragment = Self::default();
        for (_, whole) in boxes.iter().filter(|(kind, _)| kind == b"moof") {
            let mut whole = *whole;
            for traf in Moof::decode(&mut whole)?.traf {
                let id = traf.tfhd.track_id;
                let track = init.tracks.iter().find(|track| track.id == id);
                let track = track.ok_or(Unreadable::Missing("track of this track_ID"))?;
                fragment.add(run(&traf, track));
            }
        }
        if fragment.tracks.is_empty() || !boxes.iter().any(|(kind, _)| kind == b"mdat") {
            return Err(Unreadable::Missing("moof or mdat"));
        }
        Ok(fragment)
    }

    fn add(&mut self, run: Run) {
        match self
            .tracks
            .iter_mut()
            .find(|known| known.track == run.track)
        {
            Some(known) => {
                known.length += run.length;
                known.has_sync |= run.has_sync;
            }
            None => self.tracks.push(run),
        }
    }
}

fn run(traf: &Traf, track: &Track) -> Run {
    let head = &traf.tfhd;
    let default_flags = head.default_sample_flags.unwrap_or(track.default_flags);
    let default_duration = head
        .default_sample_duration
        .unwrap_or(track.default_duration);
    let samples = || traf.trun.iter().flat_map(|run| run.samples.iter());
    let is_sync = |sample: TrunEntry| sample.flags.unwrap_or(default_flags) & NON_SYNC == 0;
    let ticks = samples().map(|sample| u64::from(sample.duration.unwrap_or(default_duration)));
    let begins = traf
        .tfdt
        .as_ref()
        .map_or(0, |tfdt| tfdt.base_media_decode_time);
    Run {
        track: head.track_id,
        begins: time(begins, track.timescale),
        length: time(ticks.fold(0, u64::saturating_add), track.timescale),
        has_sync: samples().any(is_sync),
    }
}

fn time(ticks: u64, timescale: u32) -> Duration {
    let nanos = u128::from(ticks) * 1_000_000_000 / u128::from(timescale.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
