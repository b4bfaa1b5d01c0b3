//! What the owner of a slot is told.

use sfu_model::frame::Frame;

use crate::job::RungIndex;
use crate::pool::action::Event;

/// What comes of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotEvent {
    /// The next frame of a rung.
    Frame(RungIndex, Frame),
    /// How it stands.
    State(Event),
}
