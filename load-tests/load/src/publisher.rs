//! The publisher: a thread that sends pictures and sound on time, and answers keyframe requests.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use mio::{Events, Poll, Token, Waker};
use sfu_model::codec::MediaKind;
use sfu_model::time::Instant;
use sfu_net::clock::Clock;
use sfu_net::udp::ReceiveBatch;

use crate::encodings::{ENCODINGS_MAX, Encodings};
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
    /// Video packets of each encoding, smallest first, retransmissions apart.
    pub n_video: [u32; ENCODINGS_MAX],
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
    /// Of the video, or its largest encoding, payloads only.
    pub bitrate_bps: u32,
    /// What it comes in.
    pub encodings: Encodings,
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
    /// Sends whole pictures of one encoding at once from here on. The session has its answer.
    pub fn start(session: Session, bitrate_bps: u32, clock: Clock) -> io::Result<Self> {
        let pacing = Pacing::Bursty;
        let media = Media {
            bitrate_bps,
            encodings: Encodings::One,
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
            videos: videos(media),
            encodings: media.encodings,
            audio: AudioSource::default(),
            pacer: Pacer::new(media.pacing, media.total_bps()),
            next_picture: now,
            next_sound: now,
            is_silent: false,
            requests: Requests::default(),
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
    /// Of each encoding.
    videos: Vec<VideoSource>,
    encodings: Encodings,
    audio: AudioSource,
    pacer: Pacer,
    next_picture: Instant,
    next_sound: Instant,
    is_silent: bool,
    requests: Requests,
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
                let mut on_event = self.requests.count(self.encodings);
                self.session.receive(&mut batch, &mut on_event)?;
            }
            if !self.is_silent {
                self.write_due();
            }
            for mut packet in self.pacer.due(self.clock.now()) {
                Stamp::write_time(&mut packet.payload, self.clock.now());
                self.session.write(MediaKind::Video, packet);
            }
            let mut on_event = self.requests.count(self.encodings);
            self.session.handle_timeout(&mut on_event)?;
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
            self.write((MediaKind::Audio, 0), frame, first);
        }
        while self.next_picture <= now {
            self.next_picture += FRAME_INTERVAL;
            self.write_picture();
        }
    }

    /// The next picture, in each encoding.
    fn write_picture(&mut self) {
        let wanted = std::mem::take(&mut self.requests.wanted);
        for (place, wants_keyframe) in wanted.into_iter().enumerate() {
            let Some(video) = self.videos.get_mut(place) else {
                return;
            };
            let first = video.n_packets();
            let frame = video.next_frame(wants_keyframe, self.clock.now());
            self.write((MediaKind::Video, place), frame, first);
        }
    }

    fn write(&mut self, (kind, encoding): (MediaKind, usize), frame: Frame, first_packet: u32) {
        let n_payloads = frame.payloads.len();
        for (index, payload) in (0..).zip(frame.payloads) {
            let packet = Outgoing {
                encoding,
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
        let n_packets = |place| self.videos.get(place).map_or(0, VideoSource::n_packets);
        Published {
            n_video: std::array::from_fn(n_packets),
            n_audio: self.audio.n_packets(),
            n_keyframe_requests: self.requests.n,
            n_refused: self.session.n_refused(),
        }
    }
}

impl Media {
    /// Of the video, all its encodings together.
    fn total_bps(&self) -> u32 {
        let rates = self.encodings.all().iter();
        rates
            .map(|encoding| self.bitrate_bps / encoding.bitrate_divisor)
            .sum()
    }
}

/// A source for each encoding.
fn videos(media: Media) -> Vec<VideoSource> {
    let encodings = (0..).zip(media.encodings.all());
    encodings
        .map(|encoding| VideoSource::new(encoding, media.bitrate_bps))
        .collect()
}

/// Keyframe requests of the server.
#[derive(Debug, Default)]
struct Requests {
    /// How many there were.
    n: u64,
    /// The encodings whose next picture must be a keyframe.
    wanted: [bool; ENCODINGS_MAX],
}

impl Requests {
    fn count(&mut self, encodings: Encodings) -> impl FnMut(SessionEvent<'_>) {
        move |event| match event {
            SessionEvent::KeyframeRequested(rid) => {
                self.n += 1;
                let place = encodings.place_of(rid.as_deref());
                if let Some(wanted) = place.and_then(|place| self.wanted.get_mut(place)) {
                    *wanted = true;
                }
            }
            SessionEvent::Media { .. } => {}
        }
    }
}
