//! Real connections on loopback.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use mio::{Events, Interest, Poll, Token};
use sfu_model::time::Instant;

use super::connection::{READ_BYTES, Readiness, STALL_MAX, TcpConnection};
use super::listener::{Accept, TcpListener};
use crate::listen::{Listeners, listen};
use crate::udp::UdpSocket;

/// A test that waits longer than this for loopback has lost something.
const PATIENCE: Duration = Duration::from_secs(5);

/// A group of listeners on a port that is free for UDP and TCP, as the server finds one; the UDP sockets guard it while
/// they live.
fn listeners(address: &str, n_sockets: usize) -> (Vec<TcpListener>, Vec<UdpSocket>) {
    let (_, workers) = listen(&[address.parse().unwrap()], n_sockets).unwrap();
    workers
        .into_iter()
        .flat_map(|Listeners { udp, tcp }| tcp.into_iter().zip(udp))
        .unzip()
}

/// Accepts on every listener until `n_connections` are there: those of each.
fn accept(listeners: &mut [TcpListener], n_connections: usize) -> Vec<Vec<TcpConnection>> {
    let mut poll = Poll::new().unwrap();
    for listener in &mut *listeners {
        poll.registry()
            .register(listener, Token(0), Interest::READABLE)
            .unwrap();
    }
    let mut events = Events::with_capacity(4);
    let mut accepted: Vec<Vec<TcpConnection>> = listeners.iter().map(|_| Vec::new()).collect();
    loop {
        for (listener, accepted) in listeners.iter().zip(&mut accepted) {
            while let Accept::Connection(connection) = listener.accept() {
                accepted.push(connection);
            }
        }
        if accepted.iter().map(Vec::len).sum::<usize>() >= n_connections {
            return accepted;
        }
        poll.poll(&mut events, Some(PATIENCE)).unwrap();
        assert!(!events.is_empty(), "nobody connected");
    }
}

fn connect(address: &str) -> (TcpStream, TcpConnection) {
    let (mut group, udp) = listeners(address, 1);
    let client = TcpStream::connect(udp[0].local_address()).unwrap();
    let connection = accept(&mut group, 1).remove(0).remove(0);
    (client, connection)
}

/// Reads until the connection is closed or `n_frames` have come.
fn receive(connection: &mut TcpConnection, n_frames: usize) -> (Vec<Vec<u8>>, Readiness) {
    let mut poll = Poll::new().unwrap();
    poll.registry()
        .register(connection, Token(0), Interest::READABLE)
        .unwrap();
    let mut events = Events::with_capacity(4);
    let mut scratch = [0; READ_BYTES];
    let mut frames: Vec<Vec<u8>> = Vec::new();
    loop {
        let readiness = connection.receive(&mut scratch, |frame| frames.push(frame.to_vec()));
        if [Readiness::Closed, Readiness::Broken].contains(&readiness) || frames.len() >= n_frames {
            poll.registry().deregister(connection).unwrap();
            return (frames, readiness);
        }
        if readiness == Readiness::Drained {
            poll.poll(&mut events, Some(PATIENCE)).unwrap();
            assert!(
                !events.is_empty(),
                "{} of {n_frames} frames came",
                frames.len()
            );
        }
    }
}

fn frames_pass_both_ways(address: &str) {
    let (mut client, mut connection) = connect(address);
    assert_eq!(connection.remote(), client.local_addr().unwrap());
    assert_eq!(connection.local(), client.peer_addr().unwrap());
    client.write_all(&[0, 3, 1, 2, 3, 0, 1, 9]).unwrap();
    assert_eq!(receive(&mut connection, 2).0, [vec![1, 2, 3], vec![9]]);
    assert!(connection.queue(&[7; 1_200]));
    assert!(connection.queue(&[8]));
    connection.flush(Instant::START).unwrap();
    let mut answered = vec![0; 2 + 1_200 + 3];
    client.read_exact(&mut answered).unwrap();
    assert_eq!(
        answered,
        [&[0x04, 0xb0][..], &[7; 1_200], &[0, 1, 8]].concat()
    );
}

#[test]
fn frames_pass_both_ways_over_ipv4() {
    frames_pass_both_ways("127.0.0.1:0");
}

#[test]
fn frames_pass_both_ways_over_ipv6() {
    frames_pass_both_ways("[::1]:0");
}

#[test]
fn a_close_and_a_broken_frame_both_close_the_connection() {
    let (client, mut connection) = connect("127.0.0.1:0");
    drop(client);
    assert_eq!(receive(&mut connection, 1), (vec![], Readiness::Closed));
    let (mut client, mut connection) = connect("127.0.0.1:0");
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(receive(&mut connection, 1), (vec![], Readiness::Broken));
}

#[test]
fn a_reader_that_stalls_is_refused_frames_and_then_stuck() {
    let (client, mut connection) = connect("127.0.0.1:0");
    let payload = [7; 2_000];
    // The kernel's buffers on both sides fill first, then our queue.
    while connection.queue(&payload) {
        connection.flush(Instant::START).unwrap();
    }
    assert!(!connection.is_stuck(Instant::START));
    assert!(connection.is_stuck(Instant::START + STALL_MAX));
    drop(client);
}

#[test]
fn a_reader_that_reads_again_is_not_stuck() {
    let (mut client, mut connection) = connect("127.0.0.1:0");
    let payload = [7; 2_000];
    while connection.queue(&payload) {
        connection.flush(Instant::START).unwrap();
    }
    let mut poll = Poll::new().unwrap();
    poll.registry()
        .register(&mut connection, Token(0), Interest::WRITABLE)
        .unwrap();
    let mut events = Events::with_capacity(4);
    let mut read = vec![0; 1 << 20];
    let later = Instant::START + STALL_MAX;
    while connection.is_stuck(later) {
        assert_ne!(client.read(&mut read).unwrap(), 0);
        poll.poll(&mut events, Some(Duration::from_millis(10)))
            .unwrap();
        connection.flush(later).unwrap();
    }
    assert!(connection.queue(&payload));
}

#[test]
fn a_group_of_listeners_shares_a_port_and_the_connections() {
    let (mut group, udp) = listeners("127.0.0.1:0", 3);
    let clients: Vec<TcpStream> = (0..96)
        .map(|_| TcpStream::connect(udp[0].local_address()).unwrap())
        .collect();
    let accepted = accept(&mut group, clients.len());
    assert!(
        accepted.iter().all(|connections| !connections.is_empty()),
        "{accepted:?}"
    );
}
