//! A file holds one noun and is read in one sitting.

use crate::assert_none;
use crate::tree::{File, files};

/// What a reader takes in at once. Above it a file needs a waiver; tests, which are lists of cases, do not.
const LINES_NORMAL_MAX: usize = 300;
/// Nothing passes this, waiver or not, test or not.
const LINES_WALL: usize = 500;

/// Files above the normal size, each with the lines it has. The list can only shrink: a file that
/// grows fails, and one that has shrunk fails until its number here follows it down.
const WAIVERS: &[(&str, usize)] = &[];

/// Lines of a Rust file up to its in-file test module: tests stand apart.
fn size(file: &File) -> usize {
    let lines = file.text.lines();
    if file.path.ends_with(".rs") {
        lines
            .take_while(|line| line.trim() != "#[cfg(test)]")
            .count()
    } else {
        lines.count()
    }
}

fn violations(file: &File, waivers: &[(&str, usize)]) -> Option<String> {
    let size = size(file);
    let path = &file.path;
    let waived = waivers
        .iter()
        .find(|(waived, _)| waived == path)
        .map(|(_, lines)| *lines);
    match waived {
        _ if size > LINES_WALL => Some(format!("{path}: {size} lines; {LINES_WALL} is the wall")),
        Some(lines) if size > lines => {
            Some(format!("{path}: {size} lines, {lines} waived: it grew"))
        }
        Some(lines) if size < lines => {
            Some(format!("{path}: {size} lines: lower its waiver of {lines}"))
        }
        None if size > LINES_NORMAL_MAX && !file.is_test() => Some(format!(
            "{path}: {size} lines: it holds a second noun; {LINES_NORMAL_MAX} is normal"
        )),
        Some(_) | None => None,
    }
}

#[test]
fn files_are_read_in_one_sitting() {
    let files = files(&[".rs", ".ts", ".js", ".css", ".html", ".sh", ".md"]);
    let found: Vec<String> = files
        .iter()
        .filter_map(|file| violations(file, WAIVERS))
        .collect();
    assert_none("files too long", &found);
    for (waived, lines) in WAIVERS {
        assert!(
            files.iter().any(|file| file.path == *waived),
            "{waived} is waived and does not exist"
        );
        assert!(*lines > LINES_NORMAL_MAX, "{waived} needs no waiver");
    }
}

#[test]
fn a_file_too_long_is_found() {
    let file = |path: &str, lines: usize| File {
        path: path.into(),
        text: "x\n".repeat(lines),
    };
    let is_found =
        |path, lines, waivers: &[(&str, usize)]| violations(&file(path, lines), waivers).is_some();
    assert!(!is_found("sfu/core/src/a.rs", 300, &[]));
    assert!(is_found("sfu/core/src/a.rs", 301, &[]));
    assert!(!is_found(
        "sfu/core/src/a.rs",
        301,
        &[("sfu/core/src/a.rs", 301)]
    ));
    assert!(
        is_found("sfu/core/src/a.rs", 302, &[("sfu/core/src/a.rs", 301)]),
        "it grew"
    );
    assert!(
        is_found("sfu/core/src/a.rs", 310, &[("sfu/core/src/a.rs", 320)]),
        "it shrank"
    );
    assert!(
        !is_found("sfu/core/tests/a.rs", 500, &[]),
        "tests are lists of cases"
    );
    assert!(is_found("sfu/core/tests/a.rs", 501, &[]), "the wall");
    let text = format!("{}#[cfg(test)]\n{}", "x\n".repeat(300), "x\n".repeat(300));
    assert!(
        violations(
            &File {
                path: "src/a.rs".into(),
                text
            },
            &[]
        )
        .is_none(),
        "in-file tests stand apart"
    );
}
