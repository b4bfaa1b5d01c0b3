//! What goes through the pipes: bytes after their length, in four bytes, most significant first.

use std::io::{self, Read, Write};

/// Largest keyframe that is taken, in bytes. A 4K keyframe of 20 Mbit/s video is about 1 MB; a larger one has no thumbnail.
pub(super) const KEYFRAME_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Largest thumbnail that is taken, in bytes: 640 by 1,138 pixels of noise are under half of it. A worker that says more is not
/// believed anything any more.
pub(super) const JPEG_BYTES_MAX: usize = 1024 * 1024;

/// Writes a message.
pub(super) fn write(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    to.write_all(&length.to_be_bytes())?;
    to.write_all(bytes)?;
    to.flush()
}

/// Reads a message of at most so many bytes.
pub(super) fn read(from: &mut impl Read, n_bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > n_bytes_max {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_a_byte_too_many_is_not() {
        let mut pipe = Vec::new();
        write(&mut pipe, b"abc").unwrap();
        write(&mut pipe, b"").unwrap();
        let mut from = pipe.as_slice();
        assert_eq!(read(&mut from, 3).unwrap(), b"abc");
        assert_eq!(read(&mut from, 3).unwrap(), b"");
        assert!(read(&mut from, 3).is_err(), "there is no more");
        let refused = read(&mut pipe.as_slice(), 2).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
    }
}
