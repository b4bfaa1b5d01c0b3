//! What publisher and player share: a pipeline around one webrtcbin, and its side of the handshake.

use std::error::Error;
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_sdp::SDPMessage;
use gstreamer_webrtc::{WebRTCICEGatheringState, WebRTCSDPType, WebRTCSessionDescription};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::certificate::Certificate;
use crate::session::Session;

/// How long candidates may take: there is no STUN server to wait for, only local addresses.
const GATHERING_MAX: Duration = Duration::from_secs(10);

/// A pipeline whose webrtcbin is named `peer`. It stops with this value.
pub struct Pipeline {
    pub(crate) pipeline: gst::Pipeline,
    pub(crate) webrtcbin: gst::Element,
    certificate: Certificate,
}

impl Pipeline {
    /// Parses a pipeline as `gst-launch` would.
    pub(crate) fn parse(description: &str) -> Result<Self, Box<dyn Error>> {
        gst::init()?;
        let pipeline = gst::Pipeline::new();
        pipeline.add(&gst::parse::bin_from_description(description, false)?)?;
        let webrtcbin = pipeline
            .by_name("peer")
            .ok_or("the pipeline has a webrtcbin named peer")?;
        let certificate = Certificate::new()?;
        let pem = certificate.pem.clone();
        let webrtc: &gst::Bin = webrtcbin.downcast_ref().ok_or("webrtcbin is a bin")?;
        webrtc.connect_deep_element_added(move |_, _, element| {
            let name = element.factory().map(|factory| factory.name());
            if name.as_deref() == Some("dtlsdec") {
                element.set_property("pem", &pem);
            }
            // The connection was made with the certificate of its time: another name makes another.
            if matches!(name.as_deref(), Some("dtlsdec" | "dtlsenc")) {
                let id: Option<String> = element.property("connection-id");
                element.set_property("connection-id", format!("{}-ecdsa", id.unwrap_or_default()));
            }
        });
        Ok(Self {
            pipeline,
            webrtcbin,
            certificate,
        })
    }

    /// Starts, offers to the endpoint, and applies its answer.
    pub(crate) async fn connect(
        &self,
        endpoint: &str,
        bearer: Option<&str>,
    ) -> Result<Session, Box<dyn Error>> {
        // One notification says "something changed"; a second one while it waits says nothing more.
        let (changed, mut changes) = mpsc::channel(1);
        let gathered = changed.clone();
        self.webrtcbin
            .connect_notify(Some("ice-gathering-state"), move |_, _| {
                let _ = gathered.try_send(());
            });
        for pad in self.webrtcbin.sink_pads() {
            let arrived = changed.clone();
            pad.connect_notify(Some("caps"), move |_, _| {
                let _ = arrived.try_send(());
            });
        }
        self.pipeline.set_state(gst::State::Playing)?;
        // An offer names the SSRC of each stream, which is known when its first packet is.
        timeout(GATHERING_MAX, async {
            while self
                .webrtcbin
                .sink_pads()
                .iter()
                .any(|pad| pad.current_caps().is_none())
            {
                changes.recv().await;
            }
        })
        .await?;
        let offer = self.description("create-offer").await?;
        self.webrtcbin
            .emit_by_name::<()>("set-local-description", &[&offer, &None::<gst::Promise>]);
        timeout(GATHERING_MAX, async {
            while self
                .webrtcbin
                .property::<WebRTCICEGatheringState>("ice-gathering-state")
                != WebRTCICEGatheringState::Complete
            {
                changes.recv().await;
            }
        })
        .await?;
        let local = self
            .webrtcbin
            .property::<WebRTCSessionDescription>("local-description");
        let session = Session::open(
            endpoint,
            bearer,
            self.certificate.signed(&local.sdp().as_text()?),
        )
        .await?;
        let answer = SDPMessage::parse_buffer(session.answer.as_bytes())?;
        let answer = WebRTCSessionDescription::new(WebRTCSDPType::Answer, answer);
        self.webrtcbin
            .emit_by_name::<()>("set-remote-description", &[&answer, &None::<gst::Promise>]);
        Ok(session)
    }

    async fn description(&self, signal: &str) -> Result<WebRTCSessionDescription, Box<dyn Error>> {
        let (sender, mut receiver) = mpsc::channel(1);
        let promise = gst::Promise::with_change_func(move |reply| {
            let reply = reply
                .ok()
                .flatten()
                .map(|reply| reply.get::<WebRTCSessionDescription>("offer"));
            let _ = sender.try_send(reply);
        });
        self.webrtcbin
            .emit_by_name::<()>(signal, &[&None::<gst::Structure>, &promise]);
        Ok(receiver
            .recv()
            .await
            .flatten()
            .ok_or("webrtcbin made no offer")??)
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        // Threads of the pipeline call into this crate until it stands still.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}
