//! A test that naps, hides or runs alone says less than it seems to.

use crate::assert_none;
use crate::tree::{File, files};

/// What a test must not say, and what to do. Split in two so that this file does not find itself.
const BANNED: &[(&str, &str, &str)] = &[
    ("#[ig", "nore", "mend the test or delete it"),
    ("thread::sl", "eep", "wait for the event"),
    ("time::sl", "eep(", "wait for the event"),
    ("waitForTime", "out(", "wait for the event"),
    ("test.sk", "ip(", "mend the test or delete it"),
    ("it.sk", "ip(", "mend the test or delete it"),
    ("test.on", "ly(", "the others must run too"),
    ("it.on", "ly(", "the others must run too"),
    ("to", "do!(", "build it first"),
    ("unimple", "mented!(", "build it first"),
];

fn violations(file: &File) -> Vec<String> {
    let is_product = |line: &str| !file.is_test() && line.trim() != "#[cfg(test)]";
    let tests = (1..)
        .zip(file.text.lines())
        .skip_while(|(_, line)| is_product(line));
    let mut found = Vec::new();
    for (number, line) in tests {
        for (head, tail, cure) in BANNED {
            if line.contains(&format!("{head}{tail}")) {
                found.push(format!("{}:{number}: {head}{tail}: {cure}", file.path));
            }
        }
    }
    found
}

#[test]
fn tests_neither_nap_nor_hide() {
    let files = files(&[".rs", ".ts", ".js"]);
    let holds_tests = |file: &&File| file.is_test() || file.text.contains("#[cfg(test)]");
    let found: Vec<String> = files
        .iter()
        .filter(holds_tests)
        .flat_map(violations)
        .collect();
    assert_none("tests that say less than they seem to", &found);
}

#[test]
fn a_nap_is_found() {
    for (head, tail, _) in BANNED {
        let file = File {
            path: "tests/x.rs".into(),
            text: format!("    {head}{tail}\n"),
        };
        assert_eq!(violations(&file).len(), 1, "{head}{tail}");
        let text = format!("{head}{tail}\n#[cfg(test)]\n{head}{tail}\n");
        let product = File {
            path: "src/x.rs".into(),
            text,
        };
        assert_eq!(
            violations(&product).len(),
            1,
            "only the tests of a file are looked at"
        );
    }
}
