//! What a player does in its engine's place: it asks for repairs, and takes those that the engine has given up.

use str0m::media::Pt;
use str0m::rtp::Ssrc;

use crate::session::BrowserSession;

impl BrowserSession {
    /// Lets nobody but the player ask for what this stream lacks.
    pub(crate) fn leave_repairs(&mut self, ssrc: Ssrc) {
        if let Some(stream) = self.rtc.direct_api().stream_rx(&ssrc) {
            stream.suppress_nack(true);
        }
    }

    /// The payload type of what packets with this one repair (RFC 4588); `None` when they repair nothing.
    pub(crate) fn repaired(&self, payload_type: Pt) -> Option<Pt> {
        let mut params = self.rtc.codec_config().params().iter();
        let params = params.find(|p| p.resend() == Some(payload_type))?;
        Some(params.pt())
    }

    /// Seals a compound packet of the player's, as its engine would; `None` before there are keys.
    pub(crate) fn seal_feedback(&mut self, clear: &[u8]) -> Option<Vec<u8>> {
        if self.feedback_sealer.is_none() {
            self.feedback_sealer = self.keys.take();
        }
        self.feedback_sealer.as_mut()?.seal_rtcp(clear)
    }
}
