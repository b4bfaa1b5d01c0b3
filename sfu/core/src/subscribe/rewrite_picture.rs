//! VP8's own counters over a switch (RFC 7741 section 4.2): a decoder that sees them jump drops frames.

use sfu_model::packet::Vp8Numbers;

/// Picture ids have 15 bits in every sender that can be patched in place; 7-bit ones wrap inside them.
const PICTURE_ID_MASK: u16 = 0x7fff;
/// Key indexes have 5 bits.
const KEY_INDEX_MASK: u8 = 0x1f;

/// The counters that a packet gets. `None` where the packet has none: nothing is ever added to a descriptor.
pub(crate) type Vp8Rewritten = Option<Vp8Numbers>;

/// Moves the counters of whatever passes onto one line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Vp8Rewriter {
    picture_id_shift: u16,
    tl0_shift: u8,
    key_index_shift: u8,
    last: Option<Vp8Numbers>,
}

impl Vp8Rewriter {
    /// A new source begins with these counters: they go on where the last one was.
    pub(crate) fn begin(&mut self, first: Option<Vp8Numbers>) {
        let (Some(first), Some(last)) = (first, self.last) else {
            return;
        };
        if let (Some(from), Some(after)) = (first.picture_id, last.picture_id) {
            self.picture_id_shift = after.wrapping_add(1).wrapping_sub(from) & PICTURE_ID_MASK;
        }
        if let (Some(from), Some(after)) = (first.tl0_picture_index, last.tl0_picture_index) {
            self.tl0_shift = after.wrapping_add(1).wrapping_sub(from);
        }
        if let (Some(from), Some(after)) = (first.key_index, last.key_index) {
            self.key_index_shift = after.wrapping_add(1).wrapping_sub(from) & KEY_INDEX_MASK;
        }
    }

    /// The counters for a packet of the present source.
    pub(crate) fn rewrite(&mut self, numbers: Option<Vp8Numbers>) -> Vp8Rewritten {
        let numbers = numbers?;
        let out = Vp8Numbers {
            picture_id: numbers
                .picture_id
                .map(|id| id.wrapping_add(self.picture_id_shift) & PICTURE_ID_MASK),
            tl0_picture_index: numbers
                .tl0_picture_index
                .map(|i| i.wrapping_add(self.tl0_shift)),
            key_index: numbers
                .key_index
                .map(|i| i.wrapping_add(self.key_index_shift) & KEY_INDEX_MASK),
        };
        self.last = Some(self.newer(out));
        Some(out)
    }

    /// Repaired packets are older than what was sent; only newer counters move the line.
    fn newer(&self, out: Vp8Numbers) -> Vp8Numbers {
        let Some(last) = self.last else { return out };
        let is_older = match (out.picture_id, last.picture_id) {
            (Some(now), Some(before)) => {
                let ahead = now.wrapping_sub(before) & PICTURE_ID_MASK;
                ahead > PICTURE_ID_MASK / 2
            }
            _ => false,
        };
        if is_older { last } else { out }
    }
}

/// Writes the counters into the payload descriptor at the start of a payload (RFC 7741 section 4.2). Fields that it does
/// not have stay absent, and a picture id keeps its 7 or 15 bits.
pub(crate) fn patch(payload: &mut [u8], numbers: Vp8Numbers) {
    let mut rest = payload.iter_mut();
    let mut next = || rest.next();
    let Some(first) = next() else { return };
    if *first & 0x80 == 0 {
        return;
    }
    let Some(present) = next().map(|b| *b) else {
        return;
    };
    if present & 0x80 != 0 {
        let Some(high) = next() else { return };
        if *high & 0x80 == 0 {
            if let Some(id) = numbers.picture_id {
                let [_, low] = id.to_be_bytes();
                *high = low & 0x7f;
            }
        } else {
            let Some(low) = next() else { return };
            if let Some(id) = numbers.picture_id {
                let [h, l] = (id & PICTURE_ID_MASK).to_be_bytes();
                *high = h | 0x80;
                *low = l;
            }
        }
    }
    if present & 0x40 != 0 {
        let Some(place) = next() else { return };
        if let Some(index) = numbers.tl0_picture_index {
            *place = index;
        }
    }
    if present & 0x30 != 0 {
        let Some(place) = next() else { return };
        if let (Some(index), true) = (numbers.key_index, present & 0x10 != 0) {
            *place = (*place & !KEY_INDEX_MASK) | (index & KEY_INDEX_MASK);
        }
    }
}

