//! The HTTP listeners: plain and TLS, HTTP/1.1 and HTTP/2, with a limit on everything that a stranger can hold.

mod asking;
pub(crate) mod file_limit;
pub(crate) mod gate;
mod header_list;
pub(crate) mod hsts;
pub(crate) mod limit_hits;
mod no_place;
mod open_requests;
mod outgoing;
mod taking;

use std::convert::Infallible;
use std::error::Error as _;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONNECTION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;
use tracing::{debug, warn};

use self::asking::Asking;
use self::gate::Gate;
use self::header_list::HTTP2_HEADER_LIST_BYTES_KEPT;
use self::limit_hits::{Limit, LimitHits};
use self::open_requests::OpenRequests;
use self::outgoing::Outgoing;
use self::taking::Taking;
use crate::problem::problem;

/// How long a client may take for its TLS handshake, and then for each request's head; a connection that nobody asks
/// anything on is closed after it too, which is no offence and not counted. Ten seconds are many round trips of the slowest phone; slower is a slow-loris.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a request may take from its head to the head of its answer, its body included; past it 408. The slowest
/// answer is a session that a busy worker opens, well under a second; an upload of 64 KB takes a phone two.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a client may take for a piece of an answer's body before it asks for the next, and for what waits for room in the
/// operating system's buffer; past it the connection is closed. Pieces of media are 64 KB: slower than 26 kbit/s plays nothing that we send.
const BODY_PATIENCE: Duration = Duration::from_secs(20);

/// Largest head of an HTTP/1 request that is read, in bytes; a longer one is 431. Browsers send under 2 KB, and our
/// longest bearer is 4 KB.
const HTTP1_HEAD_BYTES_MAX: usize = 16 * 1024;

/// Most header fields of an HTTP/1 request; more is 431. Browsers send about 20.
const HTTP1_HEADERS_MAX: usize = 64;

/// What an HTTP/2 client begins with has so many bytes (RFC 9113 section 3.4). The library waits for them without end, and asks
/// for a sign of life only after them: they have the time of a head.
const HTTP2_PREFACE_BYTES: usize = 24;

/// Most requests that a connection has open at once. A page with its assets and its players has about 20. One more is refused
/// by the protocol (REFUSED_STREAM, RFC 9113 section 5.1.2), of which the library says nothing: what is counted is that a
/// connection came to have all of them.
const HTTP2_STREAMS_MAX: u32 = 128;

/// Most streams that a client may open and reset before we have looked at them; one more ends the connection
/// (CVE-2023-44487, "rapid reset").
const HTTP2_PENDING_RESETS_MAX: usize = 20;

/// How often a quiet HTTP/2 connection is asked whether it lives, and how long it may take to say so.
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(20);

/// How long accepting pauses when the process has no file descriptor left: the error comes back at once and would
/// otherwise spin. Connections that end in the meantime free some.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where a request came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// The other end of the TCP connection: a client, or a proxy.
    pub(crate) peer: SocketAddr,
    /// Whether that connection is TLS.
    pub(crate) is_tls: bool,
}

