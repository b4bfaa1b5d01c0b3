//! HTTP to a server that is believed, with the bearer in every request.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderValue, InvalidHeaderValue};
use reqwest::{Certificate, Method, RequestBuilder, Url, redirect};

/// How long any request may take. A POST takes milliseconds; a server that hangs is left for another try.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// Which certificates are believed.
#[derive(Clone, Debug, Default)]
pub enum Trust {
    /// Those that the system believes.
    #[default]
    System,
    /// This one only, in PEM: a server's self-signed certificate.
    Only(Vec<u8>),
}

/// Why there is no client. Caller must act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The certificate is no PEM, or the system has none.
    #[error("cannot set TLS up: {0}")]
    Tls(reqwest::Error),
    /// A header cannot carry it.
    #[error("the bearer is not printable ASCII")]
    Bearer,
}

/// Clones share what is open.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    http: reqwest::Client,
    /// Marked sensitive, so that nothing prints it.
    authorization: Option<HeaderValue>,
}

impl Connection {
    pub(crate) fn new(trust: &Trust, bearer: Option<&str>) -> Result<Self, BuildError> {
        // A process that has chosen its provider already keeps it.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .redirect(redirect::Policy::none());
        if let Trust::Only(pem) = trust {
            let certificate = Certificate::from_pem(pem).map_err(BuildError::Tls)?;
            builder = builder.tls_certs_only([certificate]);
        }
        let authorization = bearer.map(|bearer| {
            let mut value = HeaderValue::try_from(format!("Bearer {bearer}"))?;
            value.set_sensitive(true);
            Ok::<_, InvalidHeaderValue>(value)
        });
        Ok(Self {
            http: builder.build().map_err(BuildError::Tls)?,
            authorization: authorization.transpose().map_err(|_| BuildError::Bearer)?,
        })
    }

    pub(crate) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.http.request(method, url);
        match &self.authorization {
            Some(value) => request.header(AUTHORIZATION, value.clone()),
            None => request,
        }
    }
}
