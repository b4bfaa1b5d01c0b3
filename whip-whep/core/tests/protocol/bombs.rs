//! Offers and fragments that keep every bound and are as much work as they can be: admission, engine and answer together stay
//! under 5 ms of CPU.

use std::fmt::Write as _;
use std::time::Duration;

use sfu_model::limits::{SDP_BYTES_MAX, SDP_CANDIDATES_MAX};
use whip_whep_core::endpoint::Config;
use whip_whep_core::offer::{PAYLOAD_TYPES_MAX, SSRCS_MAX};
use whip_whep_core::sdp::SDP_LINES_MAX;

use crate::node::{Node, Sent};
use crate::offers;

/// What any single offer or fragment may cost.
const CPU_MAX: Duration = Duration::from_millis(5);

/// CPU time of this thread, which other work on the machine does not add to.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanos = stat.split(' ').next().unwrap();
    Duration::from_nanos(nanos.parse().unwrap())
}

/// So many runs are measured at once: the kernel counts a thread's time in ticks of up to 4 ms.
const RUNS: u32 = 40;

/// The mean over all runs, each of a request to a node of its own, which was made ready before.
#[track_caller]
fn assert_cheap(what: &str, ready: impl Fn() -> (Node, Sent)) {
    let all: Vec<(Node, Sent)> = (0..RUNS).map(|_| ready()).collect();
    let before = cpu_time();
    let statuses = all
        .into_iter()
        .map(|(mut node, sent)| node.send(&sent).status.code());
    let status = statuses.max().unwrap();
    let cost = (cpu_time() - before) / RUNS;
    println!("{what}: {cost:?}, status {status}");
    assert!(cost <= CPU_MAX, "{what}: {cost:?}");
}

/// The good offer with lines at its end, as many as the bounds allow.
fn filled(line: impl Fn(usize) -> String) -> String {
    filled_after(offers::publish(), line)
}

/// A text with lines at its end, as many as the bounds allow.
fn filled_after(mut offer: String, line: impl Fn(usize) -> String) -> String {
    let mut n_lines = offer.lines().count();
    for n in 0.. {
        let next = line(n) + "\r\n";
        n_lines += 1;
        if offer.len() + next.len() > SDP_BYTES_MAX || n_lines > SDP_LINES_MAX {
            break;
        }
        offer += &next;
    }
    offer
}

/// As many payload types as may be, each with its map.
fn all_payload_types() -> String {
    let types: Vec<usize> = (0..128)
        .filter(|pt| *pt != 111)
        .take(PAYLOAD_TYPES_MAX)
        .collect();
    let mut list = String::new();
    let mut maps = String::new();
    for pt in &types {
        let _ = write!(list, " {pt}");
        let _ = write!(
            maps,
            "a=rtpmap:{pt} VP8/90000\r\na=rtcp-fb:{pt} nack pli\r\na=fmtp:{pt} x=1;y=2\r\n"
        );
    }
    let offer = offers::publish();
    let start = offer.find("m=video").unwrap();
    let video = offers::section(
        &format!("video 9 UDP/TLS/RTP/SAVPF{list}"),
        "1",
        "sendonly",
        &maps,
    );
    format!("{}{video}", &offer[..start])
}

