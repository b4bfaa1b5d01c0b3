//! One RTP packet with the facts that every later stage needs; it crosses the SFU unchanged.

use std::sync::Arc;
use std::time::Duration;

use crate::codec::Codec;
use crate::dependency::Descriptor;
use crate::id::{EncodingId, TrackId};
use crate::layer::{Layer, Placement, SPATIAL_LAYERS_MAX};
use crate::rtp::SeqNo;
use crate::time::{Instant, MediaTime, NtpTime};

/// The payload of an RTP packet, without its header. Shared by every subscription; sealing writes each its own.
pub type Payload = Arc<[u8]>;

/// One RTP packet of one encoding, as `publish` hands it to `route`.
#[derive(Clone, Debug)]
pub struct Packet {
    /// The track it belongs to.
    pub track: TrackId,
    /// The RTP stream it is part of; sequence numbers and times below count only inside it.
    pub encoding: EncodingId,
    /// The rank of the encoding, and the temporal layer inside it. Its place among all layers inside is in the facts.
    pub layer: Layer,
    /// What the payload is.
    pub codec: Codec,
    /// Extended sequence number inside the encoding.
    pub sequence: SeqNo,
    /// Unwrapped RTP timestamp inside the encoding, in ticks of the codec's clock.
    pub time: MediaTime,
    /// When it was captured, on our clock: from the publisher's sender reports once there are any, and until then when
    /// it reached us. Comparable between the encodings and the tracks of one publisher.
    pub captured_at: Instant,
    /// When it reached us.
    pub received_at: Instant,
    /// How old it was then, by its publisher's clock; [`CAPTURE_AGE_MAX`] where that cannot be. `None`: nothing has told.
    pub capture_age: Option<Duration>,
    /// Last packet of a picture, or first of a talk spurt (RFC 3550 section 5.1).
    pub marker: bool,
    /// What the payload reveals without decoding.
    pub facts: PayloadFacts,
    /// Its Dependency Descriptor, of a codec whose payload says nothing of layers.
    pub descriptor: Option<Arc<Descriptor>>,
    /// What its header extensions say to every receiver.
    pub extensions: Extensions,
    /// The bytes after the RTP header.
    pub payload: Payload,
}

/// What a payload reveals without decoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PayloadFacts {
    /// A decoder can begin at this packet: it is the first packet of a keyframe.
    pub starts_keyframe: bool,
    /// The codec's own continuity numbers (VP8, VP9).
    pub picture: Option<PictureNumbers>,
    /// Where it stands among the layers of its encoding. `None`: it says nothing of any.
    pub placement: Option<Placement>,
    /// The picture's sizes, where the packet tells them (on keyframes).
    pub sizes: LayerSizes,
}

/// The picture sizes of an encoding's spatial layers, low to high; of an encoding without layers its only one. Empty where
/// nothing has told any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerSizes {
    sizes: [Dimensions; SPATIAL_LAYERS_MAX as usize],
    n: u8,
}

impl LayerSizes {
    /// Adds the size of the next layer; false: no encoding has so many.
    pub fn push(&mut self, size: Dimensions) -> bool {
        let next = self.sizes.get_mut(usize::from(self.n));
        let has_room = next.is_some();
        if let Some(next) = next {
            *next = size;
            self.n += 1;
        }
        has_room
    }

    /// Nothing has told any.
    pub const fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// The size of this spatial layer, 0 is the smallest. `None`: nothing has told it.
    pub fn of(&self, spatial: u8) -> Option<Dimensions> {
        let told = self.sizes.get(..usize::from(self.n))?;
        told.get(usize::from(spatial)).copied()
    }

    /// The size of the highest.
    pub fn largest(&self) -> Option<Dimensions> {
        self.of(self.n.checked_sub(1)?)
    }

    /// These, or those where nothing has told these.
    #[must_use]
    pub const fn or(self, others: Self) -> Self {
        if self.is_empty() { others } else { self }
    }
}

impl From<Dimensions> for LayerSizes {
    fn from(size: Dimensions) -> Self {
        let mut sizes = Self::default();
        sizes.push(size);
        sizes
    }
}

/// Width and height of a picture, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Dimensions {
    /// Pixels in a row.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Dimensions {
    /// Number of pixels.
    pub const fn area(self) -> u32 {
        self.width as u32 * self.height as u32
    }
}

/// The counters in a payload descriptor that must stay continuous for a decoder (VP8: RFC 7741 section 4.2; VP9: RFC 9628
/// section 4.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PictureNumbers {
    /// 15-bit (or 7-bit) running picture index.
    pub picture_id: Option<u16>,
    /// Running index of base-layer pictures.
    pub tl0_picture_index: Option<u8>,
    /// Index of the last keyframe, 5 bits. VP8 only.
    pub key_index: Option<u8>,
}

/// Header extensions that are passed from publisher to subscriber.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// Audio level (RFC 6464), when the publisher sends it.
    pub audio_level: Option<AudioLevel>,
    /// How far a picture must be turned clockwise to stand upright (3GPP TS 26.114, CVO).
    pub rotation: Option<Rotation>,
    /// When it was captured, on the packets that say so. Receivers count on from there.
    pub capture_time: Option<CaptureTime>,
    /// How long it may be held back, on the packets that say so.
    pub playout_delay: Option<PlayoutDelay>,
}

/// Live media is useless when older than this: what seems to be has a clock that was set, or lies.
pub const CAPTURE_AGE_MAX: Duration = Duration::from_secs(10);

/// When what is in a packet was captured (`abs-capture-time`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureTime {
    /// By the clock of whoever captured it.
    pub ntp: NtpTime,
    /// How far that clock is ahead of the sender's, in 2^-32 seconds. `None`: not known.
    pub clock_offset: Option<i64>,
}

/// How long a receiver may hold a picture back (`playout-delay`): 12 bits each, in hundredths of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayoutDelay {
    /// At least.
    pub min: u16,
    /// At most.
    pub max: u16,
}

/// Quarter turns clockwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Upright as it is.
    None,
    /// By 90 degrees.
    Quarter,
    /// By 180 degrees.
    Half,
    /// By 270 degrees.
    ThreeQuarters,
}

/// Loudness of an audio packet (RFC 6464).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioLevel {
    /// 0 is the loudest, 127 silence: the value is -dBov.
    pub minus_dbov: u8,
    /// The encoder heard a voice.
    pub voice: bool,
}

// A packet is copied into every worker's inbox: it stays within three cache lines.
const _: () = assert!(size_of::<Packet>() <= 192);
