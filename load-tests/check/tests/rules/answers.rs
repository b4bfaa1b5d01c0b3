//! Every rule about answers: an exchange that keeps it, and one that breaks it.

use std::collections::BTreeSet;
use std::time::Duration;

use freshet_check::catalog::Rule;
use freshet_check::checker::Checker;
use freshet_check::exchange::{Exchange, Question};

const TARGET: Duration = Duration::from_secs(2);

/// What an origin that keeps the rules answers.
fn good(question: Question) -> Exchange {
    let common = [
        ("access-control-allow-origin", "*"),
        ("access-control-expose-headers", "Age, Date"),
    ];
    let (status, fields, n_bytes): (u16, Vec<(&str, &str)>, u64) = match &question {
        Question::Playlist
        | Question::LastingPlaylist
        | Question::UnknownDirective
        | Question::ReloadOfEnded
        | Question::ReloadOfListed => (
            200,
            vec![
                ("content-type", "application/vnd.apple.mpegurl"),
                ("cache-control", "max-age=1"),
            ],
            900,
        ),
        Question::ReloadOfNext => (
            200,
            vec![
                ("content-type", "application/vnd.apple.mpegurl"),
                ("cache-control", "max-age=12"),
            ],
            900,
        ),
        Question::Gzip => (
            200,
            vec![
                ("content-type", "application/vnd.apple.mpegurl"),
                ("cache-control", "max-age=1"),
                ("content-encoding", "gzip"),
                ("vary", "Accept-Encoding"),
            ],
            300,
        ),
        Question::Hint | Question::Media | Question::RemovedPart | Question::RemovedSegment => (
            200,
            vec![
                ("content-type", "video/mp4"),
                ("cache-control", "max-age=31536000, immutable"),
            ],
            5_000,
        ),
        Question::PartWithoutMsn
        | Question::FarSegment
        | Question::FarPart
        | Question::NotANumber => (400, vec![("cache-control", "no-store")], 0),
        Question::Nothing => (404, vec![("cache-control", "max-age=1")], 0),
        Question::Range(_) => (206, vec![("content-range", "bytes 0-9/5000")], 10),
        Question::Head(_) => (200, vec![("content-length", "5000")], 0),
    };
    let fields = common.iter().chain(&fields);
    Exchange {
        url: "http://corpus.invalid/video.m3u8".into(),
        question,
        status,
        headers: fields
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        n_bytes,
        took: Duration::from_millis(20),
        target_duration: TARGET,
    }
}

fn all() -> Vec<Question> {
    vec![
        Question::Playlist,
        Question::LastingPlaylist,
        Question::ReloadOfListed,
        Question::ReloadOfNext,
        Question::ReloadOfEnded,
        Question::PartWithoutMsn,
        Question::FarSegment,
        Question::FarPart,
        Question::NotANumber,
        Question::UnknownDirective,
        Question::Gzip,
        Question::Hint,
        Question::Nothing,
        Question::Media,
        Question::Range(5_000),
        Question::Head(5_000),
        Question::RemovedPart,
        Question::RemovedSegment,
    ]
}

fn broken(exchange: &Exchange) -> Vec<Rule> {
    let mut checker = Checker::default();
    checker.handle_exchange(exchange);
    checker.report().broken().collect()
}

fn status(question: Question, status: u16) -> Exchange {
    Exchange {
        status,
        ..good(question)
    }
}

fn slow(question: Question, took: Duration) -> Exchange {
    Exchange {
        took,
        ..good(question)
    }
}

/// With another value of a field; without the field where that is empty.
fn field(question: Question, name: &str, value: &str) -> Exchange {
    let mut exchange = good(question);
    exchange.headers.retain(|(field, _)| field != name);
    if !value.is_empty() {
        exchange.headers.push((name.to_owned(), value.to_owned()));
    }
    exchange
}

#[test]
fn what_keeps_the_rules_is_not_found() {
    for question in all() {
        let exchange = good(question);
        assert_eq!(broken(&exchange), [], "{exchange:?}");
    }
    let kept = field(Question::LastingPlaylist, "cache-control", "max-age=3600");
    assert_eq!(broken(&kept), [], "it does not change");
    let held = Duration::from_secs(6);
    let expired = Exchange {
        took: held,
        ..field(Question::ReloadOfNext, "cache-control", "no-store")
    };
    assert_eq!(
        broken(&Exchange {
            status: 503,
            ..expired
        }),
        [],
        "held as long as it may be"
    );
}

