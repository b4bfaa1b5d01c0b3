//! Real sockets on loopback.

use std::collections::HashSet;
use std::time::Duration;

use mio::{Events, Poll};
use sfu_model::datagram::{TransmitBatch, Transport};

use super::*;

/// A test that waits longer than this for a datagram on loopback has lost it.
const PATIENCE: Duration = Duration::from_secs(5);

fn socket(address: &str) -> UdpSocket {
    UdpSocket::bind_group(address.parse().unwrap(), 1)
        .unwrap()
        .remove(0)
}

fn send_all(socket: &mut UdpSocket, batch: &TransmitBatch) {
    for (run, bytes) in batch.iter() {
        let source = (!run.source.ip().is_unspecified()).then(|| run.source.ip());
        assert_eq!(socket.send(run, bytes, source), Sent::Done { n_refused: 0 });
    }
}

/// Reads until `n_datagrams` have come: (source, destination, bytes) of each.
fn receive(socket: &mut UdpSocket, n_datagrams: usize) -> Vec<(SocketAddr, SocketAddr, Vec<u8>)> {
    let mut poll = Poll::new().unwrap();
    poll.registry()
        .register(socket, Token(0), Interest::READABLE)
        .unwrap();
    let mut events = Events::with_capacity(4);
    let mut batch = ReceiveBatch::default();
    let mut received = Vec::new();
    while received.len() < n_datagrams {
        if socket.receive(&mut batch).unwrap().n_datagrams == 0 {
            poll.poll(&mut events, Some(PATIENCE)).unwrap();
            assert!(
                !events.is_empty(),
                "{} of {n_datagrams} came",
                received.len()
            );
            continue;
        }
        received.extend(
            batch
                .iter()
                .map(|d| (d.source, d.destination, d.bytes.to_vec())),
        );
    }
    poll.registry().deregister(socket).unwrap();
    received
}

fn burst(source: SocketAddr, destination: SocketAddr, lengths: &[usize]) -> TransmitBatch {
    let mut batch = TransmitBatch::default();
    for (index, length) in lengths.iter().enumerate() {
        let fill = u8::try_from(index).unwrap();
        batch.push(Transport::Udp, source, destination, &vec![fill; *length]);
    }
    batch
}

fn a_burst_is_one_call_each_way(address: &str) {
    let (mut sender, mut receiver) = (socket(address), socket(address));
    let lengths = [[1_200; 31].as_slice(), &[700]].concat();
    let batch = burst(sender.local_address(), receiver.local_address(), &lengths);
    send_all(&mut sender, &batch);
    let received = receive(&mut receiver, lengths.len());
    for (index, (source, destination, bytes)) in received.iter().enumerate() {
        assert_eq!(
            (*source, *destination),
            (sender.local_address(), receiver.local_address())
        );
        assert_eq!(*bytes, vec![u8::try_from(index).unwrap(); lengths[index]]);
    }
    let sent = sender.stats();
    assert_eq!(
        (sent.datagrams_out, sent.calls_out, sent.runs_cut_by_hand),
        (32, 1, 0)
    );
    let got = receiver.stats();
    assert_eq!(
        (got.datagrams_in, got.messages_in, got.calls_in),
        (32, 1, 1)
    );
}

#[test]
fn a_burst_is_one_gso_call_out_and_one_gro_message_in() {
    a_burst_is_one_call_each_way("127.0.0.1:0");
}

#[test]
fn a_burst_is_one_gso_call_out_and_one_gro_message_in_over_ipv6() {
    a_burst_is_one_call_each_way("[::1]:0");
}

#[test]
fn many_senders_are_read_by_few_calls() {
    let mut receiver = socket("127.0.0.1:0");
    for _ in 0..20 {
        let mut sender = socket("127.0.0.1:0");
        let batch = burst(sender.local_address(), receiver.local_address(), &[100]);
        send_all(&mut sender, &batch);
    }
    assert_eq!(receive(&mut receiver, 20).len(), 20);
    let stats = receiver.stats();
    assert_eq!((stats.messages_in, stats.calls_in), (20, 1));
}

