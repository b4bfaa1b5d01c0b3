//! The table of LL-HLS is that of the tests and of the checker: every row is there, every test that it names exists, every test
//! that is named after a row is in it, and every rule is one of the checker's.

use crate::assert_none;
use crate::conformance::{body, quoted};
use crate::tree::{File, files, root};

const PAGE: &str = "docs/conformance-ll-hls.md";

/// The rules of `freshet-check hls`.
const CATALOG: &str = "load-tests/check/src/catalog.rs";

/// How many rows there are of each kind.
const ROWS: &[(&str, usize)] = &[
    ("LH", 29),
    ("LB", 14),
    ("LD", 8),
    ("LP", 10),
    ("LR", 3),
    ("LC", 10),
];

/// Where the tests are that the page names by one word.
const PLACES: &[(&str, &[&str])] = &[
    (
        "packager",
        &["bridge/packager/tests/packaging/", "bridge/packager/src/"],
    ),
    (
        "origin",
        &["bridge/origin/tests/origin/", "bridge/origin/src/"],
    ),
    ("hls", &["tests/hls/"]),
    ("server", &["tests/server/"]),
    ("edge", &["tests/edge/"]),
    (
        "check",
        &[
            "load-tests/check/tests/over_http/",
            "load-tests/check/tests/rules/",
        ],
    ),
];

/// The text of a test that is named by its place and module; `None`: there is no such test.
fn test_of<'f>(name: &str, files: &'f [File]) -> Option<&'f str> {
    let (place, rest) = name.split_once("::")?;
    let (module, test) = rest.rsplit_once("::").unwrap_or((rest, ""));
    let module = module.replace("::", "/");
    let (_, folders) = PLACES.iter().find(|(word, _)| *word == place)?;
    let paths = folders
        .iter()
        .flat_map(|folder| ["", "/tests"].map(|unit| format!("{folder}{module}{unit}.rs")));
    paths
        .filter_map(|path| files.iter().find(|file| file.path == path))
        .filter(|file| is_test(file, test))
        .find_map(|file| body(file, test))
}

/// Whether a function of a file is a test.
fn is_test(file: &File, name: &str) -> bool {
    let start = format!("fn {name}(");
    let mut before = "";
    for line in file.text.lines().map(str::trim) {
        let line_start = line.strip_prefix("async ").unwrap_or(line);
        if line_start.starts_with(&start) {
            return before.starts_with("#[") && before.contains("test");
        }
        before = line;
    }
    false
}

/// What looks like the name of a test.
fn is_name_of_test(text: &str) -> bool {
    let place = text.split("::").next().unwrap_or_default();
    text.contains("::") && PLACES.iter().any(|(word, _)| *word == place)
}

/// What looks like the name of a rule: `LH-02S`.
fn is_name_of_rule(text: &str) -> bool {
    let Some((kind, number)) = text.split_once('-') else {
        return false;
    };
    let of_digits = number.get(..2).unwrap_or_default();
    kind.len() == 2
        && kind.bytes().all(|b| b.is_ascii_uppercase())
        && of_digits.len() == 2
        && of_digits.bytes().all(|b| b.is_ascii_digit())
}

/// The row that a test is named after: of `lh_15_everything` it is `LH-15`.
fn row_of(test: &str) -> Option<String> {
    let mut words = test.split('_');
    let (kind, number) = (words.next()?.to_uppercase(), words.next()?);
    let is_kind = ROWS.iter().any(|(known, _)| *known == kind);
    let is_number = number.len() == 2 && number.bytes().all(|b| b.is_ascii_digit());
    (is_kind && is_number).then(|| format!("{kind}-{number}"))
}

/// The tests of a file that are named after rows.
fn tests_of_rows(file: &File) -> impl Iterator<Item = (String, &str)> {
    let names = file.text.lines().filter_map(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("async ").unwrap_or(line);
        line.strip_prefix("fn ")?.split('(').next()
    });
    names.filter_map(|name| Some((row_of(name)?, name)))
}

