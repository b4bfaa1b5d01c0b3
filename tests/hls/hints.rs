//! Parts that are asked for before they are there, as players do that take hints (rows LP-01, LP-02, LP-03).

use crate::stage::{LIVE, Stage};

/// How many hints are taken.
const N_HINTS: usize = 8;

/// Of them so many must come; who publishes may be starved by a machine that is busy with other tests.
const N_COME: usize = 4;

/// What a playlist hints, relative to it.
fn hinted(playlist: &str) -> &str {
    let (_, rest) = playlist
        .split_once("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"")
        .unwrap_or_else(|| panic!("no hint: {playlist}"));
    rest.split('"').next().unwrap()
}

/// Whether a playlist lists a part that can be had.
fn lists(playlist: &str, uri: &str) -> bool {
    let part = format!("URI=\"{uri}\"");
    let mut parts = playlist.lines().filter(|l| l.starts_with("#EXT-X-PART:"));
    parts.any(|line| line.contains(&part) && !line.contains("GAP=YES"))
}

#[tokio::test]
async fn lp_01_to_03_a_hinted_part_is_waited_for_and_comes_whole_as_it_is_listed_then() {
    let stage = Stage::live().await;
    let mut n_come = 0;
    for _ in 0..N_HINTS {
        let before = stage.get(LIVE).await.text();
        let uri = hinted(&before).to_owned();
        assert!(!lists(&before, &uri), "{uri} is there: {before}");
        let url = format!("/hls/demo/720p/{uri}");
        let reply = stage.get(&url).await;
        // Who is told of a part, or that it does not come, is told before the playlist says so, or with it.
        let (segment, part) = place(&uri);
        let reload = format!("{LIVE}?_HLS_msn={segment}&_HLS_part={part}");
        let after = stage.get(&reload).await.text();
        if !lists(&after, &uri) {
            assert_eq!(
                reply.status, 404,
                "{uri} has come, and is not listed: {after}"
            );
            continue;
        }
        assert_eq!(reply.status, 200, "{uri} is listed: {after}");
        let length: usize = reply.field("content-length").unwrap().parse().unwrap();
        assert!(length > 0 && reply.body.len() == length, "{uri}: {length}");
        assert_eq!(reply.body, stage.media(&url).await, "{uri}");
        n_come += 1;
    }
    assert!(n_come >= N_COME, "{n_come} of {N_HINTS} came");
    stage.end();
}

/// The numbers of the segment and of the part that a URI names.
fn place(uri: &str) -> (u64, u64) {
    let mut words = uri.rsplit('/').next().unwrap().split('.');
    let mut number = || words.next().unwrap().parse().unwrap();
    (number(), number())
}
