//! RFC 4571 section 2: a 16-bit length, then that many bytes. Pure: bytes in, frames out.

use sfu_model::limits::DATAGRAM_BYTES_MAX;

/// Bytes of the length in front of a frame.
pub const LENGTH_BYTES: usize = 2;

/// The sender announced a frame longer than [`DATAGRAM_BYTES_MAX`]; no WebRTC packet is, and the rest of the
/// connection cannot be trusted to be framed. Close it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {announced_bytes} bytes is longer than {DATAGRAM_BYTES_MAX}")]
pub struct FrameTooLong {
    /// What it announced.
    pub announced_bytes: usize,
}

/// Cuts a byte stream into frames. Holds at most one incomplete frame.
#[derive(Debug, Default)]
pub struct FrameDecoder {
    partial: Vec<u8>,
}

impl FrameDecoder {
    /// Takes what was read and gives every frame that is complete; empty frames mean nothing and are skipped.
    pub fn decode(
        &mut self,
        mut bytes: &[u8],
        mut on_frame: impl FnMut(&[u8]),
    ) -> Result<(), FrameTooLong> {
        while !self.partial.is_empty() && !bytes.is_empty() {
            let taken = self.missing_bytes()?.min(bytes.len());
            let (head, tail) = bytes.split_at(taken);
            self.partial.extend_from_slice(head);
            bytes = tail;
            if self.missing_bytes()? == 0 {
                if let Some(frame) = self.partial.get(LENGTH_BYTES..).filter(|f| !f.is_empty()) {
                    on_frame(frame);
                }
                self.partial.clear();
            }
        }
        while let Some((length, rest)) = split_length(bytes)? {
            let Some((frame, tail)) = rest.split_at_checked(length) else {
                break;
            };
            if !frame.is_empty() {
                on_frame(frame);
            }
            bytes = tail;
        }
        self.partial.extend_from_slice(bytes);
        Ok(())
    }

    /// Bytes that wait for the rest of their frame.
    pub fn partial_bytes(&self) -> usize {
        self.partial.len()
    }

    /// How many bytes the incomplete frame still needs, as far as is known.
    fn missing_bytes(&self) -> Result<usize, FrameTooLong> {
        match split_length(&self.partial)? {
            None => Ok(LENGTH_BYTES.saturating_sub(self.partial.len())),
            Some((length, rest)) => Ok(length.saturating_sub(rest.len())),
        }
    }
}

fn split_length(bytes: &[u8]) -> Result<Option<(usize, &[u8])>, FrameTooLong> {
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH_BYTES>() else {
        return Ok(None);
    };
    let announced_bytes = usize::from(u16::from_be_bytes(*length));
    if announced_bytes > DATAGRAM_BYTES_MAX {
        return Err(FrameTooLong { announced_bytes });
    }
    Ok(Some((announced_bytes, rest)))
}

/// The length that goes in front of `payload`; None for what no frame may hold.
pub fn length_prefix(payload: &[u8]) -> Option<[u8; LENGTH_BYTES]> {
    let length = u16::try_from(payload.len()).ok()?;
    (payload.len() <= DATAGRAM_BYTES_MAX).then(|| length.to_be_bytes())
}

// A length of 16 bits can say every frame we send.
const _: () = assert!(DATAGRAM_BYTES_MAX <= u16::MAX as usize);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(payloads: &[Vec<u8>]) -> Vec<u8> {
        let mut stream = Vec::new();
        for payload in payloads {
            stream.extend_from_slice(&length_prefix(payload).unwrap());
            stream.extend_from_slice(payload);
        }
        stream
    }

    proptest! {
        /// However the stream is cut, the frames are the payloads, in order, and what waits is bounded.
        #[test]
        fn frames_survive_any_cut(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..=200), 0..20),
            cuts in prop::collection::vec(1..=64_usize, 1..200),
        ) {
            let stream = framed(&payloads);
            let mut decoder = FrameDecoder::default();
            let mut frames: Vec<Vec<u8>> = Vec::new();
            let mut rest = stream.as_slice();
            for cut in cuts.into_iter().chain(std::iter::repeat(7)) {
                let (head, tail) = rest.split_at(cut.min(rest.len()));
                decoder.decode(head, |frame| frames.push(frame.to_vec())).unwrap();
                prop_assert!(decoder.partial_bytes() < LENGTH_BYTES + DATAGRAM_BYTES_MAX);
                rest = tail;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(frames, payloads);
            prop_assert_eq!(decoder.partial_bytes(), 0);
        }

        /// Hostile bytes end in an error or in frames within the limit, and never hold more than one frame.
        #[test]
        fn any_bytes_are_cut_or_refused(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3_000), 0..8),
        ) {
            let mut decoder = FrameDecoder::default();
            for piece in pieces {
                let mut longest = 0;
                let result = decoder.decode(&piece, |frame| longest = longest.max(frame.len()));
                prop_assert!(longest <= DATAGRAM_BYTES_MAX);
                if result.is_err() {
                    break;
                }
                prop_assert!(decoder.partial_bytes() < LENGTH_BYTES + DATAGRAM_BYTES_MAX);
            }
        }
    }

    #[test]
    fn the_longest_frame_passes_and_one_byte_more_is_refused_at_its_length() {
        let mut decoder = FrameDecoder::default();
        let mut n_frames = 0;
        decoder
            .decode(&framed(&[vec![1; DATAGRAM_BYTES_MAX]]), |_| n_frames += 1)
            .unwrap();
        assert_eq!(n_frames, 1);
        let announced_bytes = DATAGRAM_BYTES_MAX + 1;
        let length = u16::try_from(announced_bytes).unwrap().to_be_bytes();
        assert_eq!(
            decoder.decode(&length, |_| ()),
            Err(FrameTooLong { announced_bytes })
        );
        assert_eq!(length_prefix(&vec![1; announced_bytes]), None);
    }

    #[test]
    fn an_empty_frame_is_skipped_even_when_cut() {
        let mut decoder = FrameDecoder::default();
        let mut frames: Vec<Vec<u8>> = Vec::new();
        for piece in [&[0_u8][..], &[0, 0, 1], &[9]] {
            decoder
                .decode(piece, |frame| frames.push(frame.to_vec()))
                .unwrap();
        }
        assert_eq!(frames, [vec![9]]);
    }
}
