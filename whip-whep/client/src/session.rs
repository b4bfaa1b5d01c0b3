//! One open session: trickle, ICE restart, hang up.

use reqwest::header::{CONTENT_TYPE, ETAG, IF_MATCH};
use reqwest::{Method, Response, Url};

use crate::connection::Connection;
use crate::error::{Error, checked};
use crate::ice_server::IceServer;

/// `Content-Type` of an answer to a counter-offer.
const SDP: &str = "application/sdp";

/// `Content-Type` of fragments.
const SDP_FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// One open session. Dropping it leaves it open: the server ends it when its consent expires.
pub struct Session {
    connection: Connection,
    url: Url,
    etag: Option<String>,
    ice_servers: Vec<IceServer>,
}

/// The URL is a secret.
impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session(..)")
    }
}

impl Session {
    pub(crate) fn new(
        connection: Connection,
        url: Url,
        etag: Option<String>,
        ice_servers: Vec<IceServer>,
    ) -> Self {
        Self {
            connection,
            url,
            etag,
            ice_servers,
        }
    }

    /// The session URL. Whoever has it, and the bearer, can end the session.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The entity tag of the ICE session in use; `None` where the server supports neither trickle nor restart.
    pub fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    /// The servers that the endpoint recommends.
    pub fn ice_servers(&self) -> &[IceServer] {
        &self.ice_servers
    }

    /// Sends candidates of the ICE session in use.
    pub async fn trickle(&self, fragment: &str) -> Result<(), Error> {
        let etag = self.etag.as_deref();
        let etag = etag.ok_or(Error::Protocol("the 201 had no ETag: no trickle"))?;
        self.patch(etag, fragment).await.map(|_| ())
    }

    /// Sends new credentials, and gives the server's in return. On an error the ICE session in use goes on.
    pub async fn restart(&mut self, fragment: &str) -> Result<String, Error> {
        let response = self.patch("*", fragment).await?;
        let etag = response.headers().get(ETAG);
        let etag = etag.and_then(|value| value.to_str().ok());
        let etag = etag.ok_or(Error::Protocol("a restart has no ETag"))?;
        self.etag = Some(etag.to_owned());
        Ok(response.text().await?)
    }

    /// Answers a counter-offer.
    pub async fn answer(&self, answer: &str) -> Result<(), Error> {
        let request = self.connection.request(Method::PATCH, self.url.clone());
        let request = request.header(CONTENT_TYPE, SDP).body(answer.to_owned());
        checked(request.send().await?).await.map(|_| ())
    }

    /// Ends the session.
    pub async fn close(self) -> Result<(), Error> {
        let request = self.connection.request(Method::DELETE, self.url.clone());
        checked(request.send().await?).await.map(|_| ())
    }

    async fn patch(&self, if_match: &str, fragment: &str) -> Result<Response, Error> {
        let request = self.connection.request(Method::PATCH, self.url.clone());
        let request = request
            .header(CONTENT_TYPE, SDP_FRAGMENT)
            .header(IF_MATCH, if_match)
            .body(fragment.to_owned());
        checked(request.send().await?).await
    }
}
