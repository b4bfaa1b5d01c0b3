//! Which elements this machine has, and which of them serve: what a probe found, as a value to print and to count.

use sfu_model::frame::Format;

use crate::place::Place;
use crate::route::Route;

/// What an element is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Decodes Opus.
    DecodeOpus,
    /// Decodes H.264.
    DecodeH264,
    /// Decodes VP8.
    DecodeVp8,
    /// Decodes VP9.
    DecodeVp9,
    /// Decodes AV1.
    DecodeAv1,
    /// Changes the size of pictures.
    Scale,
    /// Encodes AAC-LC.
    EncodeAac,
    /// Encodes H.264.
    EncodeH264,
}

impl Role {
    /// Each, in the order of a frame's way.
    pub const ALL: [Self; 8] = [
        Self::DecodeOpus,
        Self::DecodeH264,
        Self::DecodeVp8,
        Self::DecodeVp9,
        Self::DecodeAv1,
        Self::Scale,
        Self::EncodeAac,
        Self::EncodeH264,
    ];

    /// Elements that can do it in a place, best first. Of those for a processor, ffmpeg's decoder of H.264 costs half of
    /// OpenH264's, and x264's `superfast` gives the same picture at a tenth less than OpenH264.
    pub const fn candidates(self, place: Place) -> &'static [&'static str] {
        match (self, place) {
            (Self::DecodeH264, Place::Nvidia) => &["nvh264dec"],
            (Self::DecodeVp8, Place::Nvidia) => &["nvvp8dec"],
            (Self::DecodeVp9, Place::Nvidia) => &["nvvp9dec"],
            (Self::DecodeAv1, Place::Nvidia) => &["nvav1dec"],
            (Self::Scale, Place::Nvidia) => &["cudaconvertscale"],
            (Self::EncodeH264, Place::Nvidia) => &["nvh264enc", "nvcudah264enc"],
            (Self::DecodeH264, Place::Va) => &["vah264dec"],
            (Self::DecodeVp8, Place::Va) => &["vavp8dec"],
            (Self::DecodeVp9, Place::Va) => &["vavp9dec"],
            (Self::DecodeAv1, Place::Va) => &["vaav1dec"],
            (Self::Scale, Place::Va) => &["vapostproc"],
            (Self::EncodeH264, Place::Va) => &["vah264enc", "vah264lpenc"],
            (Self::DecodeOpus, Place::Processor) => &["opusdec"],
            (Self::DecodeH264, Place::Processor) => &["avdec_h264", "openh264dec"],
            (Self::DecodeVp8, Place::Processor) => &["vp8dec"],
            (Self::DecodeVp9, Place::Processor) => &["vp9dec"],
            (Self::DecodeAv1, Place::Processor) => &["dav1ddec", "av1dec"],
            (Self::Scale, Place::Processor) => &["videoscale"],
            (Self::EncodeAac, Place::Processor) => &["avenc_aac", "voaacenc"],
            (Self::EncodeH264, Place::Processor) => &["x264enc", "openh264enc"],
            (Self::DecodeOpus | Self::EncodeAac, Place::Nvidia | Place::Va) => &[],
        }
    }

    /// What decodes a format. `None`: nothing here takes it.
    pub const fn decoder_of(format: &Format) -> Option<Self> {
        match format {
            Format::Opus { .. } => Some(Self::DecodeOpus),
            Format::H264 { .. } => Some(Self::DecodeH264),
            Format::Vp8 { .. } => Some(Self::DecodeVp8),
            Format::Vp9 { .. } => Some(Self::DecodeVp9),
            Format::Av1 { .. } => Some(Self::DecodeAv1),
            Format::Aac { .. } => None,
        }
    }

    /// The label of its metric.
    pub const fn label(self) -> &'static str {
        match self {
            Self::DecodeOpus => "decode_opus",
            Self::DecodeH264 => "decode_h264",
            Self::DecodeVp8 => "decode_vp8",
            Self::DecodeVp9 => "decode_vp9",
            Self::DecodeAv1 => "decode_av1",
            Self::Scale => "scale",
            Self::EncodeAac => "encode_aac",
            Self::EncodeH264 => "encode_h264",
        }
    }
}

/// Elements that a probe tells of. All candidates of all roles are fewer; a worker's message with more is none of ours.
pub const ELEMENTS_MAX: usize = 64;

/// Trials that a probe tells of. Each route with each of its encoders is fewer; likewise.
pub const TRIALS_MAX: usize = 16;

/// What a probe found of one candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// What for.
    pub role: Role,
    /// Where it works.
    pub place: Place,
    /// Its name in GStreamer.
    pub name: Box<str>,
    /// Whether it serves.
    pub state: State,
}

/// Whether an element serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It was made and became READY: its library and its device are there.
    Usable,
    /// No plugin has it.
    Missing,
    /// It is there and would not become READY: why, in its own words.
    Broken(Box<str>),
}

/// A route that was tried: pictures went through exactly its elements, or did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Which.
    pub route: Route,
    /// Its encoder.
    pub encoder: Box<str>,
    /// Why it did not work, if it did not.
    pub failure: Option<Box<str>>,
}

/// All that a probe found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Of GStreamer.
    pub version: Box<str>,
    /// Every candidate of every role, in the order of [`Role::ALL`], of [`Place::ALL`] in each, and best first in these.
    pub elements: Vec<Element>,
    /// The routes over cards that were tried, in the order of [`Route::ALL`], to the first that works.
    pub tried: Vec<Tried>,
}

