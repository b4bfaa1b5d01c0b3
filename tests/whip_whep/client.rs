//! Our own client against our own server, and against one that redirects.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use whip_whep_client::backoff::Backoff;
use whip_whep_client::client::Client;
use whip_whep_client::connection::Trust;
use whip_whep_client::error::Error;

use crate::node::{KEY, Node, restart, trickle};
use crate::offers;

fn client(bearer: Option<&str>) -> Client {
    Client::new(&Trust::System, bearer).unwrap()
}

#[tokio::test]
async fn the_client_opens_trickles_restarts_and_closes() {
    let node = Node::with("[[ice_servers]]\nuri = \"stun:stun.example.net\"\n");
    let url = node.running.url("/whip/demo");
    let opened = client(Some(KEY))
        .open(&url, &offers::publish())
        .await
        .unwrap();
    let mut session = opened.session;
    assert!(opened.answer.starts_with("v=0\r\n"));
    assert_eq!(session.ice_servers()[0].uri, "stun:stun.example.net");
    session.trickle(&trickle()).await.unwrap();
    let before = session.etag().unwrap().to_owned();
    let body = session.restart(&restart()).await.unwrap();
    assert!(body.contains("a=ice-ufrag:"));
    assert_ne!(session.etag().unwrap(), before);
    session.trickle(&restart()).await.unwrap();
    let path = session
        .url()
        .strip_prefix(&node.running.url(""))
        .unwrap()
        .to_owned();
    session.close().await.unwrap();
    assert_eq!(node.get(&path).await.status, 404);
}

#[tokio::test]
async fn the_client_says_why_it_was_refused() {
    let node = Node::start();
    let url = node.running.url("/whip/demo");
    match client(None).open(&url, &offers::publish()).await {
        Err(Error::Refused(refused)) => {
            assert_eq!(
                (refused.status, refused.code.as_deref()),
                (401, Some("credential-missing"))
            );
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn we_13_a_player_waits_for_its_stream_and_gets_it() {
    let node = Node::start();
    let url = node.running.url("/whep/demo");
    let player = client(None);
    let refused = player.open(&url, &offers::play()).await.unwrap_err();
    assert!(refused.may_pass() && refused.retry_after() == Some(Duration::from_secs(2)));
    let offer = offers::play();
    let mut backoff = Backoff::new(1);
    let waiting = player.open_patiently((&url, &offer), &mut backoff, 10);
    let (opened, _node) = tokio::join!(waiting, node.go_live());
    assert!(opened.unwrap().answer.contains("a=sendonly"));
}

/// Answers one offer with a redirect.
async fn redirect(listener: &TcpListener, status: u16, location: &str) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(offers::publish().as_bytes()) {
        let n = stream.read_buf(&mut seen).await.unwrap();
        assert_ne!(n, 0);
    }
    let answer = format!(
        "HTTP/1.1 {status} X\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
}

#[tokio::test]
async fn four_redirects_in_a_row_are_followed_and_the_fifth_is_not() {
    let node = Node::start();
    let target = node.running.url("/whip/demo");
    for n_redirects in [4, 5] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/whip/demo", listener.local_addr().unwrap());
        let balancer = async {
            for n in 1..=n_redirects {
                let location = if n < n_redirects { &url } else { &target };
                redirect(&listener, 307, location).await;
            }
        };
        let (publisher, offer) = (client(Some(KEY)), offers::publish());
        match tokio::join!(publisher.open(&url, &offer), balancer).0 {
            Ok(_) => assert_eq!(n_redirects, 4),
            Err(Error::Protocol(why)) => assert_eq!((n_redirects, why), (5, "too many redirects")),
            Err(other) => panic!("{n_redirects}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn wi_41_and_we_19_the_client_follows_307_and_308_with_its_offer_and_never_301() {
    let node = Node::start();
    let target = node.running.url("/whip/demo");
    for (status, follows) in [(307, true), (308, true), (301, false), (302, false)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/whip/demo", listener.local_addr().unwrap());
        let location = format!("{target}?takeover=1");
        let balancer = redirect(&listener, status, &location);
        let (publisher, offer) = (client(Some(KEY)), offers::publish());
        let (opened, ()) = tokio::join!(publisher.open(&url, &offer), balancer);
        assert_eq!(opened.is_ok(), follows, "{status}");
    }
}
