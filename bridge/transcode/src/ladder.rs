//! Which sizes a stream is encoded in: the configured rungs that its source has pixels for.

use sfu_model::packet::Dimensions;

use crate::job::{FrameRate, RUNGS_MAX, Rung};

/// A rung of the configuration: a size by its lines, as people name it, and the bit rate for thirty pictures a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Lines of a picture that lies; columns of one that stands.
    pub lines: u16,
    /// Bit rate at 30 pictures a second.
    pub bit_rate_bps: u32,
}

/// What is encoded when nothing is configured, best first.
pub const STEPS: [Step; 5] = [
    Step {
        lines: 1_080,
        bit_rate_bps: 6_000_000,
    },
    Step {
        lines: 720,
        bit_rate_bps: 3_000_000,
    },
    Step {
        lines: 480,
        bit_rate_bps: 1_500_000,
    },
    Step {
        lines: 360,
        bit_rate_bps: 700_000,
    },
    Step {
        lines: 160,
        bit_rate_bps: 300_000,
    },
];

/// Faster than this, pictures of the same size need more bits, half as many again: each differs less from the last.
const BASE_RATE: FrameRate = FrameRate::clamp(30);

/// The longer side of a rung at most: H.264 level 5.2 and every decoder end there.
const SIDE_MAX: u16 = 4_096;

/// The ladder of a source, best first: the steps that are no larger than it, with its shape. A source smaller than all steps
/// has one rung of its own size; nothing is made larger.
///
/// A rung's shorter side is even and its longer one a multiple of 16, which codecs and scalers like (854 columns are padded
/// to 864 in memory, 848 are not). Steps that come out as the same size are one.
pub fn ladder(steps: &[Step], source: Dimensions, rate: FrameRate) -> Vec<Rung> {
    let shorter = source.width.min(source.height);
    let fitting = steps.iter().filter(|step| step.lines <= shorter);
    let mut rungs: Vec<Rung> = Vec::new();
    for step in fitting {
        push(&mut rungs, scaled(source, step.lines), bit_rate(step, rate));
    }
    if rungs.is_empty() && shorter > 0 {
        let lowest = steps.iter().min_by_key(|step| step.lines);
        let bit_rate_bps = lowest.map_or(0, |step| bit_rate(step, rate));
        push(&mut rungs, scaled(source, shorter), bit_rate_bps);
    }
    rungs.sort_by_key(|rung| std::cmp::Reverse(rung.size.area()));
    rungs.truncate(RUNGS_MAX);
    rungs
}

fn push(rungs: &mut Vec<Rung>, size: Dimensions, bit_rate_bps: u32) {
    if rungs.iter().all(|rung| rung.size != size) {
        rungs.push(Rung { size, bit_rate_bps });
    }
}

fn bit_rate(step: &Step, rate: FrameRate) -> u32 {
    match rate > BASE_RATE {
        true => step.bit_rate_bps.saturating_add(step.bit_rate_bps / 2),
        false => step.bit_rate_bps,
    }
}

/// The source's shape with so many lines on its shorter side.
fn scaled(source: Dimensions, lines: u16) -> Dimensions {
    let (longer, shorter) = (
        u32::from(source.width.max(source.height)),
        u32::from(source.width.min(source.height)).max(1),
    );
    let exact = longer.saturating_mul(lines.into()) / shorter;
    let shorter = (lines / 2 * 2).max(2);
    let longer = (exact.min(SIDE_MAX.into()) / 16 * 16).max(16);
    // A square stays one.
    let longer = u16::try_from(longer).unwrap_or(SIDE_MAX).max(shorter);
    match source.width >= source.height {
        true => Dimensions {
            width: longer,
            height: shorter,
        },
        false => Dimensions {
            width: shorter,
            height: longer,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sizes(width: u16, height: u16) -> Vec<(u16, u16)> {
        let source = Dimensions { width, height };
        let rungs = ladder(&STEPS, source, FrameRate::clamp(30));
        let sizes = rungs.iter().map(|rung| (rung.size.width, rung.size.height));
        sizes.collect()
    }

    #[test]
    fn a_ladder_begins_at_its_source_and_keeps_its_shape() {
        type Size = (u16, u16);
        let rows: &[(Size, &[Size])] = &[
            (
                (1280, 720),
                &[(1280, 720), (848, 480), (640, 360), (272, 160)],
            ),
            (
                (720, 1280),
                &[(720, 1280), (480, 848), (360, 640), (160, 272)],
            ),
            ((640, 480), &[(640, 480), (480, 360), (208, 160)]),
            (
                (2560, 1080),
                &[
                    (2560, 1080),
                    (1696, 720),
                    (1136, 480),
                    (848, 360),
                    (368, 160),
                ],
            ),
            ((320, 180), &[(272, 160)]),
            ((160, 90), &[(160, 90)]),
            ((0, 0), &[]),
        ];
        for ((width, height), expected) in rows {
            assert_eq!(sizes(*width, *height), *expected, "{width}x{height}");
        }
        assert_eq!(sizes(1920, 1080)[0], (1920, 1080));
    }

    #[test]
    fn sixty_pictures_a_second_have_half_as_many_bits_again() {
        let source = Dimensions {
            width: 1280,
            height: 720,
        };
        let rate = |fps| ladder(&STEPS, source, FrameRate::clamp(fps))[0].bit_rate_bps;
        assert_eq!(
            (rate(15), rate(30), rate(60)),
            (3_000_000, 3_000_000, 4_500_000)
        );
    }

    proptest! {
        #[test]
        fn no_ladder_makes_anything_larger_and_all_its_sizes_can_be_encoded(
            width in 2_u16.., height in 2_u16.., fps in 1_u8..=60
        ) {
            let source = Dimensions { width, height };
            let rungs = ladder(&STEPS, source, FrameRate::clamp(fps));
            prop_assert!((1..=RUNGS_MAX).contains(&rungs.len()));
            for rung in &rungs {
                let (w, h) = (rung.size.width, rung.size.height);
                prop_assert!(w % 2 == 0 && h % 2 == 0 && (w == h || w.max(h) % 16 == 0));
                prop_assert!(w.max(h) <= SIDE_MAX.max(w.min(h)));
                prop_assert!((w <= width && h <= height) || w.max(h) == 16);
            }
            for pair in rungs.windows(2) {
                prop_assert!(pair[0].size.area() > pair[1].size.area());
            }
        }
    }
}
