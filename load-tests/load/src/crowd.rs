//! Many players on one thread.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use mio::{Events, Poll, Token, Waker};
use sfu_model::time::Instant;
use sfu_net::clock::Clock;
use sfu_net::udp::ReceiveBatch;

use crate::network::Profile;
use crate::publisher::Published;
use crate::session::SessionError;
use crate::subscriber::Subscriber;
use crate::tally::{Tallies, Tally, Window};

/// The waker's token; players are numbered from zero.
const ORDERS: Token = Token(usize::MAX);

/// Most sockets that one poll reports; the rest are in the next.
const EVENTS_MAX: usize = 1_024;

/// Orders that wait. Whoever gives one beyond it waits until the thread has turned once.
const ORDERS_MAX: usize = 64;

/// One player in so many of a network opens every packet; it is chosen when it has connected. Each of them costs this program what ten
/// others do, and the latencies of a tenth are those of all.
const SAMPLE_EVERY: usize = 10;

/// How long the thread rests when no player has anything to do.
const REST: Duration = Duration::from_secs(1);

/// A thread of players.
#[derive(Debug)]
pub struct Crowd {
    orders: SyncSender<Order>,
    waker: Waker,
    thread: JoinHandle<Result<(), SessionError>>,
}

#[derive(Debug)]
enum Order {
    Join(Box<Subscriber>),
    /// Forget the window's counts.
    BeginWindow,
    Count {
        published: Published,
        reply: SyncSender<Tallies>,
    },
    Leave,
}

/// The thread has ended; [`Crowd::leave`] says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the players' thread has ended")]
pub struct CrowdEnded;

impl Crowd {
    /// A thread without players.
    pub fn start(clock: Clock) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), ORDERS)?;
        let (orders, inbox) = sync_channel(ORDERS_MAX);
        let watching = Watching {
            poll,
            clock,
            subscribers: Vec::new(),
            wakes: BTreeSet::new(),
            windows: BTreeMap::new(),
        };
        let thread = std::thread::Builder::new()
            .name("players".into())
            .spawn(move || watching.run(&inbox))?;
        Ok(Self {
            orders,
            waker,
            thread,
        })
    }

    /// Adds a player.
    pub fn join(&self, subscriber: Subscriber) -> Result<(), CrowdEnded> {
        self.give(Order::Join(Box::new(subscriber)))
    }

    /// Measures from here on.
    pub fn begin_window(&self) -> Result<(), CrowdEnded> {
        self.give(Order::BeginWindow)
    }

    /// What was seen so far, of what was published.
    pub fn count(&self, published: Published) -> Result<Tally, CrowdEnded> {
        Ok(self.count_each(published)?.total())
    }

    /// The same by what lies between the players and the server.
    pub fn count_each(&self, published: Published) -> Result<Tallies, CrowdEnded> {
        let (reply, answer) = sync_channel(1);
        self.give(Order::Count { published, reply })?;
        answer.recv().map_err(|_| CrowdEnded)
    }

    /// Closes every session.
    pub fn leave(self) -> Result<(), SessionError> {
        // A thread that has failed takes no order; its error is the result.
        let _ = self.give(Order::Leave);
        self.thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    fn give(&self, order: Order) -> Result<(), CrowdEnded> {
        self.orders.send(order).map_err(|_| CrowdEnded)?;
        self.waker.wake().map_err(|_| CrowdEnded)
    }
}

/// What the thread owns.
struct Watching {
    poll: Poll,
    clock: Clock,
    /// `None` where a session has failed.
    subscribers: Vec<Option<Box<Subscriber>>>,
    /// When each of them is due.
    wakes: BTreeSet<(Instant, usize)>,
    /// What the players of each network got.
    windows: BTreeMap<Profile, Shared>,
}

/// What players of one network share.
#[derive(Default)]
struct Shared {
    window: Window,
    /// Those that have got both tracks.
    n_connected: usize,
}

