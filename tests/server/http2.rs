//! What a stranger can hold of an HTTP/2 connection (RFC 9113), frame by frame: no client library would send this.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;

use rustls::{ClientConnection, StreamOwned};

use crate::limits::{hits, hits_from};
use crate::running::Running;
use crate::tls;

/// Types of frames (section 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

/// Flags of HEADERS and CONTINUATION (section 6.2).
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// Reasons (section 7).
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;

/// GET https://localhost/health, in HPACK (RFC 7541): two of the static table, two with a value.
const GET_HEALTH: &[u8] = b"\x82\x87\x04\x07/health\x01\x09localhost";
/// POST to the same, whose body is yet to come: the stream stays open.
const POST: &[u8] = b"\x83\x87\x04\x0a/whip/demo\x01\x09localhost";

struct Frame {
    kind: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Frame {
    /// The number in the last four bytes of RST_STREAM, or in the second four of GOAWAY.
    fn reason(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }
}

struct Connection(StreamOwned<ClientConnection, TcpStream>);

impl Connection {
    fn open(running: &Running) -> Self {
        let mut connection = Self(tls::connect(running.https.unwrap(), &[b"h2"]));
        connection
            .0
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .unwrap();
        connection.send(&frame(SETTINGS, 0, 0, &[]));
        connection
    }

    /// The server may have hung up in the middle of it.
    fn send(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes).and_then(|()| self.0.flush());
    }

    /// Reads what has come, also when the rest of what was sent had nowhere to go: a stream's own read would first try to
    /// send that again. `None`: it has hung up.
    fn fill(&mut self, mut buffer: &mut [u8]) -> Option<()> {
        let StreamOwned { conn, sock } = &mut self.0;
        while !buffer.is_empty() {
            match conn.reader().read(buffer) {
                Ok(0) => return None,
                Ok(n_bytes) => buffer = &mut buffer[n_bytes..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    conn.read_tls(sock).ok().filter(|n_bytes| *n_bytes > 0)?;
                    conn.process_new_packets().ok()?;
                }
                Err(_) => return None,
            }
        }
        Some(())
    }

    /// The next frame. `None`: it has hung up.
    fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.fill(&mut head)?;
        let [a, b, c, kind, _, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.fill(&mut payload)?;
        let stream = u32::from_be_bytes(stream);
        Some(Frame {
            kind,
            stream,
            payload,
        })
    }

