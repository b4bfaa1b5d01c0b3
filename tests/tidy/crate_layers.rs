//! Arrows between crates point one way, and a core can name nothing that does.

use crate::assert_none;
use crate::tree::{Package, packages};

/// Our crates, in the order of the data flow, and what each may depend on among them.
/// The table of `ARCHITECTURE.md`; a crate that is not here has no place yet.
const LAYERS: &[(&str, &[&str])] = &[
    ("sfu-model", &[]),
    ("sfu-net", &["sfu-model"]),
    ("sfu-core", &["sfu-model"]),
    ("sfu-server", &["sfu-core", "sfu-model", "sfu-net"]),
    ("bridge-frames", &["sfu-model"]),
    ("bridge-transcode", &["sfu-model", "sfu-net"]),
    ("bridge-packager", &["sfu-model"]),
    ("bridge-origin", &["bridge-packager", "sfu-model"]),
    (
        "bridge-server",
        &[
            "bridge-frames",
            "bridge-origin",
            "bridge-packager",
            "bridge-transcode",
            "sfu-core",
            "sfu-model",
            "sfu-net",
            "sfu-server",
        ],
    ),
    ("signaling-auth", &["sfu-model"]),
    ("whip-whep-core", &["sfu-model", "signaling-auth"]),
    (
        "whip-whep-server",
        &[
            "whip-whep-core",
            "sfu-server",
            "sfu-core",
            "sfu-model",
            "sfu-net",
            "signaling-auth",
        ],
    ),
    ("whip-whep-client", &["whip-whep-core", "sfu-model"]),
    (
        "freshet",
        &[
            "bridge-packager",
            "bridge-server",
            "bridge-transcode",
            "sfu-core",
            "sfu-model",
            "sfu-net",
            "sfu-server",
            "signaling-auth",
            "whip-whep-core",
            "whip-whep-server",
        ],
    ),
    (
        "freshet-sim",
        &["sfu-model", "sfu-core", "whip-whep-core", "signaling-auth"],
    ),
    ("freshet-emulator", &["sfu-model", "sfu-net", "freshet-sim"]),
    (
        "freshet-load",
        &[
            "sfu-model",
            "sfu-net",
            "whip-whep-client",
            "whip-whep-core",
            "freshet-sim",
        ],
    ),
    ("freshet-check", &["sfu-model", "sfu-net"]),
    ("freshet-peers", &["freshet-load", "whip-whep-client"]),
    (
        "freshet-fuzz",
        &[
            "bridge-frames",
            "bridge-origin",
            "bridge-packager",
            "bridge-transcode",
            "freshet-sim",
            "sfu-core",
            "sfu-model",
            "sfu-net",
            "signaling-auth",
            "whip-whep-core",
        ],
    ),
    ("freshet-interop", &["whip-whep-client"]),
];

/// Crates that decide: values without sockets, clocks, threads or an async runtime.
pub(crate) const CORES: &[&str] = &[
    "sfu-model",
    "sfu-core",
    "bridge-frames",
    "bridge-packager",
    "bridge-origin",
    "signaling-auth",
    "whip-whep-core",
];

/// What no core may depend on: each is a way to do something, and cores only decide.
const EFFECTS: &[&str] = &[
    "axum",
    "hyper",
    "hyper-util",
    "instant-acme",
    "mio",
    "quinn",
    "quinn-udp",
    "reqwest",
    "rustls",
    "socket2",
    "tokio",
    "tokio-rustls",
    "tokio-util",
    "tower",
    "tracing-subscriber",
];

/// Libraries with one home: only the crates listed may name them, in any table.
const ONE_HOME: &[(&str, &[&str])] = &[
    (
        "str0m",
        &[
            "sfu-core",
            "sfu-server",
            "whip-whep-core",
            "whip-whep-server",
            "whip-whep-client",
            "freshet",
            "freshet-sim",
            "freshet-load",
            "freshet-fuzz",
        ],
    ),
    ("gstreamer", &["bridge-transcode", "freshet-interop"]),
    ("gstreamer-app", &["bridge-transcode"]),
    ("gstreamer-video", &["bridge-transcode"]),
    ("gstreamer-webrtc", &["freshet-interop"]),
    ("quinn-udp", &["sfu-net"]),
    ("socket2", &["sfu-net"]),
    ("tun-rs", &["freshet-emulator"]),
];

