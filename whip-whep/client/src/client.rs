//! Posting offers.

use reqwest::header::{CONTENT_TYPE, ETAG, HeaderValue, LOCATION};
use reqwest::{Method, Response, Url};

use crate::backoff::Backoff;
use crate::connection::{BuildError, Connection, Trust};
use crate::error::{Error, Refused, checked};
use crate::ice_server::IceServer;
use crate::session::Session;

/// Most redirects that are followed: a balancer in front of a balancer is two.
const REDIRECTS_MAX: usize = 4;

/// `Content-Type` of offers and answers.
const SDP: &str = "application/sdp";

/// Posts offers. Clones share connections.
#[derive(Clone, Debug)]
pub struct Client {
    connection: Connection,
}

/// What a server made of an offer.
#[derive(Debug)]
pub struct Opened {
    /// What to hang up with.
    pub session: Session,
    /// The SDP answer.
    pub answer: String,
}

/// What a server made of an offer for a player: WHEP lets it answer with an offer of its own.
#[derive(Debug)]
pub enum Reply {
    /// It takes the offer.
    Answered(Opened),
    /// It refuses the offer in favour of its own.
    Countered(CounterOffer),
}

/// An offer of the server's (draft-ietf-wish-whep-04 section 4.3), which [`Session::answer`] answers.
#[derive(Debug)]
pub struct CounterOffer {
    /// What to answer, and to hang up with.
    pub session: Session,
    /// The SDP offer.
    pub offer: String,
}

impl Client {
    /// A client that sends this bearer with every request, or none.
    pub fn new(trust: &Trust, bearer: Option<&str>) -> Result<Self, BuildError> {
        let connection = Connection::new(trust, bearer)?;
        Ok(Self { connection })
    }

    /// Posts an offer to a WHIP or WHEP endpoint. A counter-offer is a refusal.
    pub async fn open(&self, endpoint: &str, offer: &str) -> Result<Opened, Error> {
        match self.offer(endpoint, offer).await? {
            Reply::Answered(opened) => Ok(opened),
            Reply::Countered(_) => Err(Error::Refused(Refused {
                status: 406,
                retry_after: None,
                code: None,
                detail: None,
            })),
        }
    }

    /// Posts an offer to a WHEP endpoint.
    pub async fn offer(&self, endpoint: &str, offer: &str) -> Result<Reply, Error> {
        let mut url = Url::parse(endpoint).map_err(|_| Error::BadUrl)?;
        for _ in 0..=REDIRECTS_MAX {
            let request = self.connection.request(Method::POST, url.clone());
            let request = request.header(CONTENT_TYPE, SDP).body(offer.to_owned());
            let response = request.send().await?;
            if is_counter_offer(&response) {
                return self.countered(url, response).await.map(Reply::Countered);
            }
            if !matches!(response.status().as_u16(), 307 | 308) {
                let opened = self.opened(url, checked(response).await?).await;
                return opened.map(Reply::Answered);
            }
            let next = location(&url, &response)?;
            if url.scheme() == "https" && next.scheme() != "https" {
                return Err(Error::Protocol("a redirect leads from https to http"));
            }
            url = next;
        }
        Err(Error::Protocol("too many redirects"))
    }

    /// Posts until it is taken, or until the refusal is one that no waiting helps against, or `n_tries_max` times.
    pub async fn open_patiently(
        &self,
        (endpoint, offer): (&str, &str),
        backoff: &mut Backoff,
        n_tries_max: u32,
    ) -> Result<Opened, Error> {
        for _ in 1..n_tries_max {
            match self.open(endpoint, offer).await {
                Err(error) if error.may_pass() => {
                    tokio::time::sleep(backoff.next_wait(error.retry_after())).await;
                }
                done => return done,
            }
        }
        self.open(endpoint, offer).await
    }

    async fn opened(&self, endpoint: Url, response: Response) -> Result<Opened, Error> {
        if response.status().as_u16() != 201 {
            return Err(Error::Protocol("an offer is not answered with 201"));
        }
        let session = self.session(&endpoint, &response)?;
        let answer = response.text().await?;
        Ok(Opened { session, answer })
    }

    async fn countered(&self, endpoint: Url, response: Response) -> Result<CounterOffer, Error> {
        let session = self.session(&endpoint, &response)?;
        let offer = response.text().await?;
        Ok(CounterOffer { session, offer })
    }

    fn session(&self, endpoint: &Url, response: &Response) -> Result<Session, Error> {
        let url = location(endpoint, response)?;
        let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
        let etag = response.headers().get(ETAG).and_then(text);
        let ice_servers = IceServer::all(response.headers());
        let connection = self.connection.clone();
        Ok(Session::new(connection, url, etag, ice_servers))
    }
}

/// A 406 with SDP is an offer; any other is a refusal.
fn is_counter_offer(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE);
    let kind = kind
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    response.status().as_u16() == 406 && kind.eq_ignore_ascii_case(SDP)
}

/// The `Location`, resolved against the URL that was asked (RFC 9110 section 10.2.2).
fn location(asked: &Url, response: &Response) -> Result<Url, Error> {
    let value = response.headers().get(LOCATION);
    let value = value.and_then(|value| value.to_str().ok());
    let value = value.ok_or(Error::Protocol("there is no Location"))?;
    let resolved = asked.join(value);
    resolved.map_err(|_| Error::Protocol("the Location is no URL"))
}
