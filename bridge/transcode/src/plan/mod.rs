//! How pictures go through a worker of this machine: which elements, in whose memory. A pure value of what a probe found, so that
//! every machine's can be looked at on any other; `worker` makes of it what it says.

use sfu_model::packet::Dimensions;

use crate::capabilities::{Capabilities, Role};
use crate::chain::{Chain, PictureCaps, Setting, Step};
use crate::job::{FrameRate, Rung};
use crate::place::Place;
use crate::route::Route;
use crate::settings;

/// Layouts of pictures between decoder and encoders: as processors' decoders and as hardware's give them.
const FORMATS: &[&str] = &["I420", "NV12"];

/// The layout that every card's encoder takes.
const CARD_FORMATS: &[&str] = &["NV12"];

/// Pictures of NVDEC's that may be elsewhere at the same time: the last one, and some that wait to be scaled. GStreamer 1.24 and
/// later hand out the decoder's own, and a decoder without a free one waits.
const OUTPUT_SURFACES: u32 = 8;

/// Which way pictures go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    route: Route,
    encoder: Option<Box<str>>,
    found: Capabilities,
}

/// How far a slot goes by a card where the plan has one: what failed on it is the processor's for the rest of the slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Card {
    /// All the way.
    #[default]
    Used,
    /// Its encoder failed here, as where it has no session left: the processor encodes what the card decodes and scales.
    EncoderLeft,
    /// No step of it, and no picture lies in its memory: where a card has died, each element that touches it fails.
    Left,
}

impl Plan {
    /// The best way that was seen to work; the processor's where none over a card was.
    pub fn of(found: &Capabilities) -> Self {
        let works = found.tried.iter().find(|tried| tried.failure.is_none());
        let (route, encoder) = match works {
            Some(tried) => (tried.route, Some(tried.encoder.clone())),
            None => {
                let mut encoders = found.usable(Role::EncodeH264, Place::Processor);
                (Route::PROCESSOR, encoders.next().map(Into::into))
            }
        };
        Self {
            route,
            encoder,
            found: found.clone(),
        }
    }

    /// A way that is about to be tried.
    pub fn trial(found: &Capabilities, route: Route, encoder: &str) -> Self {
        Self {
            route,
            encoder: Some(encoder.into()),
            found: found.clone(),
        }
    }

    /// Which way it is.
    pub const fn route(&self) -> Route {
        self.route
    }

    /// The element that a role is done by, where it does not fail, and where that works. `None`: it cannot be done here.
    pub fn taken(&self, role: Role) -> Option<(&str, Place)> {
        match role {
            Role::DecodeOpus | Role::EncodeAac => self.best(role, Place::Processor),
            Role::Scale => self.best(role, self.route.scale),
            Role::EncodeH264 => Some((self.encoder.as_deref()?, self.route.encode)),
            Role::DecodeH264 | Role::DecodeVp8 | Role::DecodeVp9 | Role::DecodeAv1 => {
                self.decoder(role, Card::Used)
            }
        }
    }

