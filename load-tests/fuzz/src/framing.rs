//! RFC 4571 framing: a byte stream that arrives in pieces of any size.

use sfu_model::limits::DATAGRAM_BYTES_MAX;
use sfu_net::tcp::framing::{FrameDecoder, LENGTH_BYTES, length_prefix};

/// The first byte says how large the pieces are. However the stream is cut, the frames are the same, none is longer than
/// it may be, and no more than one frame waits.
pub fn framing(bytes: &[u8]) {
    let Some((size, stream)) = bytes.split_first() else {
        return;
    };
    let whole = decode(stream, stream.len());
    let in_pieces = decode(stream, usize::from(*size));
    assert_eq!(whole, in_pieces, "a cut changed the frames");
    for frame in &whole.0 {
        assert!(
            length_prefix(frame).is_some(),
            "a frame that cannot be framed again"
        );
    }
}

/// The frames, and whether the stream was refused.
fn decode(stream: &[u8], piece_bytes: usize) -> (Vec<Vec<u8>>, bool) {
    let mut decoder = FrameDecoder::default();
    let mut frames = Vec::new();
    for piece in stream.chunks(piece_bytes.max(1)) {
        let decoded = decoder.decode(piece, |frame| frames.push(frame.to_vec()));
        if decoded.is_err() {
            return (frames, true);
        }
        assert!(decoder.partial_bytes() < LENGTH_BYTES + DATAGRAM_BYTES_MAX);
    }
    (frames, false)
}
