//! What went nowhere, and why.

/// Counts since the stream began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets that came twice, or after they were given up.
    pub packets_late: u64,
    /// Packets that were never there when others had waited for them long enough.
    pub packets_given_up: u64,
    /// Times that a bound on what waits, in packets or in bytes, ended the waiting.
    pub waiting_overflowed: u64,
    /// Packets of encodings or publishers that have been replaced, or beyond what a track may have.
    pub packets_foreign: u64,
    /// Frames that began and were not emitted: lost, malformed, or put off with a change of format.
    pub frames_dropped: u64,
    /// Frames that were emitted; silence is not among them.
    pub frames: u64,
    /// Frames of silence.
    pub silences: u64,
}
