//! The boxes of a file, one after the other.

/// Box of a size that does not fit, or a file that ends within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the box at byte {0} does not fit into the file")]
pub struct Broken(usize);

/// A box: its type, and all of it with its header.
pub type Box<'b> = ([u8; 4], &'b [u8]);

/// Splits a file. Most boxes there are: a twelfth of the file's bytes.
pub fn split(bytes: &[u8]) -> Result<Vec<Box<'_>>, Broken> {
    let mut found = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        let (kind, size) = header(rest).ok_or(Broken(at))?;
        let (whole, after) = rest.split_at_checked(size).ok_or(Broken(at))?;
        found.push((kind, whole));
        rest = after;
    }
    Ok(found)
}

/// The type of a box, and its size with the header (ISO/IEC 14496-12 section 4.2).
fn header(bytes: &[u8]) -> Option<([u8; 4], usize)> {
    let size = u32::from_be_bytes(*bytes.first_chunk()?);
    let kind = *bytes.get(4..8)?.first_chunk()?;
    let size = match size {
        0 => bytes.len(),
        1 => usize::try_from(u64::from_be_bytes(*bytes.get(8..16)?.first_chunk()?)).ok()?,
        size => usize::try_from(size).ok()?,
    };
    let least = if size == 1 { 16 } else { 8 };
    (size >= least).then_some((kind, size))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn boxes_are_the_whole_file(bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..5)) {
            let mut file = Vec::new();
            for body in &bodies {
                file.extend(u32::try_from(body.len() + 8).unwrap().to_be_bytes());
                file.extend(b"free");
                file.extend(body);
            }
            let found = split(&file).unwrap();
            prop_assert_eq!(found.len(), bodies.len());
            prop_assert_eq!(found.iter().map(|(_, whole)| whole.len()).sum::<usize>(), file.len());
        }

        #[test]
        fn no_bytes_are_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = split(&bytes);
        }
    }

    #[test]
    fn a_box_that_does_not_fit_is_broken() {
        assert_eq!(split(&[0, 0, 0, 9, b'f', b'r', b'e', b'e']), Err(Broken(0)));
        assert_eq!(split(&[0, 0, 0, 7, b'f', b'r', b'e', b'e']), Err(Broken(0)));
    }
}
