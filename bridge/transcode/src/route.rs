//! The ways that decoded pictures can go to H.264.

use std::fmt;

use crate::place::Place;

/// Who scales pictures, and who encodes them. They lie where they are scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Route {
    /// Where they are scaled, and lie before and after.
    pub scale: Place,
    /// Where they are encoded.
    pub encode: Place,
}

impl Route {
    /// What every machine can do, and needs no trial.
    pub const PROCESSOR: Self = Self::new(Place::Processor, Place::Processor);

    /// Each, best first: what never leaves a card, then what a card encodes, which costs most, then what one scales (some cards
    /// have decoders and no encoder), and at last what needs no card.
    pub const ALL: [Self; 6] = [
        Self::new(Place::Nvidia, Place::Nvidia),
        Self::new(Place::Va, Place::Va),
        Self::new(Place::Processor, Place::Nvidia),
        Self::new(Place::Processor, Place::Va),
        Self::new(Place::Nvidia, Place::Processor),
        Self::PROCESSOR,
    ];

    const fn new(scale: Place, encode: Place) -> Self {
        Self { scale, encode }
    }

    /// Whether pictures stay on one card from their decoder to their encoder.
    pub const fn is_on_card(self) -> bool {
        self.scale.is_card() && self.encode.is_card()
    }

    /// The cards that it goes over.
    pub fn cards(self) -> impl Iterator<Item = Place> {
        let second = Some(self.encode).filter(|place| *place != self.scale);
        let places = std::iter::once(self.scale).chain(second);
        places.filter(|place| place.is_card())
    }

    /// Whether it is only taken when it has just worked.
    pub const fn needs_trial(self) -> bool {
        self.scale.is_card() || self.encode.is_card()
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scale, encode) = (self.scale.label(), self.encode.label());
        write!(f, "scaled by {scale}, encoded by {encode}")
    }
}
