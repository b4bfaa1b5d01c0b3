//! The delivery directive that asks for a delta update.

/// `_HLS_skip` (draft-pantos-hls-rfc8216bis section 6.2.5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// The whole playlist.
    #[default]
    No,
    /// `YES`: without old segments.
    Yes,
    /// `v2`: without old date ranges either.
    V2,
}

impl Skip {
    /// Reads the value of `_HLS_skip`. `None`: the draft knows no such value.
    pub fn parse(value: &str) -> Option<Self> {
        match value {
            "YES" => Some(Self::Yes),
            "v2" => Some(Self::V2),
            _ => None,
        }
    }
}
