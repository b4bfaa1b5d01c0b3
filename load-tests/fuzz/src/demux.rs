//! The first look at a datagram: what it is, and for whom.

use sfu_core::demux::{PacketKind, kind_of, request_ufrag};
use sfu_core::ufrag::worker_of;

/// Whatever names a session is STUN, and a ufrag is part of the datagram.
pub fn demux(bytes: &[u8]) {
    let kind = kind_of(bytes);
    let Some(ufrag) = request_ufrag(bytes) else {
        return;
    };
    assert_eq!(kind, Some(PacketKind::Stun), "only STUN names a session");
    assert!(ufrag.len() < bytes.len());
    if let Some(worker) = worker_of(ufrag) {
        let prefix = format!("{worker:02x}", worker = worker.0);
        assert!(ufrag.starts_with(&prefix), "a ufrag begins with its worker");
    }
}
