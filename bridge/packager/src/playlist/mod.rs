//! What a stream lists: values that are written as HLS playlists or as an MPD.

pub mod media;
pub mod server_control;
