//! The world: one clock, one queue of what happens next, a node, a network and the participants. One thread, no sockets.

mod joining;
mod queue;
mod stepping;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use sfu_core::event::Event;
use sfu_model::datagram::TransmitBatch;
use sfu_model::id::WorkerId;
use sfu_model::time::Instant;

use crate::browser::Browser;
use crate::clock::LocalClock;
use crate::network::{Conditions, Direction, Network};
use crate::node::Node;
use crate::viewer::Viewer;
use crate::world::queue::Queue;

pub use joining::JoinError;

/// A participant's place in its world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrowserId(usize);

/// When the node's machine was suspended.
#[derive(Clone, Copy, Debug)]
struct NodeSleep {
    /// It is until then.
    until: Instant,
    /// For so long altogether; its clock is as much behind.
    slept: Duration,
}

impl Default for NodeSleep {
    fn default() -> Self {
        Self {
            until: Instant::START,
            slept: Duration::ZERO,
        }
    }
}

/// Everything that is simulated. One seed is one run.
#[derive(Debug)]
pub struct World {
    seed: u64,
    now: Instant,
    queue: Queue,
    node: Node,
    network: Network,
    browsers: Vec<Browser>,
    newcomers_clock: LocalClock,
    node_sleep: NodeSleep,
    by_address: BTreeMap<SocketAddr, BrowserId>,
    /// What workers said, and when.
    events: Vec<(Instant, WorkerId, Event)>,
    /// Datagrams that the node sent, by where to.
    sent_to: BTreeMap<SocketAddr, u64>,
    /// Datagrams of participants that somebody listens to.
    overheard: BTreeMap<SocketAddr, Vec<Vec<u8>>>,
    n_link_packets: BTreeMap<(WorkerId, WorkerId), u64>,
    /// How often each worker was due once more at the time that it had just done what was due, and when.
    restless: BTreeMap<WorkerId, (Instant, u32)>,
    /// What comes within it is one turn of a worker.
    turn: Duration,
    /// Reused by every turn.
    batch: TransmitBatch,
}

impl World {
    /// A world with a node of this many workers.
    ///
    /// The engine draws its SSRCs and transaction ids from a generator of the thread, which is seeded here: two worlds on
    /// one thread must run one after the other.
    pub fn new(seed: u64, n_workers: usize) -> Self {
        fastrand::seed(seed);
        let now = Instant::START + EPOCH;
        Self {
            seed,
            now,
            queue: Queue::default(),
            node: Node::new(seed, n_workers, now),
            network: Network::new(seed),
            browsers: Vec::new(),
            newcomers_clock: LocalClock::default(),
            node_sleep: NodeSleep::default(),
            by_address: BTreeMap::new(),
            events: Vec::new(),
            sent_to: BTreeMap::new(),
            overheard: BTreeMap::new(),
            n_link_packets: BTreeMap::new(),
            restless: BTreeMap::new(),
            turn: Duration::ZERO,
            batch: TransmitBatch::default(),
        }
    }

    /// The present moment.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The present moment on the node's clock.
    fn node_now(&self) -> Instant {
        self.now.saturating_sub(self.node_sleep.slept)
    }

    /// Since the world's beginning.
    pub fn elapsed(&self) -> Duration {
        self.now - (Instant::START + EPOCH)
    }

    /// The node.
    pub fn node(&mut self) -> &mut Node {
        &mut self.node
    }

    /// The network.
    pub fn network(&mut self) -> &mut Network {
        &mut self.network
    }

    /// Changes both directions of a participant's path.
    pub fn set_path(&mut self, browser: BrowserId, conditions: Conditions) {
        if let Some(address) = self.browsers.get(browser.0).map(|b| b.address) {
            self.network.set(address, Direction::Up, conditions);
            self.network.set(address, Direction::Down, conditions);
        }
    }

    /// Whoever joins from here on counts with such a clock.
    pub fn set_newcomers_clock(&mut self, clock: LocalClock) {
        self.newcomers_clock = clock;
    }

    /// The node's machine is suspended: what comes is lost, and its monotonic clock stands still, as Linux' does.
    pub fn suspend_node(&mut self, duration: Duration) {
        self.node_sleep.until = self.now + duration;
        self.node_sleep.slept += duration;
    }

    /// What workers said, and when.
    pub fn events(&self) -> &[(Instant, WorkerId, Event)] {
        &self.events
    }

    /// Datagrams that the node sent to an address.
    pub fn n_sent_to(&self, address: SocketAddr) -> u64 {
        self.sent_to.get(&address).copied().unwrap_or(0)
    }

    /// Everywhere the node sent a datagram to.
    pub fn sent_to(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.sent_to.keys().copied()
    }

    /// Takes what somebody on the path of a participant has heard it send since the last time; listens from the first.
    pub fn overhear(&mut self, browser: BrowserId) -> Vec<Vec<u8>> {
        let address = self.browser(browser).address;
        std::mem::take(self.overheard.entry(address).or_default())
    }

    /// Media packets that crossed from one worker to another.
    pub fn n_link_packets(&self, from: WorkerId, to: WorkerId) -> u64 {
        self.n_link_packets.get(&(from, to)).copied().unwrap_or(0)
    }

    /// Every participant that ever was.
    pub fn browsers(&self) -> &[Browser] {
        &self.browsers
    }

    /// A participant.
    #[expect(
        clippy::indexing_slicing,
        reason = "only the world makes these ids, and it forgets nobody"
    )]
    pub fn browser(&self, id: BrowserId) -> &Browser {
        &self.browsers[id.0]
    }

    /// A participant, to be told something.
    #[expect(
        clippy::indexing_slicing,
        reason = "only the world makes these ids, and it forgets nobody"
    )]
    pub fn browser_mut(&mut self, id: BrowserId) -> &mut Browser {
        &mut self.browsers[id.0]
    }

    /// What a player has seen; panics for a publisher.
    #[expect(
        clippy::expect_used,
        reason = "a script that mixes up its ids is a bug of the script"
    )]
    pub fn viewer(&self, id: BrowserId) -> &Viewer {
        self.browser(id).viewer().expect("a viewer")
    }
}

/// The world does not begin at the clock's start: subtractions would saturate there and hide mistakes.
const EPOCH: Duration = Duration::from_secs(100);
