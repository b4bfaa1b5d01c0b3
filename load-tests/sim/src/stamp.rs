//! What every simulated packet says about itself, at the end of its payload: the ground truth that oracles compare with.

use sfu_model::codec::MediaKind;
use sfu_model::layer::Layer;
use sfu_model::time::Instant;

use crate::layers::{Place, Scalability};

/// Bytes of a stamp.
pub const STAMP_BYTES: usize = 36;

const MAGIC: u32 = 0x4652_5348;

/// One packet's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// Which publishing session of the world sent it; a reload is another one.
    pub publisher: u32,
    /// Audio or video.
    pub kind: MediaKind,
    /// Which of the track's encodings, 0 is the smallest.
    pub rank: u8,
    /// A decoder can begin with its frame.
    pub is_keyframe: bool,
    /// Counts the frames of an encoding, of all its layers.
    pub frame: u32,
    /// Its layer, and the frames that it needs.
    pub place: Place,
    /// Which packet of the frame.
    pub packet_index: u16,
    /// How many packets the frame has.
    pub n_packets: u16,
    /// When it was captured.
    pub captured_at: Instant,
}

impl Stamp {
    /// Writes it at the end of a payload.
    pub fn write(&self, payload: &mut Vec<u8>) {
        let start = payload.len();
        payload.extend(MAGIC.to_be_bytes());
        payload.extend(self.publisher.to_be_bytes());
        payload.extend([
            u8::from(self.kind == MediaKind::Video),
            self.rank,
            u8::from(self.is_keyframe),
            nibbles(self.place.layer.spatial, self.place.layer.temporal),
        ]);
        payload.extend(self.frame.to_be_bytes());
        payload.extend(self.packet_index.to_be_bytes());
        payload.extend(self.n_packets.to_be_bytes());
        payload.extend(self.captured_at.as_nanos().to_be_bytes());
        let mode = self.place.mode;
        let key_only = u8::from(mode.is_key_only) << 3;
        payload.push(nibbles(mode.spatial, mode.temporal | key_only));
        payload.extend(self.place.references);
        let check = checksum(payload.get(start..).unwrap_or_default());
        payload.extend(check.to_be_bytes());
    }

    /// Reads it from the end of a payload; `None` when the payload was not delivered as it was written.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let bytes: &[u8; STAMP_BYTES] = payload.last_chunk()?;
        let word = |at: usize| Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?));
        let half = |at: usize| Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?));
        let is_intact = word(0)? == MAGIC && word(32)? == checksum(bytes.get(..32)?);
        if !is_intact {
            return None;
        }
        let [kind, rank, is_keyframe, layer] = *bytes.get(8..)?.first_chunk()?;
        let [mode, references @ ..] = *bytes.get(28..)?.first_chunk::<4>()?;
        Some(Self {
            publisher: word(4)?,
            kind: if kind == 1 {
                MediaKind::Video
            } else {
                MediaKind::Audio
            },
            rank,
            is_keyframe: is_keyframe == 1,
            frame: word(12)?,
            place: Place {
                mode: Scalability {
                    spatial: mode >> 4,
                    temporal: mode & 0x07,
                    is_key_only: mode & 0x08 != 0,
                },
                layer: Layer {
                    spatial: layer >> 4,
                    temporal: layer & 0x0f,
                },
                references,
            },
            packet_index: half(16)?,
            n_packets: half(18)?,
            captured_at: Instant::from_nanos(u64::from_be_bytes(*bytes.get(20..)?.first_chunk()?)),
        })
    }
}

fn nibbles(high: u8, low: u8) -> u8 {
    high << 4 | low & 0x0f
}

/// FNV-1a.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash: u32, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_reads_back_and_a_changed_byte_is_noticed() {
        let stamp = Stamp {
            publisher: 3,
            kind: MediaKind::Video,
            rank: 2,
            is_keyframe: true,
            frame: 70_000,
            place: Place {
                mode: Scalability::key_only(3, 2),
                layer: Layer {
                    spatial: 2,
                    temporal: 1,
                },
                references: [6, 1, 0],
            },
            packet_index: 4,
            n_packets: 9,
            captured_at: Instant::from_nanos(123_456_789_012),
        };
        let mut payload = vec![1, 2, 3];
        stamp.write(&mut payload);
        assert_eq!(payload.len(), 3 + STAMP_BYTES);
        assert_eq!(Stamp::read(&payload), Some(stamp));
        for at in 3..payload.len() {
            let mut broken = payload.clone();
            broken[at] ^= 1;
            assert_eq!(Stamp::read(&broken), None, "byte {at}");
        }
        assert_eq!(Stamp::read(&payload[1..20]), None);
    }
}
