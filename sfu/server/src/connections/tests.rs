//! Real connections on loopback, with a clock by hand.

use std::time::Duration;

use std::net::TcpStream;

use mio::{Events, Interest, Poll, Token};
use sfu_net::listen::{Listeners, listen};
use sfu_net::tcp::connection::READ_BYTES;
use sfu_net::tcp::listener::Accept;

use super::*;

/// A test that waits longer than this for loopback has lost something.
const PATIENCE: Duration = Duration::from_secs(5);

/// A listener with what it has accepted.
struct Bench {
    address: SocketAddr,
    listeners: Listeners,
    poll: Poll,
    connections: Connections,
}

impl Bench {
    fn new(n_max: usize) -> Self {
        let (bound, mut workers) = listen(&["127.0.0.1:0".parse().unwrap()], 1).unwrap();
        let mut listeners = workers.remove(0);
        let poll = Poll::new().unwrap();
        poll.registry()
            .register(&mut listeners.tcp[0], Token(0), Interest::READABLE)
            .unwrap();
        let connections = Connections::with_room_for(n_max);
        Self {
            address: bound[0],
            listeners,
            poll,
            connections,
        }
    }

    fn accept(&mut self) -> TcpConnection {
        let mut events = Events::with_capacity(4);
        loop {
            match self.listeners.tcp[0].accept() {
                Accept::Connection(connection) => return connection,
                Accept::Drained => self.poll.poll(&mut events, Some(PATIENCE)).unwrap(),
                refused @ (Accept::Vanished | Accept::OutOfResources) => panic!("{refused:?}"),
            }
        }
    }

    fn connect(&mut self, now: Instant) -> (TcpStream, Option<usize>) {
        let client = TcpStream::connect(self.address).unwrap();
        let connection = self.accept();
        assert_eq!(connection.remote(), client.local_addr().unwrap());
        let slot = self
            .connections
            .admit(connection, self.address, now, |_, _| Ok(()));
        (client, slot)
    }

    /// Reads slot by slot until something of a stranger came, or until its connection is gone.
    fn read(&mut self, slot: usize) -> Vec<Vec<u8>> {
        let mut scratch = [0; READ_BYTES];
        let n_before = self.connections.len();
        while self.connections.len() == n_before {
            let read = self
                .connections
                .read(slot, &mut scratch, |_| panic!("it is a stranger"));
            if let Read::FirstFrames(frames) = read {
                return frames;
            }
        }
        Vec::new()
    }
}

fn at(seconds: u64) -> Instant {
    Instant::START + Duration::from_secs(seconds)
}

#[test]
fn a_stranger_has_five_seconds_and_a_session_fifteen() {
    let mut bench = Bench::new(8);
    let (_silent, silent) = bench.connect(at(0));
    let (_named, named) = bench.connect(at(0));
    let (validated, valid) = bench.connect(at(0));
    bench.connections.name(named.unwrap()).unwrap();
    bench.connections.name(valid.unwrap()).unwrap();
    bench.connections.validated(validated.local_addr().unwrap());
    let is_open =
        |bench: &Bench, slot: Option<usize>| bench.connections.entries[slot.unwrap()].is_some();
    bench.connections.sweep(at(4));
    assert!(is_open(&bench, silent));
    bench.connections.sweep(at(5));
    assert!(!is_open(&bench, silent) && is_open(&bench, named));
    assert_eq!(bench.connections.hits().time, 1);
    bench.connections.sweep(at(15));
    assert!(!is_open(&bench, named) && is_open(&bench, valid));
    assert_eq!(bench.connections.hits().time, 2);
    bench.connections.sweep(at(10_000));
    assert!(is_open(&bench, valid));
    let expected = ConnectionHits {
        time: 2,
        ..ConnectionHits::default()
    };
    assert_eq!(bench.connections.hits(), expected);
}

#[test]
fn a_reader_that_stalls_is_closed_after_ten_seconds_and_counted() {
    let mut bench = Bench::new(1);
    let (client, slot) = bench.connect(at(0));
    let remote = client.local_addr().unwrap();
    bench.connections.name(slot.unwrap()).unwrap();
    bench.connections.validated(remote);
    // As much as the kernel takes on both sides, until the queue behind it is full too.
    while bench.connections.send(remote, &[7; 1_000]) {
        bench.connections.flush(at(1));
    }
    bench.connections.flush(at(1));
    bench.connections.sweep(at(10));
    assert_eq!(
        (bench.connections.len(), bench.connections.hits().stall),
        (1, 0)
    );
    bench.connections.sweep(at(11));
    assert_eq!(
        (bench.connections.len(), bench.connections.hits().stall),
        (0, 1)
    );
}

#[test]
fn a_full_table_closes_the_longest_stranger_and_spares_sessions() {
    let mut bench = Bench::new(3);
    let (_session, session) = bench.connect(at(0));
    bench.connections.name(session.unwrap()).unwrap();
    let (_old, old) = bench.connect(at(1));
    let (_young, young) = bench.connect(at(2));
    assert_eq!(bench.connections.hits().full, 0);
    let (_new, new) = bench.connect(at(3));
    assert_eq!(
        (bench.connections.len(), bench.connections.hits().full),
        (3, 1)
    );
    assert_eq!(new, old, "the slot of the oldest stranger is used again");
    for slot in [young, new] {
        bench.connections.name(slot.unwrap()).unwrap();
    }
    let (_refused, refused) = bench.connect(at(4));
    assert_eq!((refused, bench.connections.hits().full), (None, 2));
}

#[test]
fn the_first_frames_of_a_stranger_are_kept_for_its_owner() {
    use std::io::Write as _;
    let mut bench = Bench::new(3);
    let (mut client, slot) = bench.connect(at(0));
    client.write_all(&[0, 2, 7, 7, 0, 1, 8]).unwrap();
    assert_eq!(bench.read(slot.unwrap()), [vec![7, 7], vec![8]]);
    let (client, slot) = bench.connect(at(0));
    drop(client);
    assert!(bench.read(slot.unwrap()).is_empty());
    assert_eq!(bench.connections.len(), 1);
}

#[test]
fn what_is_said_last_arrives_before_the_end() {
    use std::io::{Read as _, Write as _};
    let mut bench = Bench::new(3);
    let (mut client, slot) = bench.connect(at(0));
    let remote = client.local_addr().unwrap();
    bench.connections.name(slot.unwrap()).unwrap();
    // Unread input would reset a connection that is just dropped.
    client.write_all(&[0, 1, 9]).unwrap();
    assert!(bench.connections.send(remote, b"goodbye"));
    bench.connections.forgotten(remote, at(1));
    bench.connections.flush(at(1));
    let mut heard = Vec::new();
    client.read_to_end(&mut heard).unwrap();
    assert_eq!(heard, [&[0, 7], &b"goodbye"[..]].concat());
    assert!(bench.connections.is_leaving());
    bench.connections.sweep(at(2));
    assert!(!bench.connections.is_leaving());
}
