//! A CMAF chunk: one `moof` and its `mdat` (ISO/IEC 23000-19 section 7.3.2.3), written by hand into one allocation.
//!
//! Boxes as types would be built, encoded, and patched with offsets that are only known then; here all sizes are known
//! before the first byte is written, and each byte of a sample is copied once.

use std::time::Duration;

use bytes::{BufMut, Bytes};
use sfu_model::codec::MediaKind;
use sfu_model::time::{MediaTime, NtpTime};

use super::boxes::{BOX_BYTES, FULL_BOX_BYTES, write_box, write_full_box};
use super::run::Run;
use super::sample::Sample;
use super::track::TRACK_ID;

/// When a moment of the media was, on the clock of the wall: a `prft` box (ISO/IEC 14496-12 section 8.16.5), from which
/// players know their latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerTime {
    /// Since 1970-01-01T00:00:00Z.
    pub unix: Duration,
    /// The moment, on the timeline of the track.
    pub media_time: MediaTime,
}

/// `prft`, version 1: track, NTP time and 64 bits of media time.
const PRFT_BYTES: usize = FULL_BOX_BYTES + 4 + 8 + 8;
/// `mfhd`: a sequence number.
const MFHD_BYTES: usize = FULL_BOX_BYTES + 4;
/// `tfdt`, version 1: 64 bits, which do not wrap while a stream lives.
const TFDT_BYTES: usize = FULL_BOX_BYTES + 8;

/// A segment of DASH (ISO/IEC 23009-1 section 6.3.4.2).
const MSDH: &[u8; 4] = b"msdh";
/// A CMAF segment (ISO/IEC 23000-19 section 7.3.2.2), which begins with what a decoder can begin with.
const CMFS: &[u8; 4] = b"cmfs";
/// `prft` flags 8 and 16: the wall time has a small and constant offset from what the media shows, because it is the time of
/// capture (ISO/IEC 14496-12 section 8.16.5).
const PRFT_CAPTURED: u32 = 0x18;

/// Writes `[styp][prft] moof mdat`.
///
/// `number` rises from chunk to chunk of a track (`mfhd`, ISO/IEC 14496-12 section 8.8.5). `starts_at` is the time of the
/// first sample. The samples of a chunk have less than 2 GiB together, which the limits on frames and parts see to: offsets
/// have 31 bits.
#[expect(
    clippy::too_many_arguments,
    reason = "what a chunk is made of, in the order of its boxes"
)]
pub fn chunk(
    number: u32,
    starts_at: MediaTime,
    kind: MediaKind,
    samples: &[Sample],
    produced: Option<ProducerTime>,
    begins_segment: bool,
) -> Bytes {
    let run = Run::new(kind, samples);
    let brands = begins_segment.then(|| brands(&run));
    let payload_bytes: usize = samples.iter().map(|sample| sample.data.len()).sum();
    let traf_bytes = BOX_BYTES + run.tfhd_bytes() + TFDT_BYTES + run.trun_bytes();
    let moof_bytes = BOX_BYTES + MFHD_BYTES + traf_bytes;
    let n_bytes = brands.map_or(0, styp_bytes)
        + produced.map_or(0, |_| PRFT_BYTES)
        + moof_bytes
        + BOX_BYTES
        + payload_bytes;
    let mut out = Vec::with_capacity(n_bytes);

    if let Some(brands) = brands {
        write_styp(&mut out, brands);
    }
    if let Some(produced) = produced {
        write_prft(&mut out, produced);
    }
    write_box(&mut out, moof_bytes, b"moof");
    write_full_box(&mut out, MFHD_BYTES, b"mfhd", 0, 0);
    out.put_u32(number);
    write_box(&mut out, traf_bytes, b"traf");
    run.write_tfhd(&mut out);
    write_full_box(&mut out, TFDT_BYTES, b"tfdt", 1, 0);
    out.put_u64(starts_at.0);
    run.write_trun(&mut out, moof_bytes + BOX_BYTES);
    write_box(&mut out, BOX_BYTES + payload_bytes, b"mdat");
    for sample in samples {
        out.extend_from_slice(&sample.data);
    }
    out.into()
}

/// What `styp` says is in the segment (ISO/IEC 14496-12 section 8.16.2). One that had to be cut where there was no keyframe
/// is none of CMAF's.
fn brands(run: &Run<'_>) -> &'static [&'static [u8; 4]] {
    if run.begins_with_sync() {
        &[MSDH, CMFS]
    } else {
        &[MSDH]
    }
}

/// Major brand, minor version, and all brands, the major one among them.
fn styp_bytes(brands: &[&[u8; 4]]) -> usize {
    BOX_BYTES + 4 + 4 + 4 * brands.len()
}

fn write_styp(out: &mut Vec<u8>, brands: &[&[u8; 4]]) {
    write_box(out, styp_bytes(brands), b"styp");
    out.put_slice(MSDH);
    out.put_u32(0);
    for brand in brands {
        out.put_slice(*brand);
    }
}

fn write_prft(out: &mut Vec<u8>, produced: ProducerTime) {
    write_full_box(out, PRFT_BYTES, b"prft", 1, PRFT_CAPTURED);
    out.put_u32(TRACK_ID);
    out.put_u64(NtpTime::UNIX_EPOCH.after(produced.unix).0);
    out.put_u64(produced.media_time.0);
}

#[cfg(test)]
mod tests;
