//! One player: a session, what came over it, and what a browser would answer.
//!
//! The engine connects and keeps the connection. Media never goes through it: a packet is counted from its plain header,
//! and one player in ten opens them all.

use sfu_model::codec::MediaKind;
use sfu_model::time::Instant;
use sfu_net::udp::ReceiveBatch;

use crate::answers::Answers;
use crate::continuity::Faults;
use crate::encodings::Encodings;
use crate::formats::Formats;
use crate::keys::KeySlot;
use crate::network::Profile;
use crate::publisher::Published;
use crate::rtcp;
use crate::rtp::{self, RtpPacket};
use crate::session::{Session, SessionError, SessionEvent};
use crate::srtp::Srtp;
use crate::tally::{Join, Window};
use crate::track::Track;

/// A player.
#[derive(Debug)]
pub struct Subscriber {
    session: Session,
    received: Received,
}

/// What a player got.
#[derive(Debug)]
struct Received {
    formats: Formats,
    keys: Option<KeySlot>,
    srtp: Option<Srtp>,
    audio: Track,
    video: Track,
    answers: Answers,
    /// Opens every packet.
    is_sample: bool,
    /// When its POST began.
    posted_at: Instant,
}

impl Subscriber {
    /// A player whose session has its answer, of what is published in these encodings.
    pub fn new(session: Session, encodings: Encodings, posted_at: Instant) -> Self {
        let is_lossy = session.network() != Profile::Clean;
        let received = Received {
            formats: session.formats(),
            keys: session.keys(),
            srtp: None,
            audio: Track::new(MediaKind::Audio),
            video: Track::new(MediaKind::Video)
                .waiting_for_keyframe(is_lossy)
                .changing_encoding(encodings != Encodings::One),
            answers: Answers::default(),
            is_sample: false,
            posted_at,
        };
        Self { session, received }
    }

    /// What lies between it and the server.
    pub(crate) fn network(&self) -> Profile {
        self.session.network()
    }

    pub(crate) fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    pub(crate) fn into_session(self) -> Session {
        self.session
    }

    /// When [`Self::turn`] is due.
    pub(crate) fn wake_at(&self) -> Instant {
        let answers = self.received.answers_due_at();
        answers.map_or(self.session.wake_at(), |at| at.min(self.session.wake_at()))
    }

    /// Reads what came, and answers what is due.
    pub(crate) fn turn(
        &mut self,
        batch: Option<&mut ReceiveBatch>,
        now: Instant,
        window: &mut Window,
    ) -> Result<(), SessionError> {
        let Self { session, received } = self;
        let mut on_event = |event: SessionEvent<'_>| received.on_event(event, window);
        match batch {
            Some(batch) => session.receive(batch, &mut on_event)?,
            None if session.wake_at() <= now => session.handle_timeout(&mut on_event)?,
            None => {}
        }
        if received.answers_due_at().is_some_and(|at| at <= now) {
            received.answer(session, now);
        }
        Ok(())
    }

    /// From here on every packet is opened.
    pub(crate) fn open_all(&mut self) {
        self.received.is_sample = true;
    }

    /// True once both tracks flow.
    pub(crate) fn has_both(&self) -> bool {
        let Received { audio, video, .. } = &self.received;
        audio.continuity.has_begun() && video.continuity.has_begun()
    }

    /// True once anything of a track has come.
    pub(crate) fn has_any(&self) -> bool {
        let Received { audio, video, .. } = &self.received;
        audio.continuity.has_begun() || video.continuity.has_begun()
    }

    /// When its POST began that was taken.
    pub(crate) fn posted_at(&self) -> Instant {
        self.received.posted_at
    }

    /// How it joined, once it has had a picture.
    pub(crate) fn joined(&self) -> Option<Join> {
        let whole_at = self.received.video.first_picture.whole_at()?;
        let posted_at = self.received.posted_at;
        let took = whole_at.saturating_since(posted_at);
        Some(Join { posted_at, took })
    }

    /// Retransmissions that came.
    pub(crate) fn n_repairs(&self) -> u64 {
        self.received.audio.n_repairs + self.received.video.n_repairs
    }