#[test]
#[expect(clippy::disallowed_types, reason = "ours sends nothing that is empty")]
fn an_empty_datagram_is_one() {
    let mut receiver = socket("127.0.0.1:0");
    let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for bytes in [&b""[..], b"a", b""] {
        sender.send_to(bytes, receiver.local_address()).unwrap();
    }
    let received = receive(&mut receiver, 3);
    let bytes: Vec<&[u8]> = received.iter().map(|(_, _, bytes)| &bytes[..]).collect();
    assert_eq!(bytes, [&b""[..], b"a", b""]);
    assert_eq!(receiver.stats().datagrams_in, 3);
}

#[test]
fn a_kernel_without_gso_gets_datagrams_one_by_one() {
    let (mut sender, mut receiver) = (socket("127.0.0.1:0"), socket("127.0.0.1:0"));
    sender.segmentation = Segmentation::new(false);
    let batch = burst(
        sender.local_address(),
        receiver.local_address(),
        &[300, 300, 300, 120],
    );
    send_all(&mut sender, &batch);
    let lengths: Vec<usize> = receive(&mut receiver, 4)
        .iter()
        .map(|(_, _, bytes)| bytes.len())
        .collect();
    assert_eq!(lengths, [300, 300, 300, 120]);
    assert_eq!(
        (sender.stats().calls_out, sender.stats().runs_cut_by_hand),
        (4, 1)
    );
}

#[test]
fn a_destination_that_cannot_be_sent_to_is_counted_and_leaves_segmentation_on() {
    let mut sender = socket("127.0.0.1:0");
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let batch = burst(sender.local_address(), nowhere, &[300; 5]);
    for (run, bytes) in batch.iter() {
        assert_eq!(sender.send(run, bytes, None), Sent::Done { n_refused: 5 });
    }
    assert!(sender.segmentation.is_on());
    let mut receiver = socket("127.0.0.1:0");
    let batch = burst(sender.local_address(), receiver.local_address(), &[300; 5]);
    send_all(&mut sender, &batch);
    assert_eq!(receive(&mut receiver, 5).len(), 5);
    assert_eq!(sender.stats().calls_out, 1);
}

/// A run of more datagrams than the kernel cuts at once (`UDP_MAX_SEGMENTS`: 64, or 128): it refuses the run with EINVAL, and
/// takes each of them, as it does on a way that cannot segment.
fn send_uncuttable(sender: &mut UdpSocket, destination: SocketAddr) {
    let bytes = [7; 200 * 20];
    let run = Transmit {
        transport: Transport::Udp,
        source: sender.local_address(),
        destination,
        bytes: 0..bytes.len(),
        segment_bytes: 20,
    };
    assert_eq!(sender.send(&run, &bytes, None), Sent::Done { n_refused: 0 });
}

#[test]
fn one_way_that_cannot_segment_leaves_the_others_their_segmentation() {
    let (mut sender, mut receiver) = (socket("127.0.0.1:0"), socket("127.0.0.1:0"));
    let other = socket("127.0.0.1:0").local_address();
    let burst = burst(sender.local_address(), receiver.local_address(), &[300; 5]);
    for _ in 0..100 {
        send_uncuttable(&mut sender, other);
        let calls_before = sender.stats().calls_out;
        send_all(&mut sender, &burst);
        assert_eq!(sender.stats().calls_out, calls_before + 1);
        assert_eq!(receive(&mut receiver, 5).len(), 5);
    }
    assert_eq!(sender.stats().runs_cut_by_hand, 100);
}

