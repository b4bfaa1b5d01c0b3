//! The playing side of a session: at most one audio and one video subscription (WHEP).

use sfu_model::codec::MediaKind;
use sfu_model::drop_reason::DropReason;
use sfu_model::id::EncodingId;
use sfu_model::keyframe::KeyframeReason;
use sfu_model::packet::Packet;
use sfu_model::rate::Bitrate;

use crate::budget::ladder::has_choice;
use crate::budget::means::{Budget, PathLimits};
use crate::egress::feedback_patience::FeedbackPatience;
use crate::egress::sender::Sender;
use crate::egress::turn::Turn;
use crate::route::arrivals::Cursor;
use crate::route::demand::Demand;
use crate::route::tracks::TrackOutline;
use crate::subscribe::keyframe_patience::KeyframePatience;
use crate::subscribe::subscription::{Subscription, Supply};

/// What a subscriber receives.
#[derive(Debug)]
pub(crate) struct Subscriber {
    pub(crate) audio: Option<Subscription>,
    pub(crate) video: Option<Subscription>,
    /// What leaves towards it.
    pub(crate) sender: Sender,
    /// Which of the room's packets it has looked at.
    pub(crate) seen: Cursor,
    /// Its place among the subscribers of its room.
    pub(crate) seat: usize,
    /// True once a packet passed to it.
    pub(crate) has_received: bool,
    /// How often it is heard when it asks for keyframes, or chooses a layer: one for both, so that together they cost a publisher
    /// no more than either.
    pub(crate) keyframe_patience: KeyframePatience,
    /// How much of its feedback is heard.
    pub(crate) feedback_patience: FeedbackPatience,
    /// How much of the room's video it may take.
    pub(crate) demand: Demand,
}

impl Subscriber {
    /// A subscriber with these subscriptions, and the sender of their streams, that wants what comes from `seen` on.
    pub(crate) fn new(
        audio: Option<Subscription>,
        video: Option<Subscription>,
        sender: Sender,
        seen: Cursor,
    ) -> Self {
        Self {
            seen,
            audio,
            video,
            sender,
            seat: 0,
            has_received: false,
            keyframe_patience: KeyframePatience::default(),
            feedback_patience: FeedbackPatience::default(),
            demand: Demand::Nothing,
        }
    }

    /// Its subscription for a kind.
    #[inline]
    pub(crate) fn subscription(&mut self, kind: MediaKind) -> Option<&mut Subscription> {
        match kind {
            MediaKind::Audio => self.audio.as_mut(),
            MediaKind::Video => self.video.as_mut(),
        }
    }

    /// Sends a packet of the room, if it passes.
    #[inline]
    pub(crate) fn forward(
        &mut self,
        packet: &Packet,
        turn: &mut Turn<'_>,
    ) -> Result<(), DropReason> {
        let subscription = self
            .subscription(packet.codec.kind())
            .ok_or(DropReason::CodecNotNegotiated)?;
        let out = subscription.forward(packet)?;
        self.sender.send_fresh((packet, &out), turn)
    }

    /// The room's tracks changed, or what the path carries. Returns the video encoding whose keyframe is needed now,
    /// and why.
    pub(crate) fn update(
        &mut self,
        tracks: &[TrackOutline],
        supply: Supply<'_>,
    ) -> Option<(EncodingId, KeyframeReason)> {
        let of_kind = |kind| tracks.iter().find(|t| t.kind == kind);
        let mut sound = Bitrate::ZERO;
        if let Some(audio) = &mut self.audio {
            let track = of_kind(MediaKind::Audio);
            // Sound begins at any packet, and comes first whatever it costs.
            let _ = audio.update(track, Budget::Unlimited, supply);
            let encoding = track.and_then(|t| t.encodings.first());
            sound = encoding
                .and_then(|e| supply.cache.rate(e.id, supply.now))
                .unwrap_or_default();
        }
        let track = of_kind(MediaKind::Video);
        // Over a path that carries no picture there is a choice even of a single encoding: to send it, or not.
        let has_choice = self.video.as_ref().is_some_and(|video| {
            let may_get_none = video.is_stopped() || self.sender.must_measure();
            may_get_none || track.is_some_and(has_choice)
        });
        let estimate = self.sender.plan(has_choice, supply.now);
        let is_measured = self.sender.is_measured();
        if let Some(audio) = &self.audio {
            let is_alone = self.video.as_ref().is_some_and(Subscription::is_stopped);
            self.sender.redundancy.fit(sound, estimate, is_alone);
            sound = sound.scaled(audio.weight(self.sender.redundancy.n_frames()));
        }
        let budget = match estimate {
            None => Budget::Unlimited,
            Some(estimate) => Budget::Limited(PathLimits {
                left: estimate.saturating_sub(sound),
                queue: self.sender.estimation().estimator.queue(),
                may_try: self.sender.may_try(),
                is_measured,
            }),
        };
        let Some(video) = self.video.as_mut() else {
            self.demand = Demand::Nothing;
            return None;
        };
        if video.has_wish() && self.keyframe_patience.hear(supply.now) {
            video.grant();
        }
        let awaited = video.update(track, budget, supply);
        let carries = match budget {
            Budget::Limited(limits) if is_measured => Some(limits.left),
            Budget::Limited(_) | Budget::Unlimited => None,
        };
        self.demand = track.map_or(Demand::Nothing, |track| {
            video.demand(track, carries, supply.cache)
        });
        let next_up = video.next_up();
        let wanted = match next_up {
            Bitrate::ZERO => Bitrate::ZERO,
            next_up => next_up.saturating_add(sound),
        };
        let tried = video.tried();
        let is_stopped = video.is_stopped();
        self.sender.set_wanted(wanted, is_stopped, supply.now);
        if let Some(tried) = tried {
            self.sender.try_at(tried.saturating_add(sound), supply.now);
        }
        awaited
    }
}
