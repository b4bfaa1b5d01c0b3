//! Dependency Descriptors of packets that authenticate: a header extension in bits, whose templates last.

use sfu_model::codec::Codec;

use crate::connected::{Connected, PUBLISHER};

/// Most packets of one input.
const PACKETS_MAX: usize = 32;

/// AV1's aggregation header of a packet that begins a coded video sequence, and of one that does not; an OBU's header.
const FIRST: [u8; 2] = [0x18, 0x30];
const OTHER: [u8; 2] = [0x10, 0x30];

/// One byte of length, then a descriptor, and so on. Whatever they say, the session lives.
pub fn dependency(bytes: &[u8]) {
    let mut connected = Connected::new(Codec::Av1 { profile: 0 });
    let mut rest = bytes;
    for sequence in (100..).take(PACKETS_MAX) {
        let Some((length, tail)) = rest.split_first() else {
            break;
        };
        let (descriptor, tail) = tail.split_at(tail.len().min(usize::from(*length)));
        rest = tail;
        let payload = if sequence == 100 { FIRST } else { OTHER };
        write(&mut connected, sequence, payload, descriptor);
    }
    connected.advance(std::time::Duration::from_millis(20));
    assert!(
        !connected.closed.contains(&PUBLISHER),
        "a descriptor ended its session"
    );
    assert_eq!(connected.sfu.stats().invariants_violated, 0);
}

fn write(connected: &mut Connected, sequence: u32, payload: [u8; 2], descriptor: &[u8]) {
    let (now, codec) = (connected.now, Codec::Av1 { profile: 0 });
    let browser = &mut connected.browser;
    browser.write_described(codec, sequence, (&payload, descriptor), now);
    connected.turn();
}

#[cfg(test)]
mod tests {
    use sfu_model::drop_reason::DropReason;

    use super::*;

    /// L1T2 of three templates, one chain and no sizes: start and end of frame 7, then the structure.
    const STRUCTURE: [u8; 11] = *b"\xc0\x00\x07\x80\x01\x1e\xa8\x50\x41\x08\x88";

    #[test]
    fn a_descriptor_goes_through_the_engine_to_its_parser() {
        for (descriptor, n_malformed) in [
            (&STRUCTURE[..], 0),
            (&STRUCTURE[..3], 0),
            (&STRUCTURE[..2], 1),
            (&STRUCTURE[..5], 1),
        ] {
            let mut connected = Connected::new(Codec::Av1 { profile: 0 });
            write(&mut connected, 100, FIRST, descriptor);
            connected.advance(std::time::Duration::from_millis(20));
            let drops = &connected.sfu.stats().drops;
            let malformed = drops.get(DropReason::MalformedPayload);
            assert_eq!(malformed, n_malformed, "{} bytes", descriptor.len());
            assert_eq!(connected.sfu.stats().packets_in, 1);
        }
    }
}