/// What every connection is served with.
#[derive(Clone)]
pub(crate) struct HttpServer {
    pub(crate) router: Router,
    pub(crate) gate: Arc<Gate>,
    pub(crate) limit_hits: LimitHits,
    /// Cancelled: no new connection, and open ones end after the request in hand.
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

impl HttpServer {
    /// Accepts until told to stop.
    pub(crate) async fn listen(self, listener: TcpListener, tls: Option<Arc<ServerConfig>>) {
        let acceptor = tls.map(TlsAcceptor::from);
        while let Some(accepted) = self.stop.run_until_cancelled(listener.accept()).await {
            match accepted {
                Ok((stream, peer)) => self.admit(stream, peer, acceptor.clone()),
                Err(error) => {
                    debug!(%error, "cannot accept a connection");
                    if is_exhaustion(&error) {
                        self.limit_hits.count(Limit::OpenFiles);
                        warn!("no file descriptor is left; raise the limit of open files");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        }
    }

    fn admit(&self, stream: TcpStream, peer: SocketAddr, acceptor: Option<TlsAcceptor>) {
        let permit = match self.gate.enter(peer.ip()) {
            Ok(permit) => permit,
            Err(refused) => {
                self.limit_hits.count(refused.into());
                return refused.say(&stream, acceptor.is_some());
            }
        };
        // Answers are small and wanted at once.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "cannot turn Nagle's algorithm off");
        }
        let server = self.clone();
        self.tasks.spawn(async move {
            server.connection(stream, peer, acceptor).await;
            drop(permit);
        });
    }

    async fn connection(self, stream: TcpStream, peer: SocketAddr, acceptor: Option<TlsAcceptor>) {
        let Some(acceptor) = acceptor else {
            let arrival = Arrival {
                peer,
                is_tls: false,
            };
            // Nobody speaks HTTP/2 without TLS here, and telling them apart by the first bytes would wait for them.
            let http1 = builder().http1_only();
            return self.serve(stream, arrival, http1, Asking::default()).await;
        };
        let mut stream = match timeout(HEAD_TIMEOUT, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return debug!(%error, "a TLS handshake failed"),
            Err(_) => return self.limit_hits.count(Limit::HandshakeTime),
        };
        let arrival = Arrival { peer, is_tls: true };
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            let asking = Asking::default();
            let http2 = builder().http2_only();
            tokio::select! {
                () = self.serve(stream, arrival, http2, asking.clone()) => {}
                () = asking.fewer_than(HTTP2_PREFACE_BYTES, HEAD_TIMEOUT) => {
                    self.limit_hits.count(Limit::HeadTime);
                }
            }
        } else {
            // hyper ends HTTP/1 without close_notify; the next line of the dance is ours when it returns the stream.
            let _ = stream.flush().await;
            let http1 = builder().http1_only();
            self.serve(stream, arrival, http1, Asking::default()).await;
        }
    }

    async fn serve<S>(
        &self,
        stream: S,
        arrival: Arrival,
        builder: auto::Builder<TokioExecutor>,
        asking: Asking,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (router, limit_hits) = (self.router.clone(), self.limit_hits.clone());
        let taking = Taking::default();
        let requests = OpenRequests::new(asking.clone(), taking.clone());
        let stream = TokioIo::new(asking.watch(Outgoing::new(stream, taking.clone())));
        let service = service_fn(move |request: Request<Incoming>| {
            let open = requests.open();
            if open.n_open == HTTP2_STREAMS_MAX as usize {
                limit_hits.count(Limit::Http2Streams);
            }
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(arrival);
            let refused = header_list::refuse(&request);
            if refused.is_some() {
                limit_hits.count(Limit::Head);
            }
            let answer = router.clone().oneshot(request);
            let answer = within(REQUEST_TIMEOUT, answer, limit_hits.clone());
            async move {
                let answer = match refused {
                    Some(refused) => refused,
                    None => answer.await,
                };
                Ok::<_, Infallible>(open.answered(answer))
            }
        });
        let mut connection = pin!(builder.serve_connection(stream, service));
        let ended = tokio::select! {
            ended = self.stop.run_until_cancelled(connection.as_mut()) => ended,
            () = taking.stalls(BODY_PATIENCE) => {
                self.limit_hits.count(Limit::AnswerTime);
                return debug!("a client does not take what it asked for");
            }
        };
        let ended = match ended {
            Some(ended) => ended,
            None => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            let hyper = error.downcast_ref();
            let limit = hyper.and_then(|error| limit_of(error, &asking));
            limit.into_iter().for_each(|met| self.limit_hits.count(met));
            debug!(%error, "a connection ended");
        }
    }
}

/// The limit that hyper ended a connection for.
fn limit_of(error: &hyper::Error, asking: &Asking) -> Option<Limit> {
    let http2 = error.source().and_then(|e| e.downcast_ref::<h2::Error>());
    if http2.and_then(h2::Error::reason) == Some(h2::Reason::ENHANCE_YOUR_CALM) {
        Some(Limit::Http2Calm)
    } else if error.is_parse_too_large() {
        Some(Limit::Head)
    } else {
        // HTTP/2 has a timeout as well, that of a ping, which hyper gives as a source: that client is gone.
        let is_of_head = error.is_timeout() && error.source().is_none();
        (is_of_head && asking.is_asking()).then_some(Limit::HeadTime)
    }
}

/// The answer, or 408 when it takes longer. The body that may still be missing would be taken for the next request: the
/// connection ends with it.
async fn within(
    limit: Duration,
    answer: impl Future<Output = Result<Response, Infallible>>,
    limit_hits: LimitHits,
) -> Response {
    match timeout(limit, answer).await {
        Ok(answer) => answer.unwrap_or_else(|never| match never {}),
        Err(_) => {
            limit_hits.count(Limit::RequestTime);
            let detail = "The request took too long. Send it again, with its body at once.";
            let mut late = problem(StatusCode::REQUEST_TIMEOUT, "request-timeout", detail);
            let headers = late.headers_mut();
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
            // It says nothing that one page may know and another may not: which ones may ask is not looked at.
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            late
        }
    }
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HTTP1_HEAD_BYTES_MAX)
        .max_headers(HTTP1_HEADERS_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS_MAX)
        .max_header_list_size(HTTP2_HEADER_LIST_BYTES_KEPT)
        .max_pending_accept_reset_streams(HTTP2_PENDING_RESETS_MAX)
        .keep_alive_interval(HTTP2_PING_INTERVAL)
        .keep_alive_timeout(HTTP2_PING_INTERVAL);
    builder
}

/// EMFILE or ENFILE.
fn is_exhaustion(error: &std::io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    matches!(error.raw_os_error(), Some(ENFILE | EMFILE))
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use axum::http::header::CONTENT_TYPE;
    use axum::response::IntoResponse as _;

    use super::*;

    #[tokio::test]
    async fn an_answer_that_does_not_come_in_time_is_408_and_counted() {
        let hits = LimitHits::default();
        let good = ready(Ok(StatusCode::OK.into_response()));
        let response = within(Duration::ZERO, good, hits.clone()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(hits.of(Limit::RequestTime), 0);
        let response = within(Duration::from_millis(1), pending(), hits.clone()).await;
        assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(response.headers()[CONNECTION], "close");
        assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        assert_eq!(hits.of(Limit::RequestTime), 1);
    }
}