    /// What cannot be done here at all.
    pub fn lacking(&self) -> impl Iterator<Item = Role> + '_ {
        let roles = Role::ALL.into_iter();
        roles.filter(|role| self.taken(*role).is_none())
    }

    fn best(&self, role: Role, place: Place) -> Option<(&str, Place)> {
        self.found
            .usable(role, place)
            .next()
            .map(|name| (name, place))
    }

    /// Where pictures are scaled, and lie before and after.
    const fn lie_at(&self, card: Card) -> Place {
        match card {
            Card::Used | Card::EncoderLeft => self.route.scale,
            Card::Left => Place::Processor,
        }
    }

    /// Where pictures lie on a card, its own decoder is best, since nothing has to be brought there; where they do not, any
    /// card's is better than the processor. Where the processor has none, one of a card that failed is better than nothing.
    fn decoder(&self, role: Role, card: Card) -> Option<(&str, Place)> {
        if card == Card::Left {
            let of_processor = self.best(role, Place::Processor);
            return of_processor.or_else(|| self.decoder(role, Card::Used));
        }
        let lie_at = self.lie_at(card);
        let mut places = Place::ALL.into_iter();
        places.find_map(|place| {
            let is_fit = !place.is_card() || !lie_at.is_card() || place == lie_at;
            self.best(role, place).filter(|_| is_fit)
        })
    }

    /// Whether a card has a part in the way from frames to pictures.
    pub fn decodes_by_card(&self, role: Role, card: Card) -> bool {
        let decoder = self.decoder(role, card);
        self.lie_at(card).is_card() || decoder.is_some_and(|(_, place)| place.is_card())
    }

    /// How far a rung of this size goes by a card whose encoder failed, by whomever that was. A card's may have failed alone; where
    /// the processor encoded what lies on a card, nobody can tell which of the two it was. The same as before: no card had a part.
    pub fn after_encoder(&self, size: Dimensions, card: Card) -> Card {
        let encoder = self.encoder_of(size, card);
        match card {
            Card::Used if encoder.is_some_and(|(_, place)| place.is_card()) => Card::EncoderLeft,
            Card::Used | Card::EncoderLeft if self.lie_at(card).is_card() => Card::Left,
            Card::Used | Card::EncoderLeft | Card::Left => card,
        }
    }

    /// Whether a card has a part in anything.
    pub fn uses_card(&self) -> bool {
        let mut taken = Role::ALL.into_iter().filter_map(|role| self.taken(role));
        taken.any(|(_, place)| place.is_card())
    }

    /// From frames of a codec, behind its parser, to pictures where they are scaled.
    pub fn decoding(&self, role: Role, card: Card) -> Option<Chain> {
        let (name, place) = self.decoder(role, card)?;
        // Threads that each have a frame keep as many back; one is fast enough for 1080 lines.
        let mut settings = vec![Setting::new("max-threads", 1)];
        if place == Place::Nvidia {
            settings.push(Setting::new("max-display-delay", 0));
            settings.push(Setting::new("num-output-surfaces", OUTPUT_SURFACES));
        }
        let mut steps = vec![Step::Element(name.into(), settings)];
        let lie_at = self.lie_at(card);
        match lie_at.upload() {
            // Ten bits become eight there; what is right already passes as it is.
            Some(_) if place == lie_at => {
                let (scaler, _) = self.best(Role::Scale, lie_at)?;
                steps.push(Step::plain(scaler));
            }
            Some(upload) => {
                steps.push(Step::plain("videoconvert"));
                steps.push(Step::plain(upload));
            }
            None => steps.push(Step::plain("videoconvert")),
        }
        Some(Chain { place, steps })
    }

    /// What pictures are like between decoder and encoders.
    pub const fn pictures(&self, card: Card) -> PictureCaps {
        let place = self.lie_at(card);
        PictureCaps {
            place,
            formats: match place {
                Place::Nvidia | Place::Va => CARD_FORMATS,
                Place::Processor => FORMATS,
            },
            size: None,
        }
    }

    /// From pictures to H.264 of a size.
    pub fn encoding(&self, rung: &Rung, rate: FrameRate, card: Card) -> Option<Chain> {
        let (encoder, place) = self.encoder_of(rung.size, card)?;
        let (scaler, lie_at) = self.best(Role::Scale, self.lie_at(card))?;
        // A picture of another shape, as of a telephone that is turned, has bars beside it.
        let borders = vec![Setting::new("add-borders", true)];
        let mut steps = vec![Step::Element(scaler.into(), borders)];
        let mut scaled = PictureCaps {
            size: Some(rung.size),
            ..self.pictures(card)
        };
        if !lie_at.is_card() {
            scaled.formats = &[];
        }
        steps.push(Step::Caps(scaled));
        if place != lie_at
            && let Some(download) = lie_at.download()
        {
            steps.push(Step::plain(download));
            steps.push(Step::Caps(PictureCaps {
                place: Place::Processor,
                ..scaled
            }));
        }
        // A card's scaler made the layout that its encoder takes.
        if place != lie_at || !lie_at.is_card() {
            steps.push(Step::plain("videoconvert"));
        }
        let settings = settings::encoder(encoder, rung, rate);
        steps.push(Step::Element(encoder.into(), settings));
        Some(Chain { place, steps })
    }

    fn encoder_of(&self, size: Dimensions, card: Card) -> Option<(&str, Place)> {
        let place = self.route.encode;
        let planned = (self.encoder.as_deref()?, place);
        let is_possible = !place.is_card() || (card == Card::Used && place.encodes(size));
        match is_possible {
            true => Some(planned),
            // Where the processor has none, a card that failed is better than nothing.
            false => self
                .best(Role::EncodeH264, Place::Processor)
                .or(Some(planned)),
        }
    }

    /// The elements that pictures go by, as a slot's owner is told: `x264enc`, or `cudaconvertscale nvh264enc`.
    pub fn by(&self) -> Option<Box<str>> {
        let (encoder, _) = self.taken(Role::EncodeH264)?;
        match self.route.scale.is_card() {
            true => {
                let (scaler, _) = self.taken(Role::Scale)?;
                Some(format!("{scaler} {encoder}").into())
            }
            false => Some(encoder.into()),
        }
    }
}

#[cfg(test)]
mod tests;
