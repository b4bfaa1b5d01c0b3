//! Thumbnails: a keyframe becomes a JPEG, in a process of its own.
//!
//! A decoder is C++ that is fed what strangers publish. It runs in `freshet thumbnail-worker` ([`worker`]), which has two pipes and
//! no files, and bounds on its memory; [`desk`] hands it one keyframe at a time, gives it a time limit, and starts another when it is
//! gone. A crash, or worse, costs one thumbnail.

pub(crate) mod desk;
mod picture;
mod wire;
pub(crate) mod worker;
