//! Our own origin, over HTTP and in real time, as the checker sees it; and the same with faults put between, which it must find.

use std::collections::BTreeSet;
use std::time::Duration;

use freshet_check::catalog::Rule;
use freshet_check::probe::{self, Plan, ProbeError};
use freshet_check::report::Report;
use url::Url;

use crate::faults::Fault;
use crate::server::Server;

/// Long enough for three segments.
const LENGTH: Duration = Duration::from_secs(7);

async fn look(fault: Option<Fault>) -> Report {
    let server = Server::start(fault).await;
    let url = Url::parse(&server.url("multivariant.m3u8")).unwrap();
    probe::run(Plan {
        url,
        length: LENGTH,
    })
    .await
    .unwrap()
}

/// A cadence is kept by a machine that is not busy with other tests: only what the text and the answers say is asserted here.
fn broken(report: &Report) -> BTreeSet<&'static str> {
    let of_time = [
        Rule::Lh16,
        Rule::Lh16p,
        Rule::Lb04,
        Rule::Lb07,
        Rule::Lb08,
        Rule::Lb11,
    ];
    let broken = report.broken().filter(|rule| !of_time.contains(rule));
    broken.map(Rule::id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_origin_keeps_the_rules() {
    let report = look(None).await;
    assert!(broken(&report).is_empty(), "{}", report.table());
    let looked_at = [
        Rule::Lb01,
        Rule::Lb03,
        Rule::Lb06,
        Rule::Lh24,
        Rule::Lp01,
        Rule::Lp03,
        Rule::Lp06,
        Rule::Ld06,
        Rule::Lr01,
        Rule::Lh06,
        Rule::Lh10,
        Rule::Lh21,
        Rule::Lh26d,
        Rule::Lh27,
        Rule::Lc01,
        Rule::Lc07,
        Rule::Lc10,
        Rule::Mb01,
        Rule::Mb02,
        Rule::Mb03,
    ];
    for rule in looked_at {
        assert!(
            report.row(rule).is_some_and(|row| row.n_checked > 0),
            "{rule} was not looked at"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_between_an_origin_and_its_players_are_found() {
    let cases = [
        (Fault::AnswersEarly, Rule::Lb01),
        (Fault::RefusesHints, Rule::Lp01),
        (Fault::ForgetsCors, Rule::Lc06),
        (Fault::TruncatesSegments, Rule::Lh10),
        (Fault::AnswersPartWithoutMsn, Rule::Lb06),
    ];
    let runs = cases
        .map(|(fault, rule)| tokio::spawn(async move { (fault, rule, look(Some(fault)).await) }));
    for run in runs {
        let (fault, rule, report) = run.await.unwrap();
        assert!(
            broken(&report).contains(rule.id()),
            "{fault:?}:\n{}",
            report.table()
        );
    }
}

#[tokio::test]
async fn a_stream_that_is_over_is_looked_at_by_what_applies() {
    let server = Server::ended().await;
    let url = Url::parse(&server.url("multivariant.m3u8")).unwrap();
    let report = probe::run(Plan {
        url,
        length: LENGTH,
    })
    .await
    .unwrap();
    assert!(broken(&report).is_empty(), "{}", report.table());
    for rule in [Rule::Lb05, Rule::Lp04, Rule::Ld02, Rule::Lc10, Rule::Mb01] {
        assert!(report.row(rule).is_some(), "{rule} was not looked at");
    }
    for rule in [Rule::Lb01, Rule::Lh16, Rule::Lp10] {
        assert!(
            report.row(rule).is_none(),
            "{rule} says nothing of what is over"
        );
    }
}

#[tokio::test]
async fn a_playlist_without_parts_is_looked_at_by_what_applies() {
    let server = Server::start(None).await;
    let url = Url::parse(&server.url("720p/dvr.m3u8")).unwrap();
    let length = Duration::from_secs(3);
    let report = probe::run(Plan { url, length }).await.unwrap();
    assert!(broken(&report).is_empty(), "{}", report.table());
    assert!(report.row(Rule::Lh13).is_some() && report.row(Rule::Mb01).is_some());
    assert!(report.row(Rule::Lh06).is_none() && report.row(Rule::Lb01).is_none());
}

#[tokio::test]
async fn where_nothing_is_nothing_can_be_said() {
    let server = Server::ended().await;
    let url = Url::parse(&server.url("nobody.m3u8")).unwrap();
    let found = probe::run(Plan {
        url,
        length: LENGTH,
    })
    .await;
    assert!(matches!(found, Err(ProbeError::Status(404))), "{found:?}");
}
