//! H.264-like pictures (RFC 6184): what a router looks at is real, the slices are stamps.

use std::sync::Arc;

/// Packets of slices in a picture. With 25 ms per picture that is 1 Mbit/s.
const SLICE_PACKETS: u32 = 3;

/// Bytes of a packet of slices: every burst is of equal datagrams.
const PAYLOAD_BYTES: usize = 1_000;

/// RTP ticks of 25 ms at 90 kHz.
const TICKS_PER_PICTURE: u32 = 2_250;

/// One packet to send.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) sequence: u64,
    pub(crate) time: u32,
    pub(crate) marker: bool,
    pub(crate) payload: Arc<[u8]>,
}

/// What a packet says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stamp {
    /// Parameter sets: a decoder can begin here.
    Keyframe,
    /// A slice with its number; every byte of it was intact.
    Slice(u32),
}

impl Stamp {
    /// Reads what [`Camera`] wrote; anything else fails the test.
    pub(crate) fn read(payload: &[u8]) -> Self {
        if payload == PARAMETER_SETS {
            return Self::Keyframe;
        }
        assert_eq!(payload.len(), PAYLOAD_BYTES);
        let number = u32::from_be_bytes(payload[2..6].try_into().unwrap());
        let fill = u8::try_from(number % 251).unwrap();
        assert!(
            payload[6..].iter().all(|byte| *byte == fill),
            "slice {number} is damaged"
        );
        Self::Slice(number)
    }
}

/// A STAP-A of a sequence parameter set (Constrained Baseline 3.1, 640x352) and a picture parameter set.
const PARAMETER_SETS: &[u8] = &[
    0x78, 0, 8, 0x67, 0x42, 0xc0, 0x1f, 0xda, 0x02, 0x80, 0xbf, 0, 4, 0x68, 0xce, 0x3c, 0x80,
];

/// Makes pictures; a keyframe first, and whenever one is wanted.
#[derive(Debug)]
pub(crate) struct Camera {
    pub(crate) wants_keyframe: bool,
    n_packets: u64,
    n_slices: u32,
    n_pictures: u32,
}

impl Default for Camera {
    fn default() -> Self {
        Self {
            wants_keyframe: true,
            n_packets: 0,
            n_slices: 0,
            n_pictures: 0,
        }
    }
}

impl Camera {
    /// The packets of the next picture.
    pub(crate) fn picture(&mut self) -> Vec<Made> {
        let is_keyframe = std::mem::take(&mut self.wants_keyframe);
        let time = self.n_pictures.wrapping_mul(TICKS_PER_PICTURE);
        self.n_pictures += 1;
        let mut packets = Vec::new();
        if is_keyframe {
            packets.push(self.packet(time, false, PARAMETER_SETS.into()));
        }
        let unit: u8 = if is_keyframe { 5 } else { 1 };
        for part in 0..SLICE_PACKETS {
            let is_last = part + 1 == SLICE_PACKETS;
            let fill = u8::try_from(self.n_slices % 251).unwrap();
            let mut payload = vec![fill; PAYLOAD_BYTES];
            // FU-A: indicator, then start and end bits with the unit's type.
            let start = if part == 0 { 0x80 } else { 0 };
            let end = if is_last { 0x40 } else { 0 };
            payload[..2].copy_from_slice(&[0x7c, start | end | unit]);
            payload[2..6].copy_from_slice(&self.n_slices.to_be_bytes());
            self.n_slices += 1;
            packets.push(self.packet(time, is_last, payload.into()));
        }
        packets
    }

    fn packet(&mut self, time: u32, marker: bool, payload: Arc<[u8]>) -> Made {
        let sequence = self.n_packets;
        self.n_packets += 1;
        Made {
            sequence,
            time,
            marker,
            payload,
        }
    }
}

/// Fails unless the stamps are one continuous stream that begins with a keyframe. Gives the number of slices.
pub(crate) fn assert_continuous(stamps: &[Stamp]) -> usize {
    assert_eq!(
        stamps.first(),
        Some(&Stamp::Keyframe),
        "a decoder could not begin"
    );
    let slices: Vec<u32> = stamps
        .iter()
        .filter_map(|stamp| match stamp {
            Stamp::Slice(number) => Some(*number),
            Stamp::Keyframe => None,
        })
        .collect();
    for pair in slices.windows(2) {
        assert_eq!(pair[1], pair[0] + 1, "slices are missing or out of order");
    }
    slices.len()
}
