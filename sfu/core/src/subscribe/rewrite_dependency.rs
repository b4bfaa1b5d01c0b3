//! The Dependency Descriptor (AV1 RTP payload format, appendix A) on its way to one subscriber: frames are numbered through
//! over a switch, and the decode targets that are left out are said to be inactive.

use sfu_model::dependency::{DECODE_TARGETS_MAX, Descriptor};

/// Longest value of a header extension (RFC 8285 section 4.3).
pub(crate) const DESCRIPTOR_BYTES_MAX: usize = 255;
/// start_of_frame, end_of_frame, frame_dependency_template_id.
const BITS_BEFORE_NUMBER: usize = 8;
/// The mandatory fields.
const MANDATORY_BITS: usize = 24;
/// The flags of the extended fields.
const FLAG_BITS: usize = 5;
/// Of these flags, as a number: a mask of active decode targets is present.
const HAS_MASK: u32 = 0b01000;

/// What a descriptor gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameNumbers {
    pub(crate) frame_number: u16,
    /// The decode targets that this subscriber can decode, where it is to be told.
    pub(crate) active_targets: Option<u32>,
}

/// Moves the frame numbers of whatever passes onto one line. Frames that are left out leave gaps: the others are named by
/// their distance.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FrameRewriter {
    shift: u16,
    last: Option<u16>,
}

impl FrameRewriter {
    /// A new source begins with this number: it goes on where the last one was.
    pub(crate) fn begin(&mut self, first: Option<u16>) {
        if let (Some(first), Some(last)) = (first, self.last) {
            self.shift = last.wrapping_add(1).wrapping_sub(first);
        }
    }

    /// The number of a frame of the present source.
    pub(crate) fn rewrite(&mut self, number: u16) -> u16 {
        let out = number.wrapping_add(self.shift);
        let is_newer = |last: u16| out.wrapping_sub(last).cast_signed() > 0;
        if self.last.is_none_or(is_newer) {
            self.last = Some(out);
        }
        out
    }
}

/// How long a descriptor can be as it leaves: by the flags and the mask, which may be new.
pub(crate) fn bytes_max(descriptor: &Descriptor) -> usize {
    descriptor.bytes.0.len() + (FLAG_BITS + DECODE_TARGETS_MAX).div_ceil(8)
}

/// The descriptor as it leaves. Returns its length.
pub(crate) fn write(
    descriptor: &Descriptor,
    numbers: FrameNumbers,
    out: &mut [u8; DESCRIPTOR_BYTES_MAX],
) -> Option<usize> {
    let bytes = descriptor.bytes.0.as_slice();
    if let Some(length) = write_masked(descriptor, numbers, out) {
        return Some(length);
    }
    out.get_mut(..bytes.len())?.copy_from_slice(bytes);
    out.get_mut(1..3)?
        .copy_from_slice(&numbers.frame_number.to_be_bytes());
    Some(bytes.len())
}

/// With a mask in its place. `None` when there is none to say, or no room for it.
fn write_masked(
    descriptor: &Descriptor,
    numbers: FrameNumbers,
    out: &mut [u8; DESCRIPTOR_BYTES_MAX],
) -> Option<usize> {
    let mask = numbers.active_targets?;
    let n_targets = descriptor.frame.as_ref()?.structure.targets.len();
    let from = BitSource(&descriptor.bytes.0);
    out.fill(0);
    let mut to = BitSink {
        bytes: out,
        position: 0,
    };
    to.put(from.number(0, BITS_BEFORE_NUMBER)?, BITS_BEFORE_NUMBER)?;
    to.put(u32::from(numbers.frame_number), 16)?;
    let has_extended = descriptor.bytes.0.len() * 8 > MANDATORY_BITS;
    if !has_extended {
        to.put(HAS_MASK, FLAG_BITS)?;
        to.put(mask, n_targets)?;
        return Some(to.length());
    }
    let flags = from.number(MANDATORY_BITS, FLAG_BITS)?;
    to.put(flags | HAS_MASK, FLAG_BITS)?;
    let structure = MANDATORY_BITS + FLAG_BITS;
    let after = structure + usize::from(descriptor.structure_bits.unwrap_or(0));
    to.copy(&from, structure, after)?;
    to.put(mask, n_targets)?;
    let rest = after + if descriptor.has_mask { n_targets } else { 0 };
    to.copy(&from, rest, descriptor.bytes.0.len() * 8)?;
    Some(to.length())
}

struct BitSource<'a>(&'a [u8]);

