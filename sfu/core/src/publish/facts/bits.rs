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

    /// A number below `n`, in as few bits as that leaves it (the `ns(n)` of AV1 section 4.10.7).
    pub(super) fn below(&mut self, n: u32) -> Option<u32> {
        if n <= 1 {
            return Some(0);
        }
        let width = 32 - n.leading_zeros();
        let n_short = 1_u32.checked_shl(width).unwrap_or(0).wrapping_sub(n);
        let value = self.number(width - 1)?;
        if value < n_short {
            return Some(value);
        }
        Some((value << 1) - n_short + u32::from(self.bit()?))
    }

    /// How many bits were read.
    pub(super) fn position(&self) -> usize {
        self.position
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
    fn a_number_below_another_takes_as_few_bits_as_it_can() {
        // Below 5: 00, 01, 10, 110, 111.
        let mut bits = Bits::new(&[0b0001_1011, 0b0111_0000]);
        let read: Vec<_> = (0..5).map(|_| bits.below(5)).collect();
        assert_eq!(read, [Some(0), Some(1), Some(2), Some(3), Some(4)]);
        assert_eq!(bits.position(), 12);
        assert_eq!(Bits::new(&[]).below(1), Some(0));
        assert_eq!(Bits::new(&[]).below(2), None);
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
