//! Which elements this machine has, and which of them serve: what a probe found, as a value to print and to count.

use std::fmt;

use sfu_model::frame::Format;

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

    /// Elements that can do it, best first: what a GPU does before what a processor does. Of those for a processor, ffmpeg's
    /// decoder of H.264 costs half of OpenH264's, and x264's `superfast` gives the same picture at a tenth less than OpenH264.
    pub const fn candidates(self) -> &'static [&'static str] {
        match self {
            Self::DecodeOpus => &["opusdec"],
            Self::DecodeH264 => &["nvh264dec", "vah264dec", "avdec_h264", "openh264dec"],
            Self::DecodeVp8 => &["nvvp8dec", "vavp8dec", "vp8dec"],
            Self::DecodeVp9 => &["nvvp9dec", "vavp9dec", "vp9dec"],
            Self::DecodeAv1 => &["nvav1dec", "vaav1dec", "dav1ddec", "av1dec"],
            Self::Scale => &["videoscale"],
            Self::EncodeAac => &["avenc_aac", "voaacenc"],
            Self::EncodeH264 => &["nvh264enc", "vah264enc", "x264enc", "openh264enc"],
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

/// What a probe found of one candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// What for.
    pub role: Role,
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

/// All that a probe found, in the order of [`Role::ALL`], best first in each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Of GStreamer.
    pub version: Box<str>,
    /// Every candidate of every role.
    pub elements: Vec<Element>,
}

impl Capabilities {
    /// The element that a worker takes for a role. `None`: it cannot be done here.
    pub fn chosen(&self, role: Role) -> Option<&str> {
        let usable = |element: &&Element| element.role == role && element.state == State::Usable;
        self.elements.iter().find(usable).map(|found| &*found.name)
    }

    /// What cannot be done here at all.
    pub fn lacking(&self) -> impl Iterator<Item = Role> + '_ {
        let roles = Role::ALL.into_iter();
        roles.filter(|role| self.chosen(*role).is_none())
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.version)?;
        for role in Role::ALL {
            write!(f, "{:12}", role.label())?;
            for element in self.elements.iter().filter(|found| found.role == role) {
                match &element.state {
                    State::Usable if self.chosen(role) == Some(&element.name) => {
                        write!(f, " [{}]", element.name)?;
                    }
                    State::Usable => write!(f, " {}", element.name)?,
                    State::Missing => write!(f, " {}: missing", element.name)?,
                    State::Broken(why) => write!(f, " {}: {why}", element.name)?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(name: &str, state: State) -> Element {
        Element {
            role: Role::EncodeH264,
            name: name.into(),
            state,
        }
    }

    #[test]
    fn the_first_usable_element_is_chosen_and_what_is_lacking_is_named() {
        let found = Capabilities {
            version: "GStreamer 1.22.0".into(),
            elements: vec![
                element("nvh264enc", State::Broken("no device".into())),
                element("vah264enc", State::Missing),
                element("x264enc", State::Usable),
                element("openh264enc", State::Usable),
            ],
        };
        assert_eq!(found.chosen(Role::EncodeH264), Some("x264enc"));
        assert_eq!(found.lacking().count(), Role::ALL.len() - 1);
        let printed = found.to_string();
        assert!(printed.contains("nvh264enc: no device vah264enc: missing [x264enc] openh264enc"));
    }

    #[test]
    fn all_candidates_fit_a_message() {
        let n_candidates: usize = Role::ALL.iter().map(|role| role.candidates().len()).sum();
        assert!(n_candidates <= ELEMENTS_MAX);
    }
}
