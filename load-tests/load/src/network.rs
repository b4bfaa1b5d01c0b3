//! What lies between a player and the server: a profile by name, and how players are given theirs.

mod mix;
mod path;
mod profile;

pub use mix::{Mix, MixError};
pub use path::PlayerPath;
pub use profile::Profile;
