//! One subscriber on one track: select, rewrite, hand over.

use std::borrow::Cow;

use sfu_model::codec::Codec;
use sfu_model::drop_reason::DropReason;
use sfu_model::id::EncodingId;
use sfu_model::keyframe::KeyframeReason;
use sfu_model::packet::Packet;
use sfu_model::rate::Bitrate;
use sfu_model::rtp::PayloadType;
use sfu_model::time::Instant;

use crate::budget::choice::{LayerChoice, Why};
use crate::budget::ladder::{Rung, is_asleep};
use crate::budget::means::{Budget, Means};
use crate::budget::plan::Planner;
use crate::budget::reach::reach;
use crate::route::demand::Demand;
use crate::route::packet_cache::PacketCache;
use crate::route::tracks::{EncodingOutline, TrackOutline};
#[cfg(debug_assertions)]
use crate::subscribe::egress_guard::EgressGuard;
use crate::subscribe::payload_types::PayloadTypes;
use crate::subscribe::rewrite::{Rewriter, Rewritten};
use crate::subscribe::select::Selector;

/// One subscriber attached to whatever track of a kind the room has. It outlives the track: a publisher that comes back
/// is the same sender to the subscriber.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    payload_types: PayloadTypes,
    /// It negotiated Dependency Descriptors.
    has_descriptors: bool,
    planner: Planner,
    /// What it has chosen, until that is granted.
    wish: Option<LayerChoice>,
    next_up: Bitrate,
    tried: Option<Bitrate>,
    why: Why,
    selector: Selector,
    rewriter: Rewriter,
    #[cfg(debug_assertions)]
    guard: EgressGuard,
}

/// What a room has at a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Supply<'a> {
    pub(crate) cache: &'a PacketCache,
    pub(crate) now: Instant,
}

/// A packet as it leaves towards one subscriber.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outgoing {
    pub(crate) payload_type: PayloadType,
    /// The payload type with which it may carry what was sent before (RFC 2198), if the subscriber takes that.
    pub(crate) red_payload_type: Option<PayloadType>,
    /// The payload type of its repair, if the subscriber takes any.
    pub(crate) repair_payload_type: Option<PayloadType>,
    pub(crate) numbers: Rewritten,
    /// Its payload is left out: it only fills a number that the subscriber knows of.
    pub(crate) is_empty: bool,
    /// It begins a keyframe that the path may have had no room for.
    pub(crate) is_doubtful: bool,
}

impl Outgoing {
    /// How much of the packet's payload leaves.
    #[inline]
    pub(crate) fn payload_bytes(&self, packet: &Packet) -> usize {
        if self.is_empty {
            0
        } else {
            packet.payload.len()
        }
    }
}

impl Subscription {
    /// A subscription whose sender begins with these numbers.
    pub(crate) fn new(
        (payload_types, has_descriptors): (PayloadTypes, bool),
        first_sequence: u16,
        first_time: u32,
    ) -> Self {
        Self {
            payload_types,
            has_descriptors,
            planner: Planner::default(),
            wish: None,
            next_up: Bitrate::ZERO,
            tried: None,
            why: Why::Best,
            selector: Selector::default(),
            rewriter: Rewriter::new(first_sequence, first_time),
            #[cfg(debug_assertions)]
            guard: EgressGuard::default(),
        }
    }

    /// The track changed: its encodings, or what flows of them. Returns the encoding whose keyframe is
    /// needed now, and why.
    pub(crate) fn update(
        &mut self,
        track: Option<&TrackOutline>,
        budget: Budget,
        supply: Supply<'_>,
    ) -> Option<(EncodingId, KeyframeReason)> {
        let rate = |rung: Rung| {
            let cache = supply.cache;
            match track.is_some_and(|track| is_asleep(track, rung)) {
                true => cache.cost(rung.encoding),
                false => cache.rate_within(rung.encoding, rung.ceiling, supply.now),
            }
        };
        let wanted = self.selector.wanted();
        let means = Means {
            budget,
            now: supply.now,
        };
        let followed = track.map(|track| self.followed(track));
        let plan = followed.map(|t| self.planner.plan(&t, wanted, means, rate));
        self.next_up = plan.map_or(Bitrate::ZERO, |p| p.next_up);
        self.why = plan.map_or(Why::Best, |p| p.why);
        self.tried = plan.and_then(|p| p.tried);
        match plan.filter(|plan| matches!(plan.why, Why::SoundOnly(_))) {
            Some(_) => self.selector.stop(),
            None => self.selector.set_target(plan.and_then(|p| p.target)),
        }
        if plan.is_some_and(|p| p.is_urgent) {
            self.selector.hold();
        }
        let awaited = self.selector.awaited()?;
        let place_of = |rung: Rung| {
            let encoding = track?.encodings.iter().find(|e| e.id == rung.encoding)?;
            Some((encoding.rank, rung.ceiling))
        };
        let reason = match self.selector.current().and_then(place_of) {
            None => KeyframeReason::Join,
            Some(place) if place_of(awaited) > Some(place) => KeyframeReason::Raise,
            Some(_) => KeyframeReason::Lower,
        };
        Some((awaited.encoding, reason))
    }

