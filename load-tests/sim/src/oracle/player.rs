//! All oracles on one player at once.

use crate::oracle::{continuity, decodability, isolation};
use crate::viewer::Viewer;

/// What is wrong with what a player received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Its audio is not one continuous sender.
    Audio(continuity::Violation),
    /// Its video is not one continuous sender.
    Video(continuity::Violation),
    /// It could not decode.
    Undecodable(decodability::Violation),
    /// It got what is not for it.
    Isolation(isolation::Violation),
}

/// Looks at everything a player received from these publishers of its room.
pub fn check(
    viewer: &Viewer,
    publishers: &[u32],
    bounds: continuity::Bounds,
) -> Result<(), Violation> {
    continuity::check(&viewer.audio, bounds).map_err(Violation::Audio)?;
    continuity::check_filled(&viewer.video, &viewer.filled, bounds).map_err(Violation::Video)?;
    decodability::check(&viewer.decoder, 0).map_err(Violation::Undecodable)?;
    isolation::check(viewer, publishers).map_err(Violation::Isolation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_of_any_oracle_is_one_of_the_player() {
        let damaged = Viewer {
            n_damaged: 1,
            ..Viewer::default()
        };
        let verdict = |viewer| check(&viewer, &[], continuity::Bounds::STRICT);
        assert!(matches!(verdict(damaged), Err(Violation::Isolation(_))));
        assert_eq!(verdict(Viewer::default()), Ok(()));
    }
}