#[test]
fn where_nothing_is_segmented_it_is_tried_again_after_so_many_runs() {
    let (mut sender, mut receiver) = (socket("127.0.0.1:0"), socket("127.0.0.1:0"));
    let burst = burst(sender.local_address(), receiver.local_address(), &[300; 5]);
    while sender.segmentation.is_on() {
        send_uncuttable(&mut sender, receiver.local_address());
        receive(&mut receiver, 200);
    }
    let mut n_by_hand = 0;
    while !sender.segmentation.is_on() {
        assert_eq!(sender.send_many(outgoing(&burst)), 0);
        send_all(&mut sender, &burst);
        assert_eq!(receive(&mut receiver, 5).len(), 5);
        n_by_hand += 1;
    }
    assert_eq!(n_by_hand, segmentation::RUNS_BEFORE_RETRY);
    assert_eq!(sender.send_many(outgoing(&burst)), 1);
}

/// Runs of unlike lengths to each of the receivers: a burst for the even ones, a single datagram for the odd ones.
fn to_each(sender: &UdpSocket, receivers: &[UdpSocket]) -> TransmitBatch {
    let mut batch = TransmitBatch::default();
    for (index, receiver) in receivers.iter().enumerate() {
        let lengths: &[usize] = if index % 2 == 0 {
            &[900, 900, 400]
        } else {
            &[120]
        };
        for (fill, length) in (0..).zip(lengths) {
            let bytes = vec![fill; *length + index];
            batch.push(
                Transport::Udp,
                sender.local_address(),
                receiver.local_address(),
                &bytes,
            );
        }
    }
    batch
}

fn outgoing(batch: &TransmitBatch) -> impl Iterator<Item = Outgoing<'_>> + Clone {
    batch.iter().map(|(run, bytes)| Outgoing {
        run,
        bytes,
        source: Some(run.source.ip()),
    })
}

fn runs_to_many_are_one_call(address: &str) {
    let mut sender = socket(address);
    let mut receivers: Vec<UdpSocket> = (0..=MESSAGES_MAX).map(|_| socket(address)).collect();
    let batch = to_each(&sender, &receivers);
    // The call takes what it has room for, and says so.
    assert_eq!(sender.send_many(outgoing(&batch)), MESSAGES_MAX);
    assert_eq!(sender.send_many(outgoing(&batch).skip(MESSAGES_MAX)), 1);
    let stats = sender.stats();
    assert_eq!((stats.calls_out, stats.datagrams_out), (2, 9 * 3 + 8));
    for (index, receiver) in receivers.iter_mut().enumerate() {
        let lengths: &[usize] = if index % 2 == 0 {
            &[900, 900, 400]
        } else {
            &[120]
        };
        let received = receive(receiver, lengths.len());
        for (fill, ((source, _, bytes), length)) in (0..).zip(received.iter().zip(lengths)) {
            assert_eq!(*source, sender.local_address());
            assert_eq!(*bytes, vec![fill; length + index]);
        }
    }
}

#[test]
fn runs_to_many_receivers_are_one_call_and_each_is_cut_by_its_own_length() {
    runs_to_many_are_one_call("127.0.0.1:0");
}

#[test]
fn runs_to_many_receivers_are_one_call_over_ipv6() {
    runs_to_many_are_one_call("[::1]:0");
}

#[test]
fn a_call_of_many_stops_before_the_run_that_cannot_be_sent() {
    let (mut sender, mut receiver) = (socket("127.0.0.1:0"), socket("127.0.0.1:0"));
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut batch = TransmitBatch::default();
    for destination in [receiver.local_address(), nowhere, receiver.local_address()] {
        batch.push(
            Transport::Udp,
            sender.local_address(),
            destination,
            &[7; 50],
        );
    }
    assert_eq!(sender.send_many(outgoing(&batch)), 1);
    assert_eq!(sender.send_many(outgoing(&batch).skip(1)), 0);
    assert_eq!(sender.send_many(outgoing(&batch).skip(2)), 1);
    assert_eq!(receive(&mut receiver, 2).len(), 2);
}

