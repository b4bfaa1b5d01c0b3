//! Paths that name nothing here (row S13): no file of the server's ever answers, and nothing breaks.

use crate::stage::Stage;

/// What would be found, in a folder above the segments' one or the system's root.
const WANTED: [&str; 4] = [
    "freshet.toml",
    "freshet-data/streams.toml",
    "etc/passwd",
    "hls/demo",
];

/// Ways up that servers have taken.
const WAYS_UP: [&str; 12] = [
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "%252e%252e%252f",
    "..%c0%af",
    "..%5c",
    "..\\",
    "....//",
    "..;/",
    "./../",
    "%00../",
];

#[tokio::test]
async fn no_way_up_leads_to_a_file_however_it_is_spelled() {
    let stage = Stage::live().await;
    let secrets = ["demo-key-0001", "[[streams]]", "root:"];
    let mut n_asked = 0;
    for wanted in WANTED {
        for way in WAYS_UP {
            for base in [
                "/hls/demo/",
                "/hls/demo/720p/",
                "/hls/",
                "/dash/demo/",
                "/hls/demo/720p/x/",
            ] {
                for depth in [1, 4, 12] {
                    let target = format!("{base}{}{wanted}", way.repeat(depth));
                    let reply = stage.get(&target).await;
                    assert!([400, 404].contains(&reply.status), "{target}: {reply:?}");
                    let text = reply.text();
                    let leaked = secrets.iter().find(|secret| text.contains(**secret));
                    assert_eq!(leaked, None, "{target}");
                    n_asked += 1;
                }
            }
        }
    }
    assert_eq!(n_asked, 4 * 12 * 5 * 3);
    assert_eq!(stage.get("/hls/demo/multivariant.m3u8").await.status, 200);
    stage.end();
}

#[tokio::test]
async fn targets_that_are_no_paths_end_in_an_answer() {
    let stage = Stage::live().await;
    let long = format!("/hls/demo/{}", "x".repeat(8_000));
    let deep = format!("/hls/demo/{}", "a/".repeat(3_000));
    let query = format!("/hls/demo/720p/live.m3u8?{}", "_HLS_msn=0&".repeat(700));
    for target in [
        "*",
        "//hls/demo/multivariant.m3u8",
        "/hls//demo/multivariant.m3u8",
        "/hls/demo//multivariant.m3u8",
        "/hls/DEMO/multivariant.m3u8",
        "/hls/demo/multivariant.m3u8/",
        "/hls/demo/720p/live.m3u8%3f_HLS_msn=0",
        "/hls/demo/720P/live.m3u8",
        "/hls/demo/-1/live.m3u8",
        "/hls/%64emo/multivariant.m3u8",
        long.as_str(),
        deep.as_str(),
        query.as_str(),
    ] {
        let reply = stage.get(target).await;
        assert!(
            [400, 404].contains(&reply.status),
            "{target}: {}",
            reply.status
        );
    }
    let log = stage.end();
    assert!(!log.contains("panicked"), "{log}");
}