#[test]
fn no_offer_costs_more_than_its_bound() {
    let table = [
        ("payload types", all_payload_types()),
        (
            "maps",
            filled(|n| format!("a=rtpmap:{} VP8/90000", n % 128)),
        ),
        (
            "format parameters",
            filled(|n| format!("a=fmtp:{} apt={}", n % 128, n % 100)),
        ),
        (
            "long parameters",
            filled(|_| format!("a=fmtp:96 {}", "x=1;".repeat(1_000))),
        ),
        ("feedback", filled(|_| "a=rtcp-fb:96 nack".into())),
        (
            "kinds of feedback",
            filled(|n| format!("a=rtcp-fb:96 x{n}")),
        ),
        (
            "extensions",
            filled(|n| format!("a=extmap:{} urn:x:{n}", n % 14 + 1)),
        ),
        (
            "ssrcs",
            filled(|n| format!("a=ssrc:{} cname:x", n % SSRCS_MAX)),
        ),
        (
            "ssrc groups",
            filled(|n| format!("a=ssrc-group:FID {n} {}", n + 1)),
        ),
        (
            "ssrc groups of announced sources",
            filled(|n| match n {
                0..SSRCS_MAX => format!("a=ssrc:{n} cname:x"),
                _ => format!(
                    "a=ssrc-group:FID {} {}",
                    n % SSRCS_MAX,
                    n / SSRCS_MAX % SSRCS_MAX
                ),
            }),
        ),
        (
            "texts of a source",
            filled(|n| format!("a=ssrc:{} cname:x{n}", n % SSRCS_MAX)),
        ),
        ("long lines", filled(|_| format!("a={}", "x".repeat(4_000)))),
        ("unknown attributes", filled(|_| "a=x".into())),
        (
            "mids",
            filled(|n| format!("m=audio 0 RTP/AVP 0\r\na=mid:{n}")),
        ),
        (
            "simulcast",
            filled(|_| format!("a=simulcast:send {}", "x;".repeat(1_000))),
        ),
        ("bytes", "x".repeat(SDP_BYTES_MAX)),
        ("lines", "a=x\r\n".repeat(SDP_BYTES_MAX / 5)),
    ];
    for (what, offer) in table {
        assert!(offer.len() <= SDP_BYTES_MAX, "{what}: {}", offer.len());
        let play = offers::without(&offer, "a=msid:").replace("a=sendonly", "a=recvonly");
        for (path, offer) in [("/whip/demo", &offer), ("/whep/demo", &play)] {
            assert_cheap(&format!("{what} to {path}"), || {
                (Node::new(Config::default()), Sent::post(path, offer))
            });
        }
    }
}

#[test]
fn no_fragment_costs_more_than_its_bound() {
    let credentials = |ufrag: &str| {
        format!(
            "a=ice-ufrag:{ufrag}\r\na=ice-pwd:{}\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n",
            offers::PASSWORD
        )
    };
    let trickle = credentials(offers::UFRAG);
    let candidates: String = (1..=SDP_CANDIDATES_MAX)
        .map(|n| format!("a=candidate:{n} 1 udp {n} 192.0.2.1 {n} typ host\r\n"))
        .collect();
    let table = [
        ("candidates", format!("{trickle}{candidates}")),
        (
            "candidates of a restart",
            format!("{}{candidates}", credentials("newU")),
        ),
        (
            "too many candidates",
            filled_after(trickle.clone(), |n| {
                format!("a=candidate:{n} 1 udp 1 192.0.2.1 9 typ host")
            }),
        ),
        (
            "mids",
            filled_after(trickle.clone(), |n| {
                format!("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:{n}")
            }),
        ),
        (
            "credentials",
            filled_after(trickle.clone(), |n| format!("a=ice-ufrag:u{n:04}")),
        ),
        (
            "long lines",
            filled_after(trickle.clone(), |_| format!("a={}", "x".repeat(4_000))),
        ),
        (
            "unknown attributes",
            filled_after(trickle.clone(), |_| "a=x".into()),
        ),
        ("bytes", "x".repeat(SDP_BYTES_MAX)),
        ("lines", "a=x\r\n".repeat(SDP_BYTES_MAX / 5)),
    ];
    for (what, fragment) in table {
        assert!(
            fragment.len() <= SDP_BYTES_MAX,
            "{what}: {}",
            fragment.len()
        );
        for (path, offer) in [
            ("/whip/demo", offers::publish()),
            ("/whep/demo", offers::play()),
        ] {
            assert_cheap(&format!("{what} to {path}"), || {
                let mut node = Node::new(Config::default());
                let (url, _) = node.open(path, &offer);
                (node, Sent::patch(&url, "*", &fragment))
            });
        }
    }
}