impl BitSource<'_> {
    fn bit(&self, position: usize) -> Option<u32> {
        let byte = *self.0.get(position / 8)?;
        Some(u32::from(byte >> (7 - position % 8)) & 1)
    }

    fn number(&self, position: usize, n: usize) -> Option<u32> {
        (position..position + n).try_fold(0, |value, at| Some((value << 1) | self.bit(at)?))
    }
}

/// Bits, most significant first, into zeros.
struct BitSink<'a> {
    bytes: &'a mut [u8; DESCRIPTOR_BYTES_MAX],
    position: usize,
}

impl BitSink<'_> {
    fn put(&mut self, value: u32, n: usize) -> Option<()> {
        for shift in (0..n).rev() {
            let bit = u8::from((value >> shift) & 1 == 1);
            *self.bytes.get_mut(self.position / 8)? |= bit << (7 - self.position % 8);
            self.position += 1;
        }
        Some(())
    }

    fn copy(&mut self, from: &BitSource<'_>, start: usize, end: usize) -> Option<()> {
        for position in start..end {
            self.put(from.bit(position)?, 1)?;
        }
        Some(())
    }

    /// Whole bytes: what is left of the last one is zero padding.
    fn length(&self) -> usize {
        self.position.div_ceil(8)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sfu_model::dependency::DescriptorBytes;

    use super::*;
    use crate::publish::facts::dependency::DependencyReader;
    use crate::publish::facts::dependency::script::{FrameScript, Mode};

    const MODE: Mode = Mode::new(2, 3);

    fn frame(number: u16) -> FrameScript {
        FrameScript {
            begins: true,
            ends: true,
            template: MODE.template(1, 2, false),
            number,
        }
    }

    /// Reader and descriptor after a keyframe.
    fn read(bytes: Vec<u8>) -> (DependencyReader, Descriptor) {
        let mut reader = DependencyReader::default();
        let key = FrameScript {
            template: 0,
            ..frame(0)
        };
        reader.read(key.shared(Some(MODE))).unwrap();
        let read = reader.read(Arc::new(DescriptorBytes(bytes))).unwrap();
        (reader, read.descriptor)
    }

    fn written(descriptor: &Descriptor, numbers: FrameNumbers) -> Vec<u8> {
        let mut out = [0xff; DESCRIPTOR_BYTES_MAX];
        let length = write(descriptor, numbers, &mut out).unwrap();
        out[..length].to_vec()
    }

    #[test]
    fn only_the_number_changes_without_a_mask() {
        let bytes = frame(5).write(Some(MODE), Some((0b111, 6)));
        let (_, descriptor) = read(bytes.clone());
        let numbers = FrameNumbers {
            frame_number: 0x1234,
            active_targets: None,
        };
        let out = written(&descriptor, numbers);
        assert_eq!(out[1..3], [0x12, 0x34]);
        assert_eq!((out[0], &out[3..]), (bytes[0], &bytes[3..]));
    }

    #[test]
    fn a_mask_is_put_in_or_replaced_and_the_rest_stays() {
        for (structure, mask) in [
            (None, None),
            (None, Some((0b11_1111, 6))),
            (Some(MODE), None),
            (Some(MODE), Some((0b11_1111, 6))),
        ] {
            let (mut reader, before) = read(frame(5).write(structure, mask));
            let numbers = FrameNumbers {
                frame_number: 6,
                active_targets: Some(0b01_0011),
            };
            let out = Arc::new(DescriptorBytes(written(&before, numbers)));
            let after = reader.read(out).unwrap().descriptor;
            assert_eq!(after.frame_number, 6);
            assert_eq!(after.structure_bits, before.structure_bits);
            let (before, after) = (before.frame.unwrap(), after.frame.unwrap());
            assert_eq!(after.active_targets, 0b01_0011);
            assert_eq!(after.structure.templates, before.structure.templates);
            assert_eq!(after.layer, before.layer);
        }
    }

    #[test]
    fn frames_are_numbered_through_over_a_switch_and_across_the_wrap() {
        let mut rewriter = FrameRewriter::default();
        rewriter.begin(Some(65_534));
        assert_eq!(rewriter.rewrite(65_534), 65_534);
        assert_eq!(rewriter.rewrite(0), 0);
        assert_eq!(rewriter.rewrite(65_535), 65_535, "late");
        rewriter.begin(Some(900));
        assert_eq!(rewriter.rewrite(900), 1);
        assert_eq!(rewriter.rewrite(903), 4);
    }
}