/// Each breaks one rule.
fn bad() -> Vec<(Rule, Exchange)> {
    [bad_statuses(), bad_fields()].concat()
}

fn bad_statuses() -> Vec<(Rule, Exchange)> {
    let second = Duration::from_secs(1);
    vec![
        (Rule::Lb04, status(Question::ReloadOfListed, 400)),
        (Rule::Lb04, slow(Question::ReloadOfListed, second)),
        (Rule::Lb05, slow(Question::ReloadOfEnded, second)),
        (Rule::Lb06, status(Question::PartWithoutMsn, 200)),
        (Rule::Lb07, status(Question::FarSegment, 200)),
        (Rule::Lb07, slow(Question::FarSegment, second)),
        (Rule::Lb08, status(Question::FarPart, 200)),
        (Rule::Lb09, slow(Question::ReloadOfNext, second * 9)),
        (Rule::Lb09, status(Question::ReloadOfNext, 500)),
        (Rule::Lb11, status(Question::NotANumber, 200)),
        (Rule::Lb11, status(Question::UnknownDirective, 400)),
        (Rule::Lp01, status(Question::Hint, 404)),
        (Rule::Lp06, status(Question::Nothing, 200)),
        (Rule::Lh15, status(Question::Media, 404)),
        (Rule::Lh15, status(Question::Media, 0)),
        (Rule::Lh23, status(Question::RemovedPart, 404)),
        (Rule::Lh24, status(Question::RemovedSegment, 404)),
    ]
}

fn bad_fields() -> Vec<(Rule, Exchange)> {
    vec![
        (Rule::Lc01, field(Question::Gzip, "content-encoding", "")),
        (Rule::Lc01, field(Question::Gzip, "vary", "")),
        (
            Rule::Lc02,
            field(Question::Media, "cache-control", "no-store"),
        ),
        (
            Rule::Lc02,
            field(Question::Nothing, "cache-control", "max-age=60"),
        ),
        (
            Rule::Lc02,
            field(Question::FarPart, "cache-control", "max-age=60"),
        ),
        (
            Rule::Lc04,
            field(Question::Playlist, "cache-control", "max-age=10"),
        ),
        (
            Rule::Lc04,
            field(Question::ReloadOfNext, "cache-control", "no-store"),
        ),
        (
            Rule::Lc04,
            field(Question::ReloadOfNext, "cache-control", "max-age=60"),
        ),
        (
            Rule::Lc06,
            field(Question::Media, "access-control-allow-origin", ""),
        ),
        (
            Rule::Lc06,
            field(Question::Playlist, "access-control-expose-headers", ""),
        ),
        (
            Rule::Lc07,
            field(Question::Playlist, "content-type", "text/plain"),
        ),
        (
            Rule::Lc07,
            field(Question::Media, "content-type", "application/octet-stream"),
        ),
        (Rule::Lc10, status(Question::Range(5_000), 200)),
        (
            Rule::Lc10,
            field(Question::Range(5_000), "content-range", "bytes 0-9/7"),
        ),
        (
            Rule::Lc10,
            field(Question::Head(5_000), "content-length", "0"),
        ),
    ]
}

#[test]
fn an_answer_that_breaks_a_rule_is_found_and_breaks_no_other() {
    for (rule, mut exchange) in bad() {
        // What is gone is not kept as if it were there.
        if exchange.status >= 400 && rule != Rule::Lc02 {
            exchange.headers.retain(|(name, _)| name != "cache-control");
        }
        assert_eq!(broken(&exchange), [rule], "{exchange:?}");
    }
}

#[test]
fn every_rule_about_answers_is_broken_by_one() {
    let found: BTreeSet<Rule> = bad().into_iter().map(|(rule, _)| rule).collect();
    let by_playlists = [
        "LB-01", "LB-03", "LC-03", "LP-03", "LP-04", "LP-05", "LP-10",
    ];
    let of_answers = Rule::ALL.iter().filter(|rule| {
        let id = rule.id();
        let is_named = ["LB-", "LC-", "LP-"]
            .iter()
            .any(|name| id.starts_with(name));
        is_named && !by_playlists.contains(&id) || ["LH-15", "LH-23", "LH-24"].contains(&id)
    });
    for rule in of_answers {
        assert!(found.contains(rule), "nothing breaks {rule}");
    }
}
