//! Bits of a codec's header, most significant first. What is not there is `None`.

/// Zeros before the longest Exp-Golomb code whose value fits into 32 bits (ITU-T H.264 section 9.1): a longer one is none.
const WIDEST_PREFIX: u32 = 31;

/// Reads bits from the front.
pub(super) struct Bits<B> {
    bytes: B,
    byte: u8,
    n_left: u32,
}

impl<B: Iterator<Item = u8>> Bits<B> {
    pub(super) const fn new(bytes: B) -> Self {
        Self {
            bytes,
            byte: 0,
            n_left: 0,
        }
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        if self.n_left == 0 {
            self.byte = self.bytes.next()?;
            self.n_left = u8::BITS;
        }
        self.n_left -= 1;
        Some((self.byte >> self.n_left) & 1 == 1)
    }

    /// A number of `n` bits, at most 32.
    pub(super) fn number(&mut self, n: u32) -> Option<u32> {
        (0..n).try_fold(0, |value: u32, _| {
            Some((value << 1) | u32::from(self.flag()?))
        })
    }

    /// A number of `n` bits, at most 8.
    pub(super) fn byte(&mut self, n: u32) -> Option<u8> {
        u8::try_from(self.number(n)?).ok()
    }

    pub(super) fn skip(&mut self, n: u32) -> Option<()> {
        (0..n).try_for_each(|_| self.flag().map(|_| ()))
    }

    /// `ue(v)` of H.264 (section 9.1), `uvlc()` of AV1 (section 4.10.3).
    pub(super) fn exp_golomb(&mut self) -> Option<u32> {
        let mut n_zeros = 0;
        while !self.flag()? {
            n_zeros += 1;
            if n_zeros > WIDEST_PREFIX {
                return None;
            }
        }
        let rest = self.number(n_zeros)?;
        Some((1_u32 << n_zeros) - 1 + rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(bytes: &[u8]) -> Bits<impl Iterator<Item = u8>> {
        Bits::new(bytes.iter().copied())
    }

    #[test]
    fn numbers_cross_bytes_and_end_with_them() {
        let mut bits = bits(&[0b1010_0000, 0b0111_1111]);
        assert_eq!(bits.flag(), Some(true));
        assert_eq!(bits.number(9), Some(0x81));
        assert_eq!(bits.skip(4), Some(()));
        assert_eq!(bits.byte(2), Some(3));
        assert_eq!(bits.flag(), None);
    }

    #[test]
    fn an_exp_golomb_code_is_as_long_as_its_zeros_say() {
        // 1, 010, 00110, 00111: 0, 1, 5, 6.
        let mut codes = bits(&[0b1010_0011, 0b0001_1100]);
        let values: Vec<_> = (0..4).map(|_| codes.exp_golomb()).collect();
        assert_eq!(values, [Some(0), Some(1), Some(5), Some(6)]);
        assert_eq!(bits(&[0; 9]).exp_golomb(), None, "of no end");
        let widest = [0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(bits(&widest).exp_golomb(), Some(u32::MAX - 1));
    }
}
