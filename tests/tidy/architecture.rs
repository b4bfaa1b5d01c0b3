//! `ARCHITECTURE.md` is a map: every place on it exists.

use std::path::Path;

use crate::assert_none;
use crate::tree::{File, files, root};

/// Words in backticks that are paths of this tree: relative, with a folder or a file's ending.
fn paths(text: &str) -> Vec<&str> {
    let words = text
        .lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    words
        .map(|word| word.trim_end_matches('/'))
        .filter(|word| {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
            let ending = word.rsplit_once('.').map_or("", |(_, ending)| ending);
            let is_file = matches!(ending, "rs" | "toml" | "md" | "ts" | "sh" | "js");
            word.chars().all(plain) && !word.starts_with('/') && (is_file || word.contains('/'))
        })
        .collect()
}

fn violations(file: &File, root: &Path) -> Vec<String> {
    let missing = paths(&file.text)
        .into_iter()
        .filter(|path| !root.join(path).exists());
    missing
        .map(|path| format!("{}: {path} does not exist", file.path))
        .collect()
}

#[test]
fn every_place_on_the_map_exists() {
    let maps = files(&["ARCHITECTURE.md"]);
    let n_paths: usize = maps.iter().map(|map| paths(&map.text).len()).sum();
    assert!(
        n_paths > 0,
        "ARCHITECTURE.md names no place: the check would look at nothing"
    );
    let found: Vec<String> = maps
        .iter()
        .flat_map(|map| violations(map, &root()))
        .collect();
    assert_none("places on the map that do not exist", &found);
}

#[test]
fn a_place_that_does_not_exist_is_found() {
    let text = "`Cargo.toml`, `src/main.rs`, `sfu/model/`, `sfu/nowhere`, `/health`, `Sfu::new`, `poll_transmit`";
    let map = File {
        path: "ARCHITECTURE.md".into(),
        text: text.into(),
    };
    assert_eq!(
        violations(&map, &root()),
        ["ARCHITECTURE.md: sfu/nowhere does not exist"]
    );
}
