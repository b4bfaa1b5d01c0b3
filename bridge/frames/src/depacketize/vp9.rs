//! VP9 in RTP (RFC 9628): a picture is the frames of its spatial layers, low to high, without their descriptors.
//!
//! Where it has more than one, they become a superframe with an index (VP9 bitstream specification, annex B), which is what
//! one sample is.

use std::sync::Arc;

use sfu_model::frame::Format;
use sfu_model::packet::{Dimensions, Packet};

use super::chain::Chain;
use super::whole::{Refusal, Whole};
use crate::bits::Bits;

/// Most frames in a superframe: its index counts them in three bits.
const FRAMES_MAX: usize = 8;

/// Most pictures that one refers to in flexible mode (RFC 9628 section 4.2): P_DIFF is there up to three times.
const DIFFERENCES_MAX: usize = 3;

/// Reads one encoding's pictures.
#[derive(Debug)]
pub(crate) struct Vp9 {
    chain: Chain,
    /// Until a keyframe says it.
    profile: u8,
    /// That of the last keyframe.
    format: Option<Arc<Format>>,
}

impl Vp9 {
    pub(super) fn new(profile: u8) -> Self {
        Self {
            chain: Chain::default(),
            profile,
            format: None,
        }
    }

    pub(super) fn frame(&mut self, packets: &[Packet]) -> Result<Whole, Refusal> {
        self.chain.clear();
        let mut lengths: Vec<usize> = Vec::new();
        for (index, packet) in packets.iter().enumerate() {
            let descriptor = Descriptor::read(&packet.payload).ok_or(Refusal::Malformed)?;
            if descriptor.begins_frame {
                lengths.push(0);
            }
            let n_bytes = packet.payload.len();
            self.chain.payload(index, descriptor.n_bytes, n_bytes);
            *lengths.last_mut().ok_or(Refusal::Malformed)? += n_bytes - descriptor.n_bytes;
        }
        if lengths.len() > FRAMES_MAX {
            return Err(Refusal::Malformed);
        }
        if lengths.len() > 1 {
            self.write_index(&lengths);
        }
        let data = self.chain.gather(packets).ok_or(Refusal::Malformed)?;
        let head = Head::read(&data).ok_or(Refusal::Malformed)?;
        if let Head::Key { profile, size } = head {
            self.profile = profile;
            // The header is that of the lowest layer; the scalability structure tells the highest.
            let told = packets.iter().find_map(|p| p.facts.sizes.largest());
            let size = told.filter(|_| lengths.len() > 1).unwrap_or(size);
            let format = Format::Vp9 { profile, size };
            if self.format.as_deref() != Some(&format) {
                self.format = Some(Arc::new(format));
            }
        }
        let format = self.format.clone().ok_or(Refusal::NoParameterSets)?;
        Ok(Whole {
            data,
            is_keyframe: matches!(head, Head::Key { .. }),
            format,
        })
    }

    /// The superframe index: a marker, the lengths of the frames, little-endian, and the marker again.
    fn write_index(&mut self, lengths: &[usize]) {
        let longest = lengths.iter().copied().max().unwrap_or_default();
        let n_bytes = (1..=4_u8).find(|n| longest >> (8 * u32::from(*n)) == 0);
        let n_bytes = n_bytes.unwrap_or(4);
        let n_frames = u8::try_from(lengths.len()).unwrap_or(1);
        let marker = 0b1100_0000 | ((n_bytes - 1) << 3) | n_frames.saturating_sub(1);
        self.chain.written(&[marker]);
        for length in lengths {
            let bytes = length.to_le_bytes();
            let length = bytes.get(..usize::from(n_bytes)).unwrap_or_default();
            self.chain.written(length);
        }
        self.chain.written(&[marker]);
    }
}

/// How a frame begins (VP9 bitstream specification, section 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Head {
    Key { profile: u8, size: Dimensions },
    Other,
}

