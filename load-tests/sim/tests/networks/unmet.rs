//! What does not hold although each viewer is sent what its path is estimated to carry. Each is run and must still fail: one that holds belongs among the tests, and this says so.

use crate::rates;

type Scenario = (&'static str, fn() -> Result<(), String>);

/// Scenarios that miss their bars.
const UNMET: &[Scenario] = &[
    // 16 % of the link in place of 25 %: beside a queue that the download keeps at 100 to 200 ms the middle encoding is given
    // up after some five seconds, and each step back up awaits a probe.
    (
        "a download shares the link",
        rates::a_download_shares_the_link,
    ),
];

/// Networks of the matrix: percent lost, round trip in milliseconds, in bursts. Of 25 seeds from 100 on four in ten hold.
///
/// It loses the requests: a burst on the way up, where little is sent, lasts as long as three of them, 100 ms apart, and each is
/// as long a wait as the jitter buffer has had no reason to bear.
pub(crate) const UNMET_PATHS: &[(u16, u128, bool)] =
    &[(5, 20, true), (5, 50, true), (5, 100, true), (5, 200, true)];

#[test]
fn what_is_unmet_does_not_hold_yet() {
    let verdicts = UNMET.iter().map(|(name, run)| (*name, run()));
    let mut holds = Vec::new();
    for (name, verdict) in verdicts {
        println!("{name}: {verdict:?}");
        if verdict.is_ok() {
            holds.push(name);
        }
    }
    assert!(holds.is_empty(), "these hold by now: {holds:?}");
}
