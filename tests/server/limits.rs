//! What a stranger can hold of the HTTP listeners.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use sfu_net::clock::Clock;

use crate::running::{PATIENCE, Running};

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Everything until the server closes; it may close hard.
fn read_to_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn ask(address: SocketAddr, head: &str) -> String {
    let mut stream = connect(address);
    let _ = stream.write_all(head.as_bytes());
    read_to_end(&mut stream)
}

const SCRAPE: &str = "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/// How often a limit was met, once there is a place to ask from.
pub(crate) fn hits(address: SocketAddr, limit: &str) -> u64 {
    let name = format!("http_limit_hits_total{{limit=\"{limit}\"}} ");
    for _ in 0..10_000 {
        let page = ask(address, SCRAPE);
        if let Some(count) = page.lines().find_map(|line| line.strip_prefix(&name)) {
            return count.parse().unwrap();
        }
    }
    panic!("there is no {name}");
}

/// The same, once it was met so often: what ends a connection is counted when that has ended, which the client sees first.
pub(crate) fn hits_from(address: SocketAddr, limit: &str, least: u64) -> u64 {
    let mut counts = (0..10_000).map(|_| hits(address, limit));
    counts.find(|count| *count >= least).unwrap_or(0)
}

#[test]
fn a_head_has_an_edge_in_bytes_and_in_fields() {
    let running = Running::start();
    let request = |more: &str| {
        ask(
            running.http,
            &format!("GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}\r\n"),
        )
    };
    assert!(request("").starts_with("HTTP/1.1 200"));
    let head_of = |bytes: usize| {
        let head = "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\na: \r\n\r\n";
        request(&format!("a: {}\r\n", "x".repeat(bytes - head.len())))
    };
    assert!(head_of(16 * 1024).starts_with("HTTP/1.1 200"));
    assert_eq!(hits(running.http, "head"), 0);
    assert!(head_of(16 * 1024 + 1).starts_with("HTTP/1.1 431"));
    assert_eq!(hits_from(running.http, "head", 1), 1);
    let fields = |n: usize| (0..n).map(|i| format!("h{i}: 1\r\n")).collect::<String>();
    // With `host` and `connection` 64, and one more.
    assert!(request(&fields(62)).starts_with("HTTP/1.1 200"));
    assert!(request(&fields(63)).starts_with("HTTP/1.1 431"));
    assert_eq!(hits_from(running.http, "head", 2), 2);
    running.stop();
}

#[test]
fn two_lengths_are_refused_and_nothing_is_smuggled() {
    let running = Running::start();
    let smuggled = "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n";
    for lengths in [
        "content-length: 4\r\ncontent-length: 5\r\n",
        "content-length: 4\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: xchunked\r\n",
        "content-length: +4\r\n",
    ] {
        let head =
            format!("POST /whip/demo HTTP/1.1\r\nhost: x\r\n{lengths}\r\n0\r\n\r\n{smuggled}");
        let answers = ask(running.http, &head);
        assert!(!answers.contains("freshet_build"), "{lengths}: {answers}");
    }
    running.stop();
}

/// A connection is refused, in a whole problem document that names the limit and says how long to wait.
fn assert_no_place(address: SocketAddr, status: u16, limit: &str) {
    let refused = read_to_end(&mut connect(address));
    let (head, body) = refused.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    for field in [
        "retry-after: 1",
        "content-type: application/problem+json",
        "access-control-allow-origin: *",
        "access-control-expose-headers: Retry-After",
        &format!("content-length: {}", body.len()),
    ] {
        assert!(head.lines().any(|line| line == field), "{field}: {head}");
    }
    let problem: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(problem["status"], status);
    let detail = problem["detail"].as_str().unwrap();
    let named = format!("The limit is {limit}.");
    assert!(
        detail.contains("ait 1 s") && detail.ends_with(&named),
        "{detail}"
    );
}

#[test]
fn one_address_has_so_many_connections_and_gets_its_place_back() {
    let running = Running::with_config("[limits]\nconnections_per_address = 2\n");
    let alive = "GET /health HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut held: Vec<TcpStream> = Vec::new();
    for _ in 0..2 {
        let mut stream = connect(running.http);
        stream.write_all(alive.as_bytes()).unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        held.push(stream);
    }
    assert_no_place(running.http, 429, "connections_per_address");
    drop(held);
    let close = "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut tries = 0;
    while !ask(running.http, close).starts_with("HTTP/1.1 200") {
        tries += 1;
        assert!(
            tries < 10_000,
            "the place of a closed connection is never given back"
        );
    }
    assert!(hits(running.http, "connections_per_address") >= 1);
    assert_eq!(hits(running.http, "connections"), 0);
    running.stop();
}

