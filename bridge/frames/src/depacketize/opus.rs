//! Opus in RTP (RFC 7587): a payload is a packet. How long it lasts stands in its first octets (RFC 6716 section 3.1).

use std::time::Duration;

/// Ticks per second of everything Opus says of time.
pub(crate) const OPUS_CLOCK_RATE: u32 = 48_000;

/// Longest packet, in ticks: 120 ms (RFC 6716 section 3.2.5). One that says more is malformed.
const PACKET_TICKS_MAX: u32 = OPUS_CLOCK_RATE / 1_000 * 120;

/// What a decoder drops when it begins: 6.5 ms, by which libopus looks ahead. RFC 7845 section 5.1 advises 3,840 for files
/// that are cut out of a stream, so that a decoder converges unheard. Here a player begins anywhere, at any keyframe, and
/// 80 ms of silence at each would be 80 ms that sound lacks and pictures have.
pub(crate) const PRE_SKIP: u16 = 312;

/// What the table of contents says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contents {
    /// How long it lasts.
    pub(crate) ticks: u32,
    pub(crate) is_stereo: bool,
}

impl Contents {
    /// `None`: it is malformed, or empty, which some senders make of silence.
    pub(crate) fn read(packet: &[u8]) -> Option<Self> {
        let toc = *packet.first()?;
        let n_frames = match toc & 0x03 {
            0 => 1,
            1 | 2 => 2,
            _ => u32::from(packet.get(1)? & 0x3f),
        };
        let ticks = n_frames * frame_ticks(toc >> 3);
        (1..=PACKET_TICKS_MAX).contains(&ticks).then_some(Self {
            ticks,
            is_stereo: toc & 0x04 != 0,
        })
    }
}

/// The length of a frame of each configuration (RFC 6716 table 2).
const fn frame_ticks(configuration: u8) -> u32 {
    const TEN_MS: u32 = OPUS_CLOCK_RATE / 100;
    match configuration {
        // SILK: 10, 20, 40 and 60 ms.
        0..=11 => match configuration % 4 {
            0 => TEN_MS,
            1 => 2 * TEN_MS,
            2 => 4 * TEN_MS,
            _ => 6 * TEN_MS,
        },
        // Hybrid: 10 and 20 ms.
        12..=15 => TEN_MS << (configuration % 2),
        // CELT: 2.5, 5, 10 and 20 ms.
        _ => (TEN_MS / 4) << (configuration % 4),
    }
}

/// How often silence is encoded while nothing comes.
pub(crate) const SILENCE_PACKET: Duration = Duration::from_millis(20);

/// The shortest silence that can be encoded, in ticks: 2.5 ms.
pub(crate) const SILENCE_TICKS_MIN: u32 = OPUS_CLOCK_RATE / 400;

/// The longest packet of silence that is not longer than this, and its length in ticks. `None`: none is as short.
///
/// One CELT frame of full bandwidth whose silence flag is set, which is the first symbol (RFC 6716 section 4.3): its range
/// coder reads it from these two octets.
pub(crate) fn silence(ticks_max: u32, channels: u8) -> Option<([u8; 3], u32)> {
    let configuration = (28..=31).rev().find(|c| frame_ticks(*c) <= ticks_max)?;
    let stereo = u8::from(channels > 1) << 2;
    Some((
        [(configuration << 3) | stereo, 0xff, 0xfe],
        frame_ticks(configuration),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_configuration_lasts_as_its_table_says() {
        let tenths_of_ms = |configuration: u8| frame_ticks(configuration) * 10 / 48;
        let silk = [100, 200, 400, 600].repeat(3);
        let hybrid = [100, 200].repeat(2);
        let celt = [25, 50, 100, 200].repeat(4);
        let table = [silk, hybrid, celt].concat();
        assert_eq!((0..32).map(tenths_of_ms).collect::<Vec<_>>(), table);
    }

    #[test]
    fn a_packet_lasts_as_long_as_its_frames_and_never_over_120_ms() {
        let ticks = |packet: &[u8]| Contents::read(packet).map(|c| c.ticks);
        assert_eq!(ticks(&[0xf8, 1]), Some(960));
        assert_eq!(ticks(&[0xf9, 1, 1]), Some(1_920), "two of one length");
        assert_eq!(ticks(&[0x1b, 2, 1]), Some(5_760), "two of 60 ms");
        assert_eq!(ticks(&[0x1b, 3, 1]), None, "180 ms");
        assert_eq!(ticks(&[0xe3, 48, 1]), Some(5_760), "48 of 2.5 ms");
        assert_eq!(ticks(&[0xfb, 0]), None, "no frames");
        assert_eq!(ticks(&[0xfb]), None);
        assert_eq!(ticks(&[]), None);
    }

    #[test]
    fn silence_is_as_long_as_it_can_be_and_says_so() {
        for (max, expected) in [(960, 960), (1_000, 960), (959, 480), (240, 240), (120, 120)] {
            let (packet, ticks) = silence(max, 2).unwrap();
            let contents = Contents::read(&packet).unwrap();
            assert_eq!((ticks, contents.ticks), (expected, expected));
            assert!(contents.is_stereo);
        }
        assert_eq!(silence(119, 2), None);
        assert!(
            !Contents::read(&silence(960, 1).unwrap().0)
                .unwrap()
                .is_stereo
        );
    }
}
