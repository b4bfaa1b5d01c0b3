//! The numbers of RTP, each with its range.

use std::fmt;

/// Numbers one RTP stream in one session (RFC 3550 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ssrc(pub u32);

/// Seven bits, only meaningful in one session (RFC 3550 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PayloadType(u8);

impl PayloadType {
    /// `None` above 127: the eighth bit on the wire is the marker.
    pub const fn new(value: u8) -> Option<Self> {
        if value < 128 { Some(Self(value)) } else { None }
    }

    /// The seven bits.
    pub const fn value(self) -> u8 {
        self.0
    }
}

/// A sequence number extended past its 16 bits by counting roll-overs (RFC 3711 section 3.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeqNo(pub u64);

impl SeqNo {
    /// The low 16 bits, as they go on the wire.
    pub const fn wire(self) -> u16 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the wire carries the low 16 bits"
        )]
        (self.0 as u16)
    }

    /// How far `self` is past `earlier`, negative when it is before.
    pub const fn distance_from(self, earlier: Self) -> i64 {
        self.0.wrapping_sub(earlier.0) as i64
    }
}

/// Longest rid, in bytes. RFC 8852 section 3.3 allows what fits a header extension, but the media engine keeps 8 and
/// would take two longer ones for one; clients use one to three. An offer with a longer one is refused.
pub const RID_BYTES_MAX: usize = 8;

/// Names an encoding inside an m-section (RFC 8851).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rid {
    bytes: [u8; RID_BYTES_MAX],
    length: u8,
}

impl Rid {
    /// `None` when empty, longer than [`RID_BYTES_MAX`], or with a letter outside `[A-Za-z0-9_-]`.
    pub fn new(text: &str) -> Option<Self> {
        let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if text.is_empty() || text.len() > RID_BYTES_MAX || !text.bytes().all(letter) {
            return None;
        }
        let mut bytes = [0; RID_BYTES_MAX];
        for (slot, byte) in bytes.iter_mut().zip(text.bytes()) {
            *slot = byte;
        }
        Some(Self {
            bytes,
            length: u8::try_from(text.len()).ok()?,
        })
    }

    /// The rid as text.
    pub fn as_str(&self) -> &str {
        self.bytes
            .get(..usize::from(self.length))
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

impl fmt::Display for Rid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Rid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rid({})", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_type_has_seven_bits() {
        assert!(PayloadType::new(127).is_some());
        assert!(PayloadType::new(128).is_none());
    }

    #[test]
    fn sequence_numbers_compare_across_the_wrap() {
        assert_eq!(SeqNo(0x1_0000).distance_from(SeqNo(0xffff)), 1);
        assert_eq!(SeqNo(0xffff).distance_from(SeqNo(0x1_0000)), -1);
        assert_eq!(SeqNo(0x1_0002).wire(), 2);
    }

    #[test]
    fn a_rid_has_an_edge_at_its_bound() {
        let length = |n: usize| Rid::new(&"q".repeat(n)).map(|r| r.as_str().len());
        assert_eq!(length(RID_BYTES_MAX), Some(RID_BYTES_MAX));
        assert_eq!(length(RID_BYTES_MAX + 1), None);
        assert!(Rid::new("").is_none());
        assert!(Rid::new("a b").is_none());
    }
}
