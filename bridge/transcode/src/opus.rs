//! Whether bytes are an Opus packet: those that are not never reach the decoder, which would answer them with nothing and
//! from then on give each block the time of an older packet.

/// Bytes of one frame at most (RFC 6716 section 3.4, R2).
const FRAME_BYTES_MAX: usize = 1_275;

/// Samples of a packet at most: 120 ms (R5).
const PACKET_SAMPLES_MAX: usize = 5_760;

/// How many samples at 48 kHz a packet decodes to. `None`: it is no packet (RFC 6716 section 3.4, R1 to R7).
pub fn samples(packet: &[u8]) -> Option<usize> {
    let (toc, rest) = packet.split_first()?;
    let frame_samples = frame_samples(toc >> 3);
    let n_frames = match toc & 3 {
        0 => fits(rest.len()).then_some(1),
        1 => (rest.len() % 2 == 0 && fits(rest.len() / 2)).then_some(2),
        2 => {
            let (first, rest) = frame_length(rest)?;
            let second = rest.len().checked_sub(first)?;
            (fits(first) && fits(second)).then_some(2)
        }
        _ => counted_frames(rest),
    }?;
    let n_samples = frame_samples.saturating_mul(n_frames);
    (n_samples <= PACKET_SAMPLES_MAX).then_some(n_samples)
}

/// Samples of a frame, by the configuration number (section 3.1, table 2).
const fn frame_samples(config: u8) -> usize {
    match (config, config % 4) {
        (0..12, 0) => 480,
        (0..12, 1) => 960,
        (0..12, 2) => 1_920,
        (0..12, _) => 2_880,
        (12..16, 0 | 2) => 480,
        (12..16, _) => 960,
        (_, 0) => 120,
        (_, 1) => 240,
        (_, 2) => 480,
        _ => 960,
    }
}

const fn fits(length: usize) -> bool {
    length <= FRAME_BYTES_MAX
}

/// A frame's length in one or two bytes, and what follows it (section 3.2.1).
fn frame_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if *first < 252 {
        return Some((usize::from(*first), rest));
    }
    let (second, rest) = rest.split_first()?;
    Some((usize::from(*second) * 4 + usize::from(*first), rest))
}

/// The number of frames of a packet that says it (section 3.2.5), when its bytes are enough for them.
fn counted_frames(bytes: &[u8]) -> Option<usize> {
    let (head, mut rest) = bytes.split_first()?;
    let n_frames = usize::from(head & 0x3f);
    let (is_variable, is_padded) = (head & 0x80 != 0, head & 0x40 != 0);
    let mut n_padding = 0_usize;
    let mut goes_on = is_padded;
    while goes_on {
        let (byte, after) = rest.split_first()?;
        rest = after;
        n_padding = n_padding.saturating_add(usize::from((*byte).min(254)));
        goes_on = *byte == 255;
    }
    let mut n_bytes = rest.len().checked_sub(n_padding)?;
    if n_frames == 0 {
        return None;
    }
    if !is_variable {
        let is_even = n_bytes % n_frames == 0;
        return (is_even && fits(n_bytes / n_frames)).then_some(n_frames);
    }
    for _ in 1..n_frames {
        let before = rest.len();
        let (length, after) = frame_length(rest)?;
        let n_said = before.saturating_sub(after.len());
        n_bytes = n_bytes.checked_sub(length.saturating_add(n_said))?;
        if !fits(length) {
            return None;
        }
        rest = after;
    }
    fits(n_bytes).then_some(n_frames)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn packets_are_told_from_other_bytes_by_the_rules_of_the_rfc() {
        let celt_20_ms = 31 << 3;
        let rows: &[(&str, Vec<u8>, Option<usize>)] = &[
            ("R1: nothing", vec![], None),
            ("one frame", vec![celt_20_ms, 1, 2, 3], Some(960)),
            ("silence", vec![celt_20_ms], Some(960)),
            ("R2", [vec![celt_20_ms], vec![0; 1_276]].concat(), None),
            ("two equal", vec![celt_20_ms | 1, 1, 2], Some(1_920)),
            ("R3", vec![celt_20_ms | 1, 1, 2, 3], None),
            ("two", vec![celt_20_ms | 2, 1, 7, 8], Some(1_920)),
            ("R4", vec![celt_20_ms | 2, 4, 7, 8], None),
            (
                "three of one byte",
                vec![celt_20_ms | 3, 3, 1, 2, 3],
                Some(2_880),
            ),
            ("R5: none", vec![celt_20_ms | 3, 0], None),
            ("R5: 140 ms", vec![celt_20_ms | 3, 7], None),
            ("R6", vec![celt_20_ms | 3, 3, 1, 2], None),
            (
                "padded",
                vec![celt_20_ms | 3, 0x42, 2, 1, 2, 0, 0],
                Some(1_920),
            ),
            ("R6: padding", vec![celt_20_ms | 3, 0x42, 9, 1, 2], None),
            (
                "variable",
                vec![celt_20_ms | 3, 0x82, 1, 9, 8, 7],
                Some(1_920),
            ),
            ("R7", vec![celt_20_ms | 3, 0x82, 5, 9], None),
            ("60 ms of speech", vec![3 << 3, 1], Some(2_880)),
        ];
        for (name, packet, expected) in rows {
            assert_eq!(samples(packet), *expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_packet_of_at_most_120_ms_or_none(
            bytes in prop::collection::vec(any::<u8>(), 0..1_400)
        ) {
            prop_assert!(samples(&bytes).is_none_or(|n| (120..=PACKET_SAMPLES_MAX).contains(&n)));
        }
    }
}
