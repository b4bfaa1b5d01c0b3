//! The web client's pages and files, as the binary serves them. It must have been built into it, as `./dev test` does.

use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, IF_NONE_MATCH};
use reqwest::{Response, StatusCode};

use crate::running::{Running, client};

/// What every answer to a browser must say, whole: a word more or less in one of them is a decision.
const PROTECTION: [(&str, &str); 4] = [
    (
        "content-security-policy",
        "default-src 'self'; media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    (
        "permissions-policy",
        "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), geolocation=()",
    ),
];

const PAGES: [&str; 3] = ["/", "/watch/demo", "/studio/demo"];

async fn get(running: &Running, path: &str) -> Response {
    client().get(running.url(path)).send().await.unwrap()
}

/// With the entity tags that a cache knows (RFC 9110 section 13.1.2).
async fn get_if_changed(running: &Running, path: &str, tags: &str) -> Response {
    let request = client().get(running.url(path)).header(IF_NONE_MATCH, tags);
    request.send().await.unwrap()
}

/// One value of a header, which is there once.
#[track_caller]
fn only<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let values: Vec<_> = headers.get_all(name).iter().collect();
    assert_eq!(values.len(), 1, "{name}: {values:?}");
    values[0].to_str().unwrap()
}

#[track_caller]
fn assert_protected(path: &str, response: &Response) {
    for (name, value) in PROTECTION {
        assert_eq!(only(response.headers(), name), value, "{path}: {name}");
    }
}

/// The files that a page asks for.
async fn assets_of(running: &Running, page: &str) -> Vec<String> {
    let text = get(running, page).await.text().await.unwrap();
    let quoted = text.split('"').filter(|part| part.starts_with("/assets/"));
    let assets: Vec<String> = quoted.map(str::to_owned).collect();
    let has = |ending: &str| assets.iter().any(|asset| asset.ends_with(ending));
    assert!(has(".js") && has(".css"), "{page}: {assets:?}");
    assets
}

#[tokio::test]
async fn every_answer_to_a_browser_is_protected() {
    let running = Running::start();
    for path in PAGES {
        let page = get(&running, path).await;
        assert_eq!(
            page.status(),
            StatusCode::OK,
            "{path}: build the web client"
        );
        assert_protected(path, &page);
        let content_type = only(page.headers(), CONTENT_TYPE.as_str());
        assert_eq!(content_type, "text/html; charset=utf-8", "{path}");
        let tag = only(page.headers(), ETAG.as_str()).to_owned();
        assert_protected(path, &get_if_changed(&running, path, &tag).await);
    }
    for asset in assets_of(&running, "/studio/demo").await {
        assert_protected(&asset, &get(&running, &asset).await);
    }
    running.stop();
}

#[tokio::test]
async fn pages_are_asked_for_again_and_sent_when_they_changed() {
    let running = Running::start();
    for path in PAGES {
        let page = get(&running, path).await;
        assert_eq!(only(page.headers(), "cache-control"), "no-cache", "{path}");
        let tag = only(page.headers(), ETAG.as_str()).to_owned();
        assert!(
            tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'),
            "{tag}"
        );
        let text = page.text().await.unwrap();
        assert!(!text.is_empty());
        let weak = format!("W/{tag}");
        for known in [tag.as_str(), &weak, &format!("\"x\", {tag}"), "*"] {
            let again = get_if_changed(&running, path, known).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}: {known}");
            assert_eq!(only(again.headers(), ETAG.as_str()), tag);
            assert_eq!(only(again.headers(), CACHE_CONTROL.as_str()), "no-cache");
            assert_eq!(again.text().await.unwrap(), "");
        }
        let bare = tag.trim_matches('"');
        for stale in ["\"x\"", bare, "\"\""] {
            let again = get_if_changed(&running, path, stale).await;
            assert_eq!(again.status(), StatusCode::OK, "{path}: {stale}");
            assert_eq!(again.text().await.unwrap(), text);
        }
    }
    running.stop();
}

#[tokio::test]
async fn files_with_their_hash_in_the_name_are_kept_for_a_year() {
    const KEPT: &str = "public, max-age=31536000, immutable";
    let running = Running::start();
    for page in PAGES {
        for asset in assets_of(&running, page).await {
            let file = get(&running, &asset).await;
            assert_eq!(file.status(), StatusCode::OK, "{asset}");
            assert_eq!(only(file.headers(), "cache-control"), KEPT, "{asset}");
            let tag = only(file.headers(), ETAG.as_str()).to_owned();
            let again = get_if_changed(&running, &asset, &tag).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{asset}");
            assert_eq!(only(again.headers(), "cache-control"), KEPT, "{asset}");
        }
    }
    running.stop();
}

#[tokio::test]
async fn a_file_is_found_under_its_own_path_only() {
    let running = Running::start();
    for path in [
        "/watch/a.b",
        "/studio/",
        "/nothing.js",
        "/assets/nothing.js",
        // A client takes bare dots away; encoded ones reach the server.
        "/assets/..%2findex.html",
        "/index.html",
    ] {
        let answer = get(&running, path).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_protected(path, &answer);
        assert!(!answer.headers().contains_key(ETAG), "{path}");
    }
    running.stop();
}
