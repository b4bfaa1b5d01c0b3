//! GStreamer's webrtcbin as a WHEP player that looks at what it decodes.

use std::error::Error;
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_webrtc::{WebRTCRTPTransceiver, WebRTCRTPTransceiverDirection};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::session::Session;
use crate::webrtcbin::Pipeline;

/// Decoded media that wait to be counted. More are dropped: a count that lags is no failure of the server's.
const WAITING_MAX: usize = 256;

/// Luma of the leftmost colour bar (grey, 180) and of the rightmost (blue, 35), with room for the encoder's error.
const LEFT_BAR_LUMA_MIN: u8 = 140;
const RIGHT_BAR_LUMA_MAX: u8 = 80;

/// One thing that a decoder gave out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decoded {
    /// A picture, and whether the colour bars are in it.
    Picture {
        /// Whether it shows what the publisher drew.
        shows_bars: bool,
    },
    /// Audio samples that are not silence.
    Sound,
    /// Audio samples that are.
    Silence,
}

/// A player that is connected.
pub struct Player {
    _pipeline: Pipeline,
    session: Session,
    decoded: mpsc::Receiver<Decoded>,
}

impl Player {
    /// Plays until closed or dropped.
    pub async fn start(endpoint: &str) -> Result<Self, Box<dyn Error>> {
        let pipeline = Pipeline::parse("webrtcbin name=peer bundle-policy=max-bundle")?;
        for caps in [
            "application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000,rtcp-fb-nack-pli=true; \
             application/x-rtp,media=video,encoding-name=H264,payload=102,clock-rate=90000,packetization-mode=(string)1,\
             profile-level-id=(string)42e01f,rtcp-fb-nack-pli=true",
            "application/x-rtp,media=audio,encoding-name=OPUS,payload=97,clock-rate=48000,encoding-params=(string)2",
        ] {
            let caps: gst::Caps = caps.parse()?;
            let _: WebRTCRTPTransceiver = pipeline.webrtcbin.emit_by_name(
                "add-transceiver",
                &[&WebRTCRTPTransceiverDirection::Recvonly, &caps],
            );
        }
        let (sender, decoded) = mpsc::channel(WAITING_MAX);
        let weak = pipeline.pipeline.downgrade();
        pipeline.webrtcbin.connect_pad_added(move |_, pad| {
            if let Some(pipeline) = weak.upgrade()
                && pad.direction() == gst::PadDirection::Src
            {
                decode(&pipeline, pad, &sender)
                    .expect("the player decodes what it offered to receive");
            }
        });
        let session = pipeline.connect(endpoint, None).await?;
        Ok(Self {
            _pipeline: pipeline,
            session,
            decoded,
        })
    }

    /// Waits for as many pictures with the bars in them and as many sounds.
    pub async fn sees_and_hears(
        &mut self,
        n_each: usize,
        within: Duration,
    ) -> Result<(), Box<dyn Error>> {
        let (mut n_pictures, mut n_sounds, mut n_others) = (0_usize, 0_usize, 0_usize);
        let waited = timeout(within, async {
            while n_pictures < n_each || n_sounds < n_each {
                match self.decoded.recv().await {
                    Some(Decoded::Picture { shows_bars: true }) => n_pictures += 1,
                    Some(Decoded::Sound) => n_sounds += 1,
                    Some(Decoded::Picture { shows_bars: false } | Decoded::Silence) => {
                        n_others += 1
                    }
                    None => break,
                }
            }
        });
        let in_time = waited.await.is_ok();
        if in_time && n_pictures >= n_each && n_sounds >= n_each {
            return Ok(());
        }
        let seen =
            format!("{n_pictures} pictures of bars, {n_sounds} sounds, {n_others} of neither");
        Err(format!("wanted {n_each} of each within {within:?}, got {seen}").into())
    }

    /// Ends the session by DELETE.
    pub async fn close(self) -> Result<(), Box<dyn Error>> {
        self.session.close().await
    }
}

/// Links a decoder for what the pad carries, and reports what comes out of it.
fn decode(
    pipeline: &gst::Pipeline,
    pad: &gst::Pad,
    sender: &mpsc::Sender<Decoded>,
) -> Result<(), Box<dyn Error>> {
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    let encoding: String = caps
        .structure(0)
        .ok_or("an RTP pad has caps")?
        .get("encoding-name")?;
    let chain = match encoding.as_str() {
        "VP8" => "rtpvp8depay ! vp8dec ! videoconvert ! video/x-raw,format=I420",
        "H264" => "rtph264depay ! h264parse ! openh264dec ! videoconvert ! video/x-raw,format=I420",
        "OPUS" => "rtpopusdepay ! opusdec ! audioconvert ! audio/x-raw,format=S16LE",
        other => return Err(format!("not offered: {other}").into()),
    };
    let chain =
        format!("queue ! {chain} ! fakesink name=eye signal-handoffs=true sync=false async=false");
    let bin = gst::parse::bin_from_description(&chain, true)?;
    let eye = bin.by_name("eye").ok_or("the chain ends in an eye")?;
    let sender = sender.clone();
    eye.connect("handoff", false, move |values| {
        let buffer = values.get(1)?.get::<gst::Buffer>().ok()?;
        let pad = values.get(2)?.get::<gst::Pad>().ok()?;
        if let Some(decoded) = look(&buffer, &pad) {
            let _ = sender.try_send(decoded);
        }
        None
    });
    pipeline.add(&bin)?;
    bin.sync_state_with_parent()?;
    pad.link(
        &bin.static_pad("sink")
            .ok_or("a chain begins with a sink pad")?,
    )?;
    Ok(())
}

fn look(buffer: &gst::Buffer, pad: &gst::Pad) -> Option<Decoded> {
    let caps = pad.current_caps()?;
    let structure = caps.structure(0)?;
    let bytes = buffer.map_readable().ok()?;
    if structure.name() == "audio/x-raw" {
        let is_silent = bytes.iter().all(|byte| *byte == 0);
        return Some(if is_silent {
            Decoded::Silence
        } else {
            Decoded::Sound
        });
    }
    let width = usize::try_from(structure.get::<i32>("width").ok()?).ok()?;
    let height = usize::try_from(structure.get::<i32>("height").ok()?).ok()?;
    // I420 begins with the luma plane, whose rows are padded to four bytes.
    let row = height / 3 * width.next_multiple_of(4);
    let left = *bytes.get(row + width / 14)?;
    let right = *bytes.get(row + width * 13 / 14)?;
    Some(Decoded::Picture {
        shows_bars: left >= LEFT_BAR_LUMA_MIN && right <= RIGHT_BAR_LUMA_MAX,
    })
}
