//! What `vpcC` says that a format does not: levels and depths of VP9 ("VP Codec ISO Media File Format Binding" 1.0).

use sfu_model::packet::Dimensions;

/// Pictures a second that a level must allow. A format does not say its rate, and cameras give at most this. A level that
/// is higher than needed excludes nobody who would have played: decoders compare it with the most that they can do.
const FPS: u64 = 60;

/// VP9 levels ("VP9 Levels" of the WebM project): the level times ten, and the largest picture in samples, the largest
/// side, and the most luma samples a second that it allows.
const LEVELS: [(u8, u32, u16, u64); 14] = [
    (10, 36_864, 512, 829_440),
    (11, 73_728, 768, 2_764_800),
    (20, 122_880, 960, 4_608_000),
    (21, 245_760, 1_344, 9_216_000),
    (30, 552_960, 2_048, 20_736_000),
    (31, 983_040, 2_752, 36_864_000),
    (40, 2_228_224, 4_160, 83_558_400),
    (41, 2_228_224, 4_160, 160_432_128),
    (50, 8_912_896, 8_384, 311_951_360),
    (51, 8_912_896, 8_384, 588_251_136),
    (52, 8_912_896, 8_384, 1_176_502_272),
    (60, 35_651_584, 16_832, 1_176_502_272),
    (61, 35_651_584, 16_832, 2_353_004_544),
    (62, 35_651_584, 16_832, 4_706_009_088),
];

/// The lowest level that allows pictures of this size at 60 a second, times ten; the highest there is where none does.
pub fn level(size: Dimensions) -> u8 {
    let samples = size.area();
    let side = size.width.max(size.height);
    let rate = u64::from(samples) * FPS;
    let fits =
        |level: &&(u8, u32, u16, u64)| samples <= level.1 && side <= level.2 && rate <= level.3;
    LEVELS.iter().find(fits).map_or(62, |level| level.0)
}

/// Bits of a sample. `None`: a profile whose chroma may be sampled in several ways, and a format does not say which.
///
/// Profile 2 has 10 or 12 bits, and a format does not say which either; no encoder of WebRTC makes 12.
pub const fn bit_depth(profile: u8) -> Option<u8> {
    match profile {
        0 => Some(8),
        2 => Some(10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(width: u16, height: u16) -> u8 {
        level(Dimensions { width, height })
    }

    #[test]
    fn the_level_is_the_lowest_that_allows_size_and_rate() {
        assert_eq!(of(128, 96), 10);
        assert_eq!(of(320, 180), 20);
        assert_eq!(of(640, 360), 30);
        assert_eq!(of(1280, 720), 40);
        assert_eq!(of(1920, 1080), 41);
        assert_eq!(of(3840, 2160), 51);
        assert_eq!(of(600, 16), 11, "one side is long");
        assert_eq!(of(u16::MAX, u16::MAX), 62, "beyond all");
    }

    #[test]
    fn only_profiles_of_one_chroma_have_a_depth() {
        let depths: Vec<_> = (0..5).map(bit_depth).collect();
        assert_eq!(depths, [Some(8), None, Some(10), None, None]);
    }
}
