//! The table of conformance is that of the tests: every test that it names exists, every test that is named after a row is in
//! it, and what it says of both endpoints is tested on both.

use crate::assert_none;
use crate::tree::{File, files};

const PAGE: &str = "docs/conformance-whip-whep.md";

/// Where tests are that the page names without a folder.
const BINARY: &str = "tests/whip_whep/";

/// Where tests of extensions are once more, under the same number.
const CORE: &str = "whip-whep/core/tests/protocol/";

/// What is in backquotes.
pub(crate) fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The tests that a text names: their module, their name.
fn tests_named(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_word = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let pairs = quoted(text).filter_map(|quoted| quoted.split_once("::"));
    pairs.filter(move |(module, test)| is_word(module) && is_word(test))
}

/// The text of a test, with those of the functions of its file that it calls.
fn body_and_helpers(file: &File, test: &str) -> Option<String> {
    let own = body(file, test)?;
    let names = file.text.split("\nasync fn ").skip(1);
    let names = names.filter_map(|rest| rest.split('(').next());
    let called = names.filter(|name| own.contains(&format!("{name}(")));
    let helpers: Vec<&str> = called.filter_map(|name| body(file, name)).collect();
    Some(format!("{own}{}", helpers.concat()))
}

/// The text of a function.
pub(crate) fn body<'f>(file: &'f File, test: &str) -> Option<&'f str> {
    let (_, rest) = file.text.split_once(&format!("fn {test}("))?;
    Some(rest.split_once("\n}\n").map_or(rest, |(body, _)| body))
}

/// A text that goes through both endpoints.
fn is_of_both(body: &str) -> bool {
    body.contains("ENDPOINTS") || (body.contains("/whip/") && body.contains("/whep/"))
}

fn violations(page: &str, files: &[File]) -> Vec<String> {
    let find = |folder: &str, module: &str| {
        let path = format!("{folder}{module}.rs");
        files.iter().find(|file| file.path == path)
    };
    let text_of = |module: &str, test: &str| body_and_helpers(find(BINARY, module)?, test);
    let mut found = Vec::new();
    for (module, test) in tests_named(page) {
        if text_of(module, test).is_none() {
            found.push(format!("there is no test {module}::{test}"));
        }
        let is_twice = test.starts_with("se_") || test.starts_with("ly_");
        let (kind, number) = test
            .get(.."se_01".len())
            .unwrap_or_default()
            .split_at_checked(3)
            .unwrap_or_default();
        let is_of_row = |line: &str| {
            line.starts_with(&format!("fn {kind}")) && line.contains(&format!("_{number}_"))
        };
        let has = |file: &File| file.text.lines().any(is_of_row);
        if is_twice && !find(CORE, module).is_some_and(has) {
            found.push(format!("there is no test of {kind}{number} in {CORE}"));
        }
    }
    for row in page.lines().filter(|line| line.starts_with("| W")) {
        let cells: Vec<&str> = row.split(" | ").collect();
        let [.., tests, note] = cells.as_slice() else {
            continue;
        };
        let says_both = note.trim_start_matches("| ").starts_with("both");
        let texts: Vec<String> = tests_named(tests)
            .filter_map(|(module, test)| text_of(module, test))
            .collect();
        if says_both && !texts.is_empty() && !is_of_both(&texts.concat()) {
            found.push(format!("tested on one endpoint only: {row}"));
        }
    }
    let of_rows = ["fn wi_", "fn we_", "fn se_", "fn ly_"];
    for file in files.iter().filter(|file| file.path.starts_with(BINARY)) {
        for line in file.text.lines() {
            let named = of_rows.iter().find_map(|start| line.split_once(start));
            let name = named.and_then(|_| line.split_once("fn ")?.1.split('(').next());
            if let Some(name) = name
                && !page.contains(&format!("::{name}`"))
            {
                found.push(format!("{}: {name} is in no row", file.path));
            }
        }
    }
    found
}

#[test]
fn the_table_of_conformance_is_that_of_the_tests() {
    let all = files(&[".rs", "conformance-whip-whep.md"]);
    let page = all.iter().find(|file| file.path == PAGE).expect(PAGE);
    assert!(
        tests_named(&page.text).count() > 80,
        "the check looks at nothing"
    );
    let found = violations(&page.text, &all);
    assert_none(
        "the table of conformance is another than the tests'",
        &found,
    );
}

#[test]
fn a_row_whose_test_is_missing_or_of_one_endpoint_is_found() {
    let file = |text: &str| {
        [File {
            path: format!("{BINARY}x.rs"),
            text: text.into(),
        }]
    };
    let row = "| WI-01 | M | x | `x::wi_01_a` | both; so it is |\n";
    let n_found = |page: &str, text: &str| violations(page, &file(text)).len();
    assert_eq!(n_found(row, "fn wi_01_a() {\n ENDPOINTS\n}\n"), 0);
    assert_eq!(
        n_found(row, "fn wi_01_a() {\n \"/whip/a\", \"/whep/a\"\n}\n"),
        0
    );
    assert_eq!(
        n_found(row, "fn wi_01_a() {\n \"/whep/a\"\n}\nENDPOINTS"),
        1
    );
    assert_eq!(n_found(row, "fn other() {}\n"), 1);
    assert_eq!(n_found("", "fn wi_01_a() {\n}\n"), 1, "in no row");
    let twice = "| SE-01 | M | x | `x::se_01_a` | |\n";
    assert_eq!(
        n_found(twice, "fn se_01_a() {\n}\n"),
        1,
        "not in the core's"
    );
}
