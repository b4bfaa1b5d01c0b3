//! `/signed/{token}/...`: HLS and DASH for who has a signed URL and no bearer.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::Response;
use axum::routing::any;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use sfu_net::clock;
use signaling_auth::signed_url::country::Country;
use signaling_auth::signed_url::key::UrlKeys;
use signaling_auth::signed_url::terms::{Asker, Terms, UrlRefusal};
use tower::ServiceExt as _;
use whip_whep_server::client_addr::ClientAddr;

use crate::config::proxies::TrustedProxies;
use crate::http::Arrival;
use crate::problem::{no_such_path, problem};

/// What the paths begin with.
const PREFIX: &str = "/signed/";

/// What stands in place of `hls` and `dash` where only the check is wanted.
const CHECK: &str = "check";

/// How long a cache in front may go by what a check said, in seconds: a viewer asks eight times a second, and who is refused
/// stays refused that long at most.
const CHECK_FRESH_SECS: u64 = 10;

/// A request whose signed URL is good: for this stream. Nobody but this file makes one.
#[derive(Clone, Debug)]
pub(crate) struct SignedFor(String);

impl SignedFor {
    /// Whether it is for a stream.
    pub(crate) fn is_for(&self, stream: &str) -> bool {
        self.0 == stream
    }
}

/// How often each reason was met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusals(Family<[(&'static str, &'static str); 1], Counter>);

impl Refusals {
    fn count(&self, refusal: UrlRefusal) {
        self.0.get_or_create(&[("reason", refusal.label())]).inc();
    }

    /// Every reason is there from the start, at zero: an alert needs a number before the first.
    pub(crate) fn register(&self, registry: &mut Registry) {
        for refusal in UrlRefusal::ALL {
            drop(self.0.get_or_create(&[("reason", refusal.label())]));
        }
        let help = "Signed URLs that opened nothing, by why";
        registry.register("hls_url_refusals", help, self.0.clone());
    }
}

/// Who says from which country a request is.
#[derive(Clone, Debug)]
pub(crate) struct CountryHeader {
    /// `None`: nobody.
    pub(crate) name: Option<HeaderName>,
    /// Whose word it is.
    pub(crate) proxies: TrustedProxies,
}

/// What requests are checked with.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) keys: Arc<UrlKeys>,
    pub(crate) country: Arc<CountryHeader>,
    pub(crate) refusals: Refusals,
}

#[derive(Clone)]
struct Desk {
    gate: Gate,
    /// `/hls/...` and `/dash/...`.
    media: Router,
}

/// The routes, in front of those of HLS and DASH.
pub(crate) fn router(gate: Gate, media: Router) -> Router {
    Router::new()
        .route("/signed/{*rest}", any(handle))
        .with_state(Desk { gate, media })
}

/// A path in its parts: the token, the stream that it must be for, and what is asked behind it.
struct Asked<'a> {
    token: &'a str,
    /// `hls`, `dash` or [`CHECK`].
    tree: &'a str,
    stream: &'a str,
    /// With its slash in front.
    behind: &'a str,
}

impl<'a> Asked<'a> {
    fn parse(path: &'a str) -> Option<Self> {
        let rest = path.strip_prefix(PREFIX)?;
        let at = rest.find('/')?;
        let (token, behind) = rest.split_at_checked(at)?;
        let mut segments = behind.split('/').skip(1);
        let (tree, stream) = (segments.next()?, segments.next()?);
        ["hls", "dash", CHECK].contains(&tree).then_some(Self {
            token,
            tree,
            stream,
            behind,
        })
    }
}

async fn handle(State(desk): State<Desk>, mut request: Request) -> Response {
    let Some(asked) = Asked::parse(request.uri().path()) else {
        return no_such_path().await;
    };
    let checked = desk.gate.check(&asked, &request);
    if asked.tree == CHECK {
        return match checked {
            Ok(terms) => good_until(&terms),
            Err(refusal) => refused(refusal, Some(CHECK_FRESH_SECS)),
        };
    }
    if let Err(refusal) = checked {
        return refused(refusal, None);
    }
    let signed_for = SignedFor(asked.stream.to_owned());
    let query = request.uri().query();
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    let Ok(uri) = format!("{}{query}", asked.behind).parse::<Uri>() else {
        return no_such_path().await;
    };
    *request.uri_mut() = uri;
    request.extensions_mut().insert(signed_for);
    match desk.media.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

impl Gate {
    fn check(&self, asked: &Asked<'_>, request: &Request) -> Result<Terms, UrlRefusal> {
        let client = request.extensions().get::<ClientAddr>();
        // Every request has one: whoever listens puts it there.
        let address = client.ok_or(UrlRefusal::Address)?.0;
        let asker = Asker {
            address,
            country: self.country.of(request),
        };
        let checked = (self.keys).check(asked.token, asked.stream, asker, clock::unix_now());
        checked.inspect_err(|&refusal| self.refusals.count(refusal))
    }
}

impl CountryHeader {
    /// From where a request is, if a proxy of ours says so. Anybody else can write what they like.
    fn of(&self, request: &Request) -> Option<Country> {
        let arrival = request.extensions().get::<Arrival>()?;
        if !self.proxies.contains(arrival.peer.ip().to_canonical()) {
            return None;
        }
        let value = request.headers().get(self.name.as_ref()?)?;
        value.to_str().ok()?.trim().parse().ok()
    }
}

/// The answer to a cache that asks whether it may answer.
fn good_until(terms: &Terms) -> Response {
    let left = terms.expires.0.saturating_sub(clock::unix_now().0);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    keep_for(&mut response, Some(left.min(CHECK_FRESH_SECS)));
    response
}

fn refused(refusal: UrlRefusal, fresh_secs: Option<u64>) -> Response {
    let code = format!("url-{}", refusal.label());
    let detail = format!("{refusal}; ask whoever gave it for another.");
    let mut response = problem(StatusCode::FORBIDDEN, &code, &detail);
    // A player on a page of another origin may read why.
    let any = HeaderValue::from_static("*");
    response
        .headers_mut()
        .insert(ACCESS_CONTROL_ALLOW_ORIGIN, any);
    keep_for(&mut response, fresh_secs);
    response
}

/// How long a cache may keep it; `None`: not at all.
fn keep_for(response: &mut Response, secs: Option<u64>) {
    let policy = secs.map_or_else(|| "no-store".to_owned(), |secs| format!("max-age={secs}"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(CACHE_CONTROL, policy);
    }
}
