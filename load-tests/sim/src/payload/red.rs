//! RED (RFC 2198) as a browser writes and reads it: with code of its own, so that the node's is held to the same bytes.

/// A frame that is sent again.
#[derive(Clone, Copy, Debug)]
pub struct Earlier<'a> {
    /// How much earlier it was, in ticks.
    pub offset: u32,
    /// The frame.
    pub payload: &'a [u8],
}

/// A payload with one earlier frame, or none.
pub fn wrap(payload_type: u8, earlier: Option<Earlier<'_>>, own: &[u8]) -> Vec<u8> {
    let mut red = Vec::new();
    // 14 bits of offset, 10 of length.
    let earlier = earlier.filter(|e| e.offset < 1 << 14 && e.payload.len() < 1 << 10);
    if let Some(Earlier { offset, payload }) = earlier {
        let length = u32::try_from(payload.len()).unwrap_or(0);
        let word = (u32::from(payload_type) | 0x80) << 24 | offset << 10 | length;
        red.extend(word.to_be_bytes());
    }
    red.push(payload_type);
    red.extend(earlier.map(|e| e.payload).unwrap_or_default());
    red.extend(own);
    red
}

/// The earlier frames of a payload. `None`: it is malformed.
pub fn earlier(payload: &[u8]) -> Option<Vec<Earlier<'_>>> {
    let n_headers = payload
        .chunks(4)
        .position(|chunk| chunk.first() < Some(&0x80))?;
    let mut rest = payload.get(n_headers * 4 + 1..)?;
    let mut frames = Vec::new();
    for header in payload.chunks_exact(4).take(n_headers) {
        let word = u32::from_be_bytes(header.try_into().ok()?);
        let (frame, tail) = rest.split_at_checked(usize::try_from(word & 0x3ff).ok()?)?;
        rest = tail;
        frames.push(Earlier {
            offset: word >> 10 & 0x3fff,
            payload: frame,
        });
    }
    Some(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrapped_is_found_again() {
        let frame = Earlier {
            offset: 960,
            payload: &[1, 2, 3],
        };
        let red = wrap(111, Some(frame), &[4, 5]);
        assert_eq!(red, [0xef, 0x0f, 0x00, 0x03, 0x6f, 1, 2, 3, 4, 5]);
        let frames = earlier(&red).expect("whole");
        assert_eq!(frames.len(), 1);
        assert_eq!((frames[0].offset, frames[0].payload), (960, &[1, 2, 3][..]));
        assert!(earlier(&red[..7]).is_none());
        assert_eq!(wrap(111, None, &[4]), [0x6f, 4]);
        assert!(earlier(&[0x6f, 4]).expect("whole").is_empty());
    }
}
