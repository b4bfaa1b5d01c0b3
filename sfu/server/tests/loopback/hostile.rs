//! Those who are no clients.

use std::net::SocketAddr;

use sfu_model::drop_reason::DropReason;
use sfu_model::limits::DATAGRAM_BYTES_MAX;
use sfu_net::udp::{ReceiveBatch, Sent, UdpSocket};

use crate::client::h264::assert_continuous;
use crate::client::node::Node;
use crate::client::party::Party;
use crate::client::{Client, Link, one_datagram};

/// A DTLS 1.2 ClientHello that offers no cipher (RFC 5246 section 7.4.1.2): what a race is run with.
const CLIENT_HELLO: &[u8] = &[
    22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 54, 1, 0, 0, 42, 0, 0, 0, 0, 0, 0, 0, 42, 254, 253, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0,
    0, 0, 2, 0, 0, 1, 0,
];

/// Sockets of somebody else; the kernel spreads them over all workers.
struct Strangers {
    sockets: Vec<UdpSocket>,
    batch: ReceiveBatch,
}

impl Strangers {
    fn new(n_sockets: usize) -> Self {
        let any = "127.0.0.1:0".parse().unwrap();
        let socket = |_| UdpSocket::bind_group(any, 1).unwrap().remove(0);
        Self {
            sockets: (0..n_sockets).map(socket).collect(),
            batch: ReceiveBatch::default(),
        }
    }

    fn send(&mut self, destination: SocketAddr, bytes: &[u8]) {
        for socket in &mut self.sockets {
            let run = one_datagram(socket.local_address(), destination, bytes);
            assert_eq!(socket.send(&run, bytes, None), Sent::Done { n_refused: 0 });
        }
    }

    fn n_answers(&mut self) -> usize {
        let mut n_answers = 0;
        for socket in &mut self.sockets {
            n_answers += socket.receive(&mut self.batch).unwrap().n_datagrams;
        }
        n_answers
    }
}

/// A binding request of valid form (RFC 8489 section 5) whose MESSAGE-INTEGRITY is made up.
fn forged_binding_request(ufrag: &str) -> Vec<u8> {
    let username = format!("{ufrag}:them");
    let mut attributes = vec![0, 6, 0, u8::try_from(username.len()).unwrap()];
    attributes.extend(username.bytes());
    attributes.resize(attributes.len().next_multiple_of(4), 0);
    // USE-CANDIDATE, so that it would be nominated.
    attributes.extend([0, 0x25, 0, 0]);
    attributes.extend([0, 8, 0, 20]);
    attributes.extend([0x5a; 20]);
    let mut bytes = vec![0, 1, 0, u8::try_from(attributes.len()).unwrap()];
    bytes.extend([0x21, 0x12, 0xa4, 0x42]);
    bytes.extend([7; 12]);
    bytes.extend(attributes);
    bytes
}

/// The server's ufrag in an answer.
fn ufrag_of(answer: &str) -> String {
    let line = answer
        .lines()
        .find_map(|line| line.strip_prefix("a=ice-ufrag:"));
    line.unwrap().to_owned()
}

#[test]
fn a_flood_of_client_hellos_gets_no_answer_and_hinders_nobody() {
    let mut node = Node::start(&["127.0.0.1:0"], 3);
    let address = node.address();
    let mut strangers = Strangers::new(32);
    let mut party = Party::new();
    party.publish_live(&mut node, "demo", Link::udp("127.0.0.1"));
    for _ in 0..16 {
        // Before, between and after the steps of each set-up.
        strangers.send(address, CLIENT_HELLO);
        let number = party.play(&node, "demo", Link::udp("127.0.0.1"));
        strangers.send(address, CLIENT_HELLO);
        party.run_until(&mut node, "the player is connected", |clients, _| {
            clients[number].is_connected
        });
    }
    strangers.send(address, CLIENT_HELLO);
    party.watch(&mut node, 30);
    for player in &party.clients[1..] {
        assert_continuous(player.stamps());
    }
    let n_sent = 32 * (2 * 16 + 1);
    assert_eq!(node.drops(DropReason::UnvalidatedSource), n_sent);
    assert_eq!(strangers.n_answers(), 0);
}

