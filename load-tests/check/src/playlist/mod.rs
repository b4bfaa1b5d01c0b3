//! Playlists as values: all that a rule may ask about, with the lines where it stands. What a lenient parser forgives is kept as
//! a [`fault::Fault`].

pub mod attributes;
pub mod date_time;
pub mod decimal;
pub mod delta;
pub mod fault;
pub mod media;
pub mod multivariant;
pub mod parse;
pub mod segment;
pub mod server_control;
