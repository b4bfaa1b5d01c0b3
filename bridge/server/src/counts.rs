//! What the stages of streams have counted, for `/metrics`.

use bridge_frames::counters::Counters;
use bridge_packager::stats::Stats;

/// Of one stream, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) frames: Counters,
    pub(crate) packager: Stats,
}

impl Counts {
    /// Adds what another stream counted.
    pub(crate) fn add(&mut self, other: &Self) {
        let (frames, packager) = (&mut self.frames, &mut self.packager);
        let pairs = [
            (&mut frames.packets_late, other.frames.packets_late),
            (&mut frames.packets_given_up, other.frames.packets_given_up),
            (
                &mut frames.waiting_overflowed,
                other.frames.waiting_overflowed,
            ),
            (&mut frames.packets_foreign, other.frames.packets_foreign),
            (&mut frames.frames_dropped, other.frames.frames_dropped),
            (&mut frames.frames, other.frames.frames),
            (&mut frames.silences, other.frames.silences),
            (&mut packager.late_cuts, other.packager.late_cuts),
            (&mut packager.gap_parts, other.packager.gap_parts),
            (&mut packager.stand_in_parts, other.packager.stand_in_parts),
            (
                &mut packager.misaligned_segments,
                other.packager.misaligned_segments,
            ),
            (
                &mut packager.discontinuities,
                other.packager.discontinuities,
            ),
            (
                &mut packager.keyframes_wanted,
                other.packager.keyframes_wanted,
            ),
            (
                &mut packager.frames_before_keyframe,
                other.packager.frames_before_keyframe,
            ),
            (&mut packager.frames_late, other.packager.frames_late),
            (&mut packager.frames_ahead, other.packager.frames_ahead),
            (
                &mut packager.frames_over_limit,
                other.packager.frames_over_limit,
            ),
            (&mut packager.frames_refused, other.packager.frames_refused),
        ];
        for (sum, n) in pairs {
            *sum = sum.saturating_add(n);
        }
    }

    /// Each: its name, what it says, and its value.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row> {
        let frames = of_frames(&self.frames).into_iter();
        frames.chain(of_packager(&self.packager))
    }
}

/// A counter of `/metrics`.
type Row = (&'static str, &'static str, u64);

const fn of_frames(frames: &Counters) -> [Row; 7] {
    [
        (
            "bridge_packets_late",
            "Packets that came twice, or after they were given up",
            frames.packets_late,
        ),
        (
            "bridge_packets_given_up",
            "Packets that were never there when others had waited for them long enough",
            frames.packets_given_up,
        ),
        (
            "bridge_waiting_overflowed",
            "Times that a bound on what waits ended the waiting for a packet",
            frames.waiting_overflowed,
        ),
        (
            "bridge_packets_foreign",
            "Packets of encodings or publishers that have been replaced",
            frames.packets_foreign,
        ),
        (
            "bridge_frames_dropped",
            "Frames that began and were lost, malformed, or put off with a change of format",
            frames.frames_dropped,
        ),
        (
            "bridge_frames",
            "Frames of publishers that were whole",
            frames.frames,
        ),
        (
            "bridge_silences",
            "Frames of silence where no sound came",
            frames.silences,
        ),
    ]
}

const fn of_packager(packager: &Stats) -> [Row; 11] {
    [
        (
            "packager_late_cuts",
            "Segments cut at the hard limit, because no keyframe came",
            packager.late_cuts,
        ),
        (
            "packager_gap_parts",
            "Parts without media",
            packager.gap_parts,
        ),
        (
            "packager_stand_in_parts",
            "Parts in which something stands in for what nobody sent",
            packager.stand_in_parts,
        ),
        (
            "packager_misaligned_segments",
            "Segments of pictures that begin without a keyframe",
            packager.misaligned_segments,
        ),
        (
            "packager_discontinuities",
            "Discontinuities of streams",
            packager.discontinuities,
        ),
        (
            "packager_keyframes_wanted",
            "Keyframes that were asked for to cut a segment",
            packager.keyframes_wanted,
        ),
        (
            "packager_frames_before_keyframe",
            "Frames dropped because a decoder cannot begin at them, or not so soon",
            packager.frames_before_keyframe,
        ),
        (
            "packager_frames_late",
            "Frames of sound dropped because their time is told of already",
            packager.frames_late,
        ),
        (
            "packager_frames_ahead",
            "Frames dropped because they are of a time that has not come",
            packager.frames_ahead,
        ),
        (
            "packager_frames_over_limit",
            "Frames dropped because a part would have too many samples",
            packager.frames_over_limit,
        ),
        (
            "packager_frames_refused",
            "Frames of no rendition, or of a format that cannot be packaged",
            packager.frames_refused,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_count_of_two_streams_is_in_their_sum_once() {
        let one = Counts {
            frames: Counters {
                packets_late: 1,
                packets_given_up: 2,
                waiting_overflowed: 3,
                packets_foreign: 4,
                frames_dropped: 5,
                frames: 6,
                silences: 7,
            },
            packager: Stats {
                late_cuts: 8,
                gap_parts: 9,
                stand_in_parts: 10,
                misaligned_segments: 11,
                discontinuities: 12,
                keyframes_wanted: 13,
                frames_before_keyframe: 14,
                frames_late: 15,
                frames_ahead: 16,
                frames_over_limit: 17,
                frames_refused: 18,
            },
        };
        let mut sum = one;
        sum.add(&one);
        let values = sum.rows().map(|(_, _, value)| value);
        assert!(values.eq((1..=18).map(|n| 2 * n)));
        let names: BTreeSet<&str> = sum.rows().map(|(name, ..)| name).collect();
        assert_eq!(names.len(), 18);
    }
}
