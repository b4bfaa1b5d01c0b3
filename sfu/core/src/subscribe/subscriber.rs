//! The playing side of a session: at most one audio and one video subscription (WHEP).

use sfu_model::codec::MediaKind;
use sfu_model::id::EncodingId;
use sfu_model::time::Instant;

use crate::egress::sender::Sender;
use crate::route::tracks::TrackOutline;
use crate::subscribe::subscription::Subscription;

/// What a subscriber receives.
#[derive(Debug)]
pub(crate) struct Subscriber {
    pub(crate) audio: Option<Subscription>,
    pub(crate) video: Option<Subscription>,
    /// What leaves towards it.
    pub(crate) sender: Sender,
    /// True once a packet was queued for it.
    pub(crate) has_received: bool,
    /// When it last asked for a keyframe.
    pub(crate) asked_at: Option<Instant>,
}

impl Subscriber {
    /// A subscriber with these subscriptions, and the sender of their streams.
    pub(crate) fn new(
        audio: Option<Subscription>,
        video: Option<Subscription>,
        sender: Sender,
    ) -> Self {
        Self {
            audio,
            video,
            sender,
            has_received: false,
            asked_at: None,
        }
    }

    /// Its subscription for a kind.
    pub(crate) fn subscription(&mut self, kind: MediaKind) -> Option<&mut Subscription> {
        match kind {
            MediaKind::Audio => self.audio.as_mut(),
            MediaKind::Video => self.video.as_mut(),
        }
    }

    /// The room's tracks changed. Returns the video encoding whose keyframe is needed now.
    pub(crate) fn update(&mut self, tracks: &[TrackOutline]) -> Option<EncodingId> {
        let of_kind = |kind| tracks.iter().find(|t| t.kind == kind);
        if let Some(audio) = &mut self.audio {
            // Audio begins at any packet.
            let _ = audio.update(of_kind(MediaKind::Audio));
        }
        self.video.as_mut()?.update(of_kind(MediaKind::Video))
    }
}
