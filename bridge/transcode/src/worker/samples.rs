//! Samples inside GStreamer: their layout, and their times.

use gstreamer as gst;

/// Samples as they are between decoder and encoder.
pub(super) fn sample_caps() -> gst::Caps {
    gst::Caps::builder("audio/x-raw")
        .field("format", "S16LE")
        .field("layout", "interleaved")
        .field("rate", 48_000)
        .field("channels", 2)
        .build()
}

/// Ticks of 48 kHz as GStreamer's nanoseconds, to the nearest.
pub(super) fn time_of(ticks: u64) -> gst::ClockTime {
    let nanos = (u128::from(ticks) * 1_000_000_000 + 24_000) / 48_000;
    gst::ClockTime::from_nseconds(u64::try_from(nanos).unwrap_or(u64::MAX >> 1))
}

/// GStreamer's nanoseconds as ticks of 48 kHz, to the nearest.
pub(super) fn ticks_of(time: gst::ClockTime) -> u64 {
    let ticks = (u128::from(time.nseconds()) * 48_000 + 500_000_000) / 1_000_000_000;
    u64::try_from(ticks).unwrap_or(u64::MAX)
}
