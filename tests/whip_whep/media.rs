//! Media through a real ICE, DTLS and SRTP client.

use std::time::Duration;

use str0m::media::Direction;
use tokio::net::UdpSocket;
use tokio::time::{interval, timeout};

use crate::node::{KEY, Node, fragment};
use crate::running::PATIENCE;
use crate::webrtc::{Client, Offered};

/// A client and its session.
struct Live {
    client: Client,
    session: String,
    etag: String,
}

async fn join(node: &Node, path: &str) -> Live {
    let direction = if path.starts_with("/whip") {
        Direction::SendOnly
    } else {
        Direction::RecvOnly
    };
    let offered = Offered::new(direction).await;
    let opened = node.open_with(path, &offered.sdp.clone()).await;
    let mut client = offered.accept(&opened.answer);
    client.connected().await;
    Live {
        client,
        session: opened.session,
        etag: opened.etag,
    }
}

#[tokio::test]
async fn wi_23_and_we_16_media_flows_with_no_more_signaling_than_the_answer() {
    let node = Node::start();
    let _publisher = join(&node, "/whip/demo").await;
    let mut player = join(&node, "/whep/demo").await;
    let seen = player.client.receives(50).await;
    assert_eq!(seen.ssrcs.len(), 1);
}

#[tokio::test]
async fn one_public_port_serves_ipv4_and_ipv6_at_once() {
    let advertise = "[sfu]\nadvertise = [\"127.0.0.1\", \"::1\"]\n";
    let node = Node::with_arguments(advertise, &["--listen", "[::]:0"]);
    let join_from = async |path: &str, direction, address: &str| {
        let offered = Offered::from_address(direction, address).await;
        let opened = node.open_with(path, &offered.sdp.clone()).await;
        let mut client = offered.accept(&opened.answer);
        client.connected().await;
        client
    };
    let publisher = join_from("/whip/demo", Direction::SendOnly, "[::1]:0").await;
    let mut over_ipv4 = join_from("/whep/demo", Direction::RecvOnly, "127.0.0.1:0").await;
    let mut over_ipv6 = join_from("/whep/demo", Direction::RecvOnly, "[::1]:0").await;
    let ports = [
        over_ipv4.receives(50).await.server_ports,
        over_ipv6.receives(50).await.server_ports,
    ];
    assert_eq!(ports[0], ports[1]);
    assert_eq!(ports[0].len(), 1);
    drop(publisher);
}

#[tokio::test]
async fn wi_39_media_flows_from_and_to_clients_that_are_the_dtls_server() {
    let node = Node::start();
    let join_passive = async |path: &str, direction| {
        let offered = Offered::new(direction).await;
        let offer = offered.sdp.replace("a=setup:actpass", "a=setup:passive");
        let opened = node.open_with(path, &offer).await;
        assert!(opened.answer.contains("a=setup:active\r\n"));
        let mut client = offered.accept(&opened.answer);
        client.connected().await;
        client
    };
    let _publisher = join_passive("/whip/demo", Direction::SendOnly).await;
    let mut player = join_passive("/whep/demo", Direction::RecvOnly).await;
    let seen = player.receives(50).await;
    assert_eq!((seen.ssrcs.len(), seen.n_connected), (1, 1));
}

#[tokio::test]
async fn wi_25_a_client_whose_candidates_are_all_useless_connects() {
    let node = Node::start();
    let offered = Offered::new(Direction::SendOnly).await;
    let useless = "a=candidate:1 1 udp 1 4f8a2f8e-1f0c.local 9 typ host\r\n\
                   a=candidate:2 1 sctp 1 192.0.2.1 9 typ host\r\n";
    let without: String = offered
        .sdp
        .split_inclusive('\n')
        .filter(|l| !l.starts_with("a=candidate"))
        .collect();
    let opened = node
        .open_with("/whip/demo", &(without.clone() + useless))
        .await;
    let value = |name: &str| {
        let line = without.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().to_owned()
    };
    let body = fragment(&value("a=ice-ufrag:"), &value("a=ice-pwd:")) + useless;
    assert_eq!(
        node.patch(&opened.session, &opened.etag, &body)
            .await
            .status,
        204
    );
    offered.accept(&opened.answer).connected().await;
}

#[tokio::test]
async fn wi_28_30_and_34_media_goes_on_through_a_restart_without_a_new_handshake() {
    for path in ["/whip/demo", "/whep/demo"] {
        let node = Node::start();
        let mut publisher = join(&node, "/whip/demo").await;
        let mut player = join(&node, "/whep/demo").await;
        let before = player.client.receives(20).await;
        let live = if path == "/whip/demo" {
            &mut publisher
        } else {
            &mut player
        };
        let (ufrag, password) = live.client.restart().await;
        let reply = node
            .patch(&live.session, "*", &fragment(&ufrag, &password))
            .await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        live.client.restarted(&reply.body).await;
        let stale = node
            .patch(&live.session, &live.etag, &fragment(&ufrag, &password))
            .await;
        stale.assert_refused(412, "if-match-stale");
        let after = player.client.receives(100).await;
        assert_eq!(after.ssrcs, before.ssrcs, "the same sender");
        for client in [&publisher.client, &player.client] {
            assert_eq!(client.seen().n_connected, 1, "DTLS came up once");
            assert!(!client.seen().is_disconnected && !client.seen().is_closed);
        }
    }
}

