//! A stranger's datagram to a worker that has a session which waits for its browser.

use sfu_core::command::Reply;
use sfu_model::datagram::{Datagram, TransmitBatch, Transport};
use sfu_model::time::Instant;

use crate::connected::{OFFER, PUBLISHER, SERVER, STRANGER, new_sfu, publish};

/// Stands in the seeds for the session's ufrag, which is as long: a stranger who has seen the SDP knows it.
const UFRAG: &[u8] = b"THE-UFRAG-18-CHARS";

/// Without the password nothing is sent, nobody is let in, and the session goes on waiting.
pub fn stun_to_session(bytes: &[u8]) {
    let mut sfu = new_sfu();
    let reply = sfu.handle_command(publish(PUBLISHER, OFFER), Instant::START);
    let Ok(Reply::Answer { sdp }) = reply else {
        unreachable!("our own offer is good: {reply:?}");
    };
    let datagram = with_ufrag(bytes, ufrag_of(&sdp).as_bytes());
    for transport in [Transport::Udp, Transport::Tcp] {
        let datagram = Datagram {
            transport,
            source: STRANGER,
            destination: SERVER,
            bytes: &datagram,
        };
        sfu.handle_datagram(datagram, Instant::START);
    }
    let mut batch = TransmitBatch::default();
    while sfu.poll_transmit(&mut batch) {}
    assert!(batch.is_empty(), "a stranger was answered");
    assert_eq!(sfu.poll_event(), None, "a stranger made something happen");
    let stats = sfu.stats();
    assert_eq!(stats.n_publishers, 1, "a stranger ended a session");
    let n_dropped: u64 = stats.drops.iter().map(|(_, n)| n).sum();
    assert_eq!(n_dropped, 2, "each datagram is dropped for one reason");
}

fn ufrag_of(sdp: &str) -> &str {
    let mut lines = sdp.lines();
    lines
        .find_map(|line| line.strip_prefix("a=ice-ufrag:"))
        .expect("an answer has a ufrag")
}

fn with_ufrag(bytes: &[u8], ufrag: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let place = bytes
        .windows(UFRAG.len())
        .position(|window| window == UFRAG);
    if let Some(at) = place.filter(|_| ufrag.len() == UFRAG.len())
        && let Some(part) = bytes.get_mut(at..at + UFRAG.len())
    {
        part.copy_from_slice(ufrag);
    }
    bytes
}