    /// What of a track the subscriber can follow. A receiver of AV1 without descriptors takes the frames of a picture's
    /// larger sizes for the beginning of the next one (AV1 RTP payload format, section 4.4: only a first OBU element that goes
    /// on is marked), and never has a whole picture: it gets the smallest size.
    fn followed<'a>(&self, track: &'a TrackOutline) -> Cow<'a, TrackOutline> {
        let is_beyond = |e: &EncodingOutline| {
            matches!(e.codec, Some(Codec::Av1 { .. })) && e.highest_layer.spatial > 0
        };
        if self.has_descriptors || !track.encodings.iter().any(is_beyond) {
            return Cow::Borrowed(track);
        }
        let mut followed = track.clone();
        for encoding in followed.encodings.iter_mut().filter(|e| is_beyond(e)) {
            encoding.highest_layer.spatial = 0;
        }
        Cow::Owned(followed)
    }

    /// Bounds what it gets, once it is [granted](Self::grant): a choice may cost a keyframe.
    pub(crate) fn choose(&mut self, choice: LayerChoice) {
        self.wish = Some(choice);
    }

    /// The next [`Self::update`] goes by what was chosen. True when anything was.
    pub(crate) fn grant(&mut self) -> bool {
        let wish = self.wish.take();
        if let Some(choice) = wish {
            self.planner.choose(choice);
        }
        wish.is_some()
    }

    /// A choice waits, for others or requests for keyframes came just before it.
    pub(crate) fn has_wish(&self) -> bool {
        self.wish.is_some()
    }

    /// What the subscriber asked for, and why it gets what it gets.
    pub(crate) fn choice(&self) -> (LayerChoice, Why) {
        (self.wish.unwrap_or(self.planner.choice()), self.why)
    }

    /// What the next better rung costs; zero when there is none.
    pub(crate) fn next_up(&self) -> Bitrate {
        self.next_up
    }

    /// What pictures cost from now on, where that is tried on a path that is not known to carry it.
    pub(crate) fn tried(&self) -> Option<Bitrate> {
        self.tried
    }

    /// Its path has no room for any picture.
    pub(crate) fn is_stopped(&self) -> bool {
        matches!(self.why, Why::SoundOnly(_))
    }

    /// What passes, and what is to.
    pub(crate) fn rungs(&self) -> (Option<Rung>, Option<Rung>) {
        (self.selector.current(), self.selector.wanted())
    }

    /// How much of the track it may take, over a path that is measured to carry this much or is not measured. What it has, or
    /// waits for, is part of it.
    pub(crate) fn demand(
        &self,
        track: &TrackOutline,
        carries: Option<Bitrate>,
        cache: &PacketCache,
    ) -> Demand {
        let (current, target) = self.rungs();
        let rank_of = |rung: Rung| {
            let encoding = track.encodings.iter().find(|e| e.id == rung.encoding);
            encoding.map(|e| Demand::UpTo(e.rank))
        };
        let chosen = self.planner.choice();
        let reach = reach(track, &chosen, carries, |encoding| cache.cost(encoding));
        let held = [current, target].into_iter().flatten().filter_map(rank_of);
        held.fold(reach, Demand::max)
    }

    /// What it weighs per byte of Opus, with so many frames carried twice.
    pub(crate) fn weight(&self, n_frames_carried: usize) -> f64 {
        let format = self.payload_types.for_codec(Codec::Opus);
        let n_carried = match format.and_then(|format| format.red) {
            Some(_) => n_frames_carried as f64,
            None => 0.0,
        };
        1.0 + n_carried
    }

    /// The encoding to ask for a keyframe when the subscriber wants one.
    pub(crate) fn recovery_target(&self) -> Option<EncodingId> {
        let rung = self.selector.awaited().or(self.selector.current());
        rung.map(|rung| rung.encoding)
    }

    /// The packet as it leaves, or why it does not.
    #[inline]
    pub(crate) fn forward(&mut self, packet: &Packet) -> Result<Outgoing, DropReason> {
        let selected = self.selector.select(packet);
        let format = match selected {
            Ok(_) | Err(DropReason::LayerAbove) => self
                .payload_types
                .for_packet(packet.codec)
                .ok_or(DropReason::CodecNotNegotiated)?,
            Err(reason) => return Err(reason),
        };
        let numbers = match selected {
            Ok(passing) => self.rewriter.rewrite(packet, passing)?,
            Err(reason) => self.rewriter.skip(packet).ok_or(reason)?,
        };
        #[cfg(debug_assertions)]
        {
            let verdict = self.guard.check(&numbers);
            assert_eq!(verdict, Ok(()), "egress of {:?}", packet.encoding);
        }
        Ok(Outgoing {
            payload_type: format.payload_type,
            red_payload_type: format.red,
            repair_payload_type: format.repair,
            numbers,
            is_empty: selected.is_err(),
            is_doubtful: selected.is_ok_and(|passing| passing.ends_hold),
        })
    }
}

#[cfg(test)]
mod tests;
