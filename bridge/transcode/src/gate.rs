//! What may follow in a stream of frames of which some were given up.

/// Where a queue is full, frames are given up, and after that only a keyframe can follow. One gate stands in front of each
/// queue that media crosses: it never waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    is_broken: bool,
}

/// What becomes of a frame at a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// It follows what was sent before it.
    Follows,
    /// It can be decoded, but frames before it were given up.
    FollowsHole,
    /// It is given up.
    Dropped,
}

impl Gate {
    /// A gate that only a keyframe opens: nothing before it was sent.
    pub const fn closed() -> Self {
        Self { is_broken: true }
    }

    /// Decides about the next frame.
    pub fn pass(&mut self, is_keyframe: bool, has_room: bool) -> Passage {
        match (has_room, self.is_broken) {
            (false, _) => {
                self.is_broken = true;
                Passage::Dropped
            }
            (true, false) => Passage::Follows,
            (true, true) if is_keyframe => {
                self.is_broken = false;
                Passage::FollowsHole
            }
            (true, true) => Passage::Dropped,
        }
    }

    /// Something was lost beyond the gate.
    pub fn close(&mut self) {
        self.is_broken = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_drop_nothing_passes_before_the_next_keyframe() {
        let mut gate = Gate::default();
        assert_eq!(gate.pass(true, true), Passage::Follows);
        assert_eq!(gate.pass(false, true), Passage::Follows);
        assert_eq!(gate.pass(false, false), Passage::Dropped);
        assert_eq!(gate.pass(false, true), Passage::Dropped);
        assert_eq!(gate.pass(true, false), Passage::Dropped);
        assert_eq!(gate.pass(true, true), Passage::FollowsHole);
        assert_eq!(gate.pass(false, true), Passage::Follows);
        gate.close();
        assert_eq!(gate.pass(false, true), Passage::Dropped);
        assert_eq!(Gate::closed().pass(true, true), Passage::FollowsHole);
    }
}
