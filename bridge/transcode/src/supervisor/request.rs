//! What is asked of the supervisor's task.

use sfu_model::frame::Frame;
use sfu_model::time::MediaTime;
use tokio::sync::{mpsc, oneshot};

use super::event::SlotEvent;
use super::snapshot::Snapshot;
use crate::capabilities::Capabilities;
use crate::job::{Job, RungSet, SlotId};
use crate::pool::capacity::Refusal;

/// A new slot's name, and where its events come from.
pub(super) type Opened = (SlotId, mpsc::Receiver<SlotEvent>);

#[derive(Debug)]
pub(super) enum Request {
    Open(Job, oneshot::Sender<Result<Opened, Refusal>>),
    Frame(SlotId, Frame),
    KeyframeAt(SlotId, MediaTime),
    Rungs(SlotId, RungSet),
    Close(SlotId),
    Probe(oneshot::Sender<Capabilities>),
    Snapshot(oneshot::Sender<Snapshot>),
}
