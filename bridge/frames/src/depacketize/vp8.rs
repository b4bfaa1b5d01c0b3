//! VP8 in RTP (RFC 7741): a frame is its payloads without their descriptors.

use std::sync::Arc;

use sfu_model::frame::Format;
use sfu_model::packet::{Dimensions, Packet};

use super::chain::Chain;
use super::whole::{Refusal, Whole};

/// Reads one encoding's pictures.
#[derive(Debug, Default)]
pub(crate) struct Vp8 {
    chain: Chain,
    /// That of the last keyframe.
    format: Option<Arc<Format>>,
}

impl Vp8 {
    pub(super) fn frame(&mut self, packets: &[Packet]) -> Result<Whole, Refusal> {
        self.chain.clear();
        for (index, packet) in packets.iter().enumerate() {
            let descriptor = Descriptor::read(&packet.payload).ok_or(Refusal::Malformed)?;
            if (index == 0) != descriptor.begins_frame {
                return Err(Refusal::Malformed);
            }
            let n_bytes = packet.payload.len();
            self.chain.payload(index, descriptor.n_bytes, n_bytes);
        }
        let data = self.chain.gather(packets).ok_or(Refusal::Malformed)?;
        let tag = *data.first().ok_or(Refusal::Empty)?;
        // The inverse keyframe flag (RFC 6386 section 9.1).
        let is_keyframe = tag & 0x01 == 0;
        if is_keyframe {
            let size = size(&data).ok_or(Refusal::Malformed)?;
            let format = Format::Vp8 { size };
            if self.format.as_deref() != Some(&format) {
                self.format = Some(Arc::new(format));
            }
        }
        let format = self.format.clone().ok_or(Refusal::NoParameterSets)?;
        Ok(Whole {
            data,
            is_keyframe,
            format,
        })
    }
}

/// The first bytes of a frame are in this payload.
pub(super) fn begins_frame(payload: &[u8]) -> bool {
    Descriptor::read(payload).is_some_and(|descriptor| descriptor.begins_frame)
}

/// The payload descriptor (RFC 7741 section 4.2), as far as it says where the frame's bytes are.
#[derive(Debug, PartialEq, Eq)]
struct Descriptor {
    begins_frame: bool,
    n_bytes: usize,
}

impl Descriptor {
    fn read(payload: &[u8]) -> Option<Self> {
        let first = *payload.first()?;
        // S, and PID 0: the first bytes of the first partition.
        let begins_frame = first & 0x10 != 0 && first & 0x07 == 0;
        let mut n_bytes = 1;
        if first & 0x80 != 0 {
            let extensions = *payload.get(1)?;
            n_bytes = 2;
            if extensions & 0x80 != 0 {
                // A picture id of 15 bits says so in its first (M).
                n_bytes += if payload.get(n_bytes)? & 0x80 == 0 {
                    1
                } else {
                    2
                };
            }
            n_bytes += usize::from(extensions & 0x40 != 0);
            n_bytes += usize::from(extensions & 0x30 != 0);
        }
        // Something must follow (section 4.1).
        payload.get(n_bytes)?;
        Some(Self {
            begins_frame,
            n_bytes,
        })
    }
}

/// Width and height, 14 bits each, behind the frame tag and the start code (RFC 6386 section 9.1).
fn size(frame: &[u8]) -> Option<Dimensions> {
    let [0x9d, 0x01, 0x2a, w0, w1, h0, h1] = frame.get(3..10)? else {
        return None;
    };
    Some(Dimensions {
        width: u16::from_le_bytes([*w0, *w1]) & 0x3fff,
        height: u16::from_le_bytes([*h0, *h1]) & 0x3fff,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_has_the_length_that_its_bits_say() {
        let n_bytes = |payload: &[u8]| Descriptor::read(payload).map(|d| d.n_bytes);
        assert_eq!(n_bytes(&[0x10, 1]), Some(1));
        assert_eq!(n_bytes(&[0x90, 0x80, 0x11, 1]), Some(3), "7-bit picture id");
        assert_eq!(n_bytes(&[0x90, 0xf0, 0x81, 0x02, 7, 0x23, 1]), Some(6));
        assert_eq!(n_bytes(&[0x90, 0x10, 3, 1]), Some(3), "KEYIDX alone");
        for cut in 0..6 {
            let whole = [0x90, 0xf0, 0x81, 0x02, 7, 0x23, 1];
            assert_eq!(n_bytes(&whole[..=cut.min(5)]), None, "{cut}");
        }
    }
}
