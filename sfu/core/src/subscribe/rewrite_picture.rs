//! VP8's and VP9's own counters over a switch (RFC 7741 section 4.2, RFC 9628 section 4.2): a decoder that sees them jump
//! drops frames.

use sfu_model::packet::PictureNumbers;

/// Picture ids are counted in 15 bits. Of one that is written in 7 bits the low ones are written, and go on as well.
const PICTURE_ID_MASK: u16 = 0x7fff;
/// Key indexes have 5 bits.
const KEY_INDEX_MASK: u8 = 0x1f;

/// What is added to counters, each modulo its own length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PictureShift {
    picture_id: u16,
    tl0: u8,
    key_index: u8,
}

impl PictureShift {
    /// What leads from one to the other. Counters that are absent stay absent.
    #[inline]
    pub(crate) fn between(from: PictureNumbers, to: PictureNumbers) -> Self {
        let ids = (from.picture_id, to.picture_id);
        let tl0 = (from.tl0_picture_index, to.tl0_picture_index);
        let keys = (from.key_index, to.key_index);
        Self {
            picture_id: match ids {
                (Some(from), Some(to)) => to.wrapping_sub(from) & PICTURE_ID_MASK,
                _ => 0,
            },
            tl0: match tl0 {
                (Some(from), Some(to)) => to.wrapping_sub(from),
                _ => 0,
            },
            key_index: match keys {
                (Some(from), Some(to)) => to.wrapping_sub(from) & KEY_INDEX_MASK,
                _ => 0,
            },
        }
    }

    /// The counters after the shift.
    #[inline]
    pub(crate) fn apply(self, numbers: PictureNumbers) -> PictureNumbers {
        PictureNumbers {
            picture_id: numbers
                .picture_id
                .map(|id| id.wrapping_add(self.picture_id) & PICTURE_ID_MASK),
            tl0_picture_index: numbers.tl0_picture_index.map(|i| i.wrapping_add(self.tl0)),
            key_index: numbers
                .key_index
                .map(|i| i.wrapping_add(self.key_index) & KEY_INDEX_MASK),
        }
    }
}

/// Moves the counters of whatever passes onto one line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PictureRewriter {
    shift: PictureShift,
    last: Option<PictureNumbers>,
    /// The latest picture that was left out.
    skipped: Option<u16>,
}

impl PictureRewriter {
    /// A new source begins with these counters: they go on where the last one was.
    pub(crate) fn begin(&mut self, first: Option<PictureNumbers>) {
        self.skipped = None;
        let (Some(first), Some(last)) = (first, self.last) else {
            return;
        };
        if let (Some(from), Some(after)) = (first.picture_id, last.picture_id) {
            self.shift.picture_id = after.wrapping_add(1).wrapping_sub(from) & PICTURE_ID_MASK;
        }
        if let (Some(from), Some(after)) = (first.tl0_picture_index, last.tl0_picture_index) {
            self.shift.tl0 = after.wrapping_add(1).wrapping_sub(from);
        }
        if let (Some(from), Some(after)) = (first.key_index, last.key_index) {
            self.shift.key_index = after.wrapping_add(1).wrapping_sub(from) & KEY_INDEX_MASK;
        }
    }

    /// A packet of a picture that is left out. VP8 leaves no gap for the picture: without one a decoder takes it for lost,
    /// and waits. True when it is the picture's first.
    pub(crate) fn skip(&mut self, numbers: PictureNumbers) -> bool {
        let Some(id) = numbers.picture_id else {
            return false;
        };
        if self.skipped == Some(id) {
            return false;
        }
        self.skipped = Some(id);
        self.shift.picture_id = self.shift.picture_id.wrapping_sub(1) & PICTURE_ID_MASK;
        true
    }

    /// The counters for a packet of the present source, after which so many pictures were left out. Only the newest packet
    /// moves the line: a repaired one is older than what was sent. The counters themselves do not say which is newer, for an id
    /// of 7 bits begins again after 128 pictures.
    pub(crate) fn rewrite(
        &mut self,
        numbers: PictureNumbers,
        skipped_since: u16,
        is_newest: bool,
    ) -> PictureNumbers {
        let shift = PictureShift {
            picture_id: self.shift.picture_id.wrapping_add(skipped_since),
            ..self.shift
        };
        let out = shift.apply(numbers);
        if is_newest {
            self.last = Some(out);
            self.skipped = None;
        }
        out
    }
}

