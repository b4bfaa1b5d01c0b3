//! The table of limits is that of the code: every constant that ends in `_MAX` is in it, with its value, and every counter and
//! every test that it names exists.

use std::collections::BTreeSet;

use crate::assert_none;
use crate::tree::{File, files};

const PAGE: &str = "docs/limits.md";

/// The list of those that are no limits.
const OTHERS: &str = "docs/no-limits.md";

/// Crates that somebody outside talks to; those of tests and load have bounds of their own.
fn is_product(path: &str) -> bool {
    [
        "src/",
        "sfu/",
        "bridge/frames/src/",
        "bridge/packager/src/",
        "bridge/origin/src/",
        "bridge/server/src/",
        "bridge/transcode/src/",
        "signaling/",
        "whip-whep/client/",
        "whip-whep/core/",
        "whip-whep/server/",
    ]
    .iter()
    .any(|folder| path.starts_with(folder))
}

/// The constants of a file that end in `_MAX`, and their values.
fn maxima(file: &File) -> Vec<(&str, &str)> {
    let all = constants(file).into_iter();
    all.filter(|(name, _)| name.ends_with("_MAX")).collect()
}

/// The constants of a file, and their values.
fn constants(file: &File) -> Vec<(&str, &str)> {
    // A test module may be named at the top of a file, and its text stands at the end.
    let code = file.text.split("#[cfg(test)]\nmod tests {").next();
    let lines = code.unwrap_or_default().lines();
    lines
        .filter_map(|line| line.split("//").next())
        .filter_map(constant)
        .collect()
}

/// The constant of a line, and its value.
fn constant(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once("const ")?;
    let (name, rest) = rest.split_once(": ")?;
    let (_, value) = rest.split_once(" = ")?;
    let value = value.trim_end().strip_suffix(';')?;
    Some((name, value))
}

/// What the page lacks of a file's constants: a row of a table with the value, or a place in the list of those that are no limits.
fn missing(file: &File, page: &str) -> Vec<String> {
    let in_list = |name: &str| {
        let begin = format!("* `{}`: ", file.path);
        let mut lines = page
            .lines()
            .filter_map(|line| line.strip_prefix(begin.as_str()));
        lines.any(|line| line.split(", ").any(|item| item == format!("`{name}`")))
    };
    let in_table = |name: &str, value: &str| {
        page.contains(&format!("| `{name}` in `{}` | `{value}` |", file.path))
    };
    let lacks = |(name, value): &(&str, &str)| !in_table(name, value) && !in_list(name);
    let maxima = maxima(file).into_iter();
    maxima
        .filter(lacks)
        .map(|(name, value)| format!("{}: {name} = {value}", file.path))
        .collect()
}

/// What the page names in the last column of its tables, and in brackets: tests.
fn tests_named(page: &str) -> Vec<&str> {
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let last = rows.filter_map(|row| row.trim_end_matches(" |").rsplit("| ").next());
    let in_rows = last.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let in_brackets = page
        .split("(`")
        .skip(1)
        .filter_map(|rest| rest.split('`').next());
    in_rows.chain(in_brackets).collect()
}

/// What the page says of constants that are not there, or have another value.
fn stale<'p>(page: &'p str, all: &BTreeSet<String>) -> Vec<&'p str> {
    let is_there = |row: &&str| {
        let cells: Vec<&str> = row.split(" | ").take(2).collect();
        all.contains(&cells.join(" | "))
    };
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.filter(|row| !is_there(row)).collect()
}

/// How a row of the table begins.
fn begin_of_row(path: &str, (name, value): (&str, &str)) -> String {
    format!("| `{name}` in `{path}` | `{value}`")
}

/// Where the labels of each letter are.
const LABELS: [(&str, &[&str]); 7] = [
    ("H", &["src/http/limit_hits.rs"]),
    ("W", &["whip-whep/core/src/limits.rs"]),
    ("S", &["sfu/server/src/metrics.rs"]),
    ("O", &["bridge/origin/src/stats.rs"]),
    ("D", &["sfu/model/src/drop_reason.rs"]),
    ("C", &["sfu/core/src/command.rs"]),
    (
        "R",
        &[
            "whip-whep/core/src/problem.rs",
            "whip-whep/core/src/offer/refusal.rs",
        ],
    ),
];

