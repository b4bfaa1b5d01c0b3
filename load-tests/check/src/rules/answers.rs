//! Answers: their status, their header, and how long they took.

use std::time::Duration;

use crate::catalog::Rule;
use crate::exchange::{Exchange, Question};
use crate::report::Notes;

/// Within this an answer is at once: round trips over a continent, and less than the shortest part.
const AT_ONCE: Duration = Duration::from_millis(400);
/// What a network adds to the longest wait.
const TOLERANCE: Duration = Duration::from_secs(1);
/// How long an answer that says no may be kept.
const NO_MAX_AGE: Duration = Duration::from_secs(1);

/// One of them.
pub fn judge(exchange: &Exchange, notes: &mut Notes<'_>) {
    status(exchange, notes);
    let is_playlist = exchange.question.is_for_playlist();
    if exchange.status != 200 || !(is_playlist || exchange.question.is_for_media()) {
        return refusal(exchange, notes);
    }
    content_type(exchange, is_playlist, notes);
    caching(exchange, notes);
    origins(exchange, is_playlist, notes);
    if exchange.question == Question::Gzip {
        let is_gzip = exchange.header("content-encoding") == Some("gzip");
        let vary = exchange
            .header("vary")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let varies = vary.contains("accept-encoding") || vary == "*";
        notes.check(Rule::Lc01, None, is_gzip && varies, || {
            format!(
                "Content-Encoding {:?}, Vary {vary:?}",
                exchange.header("content-encoding")
            )
        });
    }
}

/// The rule of a question, and whether it was kept.
fn status(exchange: &Exchange, notes: &mut Notes<'_>) {
    let is = |status: u16| exchange.status == status;
    let is_soon = exchange.took <= AT_ONCE;
    let longest = exchange.target_duration * 3;
    let (rule, holds) = match exchange.question {
        Question::Playlist | Question::LastingPlaylist | Question::Gzip | Question::Media => {
            (Rule::Lh15, is(200))
        }
        Question::ReloadOfListed => (Rule::Lb04, is(200) && is_soon),
        Question::ReloadOfEnded => (Rule::Lb05, is(200) && is_soon),
        Question::ReloadOfNext => {
            let is_late = exchange.took >= longest;
            let is_answer = (is(200) && !is_late) || (is(503) && is_late);
            (
                Rule::Lb09,
                is_answer && exchange.took <= longest + TOLERANCE,
            )
        }
        Question::PartWithoutMsn => (Rule::Lb06, is(400)),
        Question::FarSegment => (Rule::Lb07, is(400) && is_soon),
        Question::FarPart => (Rule::Lb08, is(400) && is_soon),
        Question::NotANumber => (Rule::Lb11, is(400)),
        Question::UnknownDirective => (Rule::Lb11, is(200) && is_soon),
        Question::Hint => (Rule::Lp01, is(200)),
        Question::Nothing => (Rule::Lp06, is(404)),
        Question::Range(length) => {
            let expected = format!("bytes 0-9/{length}");
            let is_range = exchange.header("content-range") == Some(&expected);
            (Rule::Lc10, is(206) && is_range && exchange.n_bytes == 10)
        }
        Question::Head(length) => {
            let said = exchange
                .header("content-length")
                .and_then(|text| text.parse().ok());
            (
                Rule::Lc10,
                is(200) && said == Some(length) && exchange.n_bytes == 0,
            )
        }
        Question::RemovedPart => (Rule::Lh23, is(200)),
        Question::RemovedSegment => (Rule::Lh24, is(200)),
    };
    notes.check(rule, None, holds, || {
        format!(
            "{} after {:?} to {:?}",
            exchange.status, exchange.took, exchange.question
        )
    });
}

fn content_type(exchange: &Exchange, is_playlist: bool, notes: &mut Notes<'_>) {
    let said = exchange
        .header("content-type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let of_playlist = [
        "application/vnd.apple.mpegurl",
        "audio/mpegurl",
        "application/x-mpegurl",
    ];
    let is_right = match is_playlist {
        true => of_playlist.iter().any(|kind| said.starts_with(kind)),
        false => ["video/", "audio/", "text/vtt"]
            .iter()
            .any(|kind| said.starts_with(kind)),
    };
    notes.check(Rule::Lc07, None, is_right, || {
        format!("Content-Type {said:?}")
    });
}

fn caching(exchange: &Exchange, notes: &mut Notes<'_>) {
    let age = exchange.max_age();
    let target = exchange.target_duration;
    let question = &exchange.question;
    let (rule, least, most) = if question.is_for_media() {
        (Rule::Lc02, target, Duration::MAX)
    } else if *question == Question::ReloadOfNext {
        (Rule::Lc04, target, target * 6)
    } else if *question == Question::Playlist {
        (Rule::Lc04, Duration::ZERO, (target / 2).max(NO_MAX_AGE))
    } else {
        return;
    };
    let is_right = age.is_some_and(|age| (least..=most).contains(&age));
    notes.check(rule, None, is_right, || {
        format!("it may be kept for {age:?}, and the target duration is {target:?}")
    });
}

fn origins(exchange: &Exchange, is_playlist: bool, notes: &mut Notes<'_>) {
    let allowed = exchange.header("access-control-allow-origin");
    let exposed = exchange
        .header("access-control-expose-headers")
        .unwrap_or_default();
    let exposed = exposed.to_ascii_lowercase();
    let can_tell = exposed == "*" || (exposed.contains("age") && exposed.contains("date"));
    notes.check(
        Rule::Lc06,
        None,
        allowed.is_some() && (can_tell || !is_playlist),
        || format!("allowed {allowed:?}, exposed {exposed:?}"),
    );
}

/// What is refused for now is not refused for long.
fn refusal(exchange: &Exchange, notes: &mut Notes<'_>) {
    if exchange.status >= 400 {
        let age = exchange.max_age();
        notes.check(
            Rule::Lc02,
            None,
            age.is_none_or(|age| age <= NO_MAX_AGE),
            || format!("{} may be kept for {age:?}", exchange.status),
        );
    }
}
