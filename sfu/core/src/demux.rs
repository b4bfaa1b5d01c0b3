//! What a datagram is, by its first byte (RFC 7983), and whom a STUN request is for.

/// The protocols that share our port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketKind {
    /// ICE connectivity checks (RFC 8489).
    Stun,
    /// The handshake, and data channels.
    Dtls,
    /// Media.
    Rtp,
    /// Reports and feedback, told from RTP by its packet type (RFC 5761 section 4).
    Rtcp,
}

/// The protocol of a datagram; `None` when it is none of ours.
pub fn kind_of(bytes: &[u8]) -> Option<PacketKind> {
    match *bytes.first()? {
        0..=3 => Some(PacketKind::Stun),
        20..=63 => Some(PacketKind::Dtls),
        128..=191 => match *bytes.get(1)? {
            192..=223 => Some(PacketKind::Rtcp),
            _ => Some(PacketKind::Rtp),
        },
        _ => None,
    }
}

/// Length of a STUN header (RFC 8489 section 5).
const HEADER_BYTES: usize = 20;
/// Binding request, with the two leading zero bits.
const BINDING_REQUEST: u16 = 0x0001;
/// Fixed second word of every STUN message.
const MAGIC_COOKIE: u32 = 0x2112_a442;
/// Type of the USERNAME attribute (RFC 8489 section 14.3).
const USERNAME: u16 = 0x0006;

/// Type of the USE-CANDIDATE attribute (RFC 8445 section 16.1).
const USE_CANDIDATE: u16 = 0x0025;

/// The receiver's ufrag in a STUN binding request: USERNAME is `receiver:sender` (RFC 8445 section 7.2.2). `None` for
/// anything else. Nothing is verified yet.
pub fn request_ufrag(bytes: &[u8]) -> Option<&str> {
    let username = request_attribute(bytes, USERNAME)?;
    let (receiver, _sender) = std::str::from_utf8(username).ok()?.split_once(':')?;
    Some(receiver)
}

/// True for a STUN binding request by which the other side nominates its path.
pub fn nominates(bytes: &[u8]) -> bool {
    request_attribute(bytes, USE_CANDIDATE).is_some()
}

/// The value of the first such attribute of a binding request.
fn request_attribute(bytes: &[u8], wanted: u16) -> Option<&[u8]> {
    let header = bytes.get(..HEADER_BYTES)?;
    if u16_at(header, 0)? != BINDING_REQUEST || u32_at(header, 4)? != MAGIC_COOKIE {
        return None;
    }
    let length = usize::from(u16_at(header, 2)?);
    let mut attributes = bytes.get(HEADER_BYTES..HEADER_BYTES.checked_add(length)?)?;
    loop {
        let kind = u16_at(attributes, 0)?;
        let length = usize::from(u16_at(attributes, 2)?);
        let value = attributes.get(4..4 + length)?;
        if kind == wanted {
            return Some(value);
        }
        // Attributes are padded to four bytes.
        attributes = attributes.get(4 + length.next_multiple_of(4)..)?;
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn binding_request(username: &str) -> Vec<u8> {
        let mut attributes = vec![0x80, 0x22, 0, 3, b'a', b'b', b'c', 0];
        attributes.extend([0, 6, 0, u8::try_from(username.len()).unwrap()]);
        attributes.extend(username.bytes());
        attributes.resize(attributes.len().next_multiple_of(4), 0);
        let mut bytes = vec![0, 1, 0, u8::try_from(attributes.len()).unwrap()];
        bytes.extend(MAGIC_COOKIE.to_be_bytes());
        bytes.extend([7; 12]);
        bytes.extend(attributes);
        bytes
    }

    #[test]
    fn the_first_byte_names_the_protocol() {
        assert_eq!(kind_of(&[0, 1]), Some(PacketKind::Stun));
        assert_eq!(kind_of(&[22, 254]), Some(PacketKind::Dtls));
        assert_eq!(kind_of(&[128, 96]), Some(PacketKind::Rtp));
        assert_eq!(kind_of(&[128, 200]), Some(PacketKind::Rtcp));
        assert_eq!(kind_of(&[64, 0]), None);
        assert_eq!(kind_of(&[]), None);
        assert_eq!(kind_of(&[128]), None);
    }

    #[test]
    fn the_receivers_ufrag_stands_before_the_colon() {
        assert_eq!(request_ufrag(&binding_request("ours:theirs")), Some("ours"));
        assert_eq!(request_ufrag(&binding_request("no-colon")), None);
    }

    #[test]
    fn a_request_nominates_with_its_attribute_only() {
        let mut request = binding_request("ours:theirs");
        assert!(!nominates(&request));
        request.extend([0, 0x25, 0, 0]);
        request[3] += 4;
        assert!(nominates(&request));
    }

    #[test]
    fn a_response_names_nobody() {
        let mut response = binding_request("ours:theirs");
        response[0] = 1;
        assert_eq!(request_ufrag(&response), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = kind_of(&bytes);
            let _ = request_ufrag(&bytes);
        }

        #[test]
        fn a_cut_request_is_survived(cut in 0_usize..60) {
            let request = binding_request("ours:theirs");
            let _ = request_ufrag(&request[..cut.min(request.len())]);
        }
    }
}