#[test]
fn when_all_places_are_taken_the_answer_is_503() {
    let running = Running::with_config("[limits]\nconnections = 1\n");
    let mut held = connect(running.http);
    held.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    let mut first = [0; 12];
    held.read_exact(&mut first).unwrap();
    assert_no_place(running.http, 503, "connections");
    drop(held);
    assert!(hits(running.http, "connections") >= 1);
    assert_eq!(hits(running.http, "connections_per_address"), 0);
    running.stop();
}

#[test]
fn without_file_descriptors_the_answer_is_503_and_it_recovers() {
    const FILES: u32 = 128;
    let running = Running::with_file_limit(FILES);
    let mut held: Vec<TcpStream> = (0..FILES).map(|_| connect(running.http)).collect();
    let refused = held.split_off(FILES as usize / 2);
    for mut stream in refused {
        let answer = read_to_end(&mut stream);
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    }
    drop(held);
    let close = "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut tries = 0;
    while !ask(running.http, close).starts_with("HTTP/1.1 200") {
        tries += 1;
        assert!(tries < 10_000, "it does not recover");
    }
    running.stop();
}

/// A scrape over a connection that is open already, when the process could not open another.
fn scrape(stream: &mut TcpStream) -> String {
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    let mut reader = BufReader::new(stream);
    let (mut line, mut n_bytes) = (String::new(), 0);
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).unwrap();
        if let Some(length) = line.strip_prefix("content-length: ") {
            n_bytes = length.trim().parse().unwrap();
        }
    }
    let mut page = vec![0; n_bytes];
    reader.read_exact(&mut page).unwrap();
    String::from_utf8(page).unwrap()
}

#[test]
fn files_that_run_out_beside_http_are_counted_and_http_waits_for_them() {
    const FILES: u32 = 128;
    let running = Running::with_file_limit(FILES);
    let mut scraper = connect(running.http);
    let met = |scraper: &mut TcpStream, name: &str| {
        let clock = Clock::start();
        let give_up_at = clock.now() + PATIENCE;
        loop {
            let page = scrape(scraper);
            let count = page.lines().find_map(|line| line.strip_prefix(name));
            if count.unwrap().trim().parse::<u64>().unwrap() > 0 {
                return;
            }
            assert!(clock.now() < give_up_at, "{name} is never met");
        }
    };
    assert!(scrape(&mut scraper).contains("http_limit_hits_total{limit=\"open_files\"} 0\n"));
    // Strangers who say nothing on the media port, until no file is left there; then there is none for HTTP either.
    let ice = running.addresses["ice"][0].as_str().unwrap();
    let ice: SocketAddr = ice.parse().unwrap();
    let held: Vec<TcpStream> = (0..FILES).map(|_| connect(ice)).collect();
    met(&mut scraper, "sfu_limit_hits_total{limit=\"descriptors\"} ");
    let mut waiting = connect(running.http);
    waiting
        .write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .unwrap();
    met(&mut scraper, "http_limit_hits_total{limit=\"open_files\"} ");
    drop(held);
    assert!(read_to_end(&mut waiting).starts_with("HTTP/1.1 200"));
    running.stop();
}

#[test]
fn who_says_nothing_is_shown_the_door() {
    let running = Running::start();
    let mut silent = connect(running.http);
    let mut slow = connect(running.http);
    slow.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n")
        .unwrap();
    let asked = |next: &str| {
        let mut stream = connect(running.http);
        assert!(scrape(&mut stream).contains("freshet_build"));
        stream.write_all(next.as_bytes()).unwrap();
        stream
    };
    let (mut idle, mut slow_again) = (asked(""), asked("GET /hea"));
    let https = running.https.unwrap();
    let mut no_handshake = connect(https);
    let mut no_body = connect(running.http);
    no_body
        .write_all(b"POST /whep/demo HTTP/1.1\r\nhost: x\r\ncontent-type: application/sdp\r\ncontent-length: 9\r\n\r\nv")
        .unwrap();
    // Each read ends when the server closes; a server that waits for ever fails at the patience of the socket.
    for (name, stream) in [
        ("silent", &mut silent),
        ("slow", &mut slow),
        ("idle", &mut idle),
        ("slow again", &mut slow_again),
        ("no handshake", &mut no_handshake),
        ("no body", &mut no_body),
    ] {
        let mut rest = Vec::new();
        if let Err(error) = stream.read_to_end(&mut rest) {
            assert_eq!(
                error.kind(),
                std::io::ErrorKind::ConnectionReset,
                "{name}: {error}"
            );
        }
    }
    assert_eq!(hits_from(running.http, "handshake_time", 1), 1);
    let bad = "silent, slow, and slow again: who is idle after an answer does nothing wrong";
    assert_eq!(hits_from(running.http, "head_time", 3), 3, "{bad}");
    let metrics = ask(running.http, SCRAPE);
    let body_time = "whip_whep_limit_hits_total{limit=\"body_time\"} 1\n";
    assert!(metrics.contains(body_time), "{metrics}");
    running.stop();
}