/// Writes the counters into the payload descriptor at the start of a VP8 payload (RFC 7741 section 4.2). Fields that it does
/// not have stay absent, and a picture id keeps its 7 or 15 bits.
pub(crate) fn patch_vp8(payload: &mut [u8], numbers: PictureNumbers) {
    let mut rest = payload.iter_mut();
    let mut next = || rest.next();
    let Some(first) = next() else { return };
    if *first & 0x80 == 0 {
        return;
    }
    let Some(present) = next().map(|b| *b) else {
        return;
    };
    if present & 0x80 != 0 && patch_picture_id(&mut next, numbers.picture_id).is_none() {
        return;
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

/// The same for VP9 (RFC 9628 section 4.2), which has no key index.
pub(crate) fn patch_vp9(payload: &mut [u8], numbers: PictureNumbers) {
    let mut rest = payload.iter_mut();
    let mut next = || rest.next();
    let Some(flags) = next().map(|b| *b) else {
        return;
    };
    if flags & 0x80 != 0 && patch_picture_id(&mut next, numbers.picture_id).is_none() {
        return;
    }
    // The layer indices, and TL0PICIDX unless the mode is flexible.
    if flags & 0x30 == 0x20 {
        let (Some(_), Some(place)) = (next(), next()) else {
            return;
        };
        if let Some(index) = numbers.tl0_picture_index {
            *place = index;
        }
    }
}

/// A picture id of 7 bits, or of 15 where the first one says so. `None`: the descriptor is cut.
fn patch_picture_id<'a>(
    next: &mut impl FnMut() -> Option<&'a mut u8>,
    picture_id: Option<u16>,
) -> Option<()> {
    let high = next()?;
    if *high & 0x80 == 0 {
        if let Some(id) = picture_id {
            let [_, low] = id.to_be_bytes();
            *high = low & 0x7f;
        }
        return Some(());
    }
    let low = next()?;
    if let Some(id) = picture_id {
        let [h, l] = (id & PICTURE_ID_MASK).to_be_bytes();
        *high = h | 0x80;
        *low = l;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sfu_model::codec::Codec;
    use sfu_model::time::MediaTime;

    use super::*;
    use crate::publish::facts::{self, ParameterSets};

    fn numbers(picture_id: u16, tl0: u8, key: u8) -> PictureNumbers {
        PictureNumbers {
            picture_id: Some(picture_id),
            tl0_picture_index: Some(tl0),
            key_index: Some(key),
        }
    }

    #[test]
    fn the_first_source_keeps_its_counters() {
        let mut rewriter = PictureRewriter::default();
        rewriter.begin(Some(numbers(500, 9, 1)));
        assert_eq!(
            rewriter.rewrite(numbers(500, 9, 1), 0, true),
            numbers(500, 9, 1)
        );
    }

    #[test]
    fn a_switch_goes_on_by_one_and_wraps() {
        let mut rewriter = PictureRewriter::default();
        rewriter.begin(Some(numbers(0x7fff, 255, 31)));
        rewriter.rewrite(numbers(0x7fff, 255, 31), 0, true);
        rewriter.begin(Some(numbers(1_234, 7, 3)));
        assert_eq!(
            rewriter.rewrite(numbers(1_234, 7, 3), 0, true),
            numbers(0, 0, 0)
        );
        assert_eq!(
            rewriter.rewrite(numbers(1_236, 8, 3), 0, true),
            numbers(2, 1, 0)
        );
        // A repaired packet does not move the line back.
        assert_eq!(
            rewriter.rewrite(numbers(1_235, 7, 3), 0, false),
            numbers(1, 0, 0)
        );
        rewriter.begin(Some(numbers(9, 9, 9)));
        assert_eq!(
            rewriter.rewrite(numbers(9, 9, 9), 0, true),
            numbers(3, 2, 1)
        );
    }

    #[test]
    fn ids_of_seven_bits_go_on_over_their_wrap_and_over_a_switch() {
        let mut rewriter = PictureRewriter::default();
        let wire = |id: u16| id & 0x7f;
        rewriter.begin(Some(numbers(100, 0, 0)));
        // Three times around, and on to the ninth.
        let mut sent = 99;
        for n in 100..3 * 128 + 10 {
            let out = rewriter.rewrite(numbers(wire(n), 0, 0), 0, true);
            assert_eq!(out.picture_id.map(wire), Some(wire(sent + 1)));
            sent = wire(sent + 1);
        }
        // Another encoding, anywhere in its own round; and back.
        for first in [77, 3] {
            rewriter.begin(Some(numbers(first, 0, 0)));
            for n in 0..200 {
                let out = rewriter.rewrite(numbers(wire(first + n), 0, 0), 0, true);
                assert_eq!(out.picture_id.map(wire), Some(wire(sent + 1)));
                sent = wire(sent + 1);
            }
        }
    }

    #[test]
    fn a_picture_of_seven_bits_is_left_out_once_a_round() {
        let mut rewriter = PictureRewriter::default();
        rewriter.begin(Some(numbers(10, 0, 0)));
        rewriter.rewrite(numbers(10, 0, 0), 0, true);
        assert!(rewriter.skip(numbers(11, 0, 0)));
        for id in (12..128).chain(0..11) {
            rewriter.rewrite(numbers(id, 0, 0), 0, true);
        }
        assert!(rewriter.skip(numbers(11, 0, 0)), "another, 128 later");
    }

    #[test]
    fn a_picture_that_is_left_out_leaves_no_gap() {
        let mut rewriter = PictureRewriter::default();
        rewriter.begin(Some(numbers(10, 1, 0)));
        rewriter.rewrite(numbers(10, 1, 0), 0, true);
        assert!(rewriter.skip(numbers(11, 1, 0)));
        assert!(!rewriter.skip(numbers(11, 1, 0)), "the same picture");
        assert_eq!(
            rewriter.rewrite(numbers(12, 1, 0), 0, true),
            numbers(11, 1, 0)
        );
        // One that comes late, from before the gap.
        assert_eq!(
            rewriter.rewrite(numbers(10, 1, 0), 1, false),
            numbers(10, 1, 0)
        );
    }

    #[test]
    fn nothing_is_added_to_a_descriptor_without_counters() {
        let mut rewriter = PictureRewriter::default();
        rewriter.rewrite(numbers(5, 5, 5), 0, true);
        rewriter.begin(Some(PictureNumbers::default()));
        let none = PictureNumbers::default();
        assert_eq!(rewriter.rewrite(none, 0, true), none);
        assert!(!rewriter.skip(none));
    }

    #[test]
    fn a_patch_changes_the_counters_and_nothing_else() {
        let numbers = numbers(0x1234, 9, 3);
        // X, S; I, L, T, K; 15-bit id; TL0PICIDX; TID 2, Y, KEYIDX; payload.
        let mut payload = [0x90, 0xf0, 0x80, 0x01, 7, 0xa5, 0xff];
        patch_vp8(&mut payload, numbers);
        assert_eq!(payload, [0x90, 0xf0, 0x92, 0x34, 9, 0xa3, 0xff]);
        let mut payload = [0x90, 0x80, 0x01, 0xff];
        patch_vp8(&mut payload, numbers);
        assert_eq!(payload, [0x90, 0x80, 0x34, 0xff], "7 bits");
        let mut payload = [0x10, 0xff];
        patch_vp8(&mut payload, numbers);
        assert_eq!(payload, [0x10, 0xff], "no descriptor extension");
        // I, L, B; 15-bit id; TID 1, SID 2; TL0PICIDX; payload.
        let mut payload = [0xa8, 0x80, 0x01, 0x24, 7, 0xff];
        patch_vp9(&mut payload, numbers);
        assert_eq!(payload, [0xa8, 0x92, 0x34, 0x24, 9, 0xff]);
        let mut payload = [0xb8, 0x01, 0x24, 0xff];
        patch_vp9(&mut payload, numbers);
        assert_eq!(payload, [0xb8, 0x34, 0x24, 0xff], "flexible mode, 7 bits");
    }

    fn counters(codec: Codec, payload: &[u8]) -> Option<PictureNumbers> {
        let mut parameter_sets = ParameterSets::default();
        facts::read(codec, payload, MediaTime(0), &mut parameter_sets)?.picture
    }

    proptest! {
        #[test]
        fn a_patched_payload_reads_as_it_was_written(
            payload in prop::collection::vec(any::<u8>(), 0..12),
            picture_id in 0_u16..0x80,
            tl0: u8,
            key in 0_u8..32,
        ) {
            let written = numbers(picture_id, tl0, key);
            for codec in [Codec::Vp8, Codec::Vp9 { profile_id: 0 }] {
                let mut patched = payload.clone();
                if codec == Codec::Vp8 {
                    patch_vp8(&mut patched, written);
                } else {
                    patch_vp9(&mut patched, written);
                }
                let after = counters(codec, &patched);
                prop_assert_eq!(counters(codec, &payload).is_some(), after.is_some());
                let Some(read) = after else { continue };
                for (is_there, same) in [
                    (read.picture_id.is_some(), read.picture_id == written.picture_id),
                    (read.tl0_picture_index.is_some(), read.tl0_picture_index == written.tl0_picture_index),
                    (read.key_index.is_some(), read.key_index == written.key_index),
                ] {
                    prop_assert!(!is_there || same);
                }
            }
        }
    }
}
