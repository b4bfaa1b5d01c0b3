//! What an origin is made for.

use std::sync::Arc;

use bridge_packager::playlist::server_control::ServerControl;

/// What does not change while a stream lives.
#[derive(Clone, Debug)]
pub struct Config {
    /// The random name of this life of the stream, in the paths of all of its media.
    pub epoch: Arc<str>,
    /// What the stream promises.
    pub server_control: ServerControl,
    /// Whether the server can keep segments on disk. Without, playlists list what is in memory.
    pub has_disk: bool,
    /// For the MPD.
    pub dash: Dash,
}

/// What an MPD says beside what is listed.
#[derive(Clone, Debug)]
pub struct Dash {
    /// Where the renditions are, relative to the MPD: `../../hls/{stream}/`.
    pub base_uri: Arc<str>,
    /// Where the time is to be asked for, relative to the MPD and to `base_uri`.
    pub clock_uri: Arc<str>,
}
