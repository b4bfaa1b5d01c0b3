//! Mechanism: may this packet pass? The current encoding changes only where a decoder can follow; inside it, so do layers.

use std::time::Duration;

use sfu_model::drop_reason::DropReason;
use sfu_model::id::EncodingId;
use sfu_model::packet::Packet;
use sfu_model::time::Instant;

use crate::budget::ladder::Rung;
use crate::subscribe::passing::Passing;
use crate::subscribe::select_layer::LayerSelector;

/// How much older than what has passed the keyframe of another encoding may be. The encodings of a publisher come one after
/// another within a picture or two; what was lost and repaired together comes up to a second late, and to begin there is to
/// show that second again, and to be late by it for ever after. The next keyframe is waited for then, which is a round trip.
const BACK_MAX: Duration = Duration::from_millis(200);

/// Lets one encoding of a track through at a time, up to a layer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    /// What the budget wants.
    target: Option<Rung>,
    /// What passes.
    current: Option<Current>,
    /// Not even that passes: the path has no room for it.
    is_held: bool,
    /// When the latest of what passed was captured.
    newest: Option<Instant>,
    /// The target's last keyframe was too old. The next is not: a publisher whose clocks disagree would wait for ever.
    has_refused: bool,
}

#[derive(Clone, Debug)]
struct Current {
    encoding: EncodingId,
    layers: LayerSelector,
}

impl Selector {
    /// Sets what should pass. Another encoding passes from its next keyframe on, and what passes now goes on until then.
    pub(crate) fn set_target(&mut self, target: Option<Rung>) {
        self.target = target;
        if let (Some(target), Some(current)) = (target, &mut self.current)
            && target.encoding == current.encoding
        {
            current.layers.set_ceiling(target.ceiling);
        }
        self.is_held = self.is_held && self.awaited_encoding().is_some();
    }

    /// Nothing passes, and nothing is awaited, until there is a target again.
    pub(crate) fn stop(&mut self) {
        self.target = None;
        self.current = None;
        self.is_held = false;
    }

    /// Nothing passes until the target's keyframe: each packet of what passes now would only delay that.
    pub(crate) fn hold(&mut self) {
        self.is_held = self.awaited_encoding().is_some();
    }

    /// The encoding that passes, and up to which layer.
    pub(crate) fn current(&self) -> Option<Rung> {
        self.current.as_ref().map(|current| Rung {
            encoding: current.encoding,
            ceiling: current.layers.current(),
        })
    }

    /// What passes, or will: what the last choice was.
    pub(crate) fn wanted(&self) -> Option<Rung> {
        self.target.or_else(|| {
            self.current.as_ref().map(|current| Rung {
                encoding: current.encoding,
                ceiling: current.layers.ceiling(),
            })
        })
    }

    /// What passes from the next keyframe on.
    pub(crate) fn awaited(&self) -> Option<Rung> {
        let within = |current: &Current| {
            let ceiling = current.layers.awaited()?;
            Some(Rung {
                encoding: current.encoding,
                ceiling,
            })
        };
        self.awaited_encoding()
            .or_else(|| self.current.as_ref().and_then(within))
    }

    /// The same, where it is another encoding.
    fn awaited_encoding(&self) -> Option<Rung> {
        let present = self.current.as_ref().map(|current| current.encoding);
        self.target
            .filter(|target| Some(target.encoding) != present)
    }

    /// How this packet passes.
    #[inline]
    pub(crate) fn select(&mut self, packet: &Packet) -> Result<Passing, DropReason> {
        let current = self.current.as_mut().filter(|_| !self.is_held);
        if let Some(current) = current
            && packet.encoding == current.encoding
        {
            let passing = current.layers.select(packet);
            self.newest = self.newest.max(Some(packet.captured_at));
            return passing.ok_or(DropReason::LayerAbove);
        }
        let Some(target) = self.target.filter(|t| t.encoding == packet.encoding) else {
            return Err(DropReason::OtherLayer);
        };
        if !packet.facts.starts_keyframe {
            return Err(DropReason::AwaitingKeyframe);
        }
        if self.is_of_the_past(packet) {
            self.has_refused = true;
            return Err(DropReason::AwaitingKeyframe);
        }
        let mut layers = LayerSelector::new(target.ceiling);
        let passing = layers.select(packet).ok_or(DropReason::LayerAbove);
        let ends_hold = self.is_held;
        self.current = Some(Current {
            encoding: target.encoding,
            layers,
        });
        self.is_held = false;
        self.has_refused = false;
        self.newest = Some(packet.captured_at);
        passing.map(|passing| Passing {
            ends_hold,
            ..passing
        })
    }

    /// While something passes, a keyframe from long before it is not worth going back to.
    fn is_of_the_past(&self, keyframe: &Packet) -> bool {
        let back = |newest: Instant| newest - keyframe.captured_at;
        let is_old = self.newest.is_some_and(|newest| back(newest) > BACK_MAX);
        is_old && !self.is_held && !self.has_refused
    }
}