/// What the fourth column of the table names that counts nothing: a label that is not where its letter says, or a metric of
/// its own that no file has. A row that names no counter says "none", and why.
fn counters_missing(page: &str, files: &[File]) -> Vec<String> {
    let has = |path: &str, text: &str| {
        files
            .iter()
            .any(|f| f.path == path && f.text.contains(text))
    };
    let is_counter = |letter: &str, name: &str| {
        let places = LABELS.iter().find(|(known, _)| *known == letter);
        match (places, name.strip_suffix("_total")) {
            (Some((_, paths)), _) => paths.iter().any(|path| has(path, &format!("\"{name}\""))),
            (None, Some(name)) => {
                let quoted = format!("\"{name}\"");
                let mut sources = files.iter().filter(|file| is_product(&file.path));
                sources.any(|file| file.text.contains(&quoted))
            }
            (None, None) => false,
        }
    };
    let mut found = Vec::new();
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cell = row.split(" | ").nth(3).unwrap_or_default();
        if !cell.contains('`') && !cell.starts_with("none: ") {
            found.push(row.to_owned());
        }
        let parts: Vec<&str> = cell.split('`').collect();
        for pair in parts.chunks_exact(2) {
            let letter = pair[0].split(' ').rev().nth(1).unwrap_or_default();
            if !is_counter(letter, pair[1]) {
                found.push(format!("{}: {}", pair[1], row));
            }
        }
    }
    found
}

#[test]
fn every_constant_that_bounds_is_in_the_table_of_limits() {
    let all = files(&[".rs", "limits.md"]);
    let text_of = |path: &str| {
        let page = all.iter().find(|file| file.path == path);
        page.expect(path).text.clone()
    };
    let page = text_of(PAGE) + &text_of(OTHERS);
    let sources = all
        .iter()
        .filter(|file| is_product(&file.path) && !file.is_test());
    let sources: Vec<&File> = sources.filter(|file| file.path.ends_with(".rs")).collect();
    let mut found: Vec<String> = Vec::new();
    let mut there = BTreeSet::new();
    for file in sources {
        found.extend(missing(file, &page));
        let constants = constants(file).into_iter();
        there.extend(constants.map(|constant| begin_of_row(&file.path, constant)));
    }
    assert!(there.len() > 50, "the check looks at nothing");
    let stale = stale(&page, &there).into_iter();
    found.extend(stale.map(|row| format!("{PAGE}: there is no such constant: {row}")));
    let uncounted = counters_missing(&page, &all).into_iter();
    found.extend(uncounted.map(|row| format!("{PAGE}: nothing counts: {row}")));
    let code: String = all.iter().map(|file| file.text.as_str()).collect();
    for test in tests_named(&page) {
        if !code.contains(&format!("fn {test}(")) {
            found.push(format!("{PAGE}: there is no test {test}"));
        }
    }
    assert_none("the table of limits is another than the code's", &found);
}

#[test]
fn a_constant_that_is_missing_or_of_another_value_is_found() {
    let file = |text: &str| File {
        path: "src/x.rs".into(),
        text: text.into(),
    };
    let page = "| `A_MAX` in `src/x.rs` | `4 * 2` | 413 | H `a` | `a_has_an_edge`, `b_too` |\n* `src/x.rs`: `B_MAX`, `C_MAX`\n";
    let n_missing = |text: &str| missing(&file(text), page).len();
    assert_eq!(
        n_missing("pub const A_MAX: usize = 4 * 2;\nconst C_MAX: u8 = 1;"),
        0
    );
    assert_eq!(n_missing("const A_MAX: usize = 8;"), 1);
    assert_eq!(
        n_missing("pub(crate) const D_MAX: usize = 8;\nconst MAX_D: u8 = 1;"),
        1
    );
    assert_eq!(tests_named(page), ["a_has_an_edge", "b_too"]);
    let there = |path: &str, value: &str| BTreeSet::from([begin_of_row(path, ("A_MAX", value))]);
    assert_eq!(stale(page, &there("src/x.rs", "4 * 2")).len(), 0);
    assert_eq!(stale(page, &there("src/x.rs", "8")).len(), 1);
    assert_eq!(stale(page, &there("src/y.rs", "4 * 2")).len(), 1);
}

#[test]
fn a_counter_that_does_not_exist_is_found() {
    let file = |path: &str, text: &str| File {
        path: path.into(),
        text: text.into(),
    };
    let files = [
        file("src/http/limit_hits.rs", "Self::A => \"a\","),
        file("sfu/server/src/metrics.rs", "\"sfu_b\""),
    ];
    let n_missing = |cell: &str| {
        let page = format!("| `A_MAX` in `src/x.rs` | `1` | 413 | {cell} | `a_test` |");
        counters_missing(&page, &files).len()
    };
    for good in [
        "H `a`",
        "S `sfu_b`, H `a` for the rest",
        "`sfu_b_total`",
        "none: it is ours",
    ] {
        assert_eq!(n_missing(good), 0, "{good}");
    }
    for bad in [
        "H `b`",
        "W `a`",
        "H `a`, S `a`",
        "`a`",
        "`sfu_c_total`",
        "close reasons",
    ] {
        assert_eq!(n_missing(bad), 1, "{bad}");
    }
}
