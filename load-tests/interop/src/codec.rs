//! What the clients send and receive, as GStreamer says it.

/// What pictures are encoded with.
#[derive(Clone, Copy, Debug)]
pub enum Codec {
    /// libvpx.
    Vp8,
    /// libvpx, profile 0.
    Vp9,
    /// OpenH264, Constrained Baseline.
    H264,
    /// The same under the name that ffmpeg's muxer gives it: Baseline, without the constraint.
    H264Baseline,
}

impl Codec {
    /// What is on the wire. The payload types are the publisher's own choice.
    pub(crate) fn caps(self) -> &'static str {
        match self {
            Self::Vp8 => {
                "application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000"
            }
            Self::Vp9 => {
                "application/x-rtp,media=video,encoding-name=VP9,payload=98,clock-rate=90000"
            }
            Self::H264 => {
                "application/x-rtp,media=video,encoding-name=H264,payload=102,clock-rate=90000,\
                 packetization-mode=(string)1,profile-level-id=(string)42e01f"
            }
            Self::H264Baseline => {
                "application/x-rtp,media=video,encoding-name=H264,payload=102,clock-rate=90000,\
                 packetization-mode=(string)1,profile-level-id=(string)42001f"
            }
        }
    }

    /// The elements from RTP to raw pictures.
    pub(crate) fn decode(self) -> &'static str {
        match self {
            Self::Vp8 => "rtpvp8depay ! vp8dec",
            Self::Vp9 => "rtpvp9depay ! vp9dec",
            Self::H264 | Self::H264Baseline => "rtph264depay ! h264parse ! openh264dec",
        }
    }

    /// The elements from raw pictures to RTP.
    pub(crate) fn encode(self) -> &'static str {
        match self {
            Self::Vp8 => {
                "vp8enc deadline=1 cpu-used=8 target-bitrate=1000000 keyframe-max-dist=60 ! \
                 rtpvp8pay pt=96 picture-id-mode=15-bit"
            }
            Self::Vp9 => {
                "vp9enc deadline=1 cpu-used=8 target-bitrate=1000000 keyframe-max-dist=60 ! \
                 rtpvp9pay pt=98 picture-id-mode=15-bit"
            }
            Self::H264 | Self::H264Baseline => {
                "openh264enc complexity=low bitrate=1000000 gop-size=60 ! \
                 video/x-h264,profile=constrained-baseline ! h264parse ! \
                 rtph264pay pt=102 config-interval=-1 aggregate-mode=zero-latency"
            }
        }
    }
}

/// What sound is encoded with.
pub(crate) const OPUS: &str = "application/x-rtp,media=audio,encoding-name=OPUS,payload=97,clock-rate=48000,\
                    encoding-params=(string)2";
