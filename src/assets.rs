//! The web client, embedded in the binary.

use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::middleware::map_response;
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};
use sfu_model::id::RoomId;

use crate::problem;

/// What `npm run build` of `web-client` leaves. A debug build carries it too (`debug-embed`): what is tested is what people
/// run, and a path with dots in it is a name that no file has.
#[derive(RustEmbed)]
#[folder = "web-client/dist/"]
struct WebClient;

/// Everything from here and nowhere else, and nothing inline: text that gets into a page stays text. No frame of
/// another site around a page that can switch a camera on. Media may come from the page itself: what a script has put
/// together for a `<video>` (Media Source Extensions) has a `blob:` address.
const POLICY: &str = "default-src 'self'; media-src 'self' blob:; object-src 'none'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'self'";

/// Our pages may ask for these, frames of others may not.
const PERMISSIONS: &str =
    "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), geolocation=()";

/// A file whose name holds its hash never changes.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Everything else is asked for again; the entity tag makes that cheap.
const REVALIDATE: &str = "no-cache";

/// What a browser sees when the binary was built without the web client.
const ABSENT: &str = "<!doctype html><title>Freshet</title><h1>The web client is not built in</h1>\
    <p>This server runs: WHIP, WHEP and the API answer. For its pages, start it with <code>./dev run</code>, or run \
    <code>npm ci &amp;&amp; npm run build</code> in <code>web-client/</code> and build again.";

/// What a browser sees where nothing is. The policy lets no style in, so it wears the browser's own.
const NOT_FOUND: &str = "<!doctype html><html lang=\"en\"><meta name=\"viewport\" content=\"width=device-width\">\
    <meta name=\"color-scheme\" content=\"light dark\"><title>Not found – Freshet</title><h1>Not found</h1>\
    <p>{why}</p><p><a href=\"/\">To the streams</a></p></html>";

const NO_PAGE: &str = "There is no page at this address.";

/// The pages and their files.
pub(crate) fn router() -> Router {
    Router::new()
        .route(
            "/",
            get(|headers: HeaderMap| async move { page("index", &headers) }),
        )
        .route(
            "/watch/{stream}",
            get(|stream, headers| stream_page("watch", stream, headers)),
        )
        .route(
            "/studio/{stream}",
            get(|stream, headers| stream_page("studio", stream, headers)),
        )
        .route("/assets/{*path}", get(asset))
        .route("/{file}", get(root_file))
        .fallback(no_such_path)
        .layer(map_response(protect))
}

async fn stream_page(name: &str, Path(stream): Path<String>, headers: HeaderMap) -> Response {
    match RoomId::parse(&stream) {
        Ok(_) => page(name, &headers),
        Err(invalid) => not_found(&format!("No stream has this name: {invalid}.")),
    }
}

/// Paths that programs ask; everything else is asked by somebody who reads.
const PROGRAMS_PATHS: [&str; 5] = ["/api/", "/whip/", "/whep/", "/signed/", "/.well-known/"];

async fn no_such_path(uri: Uri) -> Response {
    if PROGRAMS_PATHS
        .iter()
        .any(|prefix| uri.path().starts_with(prefix))
    {
        problem::no_such_path().await
    } else {
        not_found(NO_PAGE)
    }
}

/// `why` is ours, never the visitor's: it is not escaped.
fn not_found(why: &str) -> Response {
    (StatusCode::NOT_FOUND, Html(NOT_FOUND.replace("{why}", why))).into_response()
}

/// A page of its own where there is one, else the one page that reads the path itself.
fn page(name: &str, headers: &HeaderMap) -> Response {
    let own = WebClient::get(&format!("{name}.html"));
    match own.or_else(|| WebClient::get("index.html")) {
        Some(file) => serve(file, REVALIDATE, headers),
        None => (StatusCode::SERVICE_UNAVAILABLE, Html(ABSENT)).into_response(),
    }
}

async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    match WebClient::get(&format!("assets/{path}")) {
        Some(file) => serve(file, IMMUTABLE, &headers),
        None => not_found(NO_PAGE),
    }
}

/// Icons and the like, which have no hash in their name. Pages are only reached by their paths.
async fn root_file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    match WebClient::get(&name) {
        Some(file) if !name.ends_with(".html") => serve(file, REVALIDATE, &headers),
        _ => not_found(NO_PAGE),
    }
}

fn serve(file: EmbeddedFile, cache: &'static str, headers: &HeaderMap) -> Response {
    let hash: String = file
        .metadata
        .sha256_hash()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let tag = format!("\"{hash}\"");
    let known = headers
        .get(IF_NONE_MATCH)
        .and_then(|tags| tags.to_str().ok());
    if known.is_some_and(|tags| is_known(tags, &tag)) {
        return (
            StatusCode::NOT_MODIFIED,
            [(ETAG, tag), (CACHE_CONTROL, cache.to_owned())],
        )
            .into_response();
    }
    let kind = file.metadata.mimetype();
    let kind = if kind.starts_with("text/") {
        format!("{kind}; charset=utf-8")
    } else {
        kind.to_owned()
    };
    let headers = [
        (CONTENT_TYPE, kind),
        (ETAG, tag),
        (CACHE_CONTROL, cache.to_owned()),
    ];
    (headers, file.data.into_owned()).into_response()
}

/// The weak comparison (RFC 9110 section 13.1.2): a proxy that compresses weakens the tag that it passes on.
fn is_known(tags: &str, tag: &str) -> bool {
    let mut known = tags.split(',').map(str::trim);
    known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

async fn protect(mut response: Response) -> Response {
    let permissions = HeaderName::from_static("permissions-policy");
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // The studio's link carries its key behind the `#`; nothing of a link goes to another site.
        (REFERRER_POLICY, "no-referrer"),
        (permissions, PERMISSIONS),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