impl Watching {
    fn run(mut self, inbox: &Receiver<Order>) -> Result<(), SessionError> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        let mut batch = ReceiveBatch::default();
        loop {
            let now = self.clock.now();
            let next = self.wakes.first().map_or(now + REST, |(at, _)| *at);
            match self
                .poll
                .poll(&mut events, Some(next.saturating_since(now)))
            {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    return Err(error.into());
                }
                Ok(()) | Err(_) => {}
            }
            for event in &events {
                if event.token() != ORDERS {
                    self.turn(event.token().0, Some(&mut batch));
                }
            }
            let now = self.clock.now();
            while let Some((_, index)) = self.wakes.first().copied().filter(|(at, _)| *at <= now) {
                self.turn(index, None);
            }
            loop {
                match inbox.try_recv() {
                    Ok(Order::Leave) | Err(TryRecvError::Disconnected) => return self.close(),
                    Ok(order) => self.obey(order)?,
                    Err(TryRecvError::Empty) => break,
                }
            }
        }
    }

    fn obey(&mut self, order: Order) -> Result<(), SessionError> {
        match order {
            Order::Join(mut subscriber) => {
                let index = self.subscribers.len();
                let registry = self.poll.registry();
                subscriber.session().register(registry, Token(index))?;
                self.subscribers.push(Some(subscriber));
                self.turn(index, None);
            }
            Order::BeginWindow => {
                let all = self.windows.values_mut();
                all.for_each(|shared| shared.window = Window::default());
            }
            Order::Count { published, reply } => {
                // Whoever asked may have gone.
                let _ = reply.try_send(self.tallies(&published));
            }
            // The loop that calls this ends with it.
            Order::Leave => {}
        }
        Ok(())
    }

    /// Gives one player its turn: to read, or to do what is due. A session that fails is one player less, which
    /// [`Tally::n_alive`] tells.
    fn turn(&mut self, index: usize, batch: Option<&mut ReceiveBatch>) {
        let Some(Some(subscriber)) = self.subscribers.get_mut(index) else {
            return;
        };
        self.wakes.remove(&(subscriber.wake_at(), index));
        let had_both = subscriber.has_both();
        let shared = self.windows.entry(subscriber.network()).or_default();
        let done = subscriber.turn(batch, self.clock.now(), &mut shared.window);
        if !had_both && subscriber.has_both() {
            shared.n_connected += 1;
            if shared.n_connected % SAMPLE_EVERY == 1 {
                subscriber.open_all();
            }
        }
        let wake_at = subscriber.wake_at();
        if done.is_ok() {
            self.wakes.insert((wake_at, index));
        } else if let Some(failed) = self.subscribers.get_mut(index) {
            *failed = None;
        }
    }

    fn tallies(&self, published: &Published) -> Tallies {
        let of_network = |(network, shared): (&Profile, &Shared)| {
            let mut tally = Tally {
                window: shared.window.clone(),
                ..Tally::default()
            };
            let players = self.subscribers.iter().flatten();
            for player in players.filter(|player| player.network() == *network) {
                add_player(&mut tally, player, published);
            }
            (*network, tally)
        };
        self.windows.iter().map(of_network).collect()
    }

    fn close(self) -> Result<(), SessionError> {
        let mut subscribers = self.subscribers.into_iter().flatten();
        subscribers.try_for_each(|subscriber| subscriber.into_session().close())
    }
}

fn add_player(tally: &mut Tally, player: &Subscriber, published: &Published) {
    tally.n_alive += 1;
    tally.n_receiving += usize::from(player.has_both());
    tally.n_begun += usize::from(player.has_any());
    tally.joins.extend(player.joined());
    tally.add_post(player.posted_at());
    let (n_lost_audio, n_lost_video) = player.n_lost(published);
    tally.n_lost += n_lost_audio + n_lost_video;
    tally.n_lost_audio += n_lost_audio;
    tally.n_repairs += player.n_repairs();
    tally.faults.add(player.faults());
    if let Some(n) = player
        .encoding()
        .and_then(|place| tally.n_at.get_mut(place))
    {
        *n += 1;
    }
    tally.n_arrival_reports += player.n_arrival_reports();
    tally.n_refused += player.n_refused();
}
