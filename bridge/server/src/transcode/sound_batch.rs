//! Packets of Opus that go to a worker together: it and this process wake once for them, and what the codecs need of the
//! processor's caches is fetched once.

use std::time::Duration;

use bridge_transcode::opus;
use sfu_model::frame::Frame;
use sfu_model::time::Instant;

use super::AAC_FRAME_SAMPLES;

/// The length of a batch, in samples: a tenth of a second, of which a part has a whole number.
const LENGTH: u64 = 4_800;

/// Where batches end, in samples after each multiple of [`LENGTH`]. The AAC frame that crosses the end of a part needs the
/// sound up to there: its own length, an encoder's priming and a decoder's delay. So no part waits for its batch.
const ENDS_AT: u64 = 2 * AAC_FRAME_SAMPLES + 312;

/// Packets of 2.5 ms, the shortest there are, are forty in a batch. With more than that the times are not what they should be.
const PACKETS_MAX: usize = 40;

/// A batch that nothing comes after goes so long after its first packet.
const WAIT_MAX: Duration = Duration::from_millis(150);

/// The batch that is not whole.
#[derive(Debug, Default)]
pub(crate) struct SoundBatch {
    packets: Vec<Frame>,
    /// When the first came.
    began_at: Option<Instant>,
}

impl SoundBatch {
    /// Adds a packet. The batch that it completes, else nothing.
    #[must_use]
    pub(crate) fn add(&mut self, packet: Frame, now: Instant) -> Vec<Frame> {
        let n_samples = opus::samples(&packet.data).unwrap_or(0);
        let end = packet.time.0.saturating_add(n_samples as u64);
        self.began_at.get_or_insert(now);
        self.packets.push(packet);
        let begin = self.packets.first().map_or(end, |first| first.time.0);
        let place = |time: u64| time.saturating_add(LENGTH - ENDS_AT) / LENGTH;
        match place(begin) != place(end) || self.packets.len() >= PACKETS_MAX {
            true => self.take(),
            false => Vec::new(),
        }
    }

    /// The batch that has waited long enough for its other packets, else nothing.
    #[must_use]
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Vec<Frame> {
        match self.began_at.is_some_and(|at| now - at >= WAIT_MAX) {
            true => self.take(),
            false => Vec::new(),
        }
    }

    fn take(&mut self) -> Vec<Frame> {
        self.began_at = None;
        std::mem::take(&mut self.packets)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sfu_model::frame::Format;
    use sfu_model::time::MediaTime;

    use super::*;

    const PACKET: u64 = 960;

    fn packet(time: u64) -> Frame {
        Frame {
            time: MediaTime(time),
            captured_at: Instant::START,
            is_keyframe: true,
            discontinuity: None,
            format: Arc::new(Format::Opus {
                channels: 2,
                pre_skip: 312,
            }),
            data: Arc::from([0xfc]),
        }
    }

    fn times(batch: &[Frame]) -> Vec<u64> {
        batch.iter().map(|packet| packet.time.0).collect()
    }

    #[test]
    fn all_packets_go_in_order_five_at_a_time() {
        for first in (0..PACKET).step_by(100) {
            let mut batch = SoundBatch::default();
            let sent: Vec<u64> = (0..500).map(|n| first + n * PACKET).collect();
            let batches = sent
                .iter()
                .map(|time| batch.add(packet(*time), Instant::START));
            let whole: Vec<Vec<u64>> = batches
                .map(|b| times(&b))
                .filter(|b| !b.is_empty())
                .collect();
            assert!(whole.iter().skip(1).all(|b| b.len() == 5), "{whole:?}");
            let went = whole.concat();
            assert!(sent.starts_with(&went) && sent.len() - went.len() < 5);
        }
    }

    #[test]
    fn the_frame_that_crosses_the_end_of_a_part_waits_for_no_batch() {
        // Half a second at 48 kHz; 1,024 of the frame, as many of priming, 312 of the decoder's delay.
        let (part, needed) = (24_000, 2 * 1_024 + 312);
        for first in (0..PACKET).step_by(60) {
            let mut batch = SoundBatch::default();
            let mut sent_until = 0;
            for time in (0..1_000).map(|n| first + n * PACKET) {
                let end = time + PACKET;
                if !batch.add(packet(time), Instant::START).is_empty() {
                    sent_until = end;
                }
                let last_part = (end.saturating_sub(needed) / part) * part;
                assert!(last_part == 0 || sent_until >= last_part + needed, "{time}");
            }
        }
    }

    #[test]
    fn a_batch_that_nothing_follows_goes_and_is_bounded() {
        let mut batch = SoundBatch::default();
        let at = |ms| Instant::START + Duration::from_millis(ms);
        assert_eq!(batch.add(packet(3_000), at(1_000)), []);
        assert_eq!(batch.handle_timeout(at(1_149)), []);
        assert_eq!(times(&batch.handle_timeout(at(1_150))), [3_000]);
        assert_eq!(batch.handle_timeout(at(9_000)), []);
        let stuck = (0..PACKETS_MAX).map(|_| batch.add(packet(3_000), at(9_000)).len());
        let lengths: Vec<usize> = stuck.collect();
        assert_eq!(lengths.iter().sum::<usize>(), PACKETS_MAX);
        assert_eq!(lengths.last(), Some(&PACKETS_MAX));
    }
}
