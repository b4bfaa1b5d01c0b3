//! Do a rendition's keyframes come where segments are cut?

/// Counts of one rendition. They only rise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alignment {
    /// Segments that begin with a keyframe.
    pub n_aligned: u64,
    /// Segments that do not: players cannot begin there, or come from another rendition. With them those that something stands
    /// in for, while frames come that no decoder could begin at.
    pub n_misaligned: u64,
}

impl Alignment {
    pub(crate) fn count(&mut self, begins_with_keyframe: bool) {
        self.n_aligned += u64::from(begins_with_keyframe);
        self.n_misaligned += u64::from(!begins_with_keyframe);
    }
}
