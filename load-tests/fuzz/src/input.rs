//! An input, read as choices.

/// Most bytes of a datagram that an input spells out.
const SPELT_BYTES_MAX: usize = 255;

/// What is left of an input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl<'a> Input<'a> {
    /// The next byte; `None` at the end.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// The next byte; zero at the end.
    pub(crate) fn choice(&mut self) -> u8 {
        self.byte().unwrap_or(0)
    }

    /// A datagram that the input spells out: its length, then its bytes.
    pub(crate) fn spelt(&mut self) -> &'a [u8] {
        let wanted = usize::from(self.choice()).min(SPELT_BYTES_MAX);
        self.bytes(wanted)
    }

    /// So many bytes, or those that are left.
    pub(crate) fn bytes(&mut self, wanted: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(wanted.min(self.0.len()));
        self.0 = rest;
        bytes
    }
}
