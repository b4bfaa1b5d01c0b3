//! What the publisher writes into every payload, so that a subscriber can tell what it lacks and how old it is.

use sfu_model::codec::MediaKind;
use sfu_model::time::Instant;

/// Bytes of a stamp, at the very end of a payload: whatever a codec wants stands at the front.
pub const STAMP_BYTES: usize = 24;

/// First bytes of a stamp. A payload without them is not of our publisher.
const MAGIC: [u8; 4] = *b"frsh";

/// Bit of the flags: the packet is of a keyframe. The bits above it are the place of its encoding.
const KEYFRAME: u8 = 1;
const ENCODING_SHIFT: u32 = 1;

/// Where a packet stands in its track, and when it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The track.
    pub kind: MediaKind,
    /// The place of its encoding among the track's, smallest first.
    pub encoding: u8,
    /// Its frame can be decoded by itself.
    pub is_keyframe: bool,
    /// Its place in the frame, from zero.
    pub index_in_frame: u16,
    /// Frames of the encoding before this one.
    pub frame: u32,
    /// Packets of the encoding before this one.
    pub packet: u32,
    /// On the clock that publisher and subscriber share.
    pub sent_at: Instant,
}

impl Stamp {
    /// Writes it over the last bytes of a payload. False when the payload is too short for one.
    #[must_use]
    pub fn write(&self, payload: &mut [u8]) -> bool {
        let Some(place) = payload.last_chunk_mut::<STAMP_BYTES>() else {
            return false;
        };
        let kind = match self.kind {
            MediaKind::Audio => 0,
            MediaKind::Video => 1,
        };
        let keyframe = if self.is_keyframe { KEYFRAME } else { 0 };
        let flags = keyframe | self.encoding << ENCODING_SHIFT;
        let mut bytes = [0; STAMP_BYTES];
        let fields = MAGIC
            .into_iter()
            .chain([kind, flags])
            .chain(self.index_in_frame.to_be_bytes())
            .chain(self.frame.to_be_bytes())
            .chain(self.packet.to_be_bytes())
            .chain(self.sent_at.as_nanos().to_be_bytes());
        for (byte, value) in bytes.iter_mut().zip(fields) {
            *byte = value;
        }
        *place = bytes;
        true
    }

    /// Writes another time into the stamp of a payload: that of a packet that had to wait.
    pub fn write_time(payload: &mut [u8], sent_at: Instant) {
        if let Some(place) = payload.last_chunk_mut::<8>() {
            *place = sent_at.as_nanos().to_be_bytes();
        }
    }

    /// Reads the stamp of a payload; `None` when it has none.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let (magic, rest) = payload
            .last_chunk::<STAMP_BYTES>()?
            .split_first_chunk::<4>()?;
        let ([kind, flags], rest) = rest.split_first_chunk::<2>()?;
        let (index_in_frame, rest) = rest.split_first_chunk::<2>()?;
        let (frame, rest) = rest.split_first_chunk::<4>()?;
        let (packet, rest) = rest.split_first_chunk::<4>()?;
        let kind = match kind {
            0 => MediaKind::Audio,
            1 => MediaKind::Video,
            _ => return None,
        };
        (*magic == MAGIC).then_some(Self {
            kind,
            encoding: flags >> ENCODING_SHIFT,
            is_keyframe: flags & KEYFRAME != 0,
            index_in_frame: u16::from_be_bytes(*index_in_frame),
            frame: u32::from_be_bytes(*frame),
            packet: u32::from_be_bytes(*packet),
            sent_at: Instant::from_nanos(u64::from_be_bytes(rest.try_into().ok()?)),
        })
    }

    /// The number of the first packet of its frame.
    pub fn first_of_frame(&self) -> u32 {
        self.packet.saturating_sub(u32::from(self.index_in_frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp = Stamp {
        kind: MediaKind::Video,
        encoding: 2,
        is_keyframe: true,
        index_in_frame: 3,
        frame: 7,
        packet: 71,
        sent_at: Instant::from_nanos(1_234_567_890_123),
    };

    #[test]
    fn a_stamp_reads_back_what_it_wrote() {
        let mut payload = [9; 100];
        assert!(STAMP.write(&mut payload));
        assert_eq!(Stamp::read(&payload), Some(STAMP));
        assert_eq!(payload[..76], [9; 76], "the front is the codec's");
        assert_eq!(STAMP.first_of_frame(), 68);
        let later = Instant::from_nanos(u64::MAX - 1);
        Stamp::write_time(&mut payload, later);
        let sent_at = |stamp: Stamp| Stamp {
            sent_at: later,
            ..stamp
        };
        assert_eq!(Stamp::read(&payload), Some(sent_at(STAMP)));
    }

    #[test]
    fn a_payload_without_a_stamp_has_none() {
        let mut payload = [0; STAMP_BYTES - 1];
        assert!(!STAMP.write(&mut payload));
        assert_eq!(Stamp::read(&payload), None);
        assert_eq!(Stamp::read(&[0; 100]), None);
    }
}
