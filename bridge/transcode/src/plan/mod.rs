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

/// Whether a card is used where the plan has one: what failed on a card in a slot is done by the processor for the rest of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Card {
    /// It is.
    #[default]
    Used,
    /// It failed here.
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

    /// Where pictures lie on a card, its own decoder is best, since nothing has to be brought there; where they do not, any
    /// card's is better than the processor.
    fn decoder(&self, role: Role, card: Card) -> Option<(&str, Place)> {
        let mut places = Place::ALL.into_iter().filter(|place| {
            let is_fit = !self.route.scale.is_card() || *place == self.route.scale;
            !place.is_card() || (card == Card::Used && is_fit)
        });
        places.find_map(|place| self.best(role, place))
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
        let lie_at = self.route.scale;
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
    pub const fn pictures(&self) -> PictureCaps {
        PictureCaps {
            place: self.route.scale,
            formats: match self.route.scale {
                Place::Nvidia | Place::Va => CARD_FORMATS,
                Place::Processor => FORMATS,
            },
            size: None,
        }
    }

    /// From pictures to H.264 of a size.
    pub fn encoding(&self, rung: &Rung, rate: FrameRate, card: Card) -> Option<Chain> {
        let (encoder, place) = self.encoder_of(rung.size, card)?;
        let (scaler, lie_at) = self.best(Role::Scale, self.route.scale)?;
        // A picture of another shape, as of a telephone that is turned, has bars beside it.
        let borders = vec![Setting::new("add-borders", true)];
        let mut steps = vec![Step::Element(scaler.into(), borders)];
        let mut scaled = PictureCaps {
            size: Some(rung.size),
            ..self.pictures()
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
