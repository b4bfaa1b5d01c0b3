//! POSTs that ask before they send their body (`Expect: 100-continue`, RFC 9110 section 10.1.1).

use sfu_model::limits::SDP_BYTES_MAX;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use whip_whep_core::limits::JSON_BYTES_MAX;

use crate::node::{KEY, Node};
use crate::offers;
use crate::running::PATIENCE;

const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

/// The head of a POST with a body of this length, and what else it says.
fn head(n_bytes: usize, more: &str) -> String {
    format!(
        "POST /whip/demo HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n\
         content-type: application/sdp\r\ncontent-length: {n_bytes}\r\n{more}\r\n"
    )
}

async fn send(node: &Node, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(node.running.http).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// The next so many bytes.
async fn read(stream: &mut TcpStream, n_bytes: usize) -> String {
    let mut bytes = vec![0; n_bytes];
    let read = timeout(PATIENCE, stream.read_exact(&mut bytes)).await;
    read.expect("the server waits for the body").unwrap();
    String::from_utf8(bytes).unwrap()
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let read = timeout(PATIENCE, stream.read_to_string(&mut text)).await;
    read.expect("the server never closes").unwrap();
    text
}

#[tokio::test]
async fn who_asks_first_with_a_body_of_a_good_length_is_told_to_go_on() {
    let node = Node::start();
    let asks = "expect: 100-continue\r\nconnection: close\r\n";
    let offer = offers::publish();
    let mut stream = send(&node, &head(offer.len(), asks)).await;
    assert_eq!(read(&mut stream, CONTINUE.len()).await, CONTINUE);
    stream.write_all(offer.as_bytes()).await.unwrap();
    let answer = read_to_end(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    let mut longest = send(&node, &head(SDP_BYTES_MAX, asks)).await;
    assert_eq!(read(&mut longest, CONTINUE.len()).await, CONTINUE);
}

#[tokio::test]
async fn a_body_that_is_declared_too_long_is_413_before_any_of_it_is_sent() {
    let node = Node::start();
    for n_bytes in [SDP_BYTES_MAX + 1, 10_000_000_000, usize::MAX / 2] {
        for more in ["expect: 100-continue\r\n", ""] {
            let mut stream = send(&node, &head(n_bytes, more)).await;
            // The end of the answer is the end of the connection: what follows would be taken for a request.
            let answer = read_to_end(&mut stream).await;
            assert!(answer.starts_with("HTTP/1.1 413 "), "{n_bytes}: {answer}");
            assert!(answer.contains("body-too-large"), "{answer}");
        }
    }
    let metrics = node.get("/metrics").await.body;
    let counted = "whip_whep_limit_hits_total{limit=\"sdp_bytes\"} 6\n";
    assert!(metrics.contains(counted), "{metrics}");
}

#[tokio::test]
async fn who_asks_first_where_no_such_body_is_taken_is_refused_and_not_told_to_go_on() {
    let node = Node::live().await;
    let session = node.open("/whep/demo").await.session;
    let head_below = |path: &str, n_bytes: usize| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {n_bytes}\r\n\
             content-type: application/json\r\nexpect: 100-continue\r\n\r\n"
        )
    };
    for (below, n_bytes, refused) in [
        ("/sse", JSON_BYTES_MAX + 1, "413 "),
        ("/layer", SDP_BYTES_MAX, "413 "),
        ("/sse/0", 100, "405 "),
        ("/x", 100, "404 "),
        ("/x", SDP_BYTES_MAX, "404 "),
        ("", 100, "405 "),
    ] {
        let path = format!("{session}{below}");
        let mut stream = send(&node, &head_below(&path, n_bytes)).await;
        let expected = format!("HTTP/1.1 {refused}");
        assert_eq!(read(&mut stream, expected.len()).await, expected, "{path}");
    }
    let events = r#"["active"]"#;
    let path = format!("{session}/sse");
    let mut stream = send(&node, &head_below(&path, events.len())).await;
    assert_eq!(read(&mut stream, CONTINUE.len()).await, CONTINUE);
}

#[tokio::test]
async fn a_body_of_json_has_an_edge_at_4096_bytes() {
    let node = Node::live().await;
    let session = node.open("/whep/demo").await.session;
    let post = async |n_bytes: usize| {
        let request = node.trusted("POST", &format!("{session}/sse"));
        let body = format!("{:n_bytes$}", r#"["active"]"#);
        let request = request.header("content-type", "application/json");
        request.body(&body).send().await
    };
    assert_eq!(post(JSON_BYTES_MAX).await.status, 201);
    let refused = post(JSON_BYTES_MAX + 1).await;
    refused.assert_refused(413, "body-too-large");
    let metrics = node.get("/metrics").await.body;
    let counted = "whip_whep_limit_hits_total{limit=\"json_bytes\"} 1\n";
    assert!(metrics.contains(counted), "{metrics}");
}
