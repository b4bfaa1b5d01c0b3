//! What a VP9 receiver follows where the mode is not flexible: the group of pictures that the scalability structure
//! describes, from each base picture on (RFC 9628 section 4.2).

use std::collections::{BTreeMap, BTreeSet};

/// A payload descriptor with layer indices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// B.
    pub begins_frame: bool,
    /// E.
    pub ends_frame: bool,
    is_inter_predicted: bool,
    picture_id: u16,
    temporal: u8,
    spatial: u8,
    /// D.
    has_frame_below: bool,
    tl0: u8,
    /// For each picture of a group how many pictures back those are that it refers to.
    group: Option<Vec<Vec<u8>>>,
}

impl Descriptor {
    /// `None`: it is malformed. The inner one: it has no layer indices.
    #[expect(clippy::option_option, reason = "malformed and absent are two answers")]
    pub(super) fn read(payload: &[u8]) -> Option<Option<Self>> {
        let [flags, high, low, rest @ ..] = payload else {
            return None;
        };
        if flags & 0x20 == 0 {
            return Some(None);
        }
        let [layers, tl0, rest @ ..] = rest else {
            return None;
        };
        let group = if flags & 0x02 == 0 {
            None
        } else {
            Some(read_group(rest)?)
        };
        Some(Some(Self {
            begins_frame: flags & 0x08 != 0,
            ends_frame: flags & 0x04 != 0,
            is_inter_predicted: flags & 0x40 != 0,
            picture_id: u16::from_be_bytes([high & 0x7f, *low]),
            temporal: layers >> 5,
            spatial: layers >> 1 & 0x07,
            has_frame_below: layers & 0x01 != 0,
            tl0: *tl0,
            group,
        }))
    }
}

/// N_S, Y and G, the sizes, and the group.
fn read_group(structure: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (head, rest) = structure.split_first()?;
    let n_sizes = usize::from(head >> 5) + 1;
    let (n_pictures, mut rest) = rest.get(n_sizes * 4..)?.split_first()?;
    let mut group = Vec::new();
    for _ in 0..*n_pictures {
        let (picture, after) = rest.split_first()?;
        let (back, after) = after.split_at_checked(usize::from(picture >> 2 & 0x03))?;
        group.push(back.to_vec());
        rest = after;
    }
    Some(group)
}

/// How many base pictures, and frames, are remembered.
const MEMORY: usize = 64;

/// What came so far, of frames that come in order.
#[derive(Debug, Default)]
pub(super) struct Vp9Finder {
    group: Vec<Vec<u8>>,
    picture: Option<u64>,
    tl0: u64,
    /// The picture with which the group of each base picture begins.
    groups: BTreeMap<u64, u64>,
    /// Frames: their pictures and spatial layers.
    came: BTreeSet<(u64, u8)>,
}

impl Vp9Finder {
    pub(super) fn can_follow(&mut self, descriptor: &Descriptor) -> bool {
        let picture = match self.picture {
            Some(last) => {
                self.tl0 += u64::from(descriptor.tl0).wrapping_sub(self.tl0) & 0xff;
                last + (u64::from(descriptor.picture_id).wrapping_sub(last) & 0x7fff)
            }
            None => {
                self.tl0 = u64::from(descriptor.tl0);
                u64::from(descriptor.picture_id)
            }
        };
        self.picture = Some(picture);
        let follows = self.find(picture, descriptor);
        if follows {
            self.came.insert((picture, descriptor.spatial));
        }
        while self.came.len() > MEMORY {
            self.came.pop_first();
        }
        while self.groups.len() > MEMORY {
            self.groups.pop_first();
        }
        follows
    }

    fn find(&mut self, picture: u64, descriptor: &Descriptor) -> bool {
        let spatial = descriptor.spatial;
        if let Some(group) = &descriptor.group {
            self.group.clone_from(group);
        }
        let has_below = || self.came.contains(&(picture, spatial.wrapping_sub(1)));
        if descriptor.has_frame_below && !has_below() {
            return false;
        }
        if !descriptor.is_inter_predicted {
            if spatial == 0 {
                self.came.clear();
                self.groups.clear();
            }
            self.groups.insert(self.tl0, picture);
            return !self.group.is_empty();
        }
        let is_base = descriptor.temporal == 0;
        let of = self.tl0.wrapping_sub(u64::from(is_base));
        let Some(begins) = self.groups.get(&of).copied() else {
            return false;
        };
        if is_base {
            self.groups.insert(self.tl0, picture);
        }
        let index = (picture - begins) as usize % self.group.len().max(1);
        let mut back = self.group.get(index).into_iter().flatten();
        back.all(|back| {
            self.came
                .contains(&(picture.wrapping_sub(u64::from(*back)), spatial))
        })
    }
}
