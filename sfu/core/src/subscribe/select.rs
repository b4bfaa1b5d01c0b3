//! Mechanism: may this packet pass? The current encoding changes only where a decoder can follow.

use sfu_model::drop_reason::DropReason;
use sfu_model::id::EncodingId;
use sfu_model::packet::Packet;

/// Lets one encoding of a track through at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Selector {
    /// What the budget wants.
    target: Option<EncodingId>,
    /// What passes.
    current: Option<EncodingId>,
    /// Not even that passes: the path has no room for it.
    is_held: bool,
}

impl Selector {
    /// Sets what should pass. It passes from its next keyframe on; what passes now goes on until then.
    pub(crate) fn set_target(&mut self, target: Option<EncodingId>) {
        self.target = target;
        self.is_held = self.is_held && self.awaited().is_some();
    }

    /// Nothing passes until the target's keyframe: each packet of what passes now would only delay that.
    pub(crate) fn hold(&mut self) {
        self.is_held = self.awaited().is_some();
    }

    /// The encoding that passes.
    pub(crate) fn current(&self) -> Option<EncodingId> {
        self.current
    }

    /// What passes, or will: what the last choice was.
    pub(crate) fn wanted(&self) -> Option<EncodingId> {
        self.target.or(self.current)
    }

    /// The encoding whose keyframe is awaited.
    pub(crate) fn awaited(&self) -> Option<EncodingId> {
        self.target.filter(|target| Some(*target) != self.current)
    }

    /// Whether this packet passes.
    #[inline]
    pub(crate) fn select(&mut self, packet: &Packet) -> Result<(), DropReason> {
        if Some(packet.encoding) == self.current && !self.is_held {
            return Ok(());
        }
        if Some(packet.encoding) != self.target {
            return Err(DropReason::OtherLayer);
        }
        if !packet.facts.starts_keyframe {
            return Err(DropReason::AwaitingKeyframe);
        }
        self.current = self.target;
        self.is_held = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subscribe::rewrite::tests::packet;

    fn keyframe(encoding: u64) -> Packet {
        let mut packet = packet(encoding, 0, 0);
        packet.facts.starts_keyframe = true;
        packet
    }

    fn delta(encoding: u64) -> Packet {
        packet(encoding, 0, 0)
    }

    #[test]
    fn a_subscription_begins_at_a_keyframe_of_its_target() {
        let mut selector = Selector::default();
        assert_eq!(selector.select(&keyframe(1)), Err(DropReason::OtherLayer));
        selector.set_target(Some(EncodingId(1)));
        assert_eq!(
            selector.select(&delta(1)),
            Err(DropReason::AwaitingKeyframe)
        );
        assert_eq!(selector.awaited(), Some(EncodingId(1)));
        assert_eq!(selector.select(&keyframe(1)), Ok(()));
        assert_eq!(selector.select(&delta(1)), Ok(()));
        assert_eq!(selector.awaited(), None);
    }

    #[test]
    fn a_hold_lasts_until_the_keyframe_or_until_nothing_is_awaited() {
        let mut selector = Selector::default();
        selector.set_target(Some(EncodingId(2)));
        selector.select(&keyframe(2)).unwrap();
        selector.hold();
        assert_eq!(selector.select(&delta(2)), Ok(()));
        selector.set_target(Some(EncodingId(1)));
        selector.hold();
        assert_eq!(selector.select(&delta(2)), Err(DropReason::OtherLayer));
        selector.set_target(Some(EncodingId(1)));
        assert_eq!(selector.select(&delta(2)), Err(DropReason::OtherLayer));
        assert_eq!(selector.select(&keyframe(1)), Ok(()));
        assert_eq!(selector.select(&delta(1)), Ok(()));
    }

    #[test]
    fn the_old_encoding_passes_until_the_new_one_has_a_keyframe() {
        let mut selector = Selector::default();
        selector.set_target(Some(EncodingId(1)));
        selector.select(&keyframe(1)).unwrap();
        selector.set_target(Some(EncodingId(2)));
        assert_eq!(selector.select(&delta(1)), Ok(()));
        assert_eq!(
            selector.select(&delta(2)),
            Err(DropReason::AwaitingKeyframe)
        );
        assert_eq!(selector.select(&keyframe(2)), Ok(()));
        assert_eq!(selector.select(&delta(1)), Err(DropReason::OtherLayer));
    }
}
