//! Chance as a function: what happens to a thing is drawn from the run's seed and from what the thing is, not from how
//! many were drawn before it. So two runs of one seed agree even where a library iterates in no fixed order.

/// 64 bits that depend on every bit of the words (splitmix64's finalizer, folded).
pub fn draw(seed: u64, words: &[u64]) -> u64 {
    words
        .iter()
        .fold(mix(seed), |state, word| mix(state ^ mix(*word)))
}

/// A number from zero up to but without `bound`; zero when `bound` is.
pub fn below(bits: u64, bound: u64) -> u64 {
    bits.checked_rem(bound).unwrap_or(0)
}

const fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_counts_and_order_does_too() {
        let base = draw(1, &[2, 3]);
        for other in [draw(2, &[2, 3]), draw(1, &[3, 2]), draw(1, &[2, 3, 0])] {
            assert_ne!(base, other);
        }
        assert_eq!(base, draw(1, &[2, 3]));
    }

    #[test]
    fn shares_come_out_as_asked() {
        let hits = (0..100_000)
            .filter(|n| below(draw(7, &[*n]), 1_000) < 50)
            .count();
        assert!((4_700..5_300).contains(&hits), "{hits}");
    }
}
