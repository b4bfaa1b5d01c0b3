//! Writes bit strings, as parameter sets and sequence headers are made of.

/// Bits from the most significant on.
#[derive(Clone, Debug, Default)]
pub(super) struct BitWriter {
    bits: Vec<bool>,
}

impl BitWriter {
    /// The low `n` bits of a number.
    pub(super) fn number(&mut self, value: u32, n: u32) -> &mut Self {
        self.bits
            .extend((0..n).rev().map(|at| value >> at & 1 == 1));
        self
    }

    /// Unsigned exponential Golomb (H.264 section 9.1).
    pub(super) fn exp_golomb(&mut self, value: u32) -> &mut Self {
        let plus_one = value + 1;
        let n = 32 - plus_one.leading_zeros();
        self.number(0, n - 1).number(plus_one, n)
    }

    /// A number below `n`, in as few bits as that leaves it (the `ns(n)` of AV1 section 4.10.7).
    pub(super) fn below(&mut self, value: u32, n: u32) -> &mut Self {
        let width = 32 - n.leading_zeros();
        let n_short = (1_u32 << width) - n;
        match n {
            0 | 1 => self,
            _ if value < n_short => self.number(value, width - 1),
            _ => self.number(value + n_short, width),
        }
    }

    /// The bytes, the last filled up with zeros.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.bits
            .chunks(8)
            .map(|chunk| {
                let byte = chunk
                    .iter()
                    .fold(0_u8, |byte, bit| byte << 1 | u8::from(*bit));
                byte << (8 - chunk.len())
            })
            .collect()
    }
}
