//! How encoders of H.264 are set: to keep nothing back, to put keyframes only where they are told, and to hold their bit rate
//! within a second.

use crate::chain::Setting;
use crate::job::{FrameRate, Rung};

/// Keyframes come when they are forced, twice as often as this: it is what an encoder does when it was not told, in seconds.
const KEYFRAME_EVERY_S: u32 = 4;

/// A picture of this many pixels a second has an encoder of two threads, and each as many again one more.
const PIXEL_RATE_PER_THREAD: u32 = 1_280 * 720 * 60;

/// The properties of an encoder, by the name of its factory.
pub(crate) fn encoder(name: &str, rung: &Rung, rate: FrameRate) -> Vec<Setting> {
    let kbps = rung.bit_rate_bps / 1_000;
    let pixel_rate = rung.size.area().saturating_mul(rate.fps().into());
    let threads = 1 + pixel_rate / PIXEL_RATE_PER_THREAD;
    let period = u32::from(rate.fps()).saturating_mul(KEYFRAME_EVERY_S);
    match name {
        "x264enc" => vec![
            Setting::new("tune", "zerolatency"),
            Setting::new("speed-preset", "superfast"),
            Setting::new("bitrate", kbps),
            Setting::new("vbv-buf-capacity", 1_000),
            Setting::new("key-int-max", period),
            Setting::new("bframes", 0),
            Setting::new("threads", threads),
            Setting::new("option-string", "scenecut=0:open-gop=0"),
        ],
        "openh264enc" => vec![
            Setting::new("bitrate", rung.bit_rate_bps),
            Setting::new("rate-control", "bitrate"),
            Setting::new("complexity", "low"),
            Setting::new("gop-size", period),
            Setting::new("scene-change-detection", false),
            Setting::new("multi-thread", threads),
        ],
        "nvh264enc" | "nvcudah264enc" => nvenc(kbps, period),
        _ => vec![
            Setting::new("bitrate", kbps),
            Setting::new("rate-control", "cbr"),
            Setting::new("key-int-max", period),
            Setting::new("b-frames", 0),
        ],
    }
}

/// NVENC has two elements in GStreamer 1.22, and the newer one took the older one's name later: each property stands here under
/// every name that it had. Drivers since 590 know the presets `p1` to `p7` alone, older elements the others alone.
fn nvenc(kbps: u32, period: u32) -> Vec<Setting> {
    vec![
        Setting::new("bitrate", kbps),
        Setting::new("vbv-buffer-size", kbps),
        Setting::new("rc-mode", "cbr"),
        Setting::new("rate-control", "cbr"),
        Setting::first_known("preset", &["p4", "low-latency-hq"]),
        Setting::new("tune", "low-latency"),
        Setting::new("zerolatency", true),
        Setting::new("zero-reorder-delay", true),
        Setting::new("gop-size", period),
        Setting::new("strict-gop", true),
        Setting::new("bframes", 0),
        Setting::new("b-frames", 0),
        Setting::new("rc-lookahead", 0),
        // What an access unit begins with is told by its buffer; parameter sets are to be in every keyframe.
        Setting::new("aud", false),
        Setting::new("repeat-sequence-header", true),
    ]
}
