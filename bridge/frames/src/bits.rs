//! Bits of a header, most significant first. Past the end is `None`, never a panic.

/// Reads bits of a slice in turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    n_read: usize,
}

impl<'a> Bits<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, n_read: 0 }
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.n_read / 8)?;
        let mask = 0x80_u8 >> (self.n_read % 8);
        self.n_read += 1;
        Some(byte & mask != 0)
    }

    /// The next `n` bits as a number; `None` for more than 32.
    pub(crate) fn number(&mut self, n: u32) -> Option<u32> {
        if n > u32::BITS {
            return None;
        }
        (0..n).try_fold(0, |value: u32, _| {
            Some((value << 1) | u32::from(self.flag()?))
        })
    }

    pub(crate) fn skip(&mut self, n: u32) -> Option<()> {
        (0..n).try_for_each(|_| self.flag().map(|_| ()))
    }

    /// An unsigned Exp-Golomb number (H.264 section 9.1, `ue(v)`; AV1 section 4.10.3, `uvlc()`).
    pub(crate) fn exp_golomb(&mut self) -> Option<u32> {
        let mut n_zeros = 0;
        while !self.flag()? {
            n_zeros += 1;
        }
        let above = 1_u32.checked_shl(n_zeros)?.checked_sub(1)?;
        self.number(n_zeros)?.checked_add(above)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_read_most_significant_first_and_end() {
        let mut bits = Bits::new(&[0b1010_0101, 0b1000_0000]);
        assert_eq!(bits.number(3), Some(0b101));
        assert_eq!(bits.flag(), Some(false));
        assert_eq!(bits.number(5), Some(0b01011));
        assert_eq!(bits.number(8), None);
        assert_eq!(Bits::new(&[0; 8]).number(33), None);
    }

    #[test]
    fn exp_golomb_numbers_are_as_the_standard_lists_them() {
        // Table 9-2: 1, 010, 011, 00100, 00101.
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        let read: Vec<_> = (0..5).map(|_| bits.exp_golomb()).collect();
        assert_eq!(read, [Some(0), Some(1), Some(2), Some(3), Some(4)]);
        assert_eq!(Bits::new(&[0; 9]).exp_golomb(), None);
    }
}
