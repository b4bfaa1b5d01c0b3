//! Reads bit strings. Past the end is `None`.

/// Bits from the most significant on.
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// The next `n` bits.
    pub(super) fn number(&mut self, n: u32) -> Option<u32> {
        (0..n).try_fold(0, |value, _| {
            let byte = self.bytes.get(self.position / 8)?;
            let bit = byte >> (7 - self.position % 8) & 1;
            self.position += 1;
            Some(value << 1 | u32::from(bit))
        })
    }

    /// The next bit.
    pub(super) fn flag(&mut self) -> Option<bool> {
        Some(self.number(1)? == 1)
    }

    /// A number below `n` (the `ns(n)` of AV1 section 4.10.7).
    pub(super) fn below(&mut self, n: u32) -> Option<u32> {
        if n <= 1 {
            return Some(0);
        }
        let width = 32 - n.leading_zeros();
        let n_short = (1 << width) - n;
        let value = self.number(width - 1)?;
        if value < n_short {
            return Some(value);
        }
        Some((value << 1 | self.number(1)?) - n_short)
    }
}
