//! What a VP8 receiver follows: picture ids without a gap, and per base picture the latest picture of each temporal layer
//! (RFC 7741 section 4.2).

use std::collections::{BTreeMap, BTreeSet};

/// A payload descriptor with all its counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// S, of the first partition.
    pub begins_frame: bool,
    picture_id: u16,
    tl0: u8,
    temporal: u8,
    /// Y.
    is_sync: bool,
    is_keyframe: bool,
}

impl Descriptor {
    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let [first, 0xf0, high, low, tl0, octet, rest @ ..] = payload else {
            return None;
        };
        let begins_frame = first & 0x1f == 0x10;
        Some(Self {
            begins_frame,
            picture_id: u16::from_be_bytes([high & 0x7f, *low]),
            tl0: *tl0,
            temporal: octet >> 6,
            is_sync: octet & 0x20 != 0,
            is_keyframe: begins_frame && rest.first().is_some_and(|tag| tag & 1 == 0),
        })
    }
}

/// Temporal layers that two bits can name.
const LAYERS: usize = 4;

/// How many base pictures, and pictures that never came, are remembered.
const MEMORY: usize = 64;

/// What came so far, of frames that come in order.
#[derive(Debug, Default)]
pub(super) struct Vp8Finder {
    picture: Option<u64>,
    tl0: u64,
    /// For each base picture the latest picture of each temporal layer.
    latest: BTreeMap<u64, [Option<u64>; LAYERS]>,
    missing: BTreeSet<u64>,
}

impl Vp8Finder {
    pub(super) fn can_follow(&mut self, descriptor: Descriptor) -> bool {
        let picture = match self.picture {
            Some(last) => {
                let ahead = u64::from(descriptor.picture_id).wrapping_sub(last) & 0x7fff;
                self.missing.extend((1..ahead.min(100)).map(|n| last + n));
                self.tl0 += u64::from(descriptor.tl0).wrapping_sub(self.tl0) & 0xff;
                if ahead == 0 {
                    return false;
                }
                last + ahead
            }
            None => {
                self.tl0 = u64::from(descriptor.tl0);
                u64::from(descriptor.picture_id)
            }
        };
        self.picture = Some(picture);
        let follows = self.find(picture, descriptor);
        while self.latest.len() > MEMORY {
            self.latest.pop_first();
        }
        while self.missing.len() > MEMORY {
            self.missing.pop_first();
        }
        follows
    }

    fn find(&mut self, picture: u64, descriptor: Descriptor) -> bool {
        let layer = usize::from(descriptor.temporal);
        if descriptor.is_keyframe {
            self.latest.clear();
            self.missing.clear();
            self.latest.insert(self.tl0, [None; LAYERS]);
        } else if layer == 0 {
            let Some(before) = self.latest.get(&self.tl0.wrapping_sub(1)).copied() else {
                return false;
            };
            self.latest.insert(self.tl0, before);
        }
        let Some(latest) = self.latest.get_mut(&self.tl0) else {
            return false;
        };
        let missing = &self.missing;
        let came = |reference: &Option<u64>| {
            reference.is_some_and(|at| missing.range(at..picture).next().is_none())
        };
        let follows = match (descriptor.is_keyframe, layer) {
            (true, _) => true,
            (false, 0) => latest.first().is_some_and(|base| base.is_some()),
            (false, _) if descriptor.is_sync => latest.first().is_some_and(|b| b.is_some()),
            (false, _) => latest.iter().take(layer + 1).all(came),
        };
        if let (true, Some(place)) = (follows, latest.get_mut(layer)) {
            *place = Some(picture);
        }
        follows
    }
}
