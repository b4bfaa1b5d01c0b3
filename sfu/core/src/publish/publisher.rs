//! The publishing side of a session: its tracks, and whether a viewer could decode them yet.

use sfu_model::codec::{Codec, MediaKind};
use sfu_model::drop_reason::DropReason;
use sfu_model::id::EncodingId;
use sfu_model::keyframe::KeyframeReason;
use sfu_model::packet::Packet;
use sfu_model::rtp::Rid;
use sfu_model::time::{Instant, NtpTime};

use crate::publish::capture_clock::CaptureClock;
use crate::publish::capture_marks::CaptureMarks;
use crate::publish::change_patience::ChangePatience;
use crate::publish::encoding::Encoding;
use crate::publish::recovery::{Recovery, Unpacked};
use crate::publish::track::Track;
use crate::route::demand::Demand;
use crate::route::tracks::TrackOutline;
use crate::session::engine::ReceivedRtp;

/// What a packet changed of what subscribers are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    None,
    /// They are to be told now.
    Tell,
    /// Too much changed before: they are told with a later packet.
    TooSoon,
}

/// What a publisher sends.
#[derive(Debug)]
pub(crate) struct Publisher {
    pub(crate) tracks: Vec<Track>,
    clock: CaptureClock,
    marks: CaptureMarks,
    /// Of its one audio track.
    sound: Recovery,
    change_patience: ChangePatience,
}

impl Publisher {
    /// `ntp_anchor` is the wall clock at the start of ours.
    pub(crate) fn new(tracks: Vec<Track>, ntp_anchor: NtpTime) -> Self {
        Self {
            tracks,
            clock: CaptureClock::default(),
            marks: CaptureMarks::new(ntp_anchor),
            sound: Recovery::default(),
            change_patience: ChangePatience::default(),
        }
    }

    /// What a packet of sound is made of, or why it goes nowhere.
    pub(crate) fn unpack(&mut self, rtp: ReceivedRtp) -> Result<Unpacked, DropReason> {
        self.sound.unpack(rtp)
    }

    /// The packet that a received one becomes, or why it goes nowhere.
    pub(crate) fn receive(&mut self, rtp: ReceivedRtp) -> Result<Packet, DropReason> {
        let track = self
            .tracks
            .iter_mut()
            .find(|t| t.kind == rtp.codec.kind())
            .ok_or(DropReason::UnknownEncoding)?;
        let report = rtp.sender_report;
        let mut packet = track
            .receive(rtp, &mut self.clock)
            .map_err(|_| DropReason::UnknownEncoding)?
            .ok_or(DropReason::MalformedPayload)?;
        self.marks.mark(&mut packet, report);
        Ok(packet)
    }

    /// True when this packet lets a viewer begin: the first of a video keyframe, or any audio where there is no video.
    pub(crate) fn goes_live_with(&self, packet: &Packet) -> bool {
        let has_video = self.tracks.iter().any(|t| t.kind == MediaKind::Video);
        match packet.codec.kind() {
            MediaKind::Video => packet.facts.starts_keyframe,
            MediaKind::Audio => !has_video,
        }
    }

    /// Notes the wish for a keyframe.
    pub(crate) fn request_keyframe(&mut self, encoding: EncodingId, reason: KeyframeReason) {
        // Sound has no keyframes: a wish for one would be due for ever and never leave.
        if let Some(encoding) = self.video_encodings().find(|e| e.id == encoding) {
            encoding.keyframe_requests.request(reason);
        }
    }

    /// Keyframes of encodings beyond the demand are not asked for any more.
    pub(crate) fn forget_keyframe_requests(&mut self, demand: Demand) {
        for encoding in self.video_encodings() {
            if !demand.includes(encoding.rank) {
                encoding.keyframe_requests.forget();
            }
        }
    }

    /// The rids of its video that are within the demand, low to high.
    pub(crate) fn wanted(&mut self, demand: Demand) -> Vec<Rid> {
        let wanted = self.video_encodings().filter(|e| demand.includes(e.rank));
        let mut wanted: Vec<(u8, Rid)> = wanted.filter_map(|e| Some((e.rank, e.rid?))).collect();
        wanted.sort_unstable_by_key(|(rank, _)| *rank);
        wanted.into_iter().map(|(_, rid)| rid).collect()
    }

    /// The transport is up: every encoder begins with a keyframe, or is asked for one.
    pub(crate) fn expect_keyframes(&mut self, now: Instant) {
        for encoding in self.video_encodings() {
            encoding.keyframe_requests.expect(now);
        }
    }

    /// The next encoding whose keyframe request must leave now.
    pub(crate) fn poll_keyframe_requests(
        &mut self,
        now: Instant,
    ) -> Option<(MediaKind, Option<Rid>)> {
        self.video_encodings().find_map(|e| {
            e.keyframe_requests
                .poll(now)
                .then_some((MediaKind::Video, e.rid))
        })
    }

    /// Whether something changed that subscribers are told.
    pub(crate) fn take_change(&mut self, now: Instant) -> Change {
        let encodings = || self.tracks.iter().flat_map(|t| t.encodings.iter());
        if !encodings().any(|e| e.has_changed) {
            return Change::None;
        }
        if !self.change_patience.hear(now) {
            return Change::TooSoon;
        }
        let encodings = self.tracks.iter_mut().flat_map(|t| t.encodings.iter_mut());
        encodings.for_each(|e| e.has_changed = false);
        Change::Tell
    }

    /// What its tracks carry, as far as packets have arrived.
    pub(crate) fn codecs(&self) -> Vec<Codec> {
        let first = |track: &Track| track.encodings.iter().find_map(|e| e.codec);
        self.tracks.iter().filter_map(first).collect()
    }

    /// What subscribers and other workers are told.
    pub(crate) fn track_outlines(&self, now: Instant) -> Vec<TrackOutline> {
        self.tracks.iter().map(|t| t.outline(now)).collect()
    }

    /// True when that is what they were told already.
    pub(crate) fn is_told(&self, told: &[TrackOutline], now: Instant) -> bool {
        let mut pairs = self.tracks.iter().zip(told);
        self.tracks.len() == told.len() && pairs.all(|(track, told)| track.is_told(told, now))
    }

    /// When a keyframe request is due or an encoding will count as silent, whichever comes first.
    pub(crate) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let encodings = || self.tracks.iter().flat_map(|t| &t.encodings);
        let requests = encodings().filter_map(|e| e.keyframe_requests.poll_timeout());
        // An encoding that is silent already has been told of.
        let silences = encodings()
            .filter_map(|e| e.silent_from())
            .filter(|at| *at > now);
        requests.chain(silences).min()
    }

    fn video_encodings(&mut self) -> impl Iterator<Item = &mut Encoding> {
        self.tracks
            .iter_mut()
            .filter(|t| t.kind == MediaKind::Video)
            .flat_map(|t| t.encodings.iter_mut())
    }
}
