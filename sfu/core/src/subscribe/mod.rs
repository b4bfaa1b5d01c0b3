//! Subscriptions: of the packets of a track, those that a subscriber gets, as one continuous sender.

pub(crate) mod changes;
#[cfg(debug_assertions)]
pub(crate) mod egress_guard;
pub(crate) mod keyframe_patience;
pub(crate) mod passing;
pub(crate) mod payload_types;
pub(crate) mod rewrite;
pub(crate) mod rewrite_codec;
pub(crate) mod rewrite_dependency;
pub(crate) mod rewrite_picture;
pub(crate) mod select;
pub(crate) mod select_layer;
pub(crate) mod select_target;
pub(crate) mod skipped;
pub(crate) mod subscriber;
pub(crate) mod subscription;
