//! Every picture that reached a player whole could be decoded, and the player began at all.

use crate::decoder::{Broken, Decoder};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A picture that needs one which the player never got, without a gap that would explain it.
    Undecodable(Broken),
    /// Fewer pictures than expected.
    TooFew(usize),
}

/// Looks at what a player decoded.
pub fn check(decoder: &Decoder, shown_min: usize) -> Result<(), Violation> {
    if let Some(broken) = decoder.broken.first() {
        return Err(Violation::Undecodable(*broken));
    }
    if decoder.shown.len() < shown_min {
        return Err(Violation::TooFew(decoder.shown.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sfu_model::codec::MediaKind;
    use sfu_model::time::Instant;

    use super::*;
    use crate::layers::Place;
    use crate::receiver::{Packet, Wire};
    use crate::stamp::Stamp;

    fn decoder(frames: &[(u32, bool)]) -> Decoder {
        let mut decoder = Decoder::default();
        for (sequence, (frame, is_keyframe)) in (0..).zip(frames) {
            let stamp = Stamp {
                publisher: 1,
                kind: MediaKind::Video,
                rank: 0,
                is_keyframe: *is_keyframe,
                frame: *frame,
                place: Place::default(),
                packet_index: 0,
                n_packets: 1,
                captured_at: Instant::START,
            };
            let packet = Packet {
                sequence,
                time: u64::from(*frame),
                marker: true,
                wire: Wire::Plain,
                stamp,
            };
            let _ = decoder.receive(packet, Instant::START);
        }
        decoder
    }

    #[test]
    fn a_player_that_shows_nothing_fails() {
        assert_eq!(check(&decoder(&[]), 1), Err(Violation::TooFew(0)));
        assert_eq!(check(&decoder(&[(0, true)]), 1), Ok(()));
    }

    #[test]
    fn a_switch_without_a_keyframe_fails() {
        let verdict = check(&decoder(&[(0, true), (9, false)]), 0);
        assert!(matches!(verdict, Err(Violation::Undecodable(_))));
    }
}
