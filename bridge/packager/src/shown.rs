//! What is told of a rendition's rates and size, which may be another's for a while.
//!
//! One whose encoder rests shows the pictures of another. Players choose by what is told once, and ask for it when it has
//! its own again: so that is what they are told, as long as what it shows meanwhile is no larger.

use sfu_model::packet::Dimensions;

use crate::measure::Measure;

/// Of one rendition.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    own: Face,
    /// Of another's pictures, since it shows them.
    borrowed: Option<Face>,
    /// What comes next is another's.
    is_next_borrowed: bool,
}

/// What a player sees of it.
#[derive(Debug, Default)]
pub(crate) struct Face {
    pub(crate) measure: Measure,
    pub(crate) size: Option<Dimensions>,
}

impl Shown {
    /// The frame that comes next is another rendition's, or is not.
    pub(crate) fn expect_borrowed(&mut self, is_borrowed: bool) {
        self.is_next_borrowed = is_borrowed;
    }

    /// It is here. What was measured until now was of those before it.
    pub(crate) fn handle_frame(&mut self, size: Option<Dimensions>) {
        if !self.is_next_borrowed {
            self.borrowed = None;
            self.own.size = size;
        } else {
            self.borrowed.get_or_insert_default().size = size;
        }
    }

    /// Of what is measured now.
    pub(crate) fn measure_mut(&mut self) -> &mut Measure {
        match &mut self.borrowed {
            Some(borrowed) => &mut borrowed.measure,
            None => &mut self.own.measure,
        }
    }

    /// What is to be told.
    pub(crate) fn face(&self) -> &Face {
        let borrowed = self.borrowed.as_ref();
        let larger = borrowed.filter(|borrowed| borrowed.area() > self.own.area());
        larger.unwrap_or(&self.own)
    }
}

impl Face {
    fn area(&self) -> u32 {
        self.size.map_or(0, Dimensions::area)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LARGE: Option<Dimensions> = Some(Dimensions {
        width: 1_280,
        height: 720,
    });
    const SMALL: Option<Dimensions> = Some(Dimensions {
        width: 320,
        height: 180,
    });

    fn show(shown: &mut Shown, is_borrowed: bool, size: Option<Dimensions>, bytes: u64) {
        shown.expect_borrowed(is_borrowed);
        shown.handle_frame(size);
        shown
            .measure_mut()
            .segment(bytes, Duration::from_secs(2), false);
    }

    fn told(shown: &Shown) -> (Option<Dimensions>, u64) {
        let face = shown.face();
        (face.size, face.measure.measured().peak_bps)
    }

    #[test]
    fn what_is_smaller_is_not_told_of_and_what_is_larger_is_while_it_lasts() {
        let mut shown = Shown::default();
        show(&mut shown, false, SMALL, 250_000);
        assert_eq!(told(&shown), (SMALL, 1_000_000));
        show(&mut shown, true, LARGE, 1_000_000);
        assert_eq!(told(&shown), (LARGE, 4_000_000));
        show(&mut shown, false, SMALL, 250_000);
        assert_eq!(told(&shown), (SMALL, 1_000_000));

        let mut shown = Shown::default();
        show(&mut shown, false, LARGE, 1_000_000);
        show(&mut shown, true, SMALL, 250_000);
        assert_eq!(told(&shown), (LARGE, 4_000_000));
    }

    #[test]
    fn one_that_never_had_its_own_is_told_of_as_what_it_shows() {
        let mut shown = Shown::default();
        show(&mut shown, true, SMALL, 250_000);
        assert_eq!(told(&shown), (SMALL, 1_000_000));
    }
}