#[cfg(test)]
mod tests {
    use sfu_model::codec::Codec;
    use sfu_model::time::MediaTime;

    use super::*;
    use crate::publish::facts::{self, ParameterSets};

    fn numbers(picture_id: u16, tl0: u8, key: u8) -> Option<Vp8Numbers> {
        Some(Vp8Numbers {
            picture_id: Some(picture_id),
            tl0_picture_index: Some(tl0),
            key_index: Some(key),
        })
    }

    #[test]
    fn the_first_source_keeps_its_counters() {
        let mut rewriter = Vp8Rewriter::default();
        rewriter.begin(numbers(500, 9, 1));
        assert_eq!(rewriter.rewrite(numbers(500, 9, 1)), numbers(500, 9, 1));
    }

    #[test]
    fn a_switch_goes_on_by_one_and_wraps() {
        let mut rewriter = Vp8Rewriter::default();
        rewriter.begin(numbers(0x7fff, 255, 31));
        rewriter.rewrite(numbers(0x7fff, 255, 31));
        rewriter.begin(numbers(1_234, 7, 3));
        assert_eq!(rewriter.rewrite(numbers(1_234, 7, 3)), numbers(0, 0, 0));
        assert_eq!(rewriter.rewrite(numbers(1_236, 8, 3)), numbers(2, 1, 0));
        // A repaired packet does not move the line back.
        assert_eq!(rewriter.rewrite(numbers(1_235, 7, 3)), numbers(1, 0, 0));
        rewriter.begin(numbers(9, 9, 9));
        assert_eq!(rewriter.rewrite(numbers(9, 9, 9)), numbers(3, 2, 1));
    }

    #[test]
    fn nothing_is_added_to_a_descriptor_without_counters() {
        let mut rewriter = Vp8Rewriter::default();
        rewriter.rewrite(numbers(5, 5, 5));
        rewriter.begin(Some(Vp8Numbers::default()));
        assert_eq!(
            rewriter.rewrite(Some(Vp8Numbers::default())),
            Some(Vp8Numbers::default())
        );
        assert_eq!(rewriter.rewrite(None), None);
    }

    #[test]
    fn a_patch_changes_the_counters_and_nothing_else() {
        let numbers = numbers(0x1234, 9, 3).unwrap();
        // X, S; I, L, T, K; 15-bit id; TL0PICIDX; TID 2, Y, KEYIDX; payload.
        let mut payload = [0x90, 0xf0, 0x80, 0x01, 7, 0xa5, 0xff];
        patch(&mut payload, numbers);
        assert_eq!(payload, [0x90, 0xf0, 0x92, 0x34, 9, 0xa3, 0xff]);
        let mut payload = [0x90, 0x80, 0x01, 0xff];
        patch(&mut payload, numbers);
        assert_eq!(payload, [0x90, 0x80, 0x34, 0xff], "7 bits");
        let mut payload = [0x10, 0xff];
        patch(&mut payload, numbers);
        assert_eq!(payload, [0x10, 0xff], "no descriptor extension");
    }

    fn counters(payload: &[u8]) -> Option<Vp8Numbers> {
        let mut parameter_sets = ParameterSets::default();
        facts::read(Codec::Vp8, payload, MediaTime(0), &mut parameter_sets)?.vp8
    }

    proptest::proptest! {
        #[test]
        fn a_patched_payload_reads_as_it_was_written(
            mut payload in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..12),
            picture_id in 0_u16..0x80,
            tl0: u8,
            key in 0_u8..32,
        ) {
            let written = numbers(picture_id, tl0, key).unwrap();
            let before = counters(&payload);
            patch(&mut payload, written);
            let after = counters(&payload);
            proptest::prop_assert_eq!(before.is_some(), after.is_some());
            if let Some(read) = after {
                for (is_there, same) in [
                    (read.picture_id.is_some(), read.picture_id == written.picture_id),
                    (read.tl0_picture_index.is_some(), read.tl0_picture_index == written.tl0_picture_index),
                    (read.key_index.is_some(), read.key_index == written.key_index),
                ] {
                    proptest::prop_assert!(!is_there || same);
                }
            }
        }
    }
}