impl Head {
    fn read(frame: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(frame);
        if bits.number(2)? != 0b10 {
            return None; // frame_marker
        }
        let profile = u8::from(bits.flag()?) | u8::from(bits.flag()?) << 1;
        if profile == 3 {
            bits.skip(1)?;
        }
        let shows_existing = bits.flag()?;
        if shows_existing || bits.flag()? {
            return Some(Self::Other);
        }
        bits.skip(2)?; // show_frame, error_resilient_mode
        if bits.number(24)? != 0x49_83_42 {
            return None; // frame_sync_code
        }
        if profile >= 2 {
            bits.skip(1)?; // ten_or_twelve_bit
        }
        let is_rgb = bits.number(3)? == 7;
        let has_subsampling = profile == 1 || profile == 3;
        bits.skip(match (is_rgb, has_subsampling) {
            (false, false) => 1, // color_range
            (false, true) => 4,
            (true, false) => 0,
            (true, true) => 1,
        })?;
        Some(Self::Key {
            profile,
            size: Dimensions {
                width: u16::try_from(bits.number(16)? + 1).ok()?,
                height: u16::try_from(bits.number(16)? + 1).ok()?,
            },
        })
    }
}

/// The payload descriptor (RFC 9628 section 4.2), as far as it says where the frame's bytes are.
#[derive(Debug, PartialEq, Eq)]
struct Descriptor {
    begins_frame: bool,
    n_bytes: usize,
}

impl Descriptor {
    fn read(payload: &[u8]) -> Option<Self> {
        let first = *payload.first()?;
        let has = |mask: u8| first & mask != 0;
        let (has_picture_id, is_predicted, has_layers) = (has(0x80), has(0x40), has(0x20));
        let (is_flexible, begins_frame, has_structure) = (has(0x10), has(0x08), has(0x02));
        let mut at = 1;
        if has_picture_id {
            at += if payload.get(at)? & 0x80 == 0 { 1 } else { 2 };
        }
        if has_layers {
            // TL0PICIDX follows the indices where references are not told one by one.
            at += if is_flexible { 1 } else { 2 };
        }
        if is_flexible && is_predicted {
            let mut n_left = DIFFERENCES_MAX;
            while payload.get(at)? & 0x01 != 0 {
                at += 1;
                n_left = n_left.checked_sub(1).filter(|n| *n > 0)?;
            }
            at += 1;
        }
        if has_structure {
            at = structure_end(payload, at)?;
        }
        payload.get(at)?;
        Some(Self {
            begins_frame,
            n_bytes: at,
        })
    }
}

/// Where a scalability structure ends that begins at `at`: N_S, Y, G; sizes; the pictures of a group.
fn structure_end(payload: &[u8], mut at: usize) -> Option<usize> {
    let head = *payload.get(at)?;
    at += 1;
    if head & 0x10 != 0 {
        at += 4 * (usize::from(head >> 5) + 1);
    }
    if head & 0x08 != 0 {
        let n_pictures = *payload.get(at)?;
        at += 1;
        for _ in 0..n_pictures {
            at += 1 + usize::from((payload.get(at)? >> 2) & 0x03);
        }
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_has_the_length_that_its_bits_say() {
        let n_bytes = |payload: &[u8]| Descriptor::read(payload).map(|d| d.n_bytes);
        assert_eq!(n_bytes(&[0x08, 1]), Some(1));
        assert_eq!(n_bytes(&[0x88, 0x81, 0x02, 1]), Some(3));
        assert_eq!(n_bytes(&[0x68, 0, 9, 1]), Some(3), "indices, TL0PICIDX");
        assert_eq!(
            n_bytes(&[0x78, 0x20, 0x03, 0x04, 1]),
            Some(4),
            "two differences"
        );
        assert_eq!(n_bytes(&[0x78, 0x20, 3, 3, 3, 2, 1]), None, "four");
        // Two layers with sizes, a group of one picture with a reference.
        let structure = [0x0a, 0b0011_1000, 1, 64, 0, 180, 2, 128, 1, 104, 1, 4, 1, 9];
        assert_eq!(n_bytes(&structure), Some(13));
        for cut in 0..structure.len() {
            assert_eq!(n_bytes(&structure[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn a_frame_that_only_shows_another_is_no_keyframe() {
        assert_eq!(Head::read(&[0b1000_1000]), Some(Head::Other));
        assert_eq!(Head::read(&[0b0100_0000]), None, "no marker");
        assert_eq!(Head::read(&[0b1000_0000, 1, 2, 3]), None, "no sync code");
    }
}
