//! A publisher of frames: a thread that sends pictures that a decoder can show, and silence, on time.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use mio::{Events, Poll, Token, Waker};
use sfu_model::codec::MediaKind;
use sfu_model::time::Instant;
use sfu_net::clock::{Clock, since_epoch};
use sfu_net::udp::ReceiveBatch;

use crate::pictures::PictureSource;
use crate::session::{Session, SessionError, SessionEvent};
use crate::source::AUDIO_INTERVAL;

const SOCKET: Token = Token(0);
const ORDERS: Token = Token(1);

/// The publisher has one socket and one waker: no poll gives more.
const EVENTS_MAX: usize = 2;

/// A frame of silence: CELT, fullband, 20 ms, mono (RFC 6716 section 3.1), whose first symbol says so (section 4.3).
const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];

/// What was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct FramesPublished {
    /// Pictures.
    pub pictures: u64,
    /// Those of them that decode by themselves.
    pub keyframes: u64,
    /// Pictures that left later than the next one was due: this program was starved, and the server is not to blame.
    pub late: u64,
    /// Pictures that an encoder gave nothing for.
    pub left_out: u64,
    /// RTP packets of pictures and sound, retransmissions included.
    pub packets: u64,
    /// Keyframe requests that the server made.
    pub keyframe_requests: u64,
    /// Datagrams that the kernel did not take.
    pub refused: usize,
}

impl FramesPublished {
    /// Adds another's.
    pub fn add(&mut self, other: Self) {
        self.pictures += other.pictures;
        self.keyframes += other.keyframes;
        self.late += other.late;
        self.left_out += other.left_out;
        self.packets += other.packets;
        self.keyframe_requests += other.keyframe_requests;
        self.refused += other.refused;
    }
}

/// A publisher that runs until it is told to leave.
#[derive(Debug)]
pub struct FramePublisher {
    /// Dropped when it is to leave.
    orders: SyncSender<()>,
    waker: Waker,
    thread: JoinHandle<(FramesPublished, Result<(), SessionError>)>,
}

impl FramePublisher {
    /// Sends the source's pictures from here on. The session has its answer.
    pub fn start(
        mut session: Session,
        source: Box<dyn PictureSource>,
        clock: Clock,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        session.register(poll.registry(), SOCKET)?;
        let waker = Waker::new(poll.registry(), ORDERS)?;
        // Nothing is ever sent: its end is the order.
        let (orders, inbox) = sync_channel(0);
        let sending = Sending {
            session,
            clock,
            source,
            timeline: None,
            published: FramesPublished::default(),
            is_keyframe_wanted: false,
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

    /// The session has failed.
    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Closes the session, and says what was sent over it and how it ended.
    pub fn leave(self) -> (FramesPublished, Result<(), SessionError>) {
        drop(self.orders);
        // A thread that cannot be woken ends at its next picture.
        let _ = self.waker.wake();
        self.thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// When media began, and how far it is.
#[derive(Clone, Copy, Debug)]
struct Timeline {
    began_at: Instant,
    next_picture: Instant,
    next_sound: Instant,
}

/// What the thread owns.
#[derive(Debug)]
struct Sending {
    session: Session,
    clock: Clock,
    source: Box<dyn PictureSource>,
    /// `None` until the session is connected.
    timeline: Option<Timeline>,
    published: FramesPublished,
    is_keyframe_wanted: bool,
}

impl Sending {
    fn run(
        mut self,
        poll: Poll,
        inbox: &Receiver<()>,
    ) -> (FramesPublished, Result<(), SessionError>) {
        let done = self.publish(poll, inbox);
        self.published.packets = self.session.n_media_packets();
        self.published.refused = self.session.n_refused();
        (self.published, done.and_then(|()| self.session.close()))
    }

    /// Until it is told to leave.
    fn publish(&mut self, mut poll: Poll, inbox: &Receiver<()>) -> Result<(), SessionError> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        let mut batch = ReceiveBatch::default();
        while inbox.try_recv() == Err(TryRecvError::Empty) {
            let patience = self.wake_at().saturating_since(self.clock.now());
            match poll.poll(&mut events, Some(patience)) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    return Err(error.into());
                }
                Ok(()) | Err(_) => {}
            }
            let mut requests = Requests::default();
            if events.iter().any(|event| event.token() == SOCKET) {
                self.session.receive(&mut batch, &mut requests.count())?;
            }
            self.session.handle_timeout(&mut requests.count())?;
            self.take(requests);
            self.write_due()?;
        }
        Ok(())
    }

    fn wake_at(&self) -> Instant {
        let transport = self.session.wake_at();
        self.timeline.map_or(transport, |timeline| {
            let media = timeline.next_picture.min(timeline.next_sound);
            transport.min(media)
        })
    }

    fn take(&mut self, requests: Requests) {
        self.published.keyframe_requests += requests.0;
        self.is_keyframe_wanted |= requests.0 > 0;
    }

    /// Writes everything whose time has come.
    fn write_due(&mut self) -> Result<(), SessionError> {
        if !self.session.is_connected() {
            return Ok(());
        }
        let now = self.clock.now();
        let mut timeline = self.timeline.unwrap_or(Timeline {
            began_at: now,
            next_picture: now,
            next_sound: now,
        });
        while timeline.next_sound <= now {
            let at = timeline.next_sound.saturating_since(timeline.began_at);
            self.write(MediaKind::Audio, at, SILENCE.to_vec())?;
            timeline.next_sound += AUDIO_INTERVAL;
        }
        while timeline.next_picture <= now {
            let at = timeline.next_picture.saturating_since(timeline.began_at);
            let shown_for = self.write_picture(at)?;
            timeline.next_picture += shown_for;
            self.published.late += u64::from(timeline.next_picture <= self.clock.now());
        }
        self.timeline = Some(timeline);
        Ok(())
    }

    /// Gives how long the picture is shown.
    fn write_picture(&mut self, at: Duration) -> Result<Duration, SessionError> {
        let wanted = std::mem::take(&mut self.is_keyframe_wanted);
        let picture = self.source.next_picture(wanted, since_epoch());
        if picture.bytes.is_empty() {
            self.published.left_out += 1;
            self.is_keyframe_wanted |= wanted;
            return Ok(picture.shown_for);
        }
        self.published.pictures += 1;
        self.published.keyframes += u64::from(picture.is_keyframe);
        let said_at = self.source.said_at(at);
        self.write(MediaKind::Video, said_at, picture.bytes)?;
        Ok(picture.shown_for)
    }

    fn write(&mut self, kind: MediaKind, at: Duration, bytes: Vec<u8>) -> Result<(), SessionError> {
        let mut requests = Requests::default();
        let written = self
            .session
            .write_frame((kind, at), bytes, &mut requests.count());
        self.take(requests);
        written
    }
}

/// Keyframe requests that came within one call.
#[derive(Debug, Default)]
struct Requests(u64);

impl Requests {
    fn count(&mut self) -> impl FnMut(SessionEvent<'_>) {
        |event| match event {
            SessionEvent::KeyframeRequested(_) => self.0 += 1,
            SessionEvent::Media { .. } => {}
        }
    }
}
