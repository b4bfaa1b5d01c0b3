//! Numbers and byte strings as they are written into a message, little-endian, each length in front of what it counts.

use sfu_model::packet::Dimensions;

/// Bytes of a message, without the length in front of it. A keyframe of 2160 lines at 50 Mbit/s has about 2 MB; what is
/// longer is not sent, and a length that says more ends the connection, since what follows it cannot be read.
pub const MESSAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Bytes of the length in front of a message.
pub const LENGTH_BYTES: usize = 4;

/// A text of a message: names of elements and what they said of a failure. Longer ones are cut.
pub const TEXT_BYTES_MAX: usize = 512;

/// Bytes that are no message of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It ends inside a value.
    #[error("a message ends inside a value")]
    Short,
    /// A length or a number is beyond its limit.
    #[error("a message has a number beyond its limit")]
    Limit,
    /// A tag that means nothing.
    #[error("a message has an unknown tag")]
    Tag,
    /// Bytes are left over.
    #[error("a message goes on after its end")]
    Long,
}

/// How long the message is that begins with these bytes.
///
/// # Errors
///
/// The message is longer than any of ours.
pub fn message_length(length: [u8; LENGTH_BYTES]) -> Result<usize, Malformed> {
    let length = usize::try_from(u32::from_le_bytes(length)).map_err(|_| Malformed::Limit)?;
    match length <= MESSAGE_BYTES_MAX {
        true => Ok(length),
        false => Err(Malformed::Limit),
    }
}

/// A message being written.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    /// A message that begins with this tag.
    pub(super) fn new(tag: u8) -> Self {
        Self(vec![0, 0, 0, 0, tag])
    }

    pub(super) fn u8(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    pub(super) fn u16(mut self, value: u16) -> Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(super) fn u32(mut self, value: u32) -> Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(super) fn u64(mut self, value: u64) -> Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(super) fn size(self, size: Dimensions) -> Self {
        self.u16(size.width).u16(size.height)
    }

    pub(super) fn bytes(self, bytes: &[u8]) -> Self {
        let mut writer = self.u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        writer.0.extend_from_slice(bytes);
        writer
    }

    /// A text, cut at its limit.
    pub(super) fn text(self, text: &str) -> Self {
        self.bytes(cut(text).as_bytes())
    }

    /// The message with its length in front. `None`: it is too long to be sent.
    pub(super) fn finish(mut self) -> Option<Vec<u8>> {
        let length = self.0.len().saturating_sub(LENGTH_BYTES);
        if length > MESSAGE_BYTES_MAX {
            return None;
        }
        let length = u32::try_from(length).ok()?;
        let place = self.0.first_chunk_mut::<LENGTH_BYTES>()?;
        *place = length.to_le_bytes();
        Some(self.0)
    }
}

/// A text up to its limit.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default()
}

/// A message being read.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (chunk, rest) = self.0.split_first_chunk::<N>().ok_or(Malformed::Short)?;
        self.0 = rest;
        Ok(*chunk)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        self.chunk().map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Malformed> {
        self.chunk().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        self.chunk().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Malformed> {
        self.chunk().map(u64::from_le_bytes)
    }

    pub(super) fn size(&mut self) -> Result<Dimensions, Malformed> {
        let (width, height) = (self.u16()?, self.u16()?);
        Ok(Dimensions { width, height })
    }

    /// A byte string; the message's own end bounds it.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.u32()?).map_err(|_| Malformed::Limit)?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(Malformed::Short)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(super) fn text(&mut self) -> Result<Box<str>, Malformed> {
        let bytes = self.bytes()?;
        if bytes.len() > TEXT_BYTES_MAX {
            return Err(Malformed::Limit);
        }
        // What stands for bytes that are no text is longer than they are.
        Ok(cut(&String::from_utf8_lossy(bytes)).into())
    }

    /// So many values, of at most `limit`.
    pub(super) fn list<T>(
        &mut self,
        limit: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let n_values = usize::from(self.u8()?);
        if n_values > limit {
            return Err(Malformed::Limit);
        }
        (0..n_values).map(|_| read(self)).collect()
    }

    /// Nothing may be left.
    pub(super) fn finish<T>(self, value: T) -> Result<T, Malformed> {
        match self.0.is_empty() {
            true => Ok(value),
            false => Err(Malformed::Long),
        }
    }
}
