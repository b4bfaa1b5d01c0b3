//! Egress: of the packets of a track, those that a subscriber gets, as one continuous sender.

pub(crate) mod egress_guard;
pub(crate) mod payload_types;
pub(crate) mod rewrite;
pub(crate) mod rewrite_vp8;
pub(crate) mod select;
pub(crate) mod subscriber;
pub(crate) mod subscription;
