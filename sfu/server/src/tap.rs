//! A room without a transport: its packets, for whoever makes something else of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sfu_core::route::tracks::TrackOutline;
use sfu_model::id::RoomId;
use sfu_model::keyframe::KeyframeRequest;
use sfu_model::packet::Packet;
use tokio::sync::{mpsc, watch};

use crate::request::{Request, WeakDoor};
use crate::tap_end::{TAP_TURNS_MAX, TapEnd};

/// What a tapped room sends. Dropped, it is tapped no more.
#[derive(Debug)]
pub struct Tap {
    room: RoomId,
    packets: mpsc::Receiver<Vec<Packet>>,
    n_waiting: Arc<AtomicUsize>,
    tracks: watch::Receiver<Arc<[TrackOutline]>>,
    worker: WeakDoor,
}

/// Both ends of a tap.
pub(crate) fn pair(room: RoomId, worker: WeakDoor) -> (TapEnd, Tap) {
    let (turns, packets) = mpsc::channel(TAP_TURNS_MAX);
    let (told, tracks) = watch::channel(Arc::default());
    let n_waiting = Arc::new(AtomicUsize::new(0));
    let end = TapEnd::new(turns, Arc::clone(&n_waiting), told);
    let tap = Tap {
        room,
        packets,
        n_waiting,
        tracks,
        worker,
    };
    (end, tap)
}

impl Tap {
    /// The packets of one or more turns of the worker, in the order in which they came, repaired ones late. `None`: the room
    /// ended, or its worker failed. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Vec<Packet>> {
        let packets = self.packets.recv().await?;
        self.n_waiting.fetch_sub(packets.len(), Ordering::Relaxed);
        Some(packets)
    }

    /// What is published; nothing while the publisher is away.
    pub fn tracks(&self) -> Arc<[TrackOutline]> {
        Arc::clone(&self.tracks.borrow())
    }

    /// Asks the publisher for a keyframe. It is lost where the worker has too much to do: who needs it asks again.
    pub fn request_keyframe(&self, request: KeyframeRequest) {
        let room = self.room.clone();
        self.worker.tell(Request::KeyframeForTap { room, request });
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.packets.close();
        // Where there is no room for it, the next packet tells.
        self.worker.tell(Request::SweepTaps);
    }
}

#[cfg(test)]
mod tests {
    use sfu_model::codec::Codec;
    use sfu_model::id::{EncodingId, TrackId};
    use sfu_model::layer::Layer;
    use sfu_model::packet::{Extensions, PayloadFacts};
    use sfu_model::rtp::SeqNo;
    use sfu_model::time::{Instant, MediaTime};

    use super::*;
    use crate::bell::Bell;
    use crate::request::Door;
    use crate::tap_end::TAP_PACKETS_MAX;

    fn packet(number: u64) -> Packet {
        Packet {
            track: TrackId(1),
            encoding: EncodingId(1),
            layer: Layer::default(),
            codec: Codec::Opus,
            sequence: SeqNo(number),
            time: MediaTime(number),
            captured_at: Instant::START,
            received_at: Instant::START,
            capture_age: None,
            marker: false,
            facts: PayloadFacts::default(),
            descriptor: None,
            extensions: Extensions::default(),
            payload: Arc::from([0]),
        }
    }

    #[tokio::test]
    async fn who_does_not_read_loses_what_is_beyond_the_limit_and_gets_more_after_reading() {
        let poll = mio::Poll::new().unwrap();
        let bell = Arc::new(Bell::new(poll.registry(), mio::Token(0)).unwrap());
        let (door, _nobody_reads) = Door::new(bell);
        let (mut end, mut tap) = pair(RoomId::parse("demo").unwrap(), door.weak());
        for turn in 0..TAP_PACKETS_MAX as u64 / 4 {
            for packet in (0..4).map(|place| packet(turn * 4 + place)) {
                assert!(end.push(packet));
            }
            assert_eq!(end.flush(), 0);
        }
        assert!(!end.push(packet(0)), "it is full");
        let read = tap.next().await.unwrap();
        assert_eq!(read.len(), 4);
        let refused = (0..5).filter(|number| !end.push(packet(*number))).count();
        assert_eq!(refused, 1);
        assert!(!end.is_gone());
        drop(tap);
        assert!(end.is_gone());
        assert_eq!(end.flush(), 4, "nobody reads them");
    }
}
