//! What passed before: a packet that comes late goes the way of its picture, whatever passes by then.

use sfu_model::time::MediaTime;

/// Changes that are remembered. A lost packet is back, or given up, within a second; in that time a layer falls once and
/// rises by a layer with each picture that allows it. What is older than all of them is left out: what passed then is not
/// known any more.
const CHANGES_MAX: usize = 8;

/// The latest changes of what passes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Changes<T> {
    /// Since when something else passes, and what passed until then. The latest comes first.
    latest: [Option<(MediaTime, T)>; CHANGES_MAX],
}

impl<T> Default for Changes<T> {
    fn default() -> Self {
        Self {
            latest: [const { None }; CHANGES_MAX],
        }
    }
}

impl<T: Copy> Changes<T> {
    /// From this picture on something else passes.
    pub(crate) fn note(&mut self, from: MediaTime, before: T) {
        self.latest.rotate_right(1);
        if let Some(first) = self.latest.first_mut() {
            *first = Some((from, before));
        }
    }

    /// What passed of the picture with this time, where `present` passes now. `None`: that is too long ago.
    pub(crate) fn passed_at(&self, time: MediaTime, present: T) -> Option<T> {
        let mut passed = present;
        for change in &self.latest {
            match *change {
                Some((from, before)) if time < from => passed = before,
                Some(_) | None => return Some(passed),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passed_is_known_as_far_back_as_changes_are_remembered() {
        let mut changes = Changes::default();
        assert_eq!(changes.passed_at(MediaTime(5), 'a'), Some('a'));
        changes.note(MediaTime(10), 'a');
        // Two in one picture count as one.
        changes.note(MediaTime(20), 'b');
        changes.note(MediaTime(20), 'c');
        for (time, passed) in [(9, 'a'), (10, 'b'), (19, 'b'), (20, 'd'), (30, 'd')] {
            assert_eq!(changes.passed_at(MediaTime(time), 'd'), Some(passed));
        }
        for n in 0..CHANGES_MAX as u64 {
            changes.note(MediaTime(100 + n), 'e');
        }
        assert_eq!(changes.passed_at(MediaTime(99), 'd'), None);
        assert_eq!(changes.passed_at(MediaTime(100), 'd'), Some('e'));
    }
}
