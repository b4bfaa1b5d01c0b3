//! A recording played as if it were live: over and over, and from a keyframe where one is asked for.

use std::sync::Arc;
use std::time::Duration;

use crate::pictures::{Picture, PictureSource};
use crate::recording::{Recording, VideoCodec};

/// Where one publisher is in a recording that it may share with others.
#[derive(Debug)]
pub struct Playback {
    recording: Arc<Recording>,
    next: usize,
}

impl Playback {
    /// From the beginning.
    pub fn new(recording: Arc<Recording>) -> Self {
        Self { recording, next: 0 }
    }
}

impl PictureSource for Playback {
    fn codec(&self) -> VideoCodec {
        self.recording.codec()
    }

    /// A file cannot be asked for a keyframe: it is played on from its next one, and from its beginning after its last.
    fn next_picture(&mut self, is_keyframe_wanted: bool, _unix_now: Duration) -> Picture {
        let index = match is_keyframe_wanted {
            true => self.recording.keyframe_from(self.next),
            false => self.next,
        };
        self.next = (index + 1) % self.recording.n_frames().max(1);
        let (bytes, is_keyframe, shown_for) = self.recording.frame(index).unwrap_or_default();
        Picture {
            bytes: bytes.to_vec(),
            is_keyframe,
            shown_for,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two groups of a keyframe and two others; the last byte numbers them.
    fn recording() -> Arc<Recording> {
        let mut stream = vec![0, 0, 1, 0x67, 0x42, 0xc0, 31, 0];
        for n in 0..6 {
            let header = if n % 3 == 0 { 0x65 } else { 0x41 };
            stream.extend([0, 0, 1, header, 0x88, n]);
        }
        Arc::new(Recording::parse(stream, Some(25.0)).unwrap())
    }

    fn numbers(wanted: &[bool]) -> Vec<u8> {
        let mut playback = Playback::new(recording());
        let play = |wanted: &bool| {
            let picture = playback.next_picture(*wanted, Duration::ZERO);
            assert_eq!(picture.shown_for, Duration::from_millis(40));
            assert!(picture.is_keyframe || !wanted);
            *picture.bytes.last().unwrap()
        };
        wanted.iter().map(play).collect()
    }

    #[test]
    fn a_recording_is_played_over_and_over() {
        assert_eq!(numbers(&[false; 8]), [0, 1, 2, 3, 4, 5, 0, 1]);
    }

    #[test]
    fn who_asks_for_a_keyframe_gets_the_next_one_there_is() {
        let wanted = [false, true, false, false, true, false];
        assert_eq!(numbers(&wanted), [0, 3, 4, 5, 0, 1]);
    }
}
