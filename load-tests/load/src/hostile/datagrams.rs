//! What strangers send, and where to.

use std::net::SocketAddr;

use sfu_model::drop_reason::DropReason;

use super::attacker::{Attack, DATAGRAM_BYTES_MAX};

/// Who is aimed at: a session that lives, as anybody would know it who has seen its SDP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The server's first UDP candidate.
    pub(super) address: SocketAddr,
    /// The server's ufrag of that session.
    ufrag: String,
}

impl Target {
    /// What an answer says; `None` when it names no UDP candidate or no ufrag.
    pub(super) fn of(answer: &str) -> Option<Self> {
        let value = |name| answer.lines().find_map(|line| line.strip_prefix(name));
        // RFC 8839 section 5.1: foundation, component, transport, priority, address, port.
        let candidates = answer
            .lines()
            .filter_map(|line| line.strip_prefix("a=candidate:"));
        let mut addresses = candidates.filter_map(|candidate| {
            let mut words = candidate.split(' ').skip(2);
            let is_udp = words.next()?.eq_ignore_ascii_case("udp");
            let ip = words.nth(1)?.parse().ok()?;
            let address = SocketAddr::new(ip, words.next()?.parse().ok()?);
            is_udp.then_some(address)
        });
        Some(Self {
            address: addresses.next()?,
            ufrag: value("a=ice-ufrag:")?.to_owned(),
        })
    }
}

/// A DTLS 1.2 ClientHello that offers no cipher (RFC 5246 section 7.4.1.2). A server that takes it from anybody ends the
/// handshake that somebody else has begun.
const CLIENT_HELLO: [u8; 67] = [
    22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 54, // handshake record, epoch 0
    1, 0, 0, 42, 0, 0, 0, 0, 0, 0, 0, 42, // ClientHello, one fragment
    254, 253, // version
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    0, 0, 0, 2, 0, 0, 1, 0, // no session, no cookie, the null cipher, no compression
];

/// Bad ClientHellos, one like the other.
#[derive(Debug)]
pub(super) struct ClientHellos;

impl ClientHellos {
    /// What the server counts them as.
    pub(super) const REASONS: [DropReason; 1] = [DropReason::UnvalidatedSource];
}

impl Attack for ClientHellos {
    fn write_next(&mut self, datagram: &mut [u8; DATAGRAM_BYTES_MAX]) -> usize {
        for (byte, value) in datagram.iter_mut().zip(CLIENT_HELLO) {
            *byte = value;
        }
        CLIENT_HELLO.len()
    }
}

/// Binding requests of valid form (RFC 8489 section 5), whose integrity is made up: in turn for the target's session and for
/// one that nobody has.
#[derive(Debug)]
pub(super) struct BindingRequests {
    /// A whole request for the target's session.
    template: Vec<u8>,
    /// Where the ufrag of the template lies.
    ufrag_at: usize,
    ufrag_bytes: usize,
    n_written: u64,
}

/// Where the transaction ID lies in a STUN header.
const TRANSACTION_AT: usize = 8;

/// The count that makes a transaction, and a ufrag of nobody's, unlike the one before: so many digits.
const DIGITS: usize = 12;

impl BindingRequests {
    /// What the server counts them as.
    pub(super) const REASONS: [DropReason; 2] =
        [DropReason::BadStunIntegrity, DropReason::UnknownUfrag];

