//! Publishers as there are in the world: each has one thing wrong with its pictures, or with what it says of them.

use std::time::Duration;

use crate::pictures::{Picture, PictureSource};
use crate::recording::{VideoCodec, without_parameter_sets};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The RTP clock of the pictures jumps ahead by seconds, and back, and stands still, see [`broken`].
    BrokenTimestamps,
    /// Nobody listens when a keyframe is asked for.
    Deaf,
    /// Nobody does after three seconds: whoever has come by then has one.
    GoesDeaf,
    /// H.264 whose parameter sets nobody is given: no decoder knows what the pictures are.
    NoParameterSets,
    /// Behind each keyframe every second picture is shown before the one that was sent before it: B-frames, which the
    /// recording that is played must have, each alone between two others.
    Reordered,
}

/// A source that has one.
#[derive(Debug)]
pub struct Faulty {
    source: Box<dyn PictureSource>,
    fault: Fault,
    /// Pictures since the last keyframe, that one not counted.
    since_keyframe: u64,
    /// How long it was before the last picture.
    age: Duration,
    shown_for: Duration,
}

impl Faulty {
    /// This source with this fault.
    pub fn new(source: Box<dyn PictureSource>, fault: Fault) -> Self {
        Self {
            source,
            fault,
            since_keyframe: 0,
            age: Duration::ZERO,
            shown_for: Duration::ZERO,
        }
    }
}

impl PictureSource for Faulty {
    fn codec(&self) -> VideoCodec {
        self.source.codec()
    }

    fn next_picture(&mut self, is_keyframe_wanted: bool, unix_now: Duration) -> Picture {
        self.age += self.shown_for;
        let is_deaf = match self.fault {
            Fault::Deaf => true,
            Fault::GoesDeaf => self.age >= HEARS_FOR,
            // A keyframe in the place of a B-frame would have the time of the picture before it.
            Fault::Reordered => !self.since_keyframe.is_multiple_of(2),
            Fault::BrokenTimestamps | Fault::NoParameterSets => false,
        };
        let is_heard = is_keyframe_wanted && !is_deaf;
        let mut picture = self.source.next_picture(is_heard, unix_now);
        self.shown_for = picture.shown_for;
        self.since_keyframe = match picture.is_keyframe {
            true => 0,
            false => self.since_keyframe + 1,
        };
        if self.fault == Fault::NoParameterSets {
            picture.bytes = without_parameter_sets(&picture.bytes);
        }
        picture
    }

    fn said_at(&self, taken_at: Duration) -> Duration {
        match self.fault {
            Fault::BrokenTimestamps => broken(taken_at),
            Fault::Reordered => match self.since_keyframe {
                0 => taken_at,
                n if n.is_multiple_of(2) => taken_at.saturating_sub(self.shown_for),
                _ => taken_at + self.shown_for,
            },
            Fault::Deaf | Fault::GoesDeaf | Fault::NoParameterSets => taken_at,
        }
    }
}

/// How long a server that comes to know of the stream gets a keyframe.
const HEARS_FOR: Duration = Duration::from_secs(3);

/// What a broken clock does, over and over.
const CYCLE: Duration = Duration::from_secs(8);

/// Three seconds are right, one is five seconds ahead, one three seconds behind, in one the clock stands still, and two are
/// right.
fn broken(taken_at: Duration) -> Duration {
    let secs = Duration::from_secs;
    let into = Duration::from_nanos_u128(taken_at.as_nanos() % CYCLE.as_nanos());
    match into.as_secs() {
        3 => taken_at + secs(5),
        4 => taken_at.saturating_sub(secs(3)),
        5 => taken_at.saturating_sub(into) + secs(5),
        _ => taken_at,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::playback::Playback;
    use crate::recording::Recording;

    /// Groups of a keyframe and four others, ten pictures a second.
    fn source() -> Box<dyn PictureSource> {
        let mut stream = Vec::new();
        for n in 0..10 {
            if n % 5 == 0 {
                stream.extend([0, 0, 0, 1, 0x67, 0x42, 0xc0, 31, 0, 0, 1, 0x68, 0xce, 1]);
            }
            let header = if n % 5 == 0 { 0x65 } else { 0x41 };
            stream.extend([0, 0, 1, header, 0x88, n]);
        }
        let recording = Recording::parse(stream, Some(10.0)).unwrap();
        Box::new(Playback::new(Arc::new(recording)))
    }

    /// In tenths of a second.
    fn said(fault: Fault, n_pictures: u64) -> Vec<u128> {
        let mut faulty = Faulty::new(source(), fault);
        let tenths = (0..n_pictures).map(|n| {
            let _ = faulty.next_picture(false, Duration::ZERO);
            faulty.said_at(Duration::from_millis(100 * n)).as_millis() / 100
        });
        tenths.collect()
    }

    #[test]
    fn a_broken_clock_jumps_ahead_and_back_and_stands_still() {
        let said = said(Fault::BrokenTimestamps, 120);
        let at = |n: usize| said[n];
        assert_eq!([at(0), at(29), at(30), at(39)], [0, 29, 80, 89]);
        assert_eq!([at(40), at(49)], [10, 19]);
        assert_eq!([at(50), at(59), at(60), at(79)], [50, 50, 60, 79]);
        assert_eq!([at(80), at(110)], [80, 160]);
    }

    #[test]
    fn reordered_pictures_are_each_shown_once() {
        let mut times = said(Fault::Reordered, 10);
        assert_eq!(times, [0, 2, 1, 4, 3, 5, 7, 6, 9, 8]);
        times.sort_unstable();
        assert_eq!(times, (0..10).collect::<Vec<u128>>());
    }

    #[test]
    fn the_deaf_send_no_keyframe_that_is_asked_for() {
        let keyframes = |fault| {
            let mut faulty = Faulty::new(source(), fault);
            let asked = (0..33).map(|n| faulty.next_picture(n % 7 == 2, Duration::ZERO));
            let keyframes = asked.enumerate().filter(|(_, picture)| picture.is_keyframe);
            keyframes.map(|(n, _)| n).collect::<Vec<usize>>()
        };
        let heard = [0, 2, 7, 9, 14, 16, 21, 23, 28, 30];
        assert_eq!(keyframes(Fault::NoParameterSets), heard);
        assert_eq!(keyframes(Fault::GoesDeaf), heard[..9]);
        assert_eq!(keyframes(Fault::Deaf), [0, 5, 10, 15, 20, 25, 30]);
    }

    #[test]
    fn without_parameter_sets_the_pictures_are_all_that_is_left() {
        let mut faulty = Faulty::new(source(), Fault::NoParameterSets);
        let picture = faulty.next_picture(false, Duration::ZERO);
        assert_eq!(picture.bytes, [0, 0, 1, 0x65, 0x88, 0]);
        assert!(picture.is_keyframe);
    }
}
