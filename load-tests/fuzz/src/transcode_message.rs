//! Messages between the server and a worker that encodes: a codec that was broken may write anything.

use bridge_transcode::message::from_worker::FromWorker;
use bridge_transcode::message::to_worker::ToWorker;
use bridge_transcode::message::wire::{LENGTH_BYTES, message_length};

/// The first byte chooses the direction. What is read is what its other end wrote: written again it is read the same.
pub fn transcode_message(bytes: &[u8]) {
    let Some((direction, message)) = bytes.split_first() else {
        return;
    };
    if direction & 1 == 0 {
        if let Ok(read) = FromWorker::decode(message) {
            let written = read.encode().expect("what was read is short enough");
            assert_eq!(FromWorker::decode(body(&written)), Ok(read));
        }
    } else if let Ok(read) = ToWorker::decode(message) {
        let written = read.encode().expect("what was read is short enough");
        assert_eq!(ToWorker::decode(body(&written)), Ok(read));
    }
}

/// What follows the length, which says how long it is.
fn body(message: &[u8]) -> &[u8] {
    let (length, body) = message
        .split_first_chunk::<LENGTH_BYTES>()
        .expect("a message has a length");
    assert_eq!(message_length(*length), Ok(body.len()));
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_messages_of_both_directions() {
        let seeds: [&[u8]; 3] = [
            include_bytes!("../corpus/transcode_message/picture_from_worker"),
            include_bytes!("../corpus/transcode_message/probed"),
            include_bytes!("../corpus/transcode_message/alive"),
        ];
        for seed in seeds {
            assert!(FromWorker::decode(&seed[1..]).is_ok(), "{seed:?}");
        }
        let seeds: [&[u8]; 2] = [
            include_bytes!("../corpus/transcode_message/picture_to_worker"),
            include_bytes!("../corpus/transcode_message/open_pictures"),
        ];
        for seed in seeds {
            assert!(ToWorker::decode(&seed[1..]).is_ok(), "{seed:?}");
        }
    }
}
