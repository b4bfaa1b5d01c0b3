//! A process without descriptors goes on with what it has, and accepts again when it gets some back.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]
#![expect(
    dead_code,
    reason = "it needs a part of the clients that the other tests share"
)]

#[path = "loopback/client/mod.rs"]
mod client;

use std::os::fd::AsRawFd as _;
use std::time::Duration;

use client::Link;
use client::h264::assert_continuous;
use client::node::Node;
use client::party::Party;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use sfu_model::time::Instant;
use sfu_net::clock::Clock;
use socket2::{Domain, Socket, Type};

/// Connections that want to be accepted.
const STRANGERS: usize = 20;

/// Workers of the node.
const WORKERS: usize = 2;

/// How long a worker waits after a try that cannot succeed, at the least.
const PAUSE_MIN: Duration = Duration::from_millis(400);

#[test]
fn a_process_without_descriptors_keeps_its_sessions_and_recovers() {
    let mut node = Node::start(&["127.0.0.1:0"], WORKERS);
    let mut party = Party::new();
    party.publish_live(&mut node, "demo", Link::udp("127.0.0.1"));
    party.play(&node, "demo", Link::udp("127.0.0.1"));
    party.watch(&mut node, 10);
    let strangers: Vec<Socket> = (0..STRANGERS)
        .map(|_| Socket::new(Domain::IPV4, Type::STREAM, None).unwrap())
        .collect();
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let highest = strangers
        .iter()
        .map(|stranger| stranger.as_raw_fd())
        .max()
        .unwrap();
    setrlimit(
        Resource::RLIMIT_NOFILE,
        u64::try_from(highest).unwrap() + 1,
        hard,
    )
    .unwrap();
    let clock = Clock::start();
    for stranger in &strangers {
        stranger.connect(&node.address().into()).unwrap();
    }
    party.watch(&mut node, 200);
    let tries = || {
        node.stats()
            .iter()
            .map(|worker| worker.thread.descriptors_limit_hits)
            .sum()
    };
    let n_tries: u64 = tries();
    setrlimit(Resource::RLIMIT_NOFILE, soft, hard).unwrap();
    let n_pauses = (clock.now() - Instant::START).div_duration_f64(PAUSE_MIN);
    let n_tries_max = WORKERS as f64 * (n_pauses + 1.0);
    assert!(
        n_tries >= 1 && n_tries as f64 <= n_tries_max,
        "{n_tries} tries, {n_pauses} pauses"
    );
    assert_eq!(
        node.stats()
            .iter()
            .map(|worker| worker.n_connections)
            .sum::<usize>(),
        0
    );
    party.run_until(&mut node, "everybody is accepted", |_, node| {
        node.stats()
            .iter()
            .map(|worker| worker.n_connections)
            .sum::<usize>()
            == STRANGERS
    });
    assert_continuous(party.clients[1].stamps());
}
