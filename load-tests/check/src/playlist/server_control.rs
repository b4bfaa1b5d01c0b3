//! `EXT-X-SERVER-CONTROL` (draft-pantos-hls-rfc8216bis section 4.4.3.8).

use std::time::Duration;

use super::attributes::Attributes;

/// What a server promises.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerControl {
    /// Where it stands.
    pub line: usize,
    /// `CAN-BLOCK-RELOAD`.
    pub can_block_reload: bool,
    /// `CAN-SKIP-UNTIL`.
    pub can_skip_until: Option<Duration>,
    /// `CAN-SKIP-DATERANGES`.
    pub can_skip_date_ranges: bool,
    /// `HOLD-BACK`.
    pub hold_back: Option<Duration>,
    /// `PART-HOLD-BACK`.
    pub part_hold_back: Option<Duration>,
}

impl ServerControl {
    pub(crate) fn new(line: usize, list: &Attributes) -> Self {
        Self {
            line,
            can_block_reload: list.is_yes("CAN-BLOCK-RELOAD"),
            can_skip_until: list.seconds("CAN-SKIP-UNTIL"),
            can_skip_date_ranges: list.is_yes("CAN-SKIP-DATERANGES"),
            hold_back: list.seconds("HOLD-BACK"),
            part_hold_back: list.seconds("PART-HOLD-BACK"),
        }
    }

    /// The same promises, wherever they stand.
    pub fn promises_as(&self, other: &Self) -> bool {
        let line = self.line;
        *self
            == Self {
                line,
                ..other.clone()
            }
    }
}