#[tokio::test]
async fn wi_32_media_goes_on_after_a_restart_that_was_refused() {
    let node = Node::start();
    let publisher = join(&node, "/whip/demo").await;
    let mut player = join(&node, "/whep/demo").await;
    player.client.receives(20).await;
    for (session, body) in [
        (&publisher.session, "nonsense"),
        (&player.session, "a=ice-ufrag:abcd\r\n"),
    ] {
        assert_eq!(node.patch(session, "*", body).await.status, 400);
    }
    player.client.receives(50).await;
}

#[tokio::test]
async fn wi_10_and_12_a_delete_ends_dtls_and_ice_at_once() {
    let node = Node::start();
    for path in ["/whep/demo", "/whip/demo"] {
        let publisher = join(&node, "/whip/demo?takeover=1").await;
        let mut ended = if path == "/whip/demo" {
            publisher
        } else {
            join(&node, path).await
        };
        assert_eq!(node.delete(&ended.session).await.status, 200);
        ended
            .client
            .until("the server's close_notify", |seen| seen.is_closed)
            .await;
    }
}

/// How often `unknown_ufrag` was counted.
async fn n_unknown_ufrags(node: &Node) -> u64 {
    let metrics = node.get("/metrics").await.body;
    let name = "sfu_packets_dropped_total{reason=\"unknown_ufrag\"} ";
    let count = metrics.lines().find_map(|line| line.strip_prefix(name));
    count.unwrap().parse().unwrap()
}

#[tokio::test]
async fn wi_10_after_a_delete_a_connectivity_check_stays_unanswered() {
    /// More than the client itself sends until it hears that it is over.
    const CHECKS: u64 = 20;
    for path in ["/whip/demo", "/whep/demo"] {
        let node = Node::start();
        let publisher = join(&node, "/whip/demo").await;
        let player = join(&node, "/whep/demo").await;
        let mut live = match path {
            "/whip/demo" => publisher,
            _ => player,
        };
        let (check, server) = live.client.seen().last_check.unwrap();
        let is_answer =
            |datagram: &[u8]| datagram.starts_with(&[1, 1]) && datagram[8..20] == check[8..20];
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut buffer = [0; 2_000];
        socket.send_to(&check, server).await.unwrap();
        let read = timeout(PATIENCE, socket.recv(&mut buffer)).await;
        let n_bytes = read.expect("no answer").unwrap();
        assert!(is_answer(&buffer[..n_bytes]), "while it lives");
        assert_eq!(node.delete(&live.session).await.status, 200);
        live.client
            .until("the server's close_notify", |seen| seen.is_closed)
            .await;
        for _ in 0..CHECKS {
            socket.send_to(&check, server).await.unwrap();
        }
        let looked_at = async {
            let mut looks = interval(Duration::from_millis(100));
            while n_unknown_ufrags(&node).await < CHECKS {
                looks.tick().await;
            }
        };
        timeout(PATIENCE, looked_at)
            .await
            .expect("the checks are of a session that is known");
        while let Ok(n_bytes) = socket.try_recv(&mut buffer) {
            assert!(!is_answer(&buffer[..n_bytes]), "{path}");
        }
    }
}

#[tokio::test]
async fn wi_12_a_stream_that_its_owner_ends_closes_everybody() {
    let node = Node::start();
    node.running
        .command(&["stream", "create", "made", "--key", KEY]);
    let mut publisher = join(&node, "/whip/made").await;
    let mut player = join(&node, "/whep/made").await;
    player.client.receives(10).await;
    node.running.command(&["stream", "end", "made"]);
    for live in [&mut publisher, &mut player] {
        live.client
            .until("the server's close_notify", |seen| seen.is_closed)
            .await;
    }
    assert_eq!(node.get(&publisher.session).await.status, 404);
}

#[tokio::test]
async fn wi_51_a_client_that_knows_nothing_but_the_answer_is_served() {
    let node = Node::with("[[ice_servers]]\nuri = \"stun:stun.example.net\"\n");
    let offered = Offered::new(Direction::SendOnly).await;
    let request = node
        .request("POST", "/whip/demo")
        .header("content-type", "application/sdp");
    let reply = request.bearer(KEY).body(&offered.sdp).send().await;
    assert_eq!(reply.status, 201);
    // No Location, no ETag, no Link is looked at: the answer alone is enough.
    offered.accept(&reply.body).connected().await;
}
