//! CMAF (ISO/IEC 23000-19): init sections and chunks of one track, the same bytes for HLS and DASH.
//!
//! An init section says what a decoder must know, and each chunk carries samples with their exact times. A chunk stands
//! alone: its defaults are in its own `tfhd`, so that nothing of it depends on the init section but the sample entry.
//!
//! # Invariants
//!
//! * Samples are shown in the order in which they are decoded (`sfu_model::frame::Frame`): there is no composition offset.
//! * The time of a chunk's first sample is its `tfdt`, unshifted: no track has an edit list. Not for Opus either, whose
//!   binding (Encapsulation of Opus in ISOBMFF section 4.4) would cut the pre-skip off the timeline with one: players
//!   disagree about edit lists of live tracks, and 6.5 ms are not worth a sound track that begins elsewhere than its
//!   `tfdt`. Players drop the pre-skip that `dOps` names by themselves, as ffmpeg does in `tests/players.rs`.
//! * Equal samples give equal bytes: nothing here has a clock.

mod boxes;
mod chunk;
pub mod codec;
mod init;
mod run;
mod sample;
mod sample_entry;
mod track;
mod unsupported;

pub use self::chunk::{ProducerTime, chunk};
pub use self::init::init_section;
pub use self::sample::Sample;
pub use self::unsupported::UnsupportedFormat;