    /// The place of the encoding that comes.
    pub(crate) fn encoding(&self) -> Option<usize> {
        self.received.video.continuity.encoding()
    }

    /// Reports of arrivals that it has sent.
    pub(crate) fn n_arrival_reports(&self) -> u64 {
        self.received.answers.n_arrival_reports
    }

    /// Datagrams that the kernel did not take.
    pub(crate) fn n_refused(&self) -> usize {
        self.session.n_refused()
    }

    /// Packets of sound and of pictures that were published since the player joined, and never came.
    pub(crate) fn n_lost(&self, published: &Published) -> (u64, u64) {
        let Received { audio, video, .. } = &self.received;
        // Sound has one encoding.
        let n_audio = [published.n_audio, 0, 0];
        let n_lost_audio = audio.continuity.n_lost(&n_audio);
        (n_lost_audio, video.continuity.n_lost(&published.n_video))
    }

    /// What else went wrong.
    pub(crate) fn faults(&self) -> Faults {
        let mut faults = self.received.audio.continuity.faults();
        faults.add(self.received.video.continuity.faults());
        faults
    }
}

impl Received {
    /// Takes what the session says.
    fn on_event(&mut self, event: SessionEvent<'_>, window: &mut Window) {
        let SessionEvent::Media { bytes, arrived_at } = event else {
            return;
        };
        if self.srtp.is_none() {
            // Media may come in the same batch as the last message of the handshake.
            let keys = self.keys.as_ref().and_then(|slot| slot.get());
            self.srtp = keys.and_then(|keys| Srtp::new(keys).ok());
        }
        let Some(srtp) = &mut self.srtp else {
            return;
        };
        if rtp::is_rtcp(bytes) {
            let opened = srtp.open_rtcp(bytes).unwrap_or_default();
            for (ssrc, middle) in rtcp::sender_reports(&opened) {
                self.answers.begin(arrived_at);
                let mut receptions = [&mut self.audio, &mut self.video]
                    .into_iter()
                    .filter_map(|track| track.reception.as_mut());
                if let Some(reception) = receptions.find(|reception| reception.ssrc() == ssrc) {
                    reception.record_sender_report(middle, arrived_at);
                }
            }
        } else if let Some(packet) = RtpPacket::parse(bytes) {
            self.on_packet(&packet, arrived_at, window);
        }
    }

    fn on_packet(&mut self, packet: &RtpPacket<'_>, arrived_at: Instant, window: &mut Window) {
        let (Some(format), Some(srtp)) = (
            self.formats.of_payload_type(packet.payload_type),
            &mut self.srtp,
        ) else {
            self.video.continuity.record_foreign();
            return;
        };
        self.answers.begin(arrived_at);
        let id = self.formats.transport_sequence_id;
        if let Some([high, low]) = id.and_then(|id| packet.extension(id)) {
            let sequence = u16::from_be_bytes([*high, *low]);
            self.answers.arrivals.record(sequence, arrived_at);
        }
        window.n_packets += 1;
        window.n_bytes += packet.bytes.len() as u64;
        let track = match format.kind {
            MediaKind::Audio => &mut self.audio,
            MediaKind::Video => &mut self.video,
        };
        if format.is_repair {
            track.record_repair(packet, arrived_at, srtp);
            return;
        }
        let stamp = track.record(packet, arrived_at, srtp, self.is_sample);
        if let Some(stamp) = stamp.filter(|_| self.is_sample) {
            window
                .latency
                .record(arrived_at.saturating_since(stamp.sent_at));
            window.keyframes.record(&stamp, arrived_at);
        }
    }

    fn answers_due_at(&self) -> Option<Instant> {
        let answers = self.answers.due_at();
        let Track {
            missing,
            keyframe_due_at,
            ..
        } = &self.video;
        [answers, missing.due_at(), *keyframe_due_at]
            .into_iter()
            .flatten()
            .min()
    }

    fn answer(&mut self, session: &mut Session, now: Instant) {
        let Some(srtp) = &mut self.srtp else { return };
        let packets = self.answers.write(now, &mut self.audio, &mut self.video);
        for packet in packets {
            if let Some(sealed) = srtp.seal_rtcp(&packet) {
                session.push(&sealed);
            }
        }
        session.flush();
    }
}
