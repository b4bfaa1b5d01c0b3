//! The publisher: a thread that sends pictures and sound on time, and answers keyframe requests.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use mio::{Events, Poll, Token, Waker};
use sfu_model::codec::MediaKind;
use sfu_model::time::Instant;
use sfu_net::clock::Clock;
use sfu_net::udp::ReceiveBatch;

use crate::pacer::{Pacer, Pacing};
use crate::session::{Outgoing, Session, SessionError, SessionEvent};
use crate::source::{AUDIO_INTERVAL, AudioSource, FRAME_INTERVAL, Frame, VideoSource};
use crate::stamp::Stamp;

const SOCKET: Token = Token(0);
const ORDERS: Token = Token(1);

/// The publisher has one socket and one waker: no poll gives more.
const EVENTS_MAX: usize = 2;

/// RTP sequence numbers begin here: not at zero, so that a server that mixes up its own count with ours shows.
const FIRST_SEQUENCE: u32 = 7_000;

/// What was sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Published {
    /// Video packets, retransmissions apart.
    pub n_video: u32,
    /// Audio packets.
    pub n_audio: u32,
    /// Keyframe requests that the server made.
    pub n_keyframe_requests: u64,
    /// Datagrams that the kernel did not take.
    pub n_refused: usize,
}

/// What a publisher sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Media {
    /// Of the video, payloads only.
    pub bitrate_bps: u32,
    /// How its packets are spread.
    pub pacing: Pacing,
}

/// A publisher that runs.
#[derive(Debug)]
pub struct Publisher {
    orders: SyncSender<Order>,
    waker: Waker,
    thread: JoinHandle<Result<(), SessionError>>,
}

#[derive(Debug)]
enum Order {
    /// Say what was sent so far.
    Count(SyncSender<Published>),
    /// Write no more packets, but stay: what was lost can still be asked for.
    FallSilent(SyncSender<Published>),
    Leave,
}

impl Publisher {
    /// Sends whole pictures at once from here on. The session has its answer.
    pub fn start(session: Session, bitrate_bps: u32, clock: Clock) -> io::Result<Self> {
        let pacing = Pacing::Bursty;
        let media = Media {
            bitrate_bps,
            pacing,
        };
        Self::start_with(session, media, clock)
    }

    /// Sends this from here on. The session has its answer.
    pub fn start_with(mut session: Session, media: Media, clock: Clock) -> io::Result<Self> {
        let poll = Poll::new()?;
        session.register(poll.registry(), SOCKET)?;
        let waker = Waker::new(poll.registry(), ORDERS)?;
        // Whoever gives an order waits for it to be done; the last one's is awaited with the thread.
        let (orders, inbox) = sync_channel(1);
        let now = clock.now();
        let sending = Sending {
            session,
            clock,
            video: VideoSource::new(media.bitrate_bps),
            audio: AudioSource::default(),
            pacer: Pacer::new(media.pacing, media.bitrate_bps),
            next_picture: now,
            next_sound: now,
            is_silent: false,
            n_keyframe_requests: 0,
            n_keyframe_requests_answered: 0,
        };
        let thread = std::thread::Builder::new()
            .name("publisher".into())
            .spawn(move || sending.run(poll, &inbox))?;
        Ok(Self {
            orders,
            waker,
            thread,
        })
    }

    /// Ends the media and says how much there was. `None` when the session has failed; [`Self::leave`] says why.
    pub fn fall_silent(&self) -> Option<Published> {
        self.ask(Order::FallSilent)
    }

    /// How much there was so far. `None` when the session has failed.
    pub fn count(&self) -> Option<Published> {
        self.ask(Order::Count)
    }

    fn ask(&self, order: fn(SyncSender<Published>) -> Order) -> Option<Published> {
        let (reply, answer) = sync_channel(1);
        self.orders.send(order(reply)).ok()?;
        self.waker.wake().ok()?;
        answer.recv().ok()
    }

