//! Every playlist of the corpus is rejected for its reason and no other; good ones are not; and no rule is kept by all.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use freshet_check::catalog::{Level, Rule};
use freshet_check::script::Script;
use proptest::prelude::*;

fn corpus() -> Vec<(String, Script)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let read = |path: &Path| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let script = Script::parse(&fs::read_to_string(path).unwrap());
        (
            name.clone(),
            script.unwrap_or_else(|error| panic!("{name}: {error}")),
        )
    };
    let mut all: Vec<(String, Script)> = files.map(|path| read(&path)).collect();
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    all
}

#[test]
fn each_playlist_is_rejected_for_exactly_its_reason() {
    let mut wrong = Vec::new();
    for (name, script) in corpus() {
        let report = script.play();
        let found: BTreeSet<&str> = report.broken().map(Rule::id).collect();
        let expected: BTreeSet<&str> = script.finds.iter().map(|rule| rule.id()).collect();
        if found != expected {
            wrong.push(format!(
                "{name}: {found:?} instead of {expected:?}\n{}",
                report.table()
            ));
        }
    }
    let lines = wrong.concat();
    let lines: Vec<&str> = lines
        .lines()
        .filter(|l| !l.contains(" pass ") && !l.contains("not seen"))
        .collect();
    assert!(wrong.is_empty(), "{}", lines.join("\n"));
}

#[test]
fn a_good_playlist_is_named_good_and_has_something_to_look_at() {
    let corpus = corpus();
    let good = corpus.iter().filter(|(_, script)| script.finds.is_empty());
    let mut n_good = 0;
    for (name, script) in good {
        assert!(name.starts_with("good_"), "{name} finds nothing");
        assert!(
            script.play().row(Rule::Pl01).is_some(),
            "{name} says nothing"
        );
        n_good += 1;
    }
    assert!(n_good >= 5, "{n_good} of them");
}

#[test]
fn every_rule_of_playlists_is_broken_somewhere_and_kept_somewhere() {
    let corpus = corpus();
    let of_text = |rule: &&Rule| {
        let id = rule.id();
        let by_answers = [
            "LB-04", "LB-05", "LB-06", "LB-07", "LB-08", "LB-09", "LB-11", "LP-01",
        ];
        let by_media = ["LH-08", "LH-15", "LH-18", "LH-23", "LH-24", "LP-06"];
        let is_http = id.starts_with("LC-") && id != "LC-03";
        !(by_answers.contains(&id) || by_media.contains(&id) || is_http || id.starts_with("MB-"))
    };
    let found: BTreeSet<Rule> = corpus
        .iter()
        .flat_map(|(_, script)| script.finds.clone())
        .collect();
    let kept: BTreeSet<Rule> = corpus
        .iter()
        .filter(|(_, script)| script.finds.is_empty())
        .flat_map(|(_, script)| {
            let report = script.play();
            Rule::ALL
                .iter()
                .copied()
                .filter(move |rule| report.row(*rule).is_some())
        })
        .collect();
    // A good playlist has nothing of what these look at: a gap, a key, a part after the last.
    let unseen = [Rule::Lh17, Rule::Lh28, Rule::Lh26r, Rule::Lh18s, Rule::Lb03];
    for rule in Rule::ALL.iter().filter(of_text) {
        assert!(found.contains(rule), "nothing in the corpus breaks {rule}");
        assert!(
            kept.contains(rule) || unseen.contains(rule),
            "nothing keeps {rule}"
        );
    }
}

fn texts() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let files = fs::read_dir(folder).unwrap();
    files
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect()
}

proptest! {
    #[test]
    fn no_playlist_is_a_panic(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4_u8), 1..8),
    ) {
        let texts = texts();
        let text = which.get(&texts);
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (at, with, how) in changes {
            let at = at.index(lines.len());
            match how {
                0 => drop(lines.remove(at)),
                1 => lines.insert(at, lines[with.index(lines.len())].clone()),
                2 => lines[at] = lines[at].replace(['0', '1'], "99999999999"),
                _ => {
                    let end = with.index(lines[at].len() + 1);
                    lines[at].truncate(end);
                }
            }
            if lines.is_empty() {
                return Ok(());
            }
        }
        if let Ok(script) = Script::parse(&lines.join("\n")) {
            let _ = script.play().table();
        }
    }
}

#[test]
fn a_report_says_where_a_rule_was_broken() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let text = fs::read_to_string(folder.join("part_a_millisecond_long.m3u8")).unwrap();
    let report = Script::parse(&text).unwrap().play();
    assert!(!report.conforms());
    let row = report.row(Rule::Lh06).unwrap();
    let line = text
        .lines()
        .position(|line| line.contains("DURATION=0.501"))
        .unwrap();
    let marker = text
        .lines()
        .position(|line| line.starts_with("## at"))
        .unwrap();
    assert_eq!(
        (row.n_broken, row.findings[0].line),
        (1, Some(line - marker))
    );
    assert_eq!(row.findings[0].place, "http://corpus.invalid/video.m3u8");
    let rows: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
    let of = |id: &str| {
        rows.as_array()
            .unwrap()
            .iter()
            .find(|row| row["id"] == id)
            .unwrap()
    };
    assert_eq!(rows.as_array().unwrap().len(), Rule::ALL.len());
    assert_eq!(
        (
            of("LH-06")["result"].as_str(),
            of("LH-06")["level"].as_str()
        ),
        (Some("FAIL"), Some("MUST"))
    );
    assert_eq!(of("LH-01")["result"], "pass");
    assert_eq!(of("LC-01")["result"], "not seen");
}

#[test]
fn what_only_should_be_is_no_reason_to_fail() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let text = fs::read_to_string(folder.join("tight_part_hold_back.m3u8")).unwrap();
    let report = Script::parse(&text).unwrap().play();
    assert_eq!(
        report.broken().map(Rule::level).collect::<Vec<Level>>(),
        [Level::Should]
    );
    assert!(report.conforms());
}

#[test]
fn rules_have_names_of_their_own() {
    let ids: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
    assert_eq!(ids.len(), Rule::ALL.len());
    for rule in Rule::ALL {
        assert_eq!(Rule::named(rule.id()), Some(*rule));
    }
}
