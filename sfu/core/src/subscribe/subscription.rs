//! One subscriber on one track: select, rewrite, hand over.

use sfu_model::drop_reason::DropReason;
use sfu_model::id::EncodingId;
use sfu_model::packet::Packet;
use sfu_model::rtp::PayloadType;

use crate::budget::plan;
use crate::route::tracks::TrackOutline;
use crate::subscribe::egress_guard::EgressGuard;
use crate::subscribe::payload_types::PayloadTypes;
use crate::subscribe::rewrite::{Rewriter, Rewritten};
use crate::subscribe::select::Selector;

/// One subscriber attached to whatever track of a kind the room has. It outlives the track: a publisher that comes back
/// is the same sender to the subscriber.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    payload_types: PayloadTypes,
    selector: Selector,
    rewriter: Rewriter,
    guard: EgressGuard,
}

/// A packet as it leaves towards one subscriber.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outgoing {
    pub(crate) payload_type: PayloadType,
    /// The payload type of its repair, if the subscriber takes any.
    pub(crate) repair_payload_type: Option<PayloadType>,
    pub(crate) numbers: Rewritten,
}

impl Subscription {
    /// A subscription whose sender begins with these numbers.
    pub(crate) fn new(payload_types: PayloadTypes, first_sequence: u16, first_time: u32) -> Self {
        Self {
            payload_types,
            selector: Selector::default(),
            rewriter: Rewriter::new(first_sequence, first_time),
            guard: EgressGuard::default(),
        }
    }

    /// The track changed: its encodings, or what flows of them. Returns the encoding whose keyframe is needed now.
    pub(crate) fn update(&mut self, track: Option<&TrackOutline>) -> Option<EncodingId> {
        let target = track.and_then(|t| plan::target(t, self.selector.current()));
        self.selector.set_target(target);
        self.selector.awaited()
    }

    /// The encoding to ask for a keyframe when the subscriber wants one.
    pub(crate) fn recovery_target(&self) -> Option<EncodingId> {
        self.selector.awaited().or(self.selector.current())
    }

    /// The packet as it leaves, or why it does not.
    pub(crate) fn forward(&mut self, packet: &Packet) -> Result<Outgoing, DropReason> {
        self.selector.select(packet)?;
        let format = self
            .payload_types
            .for_packet(packet.codec)
            .ok_or(DropReason::CodecNotNegotiated)?;
        let numbers = self.rewriter.rewrite(packet)?;
        if cfg!(debug_assertions) {
            let verdict = self.guard.check(&numbers);
            debug_assert_eq!(verdict, Ok(()), "egress of {:?}", packet.encoding);
        }
        Ok(Outgoing {
            payload_type: format.payload_type,
            repair_payload_type: format.repair,
            numbers,
        })
    }
}