impl Capabilities {
    /// The elements that serve in a role at a place, best first.
    pub fn usable(&self, role: Role, place: Place) -> impl Iterator<Item = &str> {
        let of_role = self.elements.iter().filter(move |element| {
            element.role == role && element.place == place && element.state == State::Usable
        });
        of_role.map(|found| &*found.name)
    }

    /// The same machine, whose cards are not used any more: why.
    #[must_use]
    pub fn without_cards(&self, why: &str) -> Self {
        let mut found = self.clone();
        for element in &mut found.elements {
            if element.place.is_card() && element.state == State::Usable {
                element.state = State::Broken(why.into());
            }
        }
        for tried in &mut found.tried {
            tried.failure.get_or_insert_with(|| why.into());
        }
        found
    }

    /// What is worth a trial, best first: routes over a card all of whose elements became READY.
    pub fn worth_a_trial(&self) -> Vec<(Route, Box<str>)> {
        let routes = Route::ALL.into_iter().filter(|route| route.needs_trial());
        let scalable = routes.filter(|route| self.usable(Role::Scale, route.scale).count() > 0);
        scalable
            .flat_map(|route| {
                let encoders = self.usable(Role::EncodeH264, route.encode);
                // A processor's encoders need no trial; the best one is tried with what a card gives it.
                let n_tried = if route.encode.is_card() {
                    usize::MAX
                } else {
                    1
                };
                encoders.take(n_tried).map(move |name| (route, name.into()))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;

    fn element(role: Role, place: Place, name: &str) -> Element {
        Element {
            role,
            place,
            name: name.into(),
            state: State::Usable,
        }
    }

    fn found(elements: Vec<Element>) -> Capabilities {
        Capabilities {
            elements,
            ..Capabilities::default()
        }
    }

    #[test]
    fn what_a_processor_does_alone_is_not_tried() {
        let found = found(vec![
            element(Role::Scale, Place::Processor, "videoscale"),
            element(Role::EncodeH264, Place::Processor, "x264enc"),
            element(Role::EncodeH264, Place::Processor, "openh264enc"),
        ]);
        assert_eq!(found.worth_a_trial(), []);
    }

    #[test]
    fn routes_over_a_card_are_tried_best_first_with_each_of_its_encoders() {
        let mut found = found(vec![
            element(Role::Scale, Place::Nvidia, "cudaconvertscale"),
            element(Role::Scale, Place::Processor, "videoscale"),
            element(Role::EncodeH264, Place::Nvidia, "nvh264enc"),
            element(Role::EncodeH264, Place::Nvidia, "nvcudah264enc"),
            element(Role::EncodeH264, Place::Processor, "x264enc"),
            element(Role::EncodeH264, Place::Processor, "openh264enc"),
        ]);
        let told = |found: &Capabilities| -> Vec<String> {
            let tried = found.worth_a_trial().into_iter();
            tried.map(|(route, by)| format!("{route}: {by}")).collect()
        };
        let expected = [
            "scaled by nvidia, encoded by nvidia: nvh264enc",
            "scaled by nvidia, encoded by nvidia: nvcudah264enc",
            "scaled by processor, encoded by nvidia: nvh264enc",
            "scaled by processor, encoded by nvidia: nvcudah264enc",
            "scaled by nvidia, encoded by processor: x264enc",
        ];
        assert_eq!(told(&found), expected);
        found.elements[2].state = State::Broken("no NVENC".into());
        found.elements[3].state = State::Missing;
        assert_eq!(told(&found), expected[4..]);
    }

    #[test]
    fn a_machine_without_its_cards_goes_by_its_processor_and_says_why() {
        let mut found = found(vec![
            element(Role::Scale, Place::Nvidia, "cudaconvertscale"),
            element(Role::Scale, Place::Processor, "videoscale"),
            element(Role::EncodeH264, Place::Nvidia, "nvh264enc"),
            element(Role::EncodeH264, Place::Va, "vah264enc"),
            element(Role::EncodeH264, Place::Processor, "x264enc"),
        ]);
        found.elements[3].state = State::Missing;
        let (route, encoder) = found.worth_a_trial().swap_remove(0);
        found.tried = vec![Tried {
            route,
            encoder,
            failure: None,
        }];
        assert!(Plan::of(&found).uses_card());
        let left = found.without_cards("it died");
        let plan = Plan::of(&left);
        assert!(!plan.uses_card());
        assert_eq!(plan.by().as_deref(), Some("x264enc"));
        assert_eq!(left.elements[2].state, State::Broken("it died".into()));
        assert_eq!(left.elements[3].state, State::Missing);
        assert_eq!(left.tried[0].failure.as_deref(), Some("it died"));
    }

    #[test]
    fn all_candidates_and_all_trials_fit_a_message() {
        let places = |role: Role| Place::ALL.map(|place| role.candidates(place).len());
        let n_candidates: usize = Role::ALL.iter().flat_map(|role| places(*role)).sum();
        assert!(n_candidates <= ELEMENTS_MAX);
        let n_encoders = |route: &Route| Role::EncodeH264.candidates(route.encode).len();
        let n_trials: usize = Route::ALL.iter().map(n_encoders).sum();
        assert!(n_trials <= TRIALS_MAX);
    }
}
