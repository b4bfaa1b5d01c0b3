//! A player receives only what is published in its room, undamaged.

use crate::viewer::{Received, Viewer};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A packet of a publisher of another room.
    Foreign(Received),
    /// This many payloads were not what a source wrote.
    Damaged(usize),
}

/// Looks at everything a player received; `publishers` are those of its room.
pub fn check(viewer: &Viewer, publishers: &[u32]) -> Result<(), Violation> {
    if viewer.n_damaged > 0 {
        return Err(Violation::Damaged(viewer.n_damaged));
    }
    let mut all = viewer.audio.iter().chain(&viewer.video);
    match all.find(|p| !publishers.contains(&p.stamp.publisher)) {
        Some(foreign) => Err(Violation::Foreign(*foreign)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use sfu_model::codec::MediaKind;
    use sfu_model::time::Instant;

    use super::*;
    use crate::layers::Place;
    use crate::stamp::Stamp;

    #[test]
    fn a_foreign_or_damaged_packet_fails() {
        let mut viewer = Viewer::default();
        viewer.audio.push(Received {
            at: Instant::START,
            ssrc: 1,
            payload_type: 111,
            sequence: 1,
            time: 1,
            marker: false,
            vp8: None,
            stamp: Stamp {
                publisher: 4,
                kind: MediaKind::Audio,
                rank: 0,
                is_keyframe: false,
                frame: 0,
                place: Place::default(),
                packet_index: 0,
                n_packets: 1,
                captured_at: Instant::START,
            },
        });
        assert_eq!(check(&viewer, &[3, 4]), Ok(()));
        assert!(matches!(check(&viewer, &[3]), Err(Violation::Foreign(_))));
        viewer.n_damaged = 1;
        assert_eq!(check(&viewer, &[4]), Err(Violation::Damaged(1)));
    }
}
