//! What the network is told of an IP packet.

use freshet_sim::network::HEADER_BYTES;

/// Version 4 and a header of five words: no options (RFC 791 section 3.1).
const PLAIN_IPV4: u8 = 0x45;
/// UDP among the protocols of IP (RFC 768).
const UDP: u8 = 17;
/// Where the protocol stands in an IPv4 header (RFC 791 section 3.1).
const PROTOCOL_AT: usize = 9;

/// The bytes by which the network names a packet and counts its size. It adds [`HEADER_BYTES`] to their length, as around
/// every datagram, so they are that much shorter than the packet.
///
/// Of UDP in IPv4 without options they are the payload, by which media is known: the fate of an RTP packet is drawn from
/// its SSRC and number. Of anything else they begin with the IP header, which is no protocol of ours, and the fate is drawn
/// from the moment: drawn from what a TCP segment says, a lost one would be lost each time it is sent again.
pub fn datagram(packet: &[u8]) -> &[u8] {
    let is_udp = packet.first() == Some(&PLAIN_IPV4) && packet.get(PROTOCOL_AT) == Some(&UDP);
    match packet.split_at_checked(HEADER_BYTES) {
        Some((_, payload)) if is_udp => payload,
        Some((_, payload)) => packet.get(..payload.len()).unwrap_or_default(),
        // Shorter than what is added to it: it counts as that.
        None => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(first: u8, protocol: u8, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; HEADER_BYTES];
        packet[0] = first;
        packet[PROTOCOL_AT] = protocol;
        packet.extend_from_slice(payload);
        packet
    }

    #[test]
    fn of_udp_it_is_the_payload() {
        assert_eq!(*datagram(&packet(PLAIN_IPV4, UDP, &[0x80, 96])), [0x80, 96]);
    }

    #[test]
    fn of_anything_else_it_is_as_long_and_begins_with_the_ip_header() {
        for (first, protocol) in [(PLAIN_IPV4, 6), (0x46, UDP), (0x60, UDP)] {
            let packet = packet(first, protocol, &[0x80; 40]);
            let named = datagram(&packet);
            assert_eq!(named.len(), 40);
            assert_eq!(named[0], first);
        }
    }

    #[test]
    fn what_is_no_packet_has_no_bytes() {
        for n_bytes in 0..HEADER_BYTES {
            assert!(datagram(&vec![PLAIN_IPV4; n_bytes]).is_empty());
        }
    }
}
