//! Which of a stream's encoded media a frame is of.

use std::fmt;

use sfu_model::codec::MediaKind;
use sfu_model::packet::Packet;

/// A place in a stream that stays the same through a publisher's reconnect: its sound, or its pictures of one rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The sound.
    Audio,
    /// The pictures of one encoding.
    Video {
        /// Rank of the encoding by its size, 0 is the smallest.
        rank: u8,
    },
}

impl Source {
    /// Sound or pictures.
    pub const fn kind(self) -> MediaKind {
        match self {
            Self::Audio => MediaKind::Audio,
            Self::Video { .. } => MediaKind::Video,
        }
    }

    /// The source that a packet is of, as ranks are when it comes.
    pub fn of(packet: &Packet) -> Self {
        match packet.codec.kind() {
            MediaKind::Audio => Self::Audio,
            MediaKind::Video => Self::Video {
                rank: packet.layer.spatial,
            },
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Audio => f.write_str("audio"),
            Self::Video { rank } => write!(f, "video {rank}"),
        }
    }
}