/// Crates whose tests may be a client of the engine's own, and whose product code may not.
const TESTS_WITH_THE_ENGINE: &[&str] = &[
    "sfu-server",
    "whip-whep-core",
    "whip-whep-server",
    "freshet",
];

/// Crates outside the product, where a catch-all error is fine (style: `src`, `tests`, `load-tests`).
const MAY_USE_ANYHOW: &[&str] = &["freshet", "freshet-load", "freshet-sim", "freshet-interop"];

fn violations(package: &Package, ours: &[&str]) -> Vec<String> {
    let name = package.name.as_str();
    let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == name) else {
        return vec![format!(
            "{name} is not in the table of layers: give it its place there first"
        )];
    };
    let mut found = Vec::new();
    for dependency in package.names_in("dependencies") {
        if ours.contains(&dependency) && !allowed.contains(&dependency) {
            found.push(format!(
                "{name} must not depend on {dependency}: the arrow points the other way"
            ));
        }
        if CORES.contains(&name) && EFFECTS.contains(&dependency) {
            found.push(format!(
                "{name} is a core and must not depend on {dependency}: cores only decide"
            ));
        }
        if dependency == "anyhow" && !MAY_USE_ANYHOW.contains(&name) {
            found.push(format!(
                "{name} must say who acts on an error: anyhow does not"
            ));
        }
        if dependency == "str0m" && TESTS_WITH_THE_ENGINE.contains(&name) {
            found.push(format!("{name} may use str0m in its tests only"));
        }
    }
    for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
        for dependency in package.names_in(table) {
            // Tests may reach for the operating system: they play the world outside.
            if table == "dev-dependencies" && dependency == "socket2" {
                continue;
            }
            if let Some((_, homes)) = ONE_HOME.iter().find(|(library, _)| *library == dependency)
                && !homes.contains(&name)
            {
                found.push(format!(
                    "{name} must not name {dependency}: its home is {}",
                    homes.join(", ")
                ));
            }
        }
    }
    found
}

#[test]
fn crates_depend_only_on_what_the_architecture_allows() {
    let packages = packages();
    let ours: Vec<&str> = packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let found: Vec<String> = packages
        .iter()
        .flat_map(|package| violations(package, &ours))
        .collect();
    assert_none("a dependency against the layers", &found);
}

#[test]
fn every_layer_is_a_crate_and_its_arrows_point_back() {
    let packages = packages();
    for (index, (name, allowed)) in LAYERS.iter().enumerate() {
        assert!(
            packages.iter().any(|package| package.name == *name),
            "{name} is no crate of the workspace"
        );
        for dependency in *allowed {
            let place = LAYERS.iter().position(|(layer, _)| layer == dependency);
            assert!(
                place.is_some_and(|place| place < index),
                "{name} -> {dependency} points forward"
            );
        }
    }
}

#[test]
fn a_dependency_against_the_layers_is_found() {
    let package = |name: &str, dependencies: &str| Package {
        name: name.into(),
        folder: name.into(),
        manifest: dependencies.parse().expect("the example is TOML"),
    };
    let ours = ["sfu-core", "sfu-net", "sfu-model", "whip-whep-core"];
    let n_found = |name, dependencies| violations(&package(name, dependencies), &ours).len();
    assert_eq!(
        n_found("sfu-core", "[dependencies]\nsfu-model.workspace = true"),
        0
    );
    assert_eq!(
        n_found("sfu-core", "[dependencies]\nsfu-net.workspace = true"),
        1
    );
    assert_eq!(
        n_found("sfu-core", "[dependencies]\ntokio.workspace = true"),
        1
    );
    assert_eq!(
        n_found("sfu-model", "[dev-dependencies]\nstr0m.workspace = true"),
        1
    );
    assert_eq!(
        n_found("sfu-server", "[dependencies]\nstr0m.workspace = true"),
        1
    );
    assert_eq!(
        n_found("sfu-server", "[dev-dependencies]\nstr0m.workspace = true"),
        0
    );
    assert_eq!(n_found("sfu-net", "[dependencies]\nanyhow = '1'"), 1);
    assert_eq!(n_found("freshet-gossip", ""), 1);
}
