//! What a selector says of a packet that it lets through.

/// How a packet passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Passing {
    /// It is the last one of its picture that does.
    pub(crate) ends_picture: bool,
    /// The decode targets that its receiver can decode, where it is to be told.
    pub(crate) active_targets: Option<u32>,
    /// It is the first since nothing of another encoding was let through, because the path had no room for that.
    pub(crate) ends_hold: bool,
}
