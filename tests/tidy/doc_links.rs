//! A link that leads nowhere is worse than none: the reader went there.

use std::path::Path;

use crate::assert_none;
use crate::tree::{File, files, root};

/// The targets of `[text](target)`, outside fenced code.
fn links(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (index, prose) in text.split("```").enumerate() {
        if index % 2 == 0 {
            let targets = prose
                .split("](")
                .skip(1)
                .filter_map(|rest| rest.split(')').next());
            found.extend(targets.map(|target| target.split(' ').next().unwrap_or(target)));
        }
    }
    found
}

/// A heading as the anchor that forges make of it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = kept
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn has_anchor(text: &str, wanted: &str) -> bool {
    text.lines()
        .filter(|line| line.starts_with('#'))
        .any(|line| anchor(line) == wanted)
}

fn violations(file: &File, root: &Path) -> Vec<String> {
    let folder = root
        .join(&file.path)
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default();
    let mut found = Vec::new();
    for link in links(&file.text) {
        if link.contains("://") || link.starts_with("mailto:") {
            continue;
        }
        let (path, wanted) = link.split_once('#').unwrap_or((link, ""));
        let target = folder.join(path);
        if !path.is_empty() && !target.exists() {
            found.push(format!("{}: {link} leads nowhere", file.path));
        } else if !wanted.is_empty() {
            let there = if path.is_empty() {
                Ok(file.text.clone())
            } else {
                std::fs::read_to_string(&target)
            };
            if !there.is_ok_and(|text| has_anchor(&text, wanted)) {
                found.push(format!("{}: {link}: no such heading", file.path));
            }
        }
    }
    found
}

#[test]
fn links_between_documents_resolve() {
    let found: Vec<String> = files(&[".md"])
        .iter()
        .flat_map(|file| violations(file, &root()))
        .collect();
    assert_none("links that lead nowhere", &found);
}

#[test]
fn a_broken_link_is_found() {
    let file = |text: &str| File {
        path: "sfu/x.md".into(),
        text: text.into(),
    };
    let n_found = |text| violations(&file(text), &root()).len();
    assert_eq!(
        n_found("[a](../Cargo.toml) [b](https://example.org/x) \n```\n[d](nowhere)\n```"),
        0
    );
    assert_eq!(n_found("[a](../Cargo.yaml)"), 1);
    assert_eq!(n_found("# A heading, `here`\n[a](#a-heading-here)"), 0);
    assert_eq!(n_found("# A heading\n[a](#another)"), 1);
}
