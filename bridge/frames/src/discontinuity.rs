//! What the next frame of a source must say about the one before it.

use sfu_model::frame::Discontinuity;

/// The gravest of what happened since the last frame.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Breaks(Option<Discontinuity>);

impl Breaks {
    /// Something happened. What makes decoders begin anew outweighs what only lacks.
    pub(crate) fn mark(&mut self, discontinuity: Discontinuity) {
        if self
            .0
            .is_none_or(|known| gravity(discontinuity) > gravity(known))
        {
            self.0 = Some(discontinuity);
        }
    }

    /// Does the next frame continue the clock of the one before it?
    pub(crate) const fn let_follow(self) -> bool {
        matches!(self.0, None | Some(Discontinuity::Lost))
    }

    /// What the frame that is emitted now says.
    pub(crate) fn take(&mut self) -> Option<Discontinuity> {
        self.0.take()
    }
}

const fn gravity(discontinuity: Discontinuity) -> u8 {
    match discontinuity {
        Discontinuity::Lost => 0,
        Discontinuity::Clock => 1,
        Discontinuity::Encoder => 2,
        Discontinuity::Publisher => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_is_told_once() {
        let mut breaks = Breaks::default();
        breaks.mark(Discontinuity::Lost);
        breaks.mark(Discontinuity::Publisher);
        breaks.mark(Discontinuity::Clock);
        assert_eq!(breaks.take(), Some(Discontinuity::Publisher));
        assert_eq!(breaks.take(), None);
    }
}