    fn until(&mut self, kind: u8) -> Frame {
        std::iter::from_fn(|| self.next())
            .find(|frame| frame.kind == kind)
            .expect("it has hung up")
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length.to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A header field of so many bytes, which the table does not keep (RFC 7541 sections 5.1 and 6.2.2).
fn field(n_bytes: usize) -> Vec<u8> {
    let mut bytes = b"\0\x01x\x7f".to_vec();
    let mut rest = n_bytes - 127;
    while rest >= 128 {
        bytes.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    bytes.push(rest as u8);
    bytes.resize(bytes.len() + n_bytes, b'x');
    bytes
}

/// A setting that the server announces (section 6.5.1).
fn setting(settings: &Frame, id: u16) -> Option<u32> {
    let mut all = settings.payload.chunks_exact(6);
    let found = all.find(|one| one[..2] == id.to_be_bytes())?;
    Some(u32::from_be_bytes(found[2..].try_into().unwrap()))
}

#[test]
fn streams_that_are_opened_and_reset_in_a_row_end_the_connection() {
    let running = Running::start();
    let rapid = |n: u32| {
        let mut connection = Connection::open(&running);
        let streams = (0..n).map(|number| 2 * number + 1);
        let both = |stream| {
            [
                frame(HEADERS, END_STREAM | END_HEADERS, stream, GET_HEALTH),
                frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes()),
            ]
            .concat()
        };
        connection.send(&streams.flat_map(both).collect::<Vec<u8>>());
        connection
    };
    let mut patient = rapid(20);
    patient.send(&frame(HEADERS, END_STREAM | END_HEADERS, 41, GET_HEALTH));
    let answer = patient.until(DATA);
    assert_eq!((answer.stream, &answer.payload[..]), (41, &b"ok\n"[..]));
    assert_eq!(hits(running.http, "http2_calm"), 0);

    // One more than the connection may have.
    let mut cut = rapid(21);
    assert_eq!(cut.until(GOAWAY).reason(), ENHANCE_YOUR_CALM);
    assert!(cut.next().is_none(), "the connection is over");
    assert_eq!(hits_from(running.http, "http2_calm", 1), 1);
    running.stop();
}

#[test]
fn a_connection_has_so_many_requests_open_and_one_more_is_refused() {
    let running = Running::start();
    let mut connection = Connection::open(&running);
    assert_eq!(setting(&connection.until(SETTINGS), 3), Some(128));
    let open = |number: u32| frame(HEADERS, END_HEADERS, 2 * number + 1, POST);
    let ask = |number: u32| {
        frame(
            HEADERS,
            END_STREAM | END_HEADERS,
            2 * number + 1,
            GET_HEALTH,
        )
    };
    // What is answered on the last stream was looked at after all before it.
    connection.send(&(0..126).flat_map(open).collect::<Vec<u8>>());
    connection.send(&ask(126));
    assert_eq!(connection.until(DATA).stream, 253);
    assert_eq!(
        hits(running.http, "http2_streams"),
        0,
        "127 are open at most"
    );
    connection.send(&open(127));
    connection.send(&ask(128));
    assert_eq!(connection.until(DATA).stream, 257);
    assert_eq!(hits(running.http, "http2_streams"), 1, "128 are");
    connection.send(&open(129));
    connection.send(&open(130));
    let refused = connection.until(RST_STREAM);
    assert_eq!((refused.stream, refused.reason()), (261, REFUSED_STREAM));
    running.stop();
}

#[test]
fn a_header_list_has_an_edge_and_frames_of_it_that_never_end_are_cut() {
    let running = Running::start();
    let mut connection = Connection::open(&running);
    assert_eq!(setting(&connection.until(SETTINGS), 6), Some(32 * 1024));
    // The four fields of `GET_HEALTH` and the one-letter one, with 32 for each (section 6.5.2).
    let others = 42 + 44 + 44 + 51 + 33;
    let list = |n_bytes: usize| [GET_HEALTH, &field(n_bytes - others)].concat();
    let fits = list(16 * 1024);
    connection.send(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &fits));
    assert_eq!(connection.until(DATA).payload, b"ok\n");
    assert_eq!(hits(running.http, "head"), 0);
    let too_long = list(16 * 1024 + 1);
    connection.send(&frame(HEADERS, END_STREAM | END_HEADERS, 3, &too_long));
    let answer = connection.until(HEADERS);
    // `:status`, of the static table, with the value 431.
    assert_eq!((answer.stream, answer.payload[0]), (3, 0x48));
    let said = connection.until(DATA).payload;
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("\"code\":\"headers-too-large\""), "{said}");
    assert_eq!(hits(running.http, "head"), 1);
    // From twice as much on the library says so itself, and nobody hears of it.
    for (stream, n_bytes, n_hits) in [(5, 32 * 1024 - 1, 2), (7, 32 * 1024, 2)] {
        let list = list(n_bytes);
        let (head, rest) = list.split_at(16 * 1024);
        connection.send(&frame(HEADERS, END_STREAM, stream, head));
        connection.send(&frame(CONTINUATION, END_HEADERS, stream, rest));
        let answer = connection.until(HEADERS);
        // The same status, which is in the connection's own table by now: that begins with 62 (RFC 7541 section 2.3.3).
        assert_eq!(answer.stream, stream);
        assert!(answer.payload[0] >= 0x80 | 62, "{:x?}", answer.payload);
        assert_eq!(hits(running.http, "head"), n_hits, "{n_bytes} bytes");
    }

    connection.send(&frame(HEADERS, END_STREAM, 9, GET_HEALTH));
    for _ in 0..100 {
        connection.send(&frame(CONTINUATION, 0, 9, &field(1_000)));
    }
    assert_eq!(connection.until(GOAWAY).reason(), ENHANCE_YOUR_CALM);
    assert_eq!(hits_from(running.http, "http2_calm", 1), 1);
    running.stop();
}

#[test]
fn who_never_begins_is_shown_the_door_and_who_idles_is_not() {
    let running = Running::start();
    let mut idle = Connection::open(&running);
    let mut silent = tls::connect(running.https.unwrap(), &[b"h2"]);
    silent.write_all(b"PRI * HTTP/2.0").unwrap();
    silent.flush().unwrap();
    // Each read ends when the server closes; one that waits for ever fails at the patience of the socket.
    let mut rest = Vec::new();
    let ended = silent.read_to_end(&mut rest);
    let kind = ended.map_err(|error| error.kind());
    assert!(
        matches!(
            kind,
            Ok(_) | Err(ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset)
        ),
        "{kind:?}"
    );
    assert_eq!(hits_from(running.http, "head_time", 1), 1);
    idle.send(&frame(HEADERS, END_STREAM | END_HEADERS, 1, GET_HEALTH));
    assert_eq!(idle.until(DATA).payload, b"ok\n");
    running.stop();
}
