//! A core is a value: time, chance and the network reach it as arguments or not at all.

use crate::assert_none;
use crate::crate_layers::CORES;
use crate::tree::{File, files, packages};

/// What a core's code must not say, and why.
const BANNED: &[(&str, &str)] = &[
    ("Instant::now", "time is an argument"),
    ("SystemTime::now", "wall time is an argument, as `unix_now`"),
    ("UdpSocket", "cores have no sockets"),
    ("TcpStream", "cores have no sockets"),
    ("TcpListener", "cores have no sockets"),
    ("std::thread", "cores have no threads"),
    ("std::fs", "cores read no files"),
    (
        "std::env",
        "cores read no environment: configuration is an argument",
    ),
    ("std::process", "cores start and end nothing"),
    ("tokio", "cores know no async runtime"),
    ("async fn", "cores know no async runtime"),
    ("mio::", "cores have no sockets"),
    ("Mutex", "cores share nothing"),
    ("RwLock", "cores share nothing"),
    ("::atomic", "cores share nothing"),
    ("static mut", "cores have no global state"),
    ("OnceLock", "cores have no global state"),
    ("thread_local", "cores have no global state"),
];

/// Files that may say what others must not, and why.
const EXEMPT: &[(&str, &str)] = &[
    (
        "sfu/core/src/session/engine/key_tap.rs",
        "the engine lets its DTLS be wrapped only by what is shared and static; no decision depends on it",
    ),
    (
        "sfu/core/src/session/engine/handshake.rs",
        "the engine lets its DTLS be replaced only by what is shared and static; what it decides by is its seed",
    ),
    (
        "sfu/core/src/session/engine/contract/pair.rs",
        "a test of the engine alone: it counts in a type that only the clock can make",
    ),
    (
        "sfu/core/src/session/engine/key_tap/tests.rs",
        "a test of a handshake alone, which counts in the same type",
    ),
];

fn violations(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    if EXEMPT.iter().any(|(path, _)| *path == file.path) {
        return found;
    }
    for (number, line) in file.code() {
        for (word, why) in BANNED {
            if line.contains(word) {
                found.push(format!("{}:{number}: {word}: {why}", file.path));
            }
        }
    }
    found
}

#[test]
fn cores_are_values() {
    let files = files(&[".rs"]);
    let packages = packages();
    for core in CORES {
        let package = packages
            .iter()
            .find(|package| package.name == *core)
            .expect("a core is a crate");
        let sources = package.sources(&files);
        assert!(!sources.is_empty(), "{core} has no sources to look at");
        let found: Vec<String> = sources.iter().flat_map(|file| violations(file)).collect();
        assert_none("a core does instead of deciding", &found);
    }
}

#[test]
fn an_effect_in_a_core_is_found() {
    let file = |text: &str| File {
        path: "sfu/core/src/x.rs".into(),
        text: text.into(),
    };
    for (word, _) in BANNED {
        assert_eq!(
            violations(&file(&format!("    let x = {word};\n"))).len(),
            1,
            "{word}"
        );
        assert_eq!(
            violations(&file(&format!("    // {word}\n"))).len(),
            0,
            "{word} in a comment"
        );
    }
}