    /// Closes the session.
    pub fn leave(self) -> Result<(), SessionError> {
        // A thread that has failed takes no order; its error is the result.
        if self.orders.send(Order::Leave).is_ok() {
            self.waker.wake()?;
        }
        self.thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// What the thread owns.
#[derive(Debug)]
struct Sending {
    session: Session,
    clock: Clock,
    video: VideoSource,
    audio: AudioSource,
    pacer: Pacer,
    next_picture: Instant,
    next_sound: Instant,
    is_silent: bool,
    n_keyframe_requests: u64,
    n_keyframe_requests_answered: u64,
}

impl Sending {
    fn run(mut self, mut poll: Poll, inbox: &Receiver<Order>) -> Result<(), SessionError> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        let mut batch = ReceiveBatch::default();
        loop {
            let patience = self.wake_at().saturating_since(self.clock.now());
            match poll.poll(&mut events, Some(patience)) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    return Err(error.into());
                }
                Ok(()) | Err(_) => {}
            }
            match inbox.try_recv() {
                // Whoever asked may have gone; the publisher does as it was told all the same.
                Ok(Order::Count(reply)) => {
                    let _ = reply.try_send(self.published());
                }
                Ok(Order::FallSilent(reply)) => {
                    self.is_silent = true;
                    let _ = reply.try_send(self.published());
                }
                Ok(Order::Leave) | Err(TryRecvError::Disconnected) => return self.session.close(),
                Err(TryRecvError::Empty) => {}
            }
            if events.iter().any(|event| event.token() == SOCKET) {
                let requests = &mut self.n_keyframe_requests;
                self.session.receive(&mut batch, &mut count(requests))?;
            }
            if !self.is_silent {
                self.write_due();
            }
            for mut packet in self.pacer.due(self.clock.now()) {
                Stamp::write_time(&mut packet.payload, self.clock.now());
                self.session.write(MediaKind::Video, packet);
            }
            let requests = &mut self.n_keyframe_requests;
            self.session.handle_timeout(&mut count(requests))?;
        }
    }

    fn wake_at(&self) -> Instant {
        let next = self.next_picture.min(self.next_sound);
        let transport = self.session.wake_at();
        let transport = self
            .pacer
            .due_at()
            .map_or(transport, |at| at.min(transport));
        if self.is_silent {
            transport
        } else {
            transport.min(next)
        }
    }

    /// Writes everything whose time has come.
    fn write_due(&mut self) {
        let now = self.clock.now();
        while self.next_sound <= now {
            self.next_sound += AUDIO_INTERVAL;
            let first = self.audio.n_packets();
            let frame = self.audio.next_frame(self.clock.now());
            self.write(MediaKind::Audio, frame, first);
        }
        while self.next_picture <= now {
            self.next_picture += FRAME_INTERVAL;
            let first = self.video.n_packets();
            let is_keyframe_wanted = self.n_keyframe_requests > self.n_keyframe_requests_answered;
            self.n_keyframe_requests_answered = self.n_keyframe_requests;
            let frame = self.video.next_frame(is_keyframe_wanted, self.clock.now());
            self.write(MediaKind::Video, frame, first);
        }
    }

    fn write(&mut self, kind: MediaKind, frame: Frame, first_packet: u32) {
        let n_payloads = frame.payloads.len();
        for (index, payload) in (0..).zip(frame.payloads) {
            let packet = Outgoing {
                sequence: FIRST_SEQUENCE + first_packet + index,
                timestamp: frame.timestamp,
                marker: kind == MediaKind::Video && index as usize + 1 == n_payloads,
                payload,
            };
            match kind {
                // Sound is not paced.
                MediaKind::Audio => self.session.write(kind, packet),
                MediaKind::Video => self.pacer.push(packet),
            }
        }
    }

    fn published(&self) -> Published {
        Published {
            n_video: self.video.n_packets(),
            n_audio: self.audio.n_packets(),
            n_keyframe_requests: self.n_keyframe_requests,
            n_refused: self.session.n_refused(),
        }
    }
}

fn count(n_requests: &mut u64) -> impl FnMut(SessionEvent<'_>) {
    |event| match event {
        SessionEvent::KeyframeRequested => *n_requests += 1,
        SessionEvent::Media { .. } => {}
    }
}