#[test]
fn a_forged_binding_request_is_ignored_by_every_worker() {
    let mut node = Node::start(&["127.0.0.1:0"], 3);
    let address = node.address();
    let mut strangers = Strangers::new(32);
    let mut party = Party::new();
    party.publish_live(&mut node, "demo", Link::udp("127.0.0.1"));
    let session = sfu_net::entropy::session_id().unwrap();
    let clock = sfu_net::clock::Clock::start();
    let (victim, offer) = Client::new(session, Client::player(), Link::udp("127.0.0.1"), clock);
    let ufrag = ufrag_of(&node.open(session, "demo", &victim.part, offer).unwrap());
    party.play(&node, "demo", Link::udp("127.0.0.1"));
    strangers.send(address, &forged_binding_request(&ufrag));
    // The address is no more valid than before.
    strangers.send(address, CLIENT_HELLO);
    // A ufrag that no session has, of a worker that exists.
    strangers.send(address, &forged_binding_request("000123456789abcdef"));
    party.run_until(&mut node, "all of them are counted", |_, node| {
        node.drops(DropReason::BadStunIntegrity) == 32
            && node.drops(DropReason::UnvalidatedSource) == 32
            && node.drops(DropReason::UnknownUfrag) == 32
    });
    party.watch(&mut node, 30);
    assert_continuous(party.clients[1].stamps());
    assert_eq!(strangers.n_answers(), 0);
}

#[test]
fn an_address_that_is_only_named_in_an_offer_hears_nothing() {
    let mut node = Node::start(&["127.0.0.1:0"], 2);
    let mut victims = Strangers::new(4);
    let mut party = Party::new();
    party.publish_live(&mut node, "demo", Link::udp("127.0.0.1"));
    let named: Vec<SocketAddr> = victims
        .sockets
        .iter()
        .map(UdpSocket::local_address)
        .collect();
    party.play_with_candidates(&node, "demo", &named);
    party.watch(&mut node, 60);
    assert_continuous(party.clients[1].stamps());
    assert_eq!(victims.n_answers(), 0);
}

#[test]
fn a_connection_that_does_not_begin_with_a_binding_request_is_closed() {
    use std::io::{Read as _, Write as _};
    let mut node = Node::start(&["127.0.0.1:0"], 2);
    let mut party = Party::new();
    party.publish_live(&mut node, "demo", Link::udp("127.0.0.1"));
    let hello = [&[0, 67], CLIENT_HELLO].concat();
    for opening in [&b"GET / HTTP/1.1\r\n\r\n"[..], &hello] {
        let mut stranger = std::net::TcpStream::connect(node.address()).unwrap();
        stranger.write_all(opening).unwrap();
        // End of file, or a reset because the opening was not read to its end.
        assert_eq!(stranger.read(&mut [0; 64]).unwrap_or(0), 0);
    }
}

#[test]
fn a_connection_that_announces_a_longer_frame_than_any_of_webrtc_is_closed_and_counted() {
    use std::io::{Read as _, Write as _};
    let node = Node::start(&["127.0.0.1:0"], 2);
    let longest = u16::try_from(DATAGRAM_BYTES_MAX).unwrap();
    for (announced, n_counted) in [(longest, 0), (longest + 1, 1), (u16::MAX, 2)] {
        let mut stranger = std::net::TcpStream::connect(node.address()).unwrap();
        let frame = [&announced.to_be_bytes()[..], &vec![0x80; announced.into()]].concat();
        stranger.write_all(&frame).unwrap();
        assert_eq!(stranger.read(&mut [0; 64]).unwrap_or(0), 0);
        assert_eq!(
            node.drops(DropReason::DatagramTooLong),
            n_counted,
            "{announced}"
        );
    }
}
