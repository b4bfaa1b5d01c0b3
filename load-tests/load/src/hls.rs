//! Viewers of LL-HLS by the thousand, each with connections of its own: how late is what they wait for, who stalls, and what
//! does it cost the server?
//!
//! The journey of a part: a [`viewer`]'s reload waits at the server; when the [`playlist`] comes, the shared [`board`] says
//! who saw that part first, the viewer takes the part and puts it into its [`buffer`], and what came of it is counted in
//! [`figures`], of which a [`report`] is made. [`rate`] is something else: the same answer as often as the server gives it.
//!
//! # What "late" means
//!
//! *Ready* is when the first of all viewers has the first byte of a playlist that lists a part: nobody outside the server can know
//! it earlier, and all viewers share one clock. A reload's lateness is from there to its own last byte, and counts only where it was
//! asked before, and so was held. A part's lateness is from there to the part's last byte. What passes before the first byte of the first
//! viewer is the server's own `hls_part_latency_seconds`. Its *age* is from the wall time of its end (`EXT-X-PROGRAM-DATE-TIME` and
//! durations) to its last byte, capture and part length included.

pub mod board;
pub mod buffer;
pub mod connection;
pub mod crowd;
pub mod date_time;
pub mod figures;
pub mod multivariant;
mod pass;
pub mod playlist;
pub mod publishing;
pub mod rate;
pub mod report;
mod slow;
mod slow_report;
pub mod spread;
pub mod stream;
pub mod viewer;
