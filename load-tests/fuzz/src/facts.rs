//! Payloads that authenticate: a browser that means harm, or an encoder with a bug.

use sfu_model::codec::Codec;

use crate::connected::{Connected, PUBLISHER};

/// Most packets of one input.
const PACKETS_MAX: usize = 32;

/// The first byte chooses the codec. Then packets: one byte of length, in units of four bytes so that long payloads are
/// short inputs, and the payload. Whatever they say, the session lives and nobody else pays.
pub fn facts(bytes: &[u8]) {
    let Some((choice, rest)) = bytes.split_first() else {
        return;
    };
    let codec = codec(*choice);
    let video = if codec == Codec::Opus {
        Codec::Vp8
    } else {
        codec
    };
    let mut connected = Connected::new(video);
    let mut rest = rest;
    for sequence in (100..).take(PACKETS_MAX) {
        let Some((length, tail)) = rest.split_first() else {
            break;
        };
        let (payload, tail) = tail.split_at(tail.len().min(usize::from(*length) * 4));
        rest = tail;
        let now = connected.now;
        connected.browser.write(codec, sequence, payload, now);
        connected.turn();
    }
    connected.advance(std::time::Duration::from_millis(20));
    assert!(
        !connected.closed.contains(&PUBLISHER),
        "a payload ended its session"
    );
    assert_eq!(connected.sfu.stats().invariants_violated, 0);
}

fn codec(choice: u8) -> Codec {
    match choice % 5 {
        0 => Codec::Vp8,
        1 => Codec::Vp9 { profile_id: 0 },
        2 => Codec::Av1 { profile: 0 },
        3 => Codec::Opus,
        _ => Codec::H264 {
            profile_level_id: 0x42_e01f,
            packetization_mode: 1,
        },
    }
}