#[cfg(test)]
mod tests {
    use sfu_model::layer::Layer;

    use super::*;
    use crate::subscribe::rewrite::tests::packet;

    fn rung(encoding: u64) -> Rung {
        Rung {
            encoding: EncodingId(encoding),
            ceiling: Layer::TOP,
        }
    }

    const PASSES: Passing = Passing {
        ends_picture: false,
        active_targets: None,
        ends_hold: false,
    };
    const ENDS_HOLD: Passing = Passing {
        ends_hold: true,
        ..PASSES
    };

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
        selector.set_target(Some(rung(1)));
        assert_eq!(
            selector.select(&delta(1)),
            Err(DropReason::AwaitingKeyframe)
        );
        assert_eq!(selector.awaited(), Some(rung(1)));
        assert_eq!(selector.select(&keyframe(1)), Ok(PASSES));
        assert_eq!(selector.select(&delta(1)), Ok(PASSES));
        assert_eq!(selector.awaited(), None);
    }

    fn captured(mut packet: Packet, ms: u64) -> Packet {
        packet.captured_at = Instant::START + Duration::from_millis(ms);
        packet
    }

    /// What passes of encoding 1, captured at 1,000 ms, while encoding 2 is awaited.
    fn waiting() -> Selector {
        let mut selector = Selector::default();
        selector.set_target(Some(rung(1)));
        selector.select(&captured(keyframe(1), 960)).unwrap();
        selector.set_target(Some(rung(2)));
        selector.select(&captured(delta(1), 1_000)).unwrap();
        selector
    }

    #[test]
    fn a_keyframe_of_the_past_is_waited_out_once() {
        for (ms, expected) in [(800, Ok(PASSES)), (799, Err(DropReason::AwaitingKeyframe))] {
            let selected = waiting().select(&captured(keyframe(2), ms));
            assert_eq!(selected, expected, "captured at {ms} ms");
        }
        let mut selector = waiting();
        assert!(selector.select(&captured(keyframe(2), 240)).is_err());
        assert_eq!(selector.awaited(), Some(rung(2)), "and asked for again");
        assert_eq!(selector.select(&captured(delta(1), 1_040)), Ok(PASSES));
        assert_eq!(
            selector.select(&captured(keyframe(2), 480)),
            Ok(PASSES),
            "a clock that is behind does not wait for ever"
        );
    }

    #[test]
    fn a_keyframe_of_the_past_is_taken_where_nothing_else_passes() {
        let mut selector = waiting();
        selector.hold();
        let passed = selector.select(&captured(keyframe(2), 240));
        assert_eq!(passed, Ok(ENDS_HOLD));
    }

    #[test]
    fn a_hold_lasts_until_the_keyframe_or_until_nothing_is_awaited() {
        let mut selector = Selector::default();
        selector.set_target(Some(rung(2)));
        selector.select(&keyframe(2)).unwrap();
        selector.hold();
        assert_eq!(selector.select(&delta(2)), Ok(PASSES));
        selector.set_target(Some(rung(1)));
        selector.hold();
        assert_eq!(selector.select(&delta(2)), Err(DropReason::OtherLayer));
        selector.set_target(Some(rung(1)));
        assert_eq!(selector.select(&delta(2)), Err(DropReason::OtherLayer));
        assert_eq!(selector.select(&keyframe(1)), Ok(ENDS_HOLD));
        assert_eq!(selector.select(&delta(1)), Ok(PASSES));
    }

    #[test]
    fn what_is_stopped_begins_again_at_a_keyframe() {
        let mut selector = waiting();
        selector.stop();
        for packet in [delta(1), keyframe(1), keyframe(2)] {
            assert_eq!(selector.select(&packet), Err(DropReason::OtherLayer));
        }
        assert_eq!((selector.current(), selector.awaited()), (None, None));
        selector.set_target(Some(rung(1)));
        assert_eq!(selector.awaited(), Some(rung(1)));
        let later = |packet| captured(packet, 1_040);
        assert_eq!(
            selector.select(&later(delta(1))),
            Err(DropReason::AwaitingKeyframe)
        );
        assert_eq!(selector.select(&later(keyframe(1))), Ok(PASSES));
    }

    #[test]
    fn the_old_encoding_passes_until_the_new_one_has_a_keyframe() {
        let mut selector = Selector::default();
        selector.set_target(Some(rung(1)));
        selector.select(&keyframe(1)).unwrap();
        selector.set_target(Some(rung(2)));
        assert_eq!(selector.select(&delta(1)), Ok(PASSES));
        assert_eq!(
            selector.select(&delta(2)),
            Err(DropReason::AwaitingKeyframe)
        );
        assert_eq!(selector.select(&keyframe(2)), Ok(PASSES));
        assert_eq!(selector.select(&delta(1)), Err(DropReason::OtherLayer));
    }
}
