//! GStreamer's webrtcbin as a WHEP player that looks at what it decodes.

use std::error::Error;
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_webrtc::{WebRTCRTPTransceiver, WebRTCRTPTransceiverDirection};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::codec::{Codec, OPUS};
use crate::session::Session;
use crate::webrtcbin::Pipeline;

/// One in so many of what is decoded may be something else: what was lost before it could be repaired.
const WRONG_ONE_IN: usize = 10;

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
    decoded: mpsc::Receiver<Result<Decoded, String>>,
}

impl Player {
    /// Plays until closed or dropped.
    pub async fn start(endpoint: &str, codec: Codec) -> Result<Self, Box<dyn Error>> {
        let pipeline = Pipeline::parse("webrtcbin name=peer bundle-policy=max-bundle")?;
        for caps in [codec.caps(), OPUS] {
            let caps: gst::Caps = caps.parse()?;
            let _: WebRTCRTPTransceiver = pipeline.webrtcbin.emit_by_name(
                "add-transceiver",
                &[&WebRTCRTPTransceiverDirection::Recvonly, &caps],
            );
        }
        let (sender, decoded) = mpsc::channel(WAITING_MAX);
        pipeline.webrtcbin.connect_pad_added(move |webrtcbin, pad| {
            if pad.direction() == gst::PadDirection::Src
                && let Err(error) = decode(webrtcbin, pad, codec, &sender)
            {
                // A panic would end the process here, under C: the wait for pictures tells it instead.
                let _ = sender.try_send(Err(error.to_string()));
            }
        });
        let session = pipeline.connect(endpoint, None).await?;
        Ok(Self {
            _pipeline: pipeline,
            session,
            decoded,
        })
    }

    /// Waits for as many pictures with the bars in them and as many sounds. Once both have come, hardly anything else may.
    pub async fn sees_and_hears(
        &mut self,
        n_each: usize,
        within: Duration,
    ) -> Result<(), Box<dyn Error>> {
        let (mut n_pictures, mut n_sounds, mut n_others) = (0_usize, 0_usize, 0_usize);
        let mut n_wrong = 0_usize;
        let waited = timeout(within, async {
            while n_pictures < n_each || n_sounds < n_each {
                match self.decoded.recv().await {
                    Some(Ok(Decoded::Picture { shows_bars: true })) => n_pictures += 1,
                    Some(Ok(Decoded::Sound)) => n_sounds += 1,
                    Some(Ok(Decoded::Picture { shows_bars: false } | Decoded::Silence)) => {
                        n_others += 1;
                        n_wrong += usize::from(n_pictures > 0 && n_sounds > 0);
                    }
                    Some(Err(error)) => return Err(error),
                    None => return Err("the player has ended".to_owned()),
                }
            }
            Ok(())
        });
        if let Ok(came) = waited.await {
            came?;
            let most = (n_pictures + n_sounds) / WRONG_ONE_IN;
            return match n_wrong <= most {
                true => Ok(()),
                false => Err(format!("{n_wrong} pictures and sounds are not what was sent").into()),
            };
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
    webrtcbin: &gst::Element,
    pad: &gst::Pad,
    codec: Codec,
    sender: &mpsc::Sender<Result<Decoded, String>>,
) -> Result<(), Box<dyn Error>> {
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    let encoding: String = caps
        .structure(0)
        .ok_or("an RTP pad has caps")?
        .get("encoding-name")?;
    let chain = match encoding.as_str() {
        "OPUS" => "rtpopusdepay ! opusdec ! audioconvert ! audio/x-raw,format=S16LE".to_owned(),
        _ => format!(
            "{} ! videoconvert ! video/x-raw,format=I420",
            codec.decode()
        ),
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
            let _ = sender.try_send(Ok(decoded));
        }
        None
    });
    // Pads link inside one bin, and the parser has put webrtcbin into one.
    let parent = webrtcbin.parent().and_downcast::<gst::Bin>();
    parent.ok_or("webrtcbin is in a bin")?.add(&bin)?;
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
