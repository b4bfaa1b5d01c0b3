//! Bits of a header, most significant first. Past the end is `None`, never a panic.

/// Reads bits from a byte slice.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// The next bit.
    pub(super) fn bit(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.position / 8)?;
        let shift = 7 - self.position % 8;
        self.position += 1;
        Some((byte >> shift) & 1 == 1)
    }

    /// The next `n` bits, at most 32, as a number.
    pub(super) fn number(&mut self, n: u32) -> Option<u32> {
        let mut value: u32 = 0;
        for _ in 0..n.min(32) {
            value = (value << 1) | u32::from(self.bit()?);
        }
        Some(value)
    }

    /// Passes over `n` bits.
    pub(super) fn skip(&mut self, n: u32) -> Option<()> {
        for _ in 0..n {
            self.bit()?;
        }
        Some(())
    }

    /// An unsigned Exp-Golomb number (H.264 section 9.1), also AV1's `uvlc`.
    pub(super) fn exp_golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.bit()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        let rest = self.number(zeros)?;
        ((1_u32 << zeros) - 1).checked_add(rest)
    }

    /// A signed Exp-Golomb number, of which only the length matters here.
    pub(super) fn skip_signed_exp_golomb(&mut self) -> Option<()> {
        self.exp_golomb().map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_most_significant_bit_first() {
        let mut bits = Bits::new(&[0b1010_0110, 0xff]);
        assert_eq!(bits.number(3), Some(0b101));
        assert_eq!(bits.number(7), Some(0b001_1011));
        assert_eq!(bits.number(7), None);
    }

    #[test]
    fn exp_golomb_counts_its_zeros() {
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0000]);
        assert_eq!(bits.exp_golomb(), Some(0));
        assert_eq!(bits.exp_golomb(), Some(1));
        assert_eq!(bits.exp_golomb(), Some(2));
        assert_eq!(bits.exp_golomb(), Some(3));
        assert_eq!(Bits::new(&[0; 8]).exp_golomb(), None);
    }
}