#[test]
fn many_runs_leave_from_the_address_that_each_names() {
    let (mut server, mut client) = (socket("0.0.0.0:0"), socket("127.0.0.1:0"));
    let port = server.local_address().port();
    let mut batch = TransmitBatch::default();
    let hosts = [1, 2, 77].map(|host| SocketAddr::from(([127, 0, 0, host], port)));
    for source in hosts {
        batch.push(Transport::Udp, source, client.local_address(), &[7; 50]);
    }
    assert_eq!(server.send_many(outgoing(&batch)), 3);
    let sources: Vec<SocketAddr> = receive(&mut client, 3)
        .iter()
        .map(|(source, ..)| *source)
        .collect();
    assert_eq!(sources, hosts);
}

#[test]
fn a_wildcard_socket_knows_where_a_datagram_came_to_and_answers_from_there() {
    let mut server = socket("0.0.0.0:0");
    let port = server.local_address().port();
    let mut client = socket("127.0.0.1:0");
    let client_address = client.local_address();
    for host in [1, 2, 77] {
        let asked = SocketAddr::from(([127, 0, 0, host], port));
        send_all(&mut client, &burst(client_address, asked, &[50]));
        let (source, destination, _) = receive(&mut server, 1).remove(0);
        assert_eq!((source, destination), (client_address, asked));
        send_all(&mut server, &burst(destination, source, &[60]));
        let (answered_from, _, _) = receive(&mut client, 1).remove(0);
        assert_eq!(answered_from, asked);
    }
}

#[test]
fn a_group_shares_a_port_and_the_senders() {
    let mut group = UdpSocket::bind_group("127.0.0.1:0".parse().unwrap(), 4).unwrap();
    let ports: HashSet<u16> = group
        .iter()
        .map(|socket| socket.local_address().port())
        .collect();
    assert_eq!(ports.len(), 1);
    let destination = group[0].local_address();
    let mut senders: Vec<UdpSocket> = (0..128).map(|_| socket("127.0.0.1:0")).collect();
    for sender in &mut senders {
        let batch = burst(sender.local_address(), destination, &[20]);
        send_all(sender, &batch);
    }
    let mut batch = ReceiveBatch::default();
    let mut n_received = [0; 4];
    for (n, socket) in n_received.iter_mut().zip(&mut group) {
        loop {
            let received = socket.receive(&mut batch).unwrap();
            *n += received.n_datagrams;
            if received.is_drained {
                break;
            }
        }
    }
    assert_eq!(n_received.iter().sum::<usize>(), 128);
    assert!(n_received.iter().all(|n| *n > 0), "{n_received:?}");
}

#[test]
fn the_kernel_says_what_buffers_it_gave() {
    let buffers = socket("127.0.0.1:0").buffers();
    assert!(
        buffers.receive_bytes >= 100_000 && buffers.send_bytes >= 100_000,
        "{buffers:?}"
    );
}

#[test]
fn the_kernel_says_when_a_datagram_came() {
    let mut receiver = socket("127.0.0.1:0");
    let mut sender = socket("127.0.0.1:0");
    let mut poll = Poll::new().unwrap();
    let registry = poll.registry();
    registry
        .register(&mut receiver, Token(0), Interest::READABLE)
        .unwrap();
    let before = crate::clock::since_epoch();
    let run = burst(sender.local_address(), receiver.local_address(), &[50]);
    send_all(&mut sender, &run);
    let mut events = Events::with_capacity(4);
    poll.poll(&mut events, Some(PATIENCE)).unwrap();
    let mut batch = ReceiveBatch::default();
    assert_eq!(receiver.receive(&mut batch).unwrap().n_datagrams, 1);
    let (_, arrived_at) = batch.arrivals().next().unwrap();
    let arrived_at = arrived_at.expect("Linux stamps what it receives");
    assert!(
        (before..=crate::clock::since_epoch()).contains(&arrived_at),
        "{arrived_at:?}"
    );
}
