//! What waits to be written to a connection: bounded, so that a slow reader costs itself and nobody else.

use sfu_model::limits::DATAGRAM_BYTES_MAX;

use super::framing::{LENGTH_BYTES, length_prefix};

/// Most bytes that wait for one connection: half a second of 4 Mbit/s. A datagram that does not fit is dropped, as a
/// full socket buffer drops it on UDP; the viewer asks for it again if it still helps.
pub const QUEUE_BYTES_MAX: usize = 256 * 1024;

/// Frames on their way into a connection.
#[derive(Debug, Default)]
pub struct FrameQueue {
    bytes: Vec<u8>,
    written: usize,
}

impl FrameQueue {
    /// Frames `payload` and queues it. False: it does not fit, and nothing of it was queued.
    #[must_use]
    pub fn push(&mut self, payload: &[u8]) -> bool {
        let Some(length) = length_prefix(payload) else {
            return false;
        };
        if self.waiting().len() + LENGTH_BYTES + payload.len() > QUEUE_BYTES_MAX {
            return false;
        }
        self.bytes.extend_from_slice(&length);
        self.bytes.extend_from_slice(payload);
        true
    }

    /// What waits, oldest first.
    pub fn waiting(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }

    /// Forgets the oldest `n_bytes`, which were written.
    pub fn advance(&mut self, n_bytes: usize) {
        self.written = (self.written + n_bytes).min(self.bytes.len());
        if self.written == self.bytes.len() {
            self.bytes.clear();
            self.written = 0;
        } else if self.written >= QUEUE_BYTES_MAX {
            // Moving the tail costs at most its length, once per `QUEUE_BYTES_MAX` written.
            self.bytes.drain(..self.written);
            self.written = 0;
        }
    }
}

const _: () = assert!(QUEUE_BYTES_MAX > 16 * (DATAGRAM_BYTES_MAX + LENGTH_BYTES));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_refuses_whole_frames_and_takes_them_again_after_a_write() {
        let mut queue = FrameQueue::default();
        let payload = [7; 1_000];
        let frame_bytes = LENGTH_BYTES + payload.len();
        let n_fit = QUEUE_BYTES_MAX / frame_bytes;
        for _ in 0..n_fit {
            assert!(queue.push(&payload));
        }
        assert!(!queue.push(&payload));
        assert_eq!(queue.waiting().len(), n_fit * frame_bytes);
        queue.advance(frame_bytes);
        assert!(queue.push(&payload));
        assert!(!queue.push(&payload));
    }

    #[test]
    fn what_was_written_is_forgotten_and_its_memory_is_bounded() {
        let mut queue = FrameQueue::default();
        for round in 0..2_000_u32 {
            assert!(queue.push(&round.to_be_bytes()));
            assert!(queue.push(&round.to_be_bytes()));
            // One byte stays behind, so that the queue never empties by itself.
            queue.advance(queue.waiting().len() - 1);
            assert!(queue.bytes.len() <= 2 * QUEUE_BYTES_MAX);
        }
        assert_eq!(queue.waiting(), &1_999_u32.to_be_bytes()[3..]);
    }
}
