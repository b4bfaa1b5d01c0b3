//! Rooms for who has no transport.

use sfu_core::error::CommandError;
use sfu_model::id::RoomId;
use sfu_net::clock::Clock;

use super::Sfu;
use crate::request::{Request, RequestError};
use crate::tap::{self, Tap};

impl Sfu {
    /// Taps a room: its packets go to the caller as they come, whoever else watches. Fails where nobody publishes.
    pub async fn tap(&self, room: RoomId) -> Result<Tap, RequestError> {
        let origin = self.inner.shared.placement().room(&room);
        let (origin, _) = origin.ok_or(CommandError::RoomEmpty)?;
        let door = self.door(origin)?.clone();
        let (end, tap) = tap::pair(room.clone(), door.weak());
        door.ask(Request::Tap { room, end }).await?;
        Ok(tap)
    }

    /// The clock that packets are stamped by.
    pub fn clock(&self) -> Clock {
        self.inner.clock
    }
}