fn violations(page: &str, files: &[File], rows: &[(&str, usize)]) -> Vec<String> {
    let mut found = Vec::new();
    let line_of = |row: &str| {
        let start = format!("| {row} | ");
        let mut lines = page.lines().filter(move |line| line.starts_with(&start));
        (lines.next(), lines.next().is_some())
    };
    for (kind, n) in rows {
        for number in 1..=*n {
            let row = format!("{kind}-{number:02}");
            match line_of(&row) {
                (None, _) => found.push(format!("there is no row {row}")),
                (Some(_), true) => found.push(format!("{row} is there twice")),
                (Some(_), false) => {}
            }
        }
    }
    let catalog = files.iter().find(|file| file.path == CATALOG);
    let catalog = catalog.map_or("", |file| file.text.as_str());
    for quoted in quoted(page) {
        if is_name_of_test(quoted) && test_of(quoted, files).is_none() {
            found.push(format!("there is no test {quoted}"));
        }
        if is_name_of_rule(quoted) && !catalog.contains(&format!("\"{quoted}\"")) {
            found.push(format!("the checker has no rule {quoted}"));
        }
        let is_path = quoted.contains('/') && quoted.contains(".rs") && !quoted.contains(' ');
        if is_path && !root().join(quoted).exists() {
            found.push(format!("there is no file {quoted}"));
        }
    }
    let rules = catalog.split('"').filter(|text| is_name_of_rule(text));
    for rule in rules.filter(|rule| rows.iter().any(|(kind, _)| rule.starts_with(kind))) {
        if !page.contains(&format!("`{rule}`")) {
            found.push(format!("{rule} of the checker is not on the page"));
        }
    }
    let folders = PLACES.iter().flat_map(|(_, folders)| folders.iter());
    let folders: Vec<&&str> = folders.collect();
    let of_places = |file: &&File| folders.iter().any(|folder| file.path.starts_with(**folder));
    for file in files.iter().filter(of_places) {
        for (row, name) in tests_of_rows(file) {
            let line = line_of(&row).0.unwrap_or_default();
            if !line.contains(&format!("::{name}`")) {
                found.push(format!("{}: {name} is not in row {row}", file.path));
            }
        }
    }
    found
}

#[test]
fn the_table_of_ll_hls_is_that_of_the_tests() {
    let all = files(&[".rs", "conformance-ll-hls.md"]);
    let page = all.iter().find(|file| file.path == PAGE).expect(PAGE);
    let n_tests = quoted(&page.text).filter(|q| is_name_of_test(q)).count();
    let n_rules = quoted(&page.text).filter(|q| is_name_of_rule(q)).count();
    assert!(
        n_tests > 120 && n_rules > 60,
        "the check looks at nothing: {n_tests} tests, {n_rules} rules"
    );
    let found = violations(&page.text, &all, ROWS);
    assert_none("the table of LL-HLS is another than the tests'", &found);
}

#[test]
fn a_row_a_test_or_a_rule_of_ll_hls_that_is_missing_is_found() {
    let file = |path: &str, text: &str| File {
        path: path.into(),
        text: text.into(),
    };
    let test = "#[test]\nfn lb_01_a() {\n}\n";
    let catalog = || file(CATALOG, "Lb01 \"LB-01\" Must \"x\" \"y\";");
    let n_found = |page: &str, path: &str, text: &str| {
        let files = [file(path, text), catalog()];
        violations(page, &files, &[("LB", 1)]).len()
    };
    let path = "bridge/origin/tests/origin/blocking.rs";
    let row = "| LB-01 | M | x | y | `origin::blocking::lb_01_a` | `LB-01` |\n";
    assert_eq!(n_found(row, path, test), 0);
    let in_source = "bridge/origin/src/blocking/tests.rs";
    assert_eq!(n_found(row, in_source, test), 0, "a unit");
    assert_eq!(n_found(row, path, "fn lb_01_a() {\n}\n"), 1, "no test");
    assert_eq!(n_found(row, path, ""), 1, "renamed");
    let more = format!("{test}#[test]\nfn lb_01_b() {{\n}}\n");
    assert_eq!(n_found(row, path, &more), 1, "in no row");
    let twice = format!("{row}{row}");
    assert_eq!(n_found(&twice, path, test), 1, "a row twice");
    let without = row.replace(" `LB-01` ", " ");
    assert_eq!(n_found(&without, path, test), 1, "a rule that is left out");
    let other = row.replace("`LB-01`", "`LB-01`, `LB-99`");
    assert_eq!(n_found(&other, path, test), 1, "no rule");
    let elsewhere = row.replace("| LB-01 |", "| LB-02 |");
    assert_eq!(n_found(&elsewhere, path, test), 2, "another row");
}