    pub(super) fn new(target: &Target) -> Self {
        let username = format!("{}:them", target.ufrag);
        let mut attributes = Vec::new();
        push_attribute(&mut attributes, 0x0006, username.as_bytes());
        // PRIORITY, ICE-CONTROLLING and USE-CANDIDATE, as a browser's request that nominates.
        push_attribute(&mut attributes, 0x0024, &[0x6e, 0, 1, 0xff]);
        push_attribute(&mut attributes, 0x802a, &[9; 8]);
        push_attribute(&mut attributes, 0x0025, &[]);
        // MESSAGE-INTEGRITY of no password.
        push_attribute(&mut attributes, 0x0008, &[0x5a; 20]);
        let mut template = vec![0, 1];
        template.extend(u16::try_from(attributes.len()).unwrap_or(0).to_be_bytes());
        template.extend([0x21, 0x12, 0xa4, 0x42]);
        template.extend([7; 12]);
        let ufrag_at = template.len() + 4;
        template.extend(attributes);
        Self {
            template,
            ufrag_at,
            ufrag_bytes: target.ufrag.len(),
            n_written: 0,
        }
    }
}

impl Attack for BindingRequests {
    fn write_next(&mut self, datagram: &mut [u8; DATAGRAM_BYTES_MAX]) -> usize {
        self.n_written += 1;
        for (byte, value) in datagram.iter_mut().zip(&self.template) {
            *byte = *value;
        }
        write_digits(datagram, TRANSACTION_AT + DIGITS, self.n_written);
        if self.n_written.is_multiple_of(2) {
            // The first characters say which worker it would be.
            write_digits(datagram, self.ufrag_at + self.ufrag_bytes, self.n_written);
        }
        self.template.len().min(DATAGRAM_BYTES_MAX)
    }
}

/// Appends an attribute with its padding (RFC 8489 section 14).
fn push_attribute(attributes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    attributes.extend(kind.to_be_bytes());
    attributes.extend(u16::try_from(value.len()).unwrap_or(0).to_be_bytes());
    attributes.extend(value);
    attributes.resize(attributes.len().next_multiple_of(4), 0);
}

/// Writes a number into the [`DIGITS`] bytes that end before `end`.
fn write_digits(datagram: &mut [u8], end: usize, number: u64) {
    let Some(digits) = datagram.get_mut(end.saturating_sub(DIGITS)..end) else {
        return;
    };
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

#[cfg(test)]
mod tests {
    use str0m::ice::StunMessage;

    use super::*;

    const ANSWER: &str = "v=0\r\na=ice-ufrag:00abcdefghijklmnop\r\na=ice-pwd:secret\r\n\
        a=candidate:1 1 tcp 1 127.0.0.1 9 typ host tcptype passive\r\n\
        a=candidate:2 1 udp 2 127.0.0.1 8189 typ host\r\n";

    fn requests() -> BindingRequests {
        BindingRequests::new(&Target::of(ANSWER).unwrap())
    }

    fn next(attack: &mut impl Attack) -> Vec<u8> {
        let mut datagram = [0; DATAGRAM_BYTES_MAX];
        let n_bytes = attack.write_next(&mut datagram);
        datagram[..n_bytes].to_vec()
    }

    #[test]
    fn the_target_is_the_udp_candidate_of_the_answer() {
        let target = Target::of(ANSWER).unwrap();
        assert_eq!(target.address, "127.0.0.1:8189".parse().unwrap());
        assert_eq!(Target::of("v=0\r\n"), None);
    }

    #[test]
    fn requests_are_well_formed_and_every_other_is_for_the_target() {
        let mut requests = requests();
        let mut transactions = std::collections::BTreeSet::new();
        for n in 0..10 {
            let datagram = next(&mut requests);
            let message = StunMessage::parse(&datagram).unwrap();
            assert!(message.is_binding_request());
            let (receiver, sender) = message.split_username().unwrap();
            assert_eq!(receiver == "00abcdefghijklmnop", n % 2 == 0);
            assert_eq!((&receiver[..2], receiver.len(), sender), ("00", 18, "them"));
            assert!(transactions.insert(message.trans_id()));
        }
    }

    #[test]
    fn a_client_hello_is_one_record_of_its_length() {
        let hello = next(&mut ClientHellos);
        let length = u16::from_be_bytes([hello[11], hello[12]]);
        assert_eq!(hello.len(), 13 + usize::from(length));
    }
}
