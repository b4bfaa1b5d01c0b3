//! What a stream lists: values that are written as HLS playlists.

pub mod media;
pub mod multivariant;
mod seconds;
pub mod server_control;
pub mod skip;
mod text;
pub mod uri;
