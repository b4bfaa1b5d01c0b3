//! Clients, driven together in one thread by their sockets and timers.

use std::net::SocketAddr;
use std::time::Duration;

use mio::{Events, Poll, Token};
use sfu_model::time::Instant;
use sfu_net::clock::Clock;
use sfu_net::entropy::session_id;
use sfu_net::udp::ReceiveBatch;

use super::node::Node;
use super::{Client, Link, Part};

/// A test that has not come to its end by then has hung. Loaded machines take a tenth of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the party sleeps at most, to look at what the node says.
const NAP: Duration = Duration::from_millis(10);

/// Who takes part.
pub(crate) struct Party {
    pub(crate) clients: Vec<Client>,
    clock: Clock,
    poll: Poll,
    events: Events,
    batch: ReceiveBatch,
}

impl Party {
    pub(crate) fn new() -> Self {
        Self {
            clients: Vec::new(),
            clock: Clock::start(),
            poll: Poll::new().unwrap(),
            events: Events::with_capacity(256),
            batch: ReceiveBatch::default(),
        }
    }

    /// Adds a publisher. Gives its number.
    pub(crate) fn publish(&mut self, node: &Node, room: &str, link: Link) -> usize {
        let (client, offer) = self.arrive(Client::publisher(self.clock.now()), link);
        self.join(node, room, client, offer)
    }

    /// Adds a player. Gives its number.
    pub(crate) fn play(&mut self, node: &Node, room: &str, link: Link) -> usize {
        let (client, offer) = self.arrive(Client::player(), link);
        self.join(node, room, client, offer)
    }

    /// Adds a player whose offer names these addresses, which are not its own, as candidates.
    pub(crate) fn play_with_candidates(&mut self, node: &Node, room: &str, named: &[SocketAddr]) {
        let link = Link::udp("127.0.0.1");
        let (client, mut offer) = self.arrive(Client::player(), link);
        for address in named {
            let (ip, port) = (address.ip(), address.port());
            offer += &format!("a=candidate:9 1 udp 2130706431 {ip} {port} typ host\r\n");
        }
        self.join(node, room, client, offer);
    }

    /// A client with its offer.
    fn arrive(&mut self, part: Part, mut link: Link) -> (Client, String) {
        link.register(self.poll.registry(), Token(self.clients.len()));
        Client::new(session_id().unwrap(), part, link, self.clock)
    }

    fn join(&mut self, node: &Node, room: &str, mut client: Client, offer: String) -> usize {
        let answer = node
            .open(client.session, room, &client.part, offer)
            .unwrap();
        client.accept(&answer);
        self.clients.push(client);
        self.clients.len() - 1
    }

    /// Adds a publisher and waits until its room is live.
    pub(crate) fn publish_live(&mut self, node: &mut Node, room: &str, link: Link) -> usize {
        let number = self.publish(node, room, link);
        self.run_until(node, &format!("{room} is live"), |_, node| {
            node.is_live(room)
        });
        number
    }

    /// Waits until every player has got so many packets more.
    pub(crate) fn watch(&mut self, node: &mut Node, n_packets: usize) {
        let had: Vec<usize> = self
            .clients
            .iter()
            .map(|client| client.stamps().len())
            .collect();
        self.run_until(
            node,
            &format!("everybody has {n_packets} packets"),
            |clients, _| {
                clients
                    .iter()
                    .zip(&had)
                    .all(|(client, had)| match client.part {
                        Part::Player { .. } => client.stamps().len() >= had + n_packets,
                        Part::Publisher { .. } => true,
                    })
            },
        );
    }

    /// Drives everybody until `done`.
    pub(crate) fn run_until(
        &mut self,
        node: &mut Node,
        what: &str,
        done: impl Fn(&[Client], &Node) -> bool,
    ) {
        let deadline = self.clock.now() + PATIENCE;
        loop {
            node.listen();
            if done(&self.clients, node) {
                return;
            }
            let now = self.clock.now();
            assert!(
                now < deadline,
                "not within {PATIENCE:?}: {what}; {:?}",
                node.stats()
            );
            self.turn(now);
        }
    }

    fn turn(&mut self, now: Instant) {
        let wakes = self.clients.iter().map(Client::wake_at);
        let nap = wakes.fold(now + NAP, Instant::min) - now;
        self.poll.poll(&mut self.events, Some(nap)).unwrap();
        let now = self.clock.now();
        for event in &self.events {
            let Some(client) = self.clients.get_mut(event.token().0) else {
                continue;
            };
            for (source, bytes) in client.link.receive(&mut self.batch) {
                client.handle_datagram(source, &bytes, now);
                client.drive(now);
            }
        }
        for client in &mut self.clients {
            if client.wake_at() <= now {
                client.drive(now);
            }
        }
    }
}
