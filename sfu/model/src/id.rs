//! Names of the things the media plane holds: newtypes, never bare numbers or strings.

use std::fmt;
use std::sync::Arc;

/// The name of a room: a named set of participants who can see each other's tracks.
///
/// A WHIP/WHEP stream called `demo` is the room `demo` with one publisher.
/// Matches `^[a-zA-Z0-9-]{1,64}$`; the range lives in [`RoomId::parse`] and nowhere else.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(Arc<str>);

/// Longest room name, in bytes. Names appear in URLs, logs and metric labels; 64 is what users see
/// in the address bar of a phone without scrolling twice.
pub const ROOM_NAME_BYTES_MAX: usize = 64;

/// Why a string is no room name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidRoomName;

impl RoomId {
    /// Checks a name against `^[a-zA-Z0-9-]{1,64}$`.
    pub fn parse(name: &str) -> Result<Self, InvalidRoomName> {
        let length_ok = (1..=ROOM_NAME_BYTES_MAX).contains(&name.len());
        let letters_ok = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if length_ok && letters_ok {
            Ok(Self(Arc::from(name)))
        } else {
            Err(InvalidRoomName)
        }
    }

    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoomId({})", self.0)
    }
}

impl fmt::Display for InvalidRoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a name is 1 to {ROOM_NAME_BYTES_MAX} letters, digits or hyphens"
        )
    }
}

impl std::error::Error for InvalidRoomName {}

/// One transport connection (ICE, DTLS, SRTP) of a participant with one worker; dies with it.
///
/// Random, 128 bits: it also names the session in its URL (RFC 9725 section 5), so it must not be guessable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(u128);

impl SessionId {
    /// Wraps 128 bits that a CSPRNG drew.
    pub const fn from_random(bits: u128) -> Self {
        Self(bits)
    }

    /// Reads the 32 lower-case hexadecimal digits that [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let canonical = text.len() == 32
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !canonical {
            return None;
        }
        u128::from_str_radix(text, 16).ok().map(Self)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The whole id is the secret of the session URL: logs get its first eight digits.
impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({:08x}..)", self.0 >> 96)
    }
}

/// A published audio or video source in a room; unique within a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackId(pub u64);

/// One RTP stream of a track (one simulcast version); unique within a node, never reused.
///
/// Two encodings with different ids have unrelated sequence numbers and timestamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EncodingId(pub u64);

/// A worker: one thread that owns SFU state. Workers of a node are numbered from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(pub u8);

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_name_has_an_edge_at_64_bytes() {
        assert!(RoomId::parse(&"a".repeat(64)).is_ok());
        assert_eq!(RoomId::parse(&"a".repeat(65)), Err(InvalidRoomName));
        assert_eq!(RoomId::parse(""), Err(InvalidRoomName));
    }

    #[test]
    fn a_room_name_takes_letters_digits_and_hyphens_only() {
        assert!(RoomId::parse("My-Stream-01").is_ok());
        for bad in ["a/b", "a b", "a.b", "ä", "a_b", "a\0", "../x", "%2e"] {
            assert_eq!(RoomId::parse(bad), Err(InvalidRoomName), "{bad:?}");
        }
    }

    #[test]
    fn a_session_id_reads_back_what_it_wrote() {
        let id = SessionId::from_random(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
        assert_eq!(SessionId::parse(&id.to_string()), Some(id));
        assert_eq!(SessionId::parse("0123"), None);
        assert_eq!(SessionId::parse(&id.to_string().to_uppercase()), None);
        assert_eq!(SessionId::parse("+123456789abcdef00112233445566778"), None);
    }

    #[test]
    fn a_session_id_in_a_log_is_not_the_secret() {
        let id = SessionId::from_random(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
        assert_eq!(format!("{id:?}"), "SessionId(01234567..)");
    }
}
