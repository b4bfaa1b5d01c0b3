//! The running server as the checker sees it.

use std::collections::BTreeSet;
use std::time::Duration;

use freshet_check::catalog::Rule;
use freshet_check::probe::{self, Plan};
use freshet_check::report::Report;
use url::Url;

use crate::stage::Stage;

/// Seven segments, and time for what leaves the playlist to be asked for again.
pub(crate) const LENGTH: Duration = Duration::from_secs(15);

/// When something arrives is the machine's doing as well, and other tests run at the same time: what is asserted here is what
/// the texts and the answers say. `freshet-check` itself looks at these rules too.
const OF_TIME: [Rule; 8] = [
    Rule::Lh16,
    Rule::Lh16p,
    Rule::Lb04,
    Rule::Lb07,
    Rule::Lb08,
    Rule::Lb09,
    Rule::Lb11,
    Rule::Lr03,
];

/// What must have been looked at, so that nothing found means something.
pub(crate) const SEEN: [Rule; 45] = [
    Rule::Lh01,
    Rule::Lh02,
    Rule::Lh02s,
    Rule::Lh03,
    Rule::Lh04,
    Rule::Lh05,
    Rule::Lh06,
    Rule::Lh07,
    Rule::Lh08,
    Rule::Lh09,
    Rule::Lh10,
    Rule::Lh11,
    Rule::Lh12,
    Rule::Lh13,
    Rule::Lh13c,
    Rule::Lh14,
    Rule::Lh15,
    Rule::Lh16,
    Rule::Lh16p,
    Rule::Lh21,
    Rule::Lh21d,
    Rule::Lh23,
    Rule::Lh23s,
    Rule::Lh26t,
    Rule::Lh26d,
    Rule::Lh26c,
    Rule::Lh26p,
    Rule::Lh27,
    Rule::Lh30,
    Rule::Lb01,
    Rule::Lb03,
    Rule::Lb06,
    Rule::Ld01,
    Rule::Ld06,
    Rule::Lp01,
    Rule::Lp03,
    Rule::Lp05,
    Rule::Lp06,
    Rule::Lp10,
    Rule::Lr01,
    Rule::Lr02,
    Rule::Lc01,
    Rule::Lc02,
    Rule::Lc04,
    Rule::Lc07,
];

/// What follows from a publisher that was starved: what it sent too late is a gap, whose hint was answered with 404; its
/// timeline began with a hole; and nothing is hinted behind a discontinuity before its first frame (docs/deviations.md).
const OF_STARVATION: [Rule; 3] = [Rule::Lp01, Rule::Lp10, Rule::Av07];

/// What the packager counts of a publisher that does not send in time, and of no other.
const STARVED: [&str; 3] = [
    "packager_stand_in_parts_total",
    "packager_gap_parts_total",
    "packager_discontinuities_total",
];

/// The rules that were broken, but for those that a busy machine breaks.
pub(crate) fn broken(report: &Report, was_starved: bool) -> impl Iterator<Item = Rule> {
    report
        .broken()
        .filter(|rule| !OF_TIME.contains(rule))
        .filter(move |rule| !(was_starved && OF_STARVATION.contains(rule)))
}

/// Did its publishers not send in time?
pub(crate) async fn was_starved(stage: &Stage) -> bool {
    let mut was_starved = false;
    for count in STARVED {
        was_starved |= stage.metric(count, "").await > 0;
    }
    was_starved
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_server_keeps_every_rule_of_text_and_answers() {
    let stage = Stage::live().await;
    let url = Url::parse(&stage.running.url("/hls/demo/multivariant.m3u8")).unwrap();
    let length = LENGTH;
    let report = probe::run(Plan { url, length }).await.unwrap();
    let was_starved = was_starved(&stage).await;
    let broken: BTreeSet<&str> = broken(&report, was_starved).map(Rule::id).collect();
    assert!(broken.is_empty(), "{broken:?}\n{}", report.table());
    for rule in SEEN {
        let row = report.row(rule);
        assert!(
            row.is_some_and(|row| row.n_checked > 0),
            "{} was not seen",
            rule.id()
        );
    }
    stage.end();
}
