//! What a selector says of a packet that it lets through.

/// How a packet passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Passing {
    /// It is the last one of its picture that does.
    pub(crate) ends_picture: bool,
    /// The decode targets that its receiver can decode, where it is to be told.
    pub(crate) active_targets: Option<u32>,
}
