//! A publisher that cannot make up its mind: the pictures of one source for a while, then those of another.

use std::time::Duration;

use crate::pictures::{Picture, PictureSource};
use crate::recording::VideoCodec;

/// Two sources that take turns. Each turn begins with a keyframe, and so with parameter sets and a size of its own.
#[derive(Debug)]
pub struct Changing {
    /// The first one has its turn.
    sources: [Box<dyn PictureSource>; 2],
    turn: Duration,
    /// Of the turn.
    left: Duration,
}

impl Changing {
    /// Turns of this long; both sources have the same codec.
    pub fn new(sources: [Box<dyn PictureSource>; 2], turn: Duration) -> Self {
        Self {
            sources,
            turn,
            left: turn,
        }
    }
}

impl PictureSource for Changing {
    fn codec(&self) -> VideoCodec {
        let [source, _] = &self.sources;
        source.codec()
    }

    fn next_picture(&mut self, is_keyframe_wanted: bool, unix_now: Duration) -> Picture {
        let is_over = self.left.is_zero();
        if is_over {
            self.sources.reverse();
            self.left = self.turn;
        }
        let [source, _] = &mut self.sources;
        let picture = source.next_picture(is_keyframe_wanted || is_over, unix_now);
        self.left = self.left.saturating_sub(picture.shown_for);
        picture
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::playback::Playback;
    use crate::recording::Recording;

    /// A keyframe and two others, over and over; all end with this byte.
    fn source(mark: u8) -> Box<dyn PictureSource> {
        let mut stream = vec![0, 0, 1, 0x67, 0x42, 0xc0, 31, 0];
        for header in [0x65, 0x41, 0x41] {
            stream.extend([0, 0, 1, header, 0x88, mark]);
        }
        let recording = Recording::parse(stream, Some(10.0)).unwrap();
        Box::new(Playback::new(Arc::new(recording)))
    }

    #[test]
    fn each_turn_begins_with_a_keyframe_of_the_other() {
        let turn = Duration::from_millis(400);
        let mut changing = Changing::new([source(1), source(2)], turn);
        let pictures: Vec<(u8, bool)> = (0..10)
            .map(|_| changing.next_picture(false, Duration::ZERO))
            .map(|picture| (*picture.bytes.last().unwrap(), picture.is_keyframe))
            .collect();
        let keyframes: Vec<usize> = (0..10).filter(|n| pictures[*n].1).collect();
        assert_eq!(
            pictures.iter().map(|of| of.0).collect::<Vec<u8>>(),
            [1, 1, 1, 1, 2, 2, 2, 2, 1, 1]
        );
        assert_eq!(keyframes, [0, 3, 4, 7, 8]);
    }
}
