//! One HTTP/1.1 connection that is kept open, as a player has it: one request at a time.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, HOST, HeaderValue, InvalidHeaderValue};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName};
use rustls::{ClientConfig, RootCertStore};
use sfu_model::time::Instant;
use sfu_net::clock::Clock;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionError {
    /// Operator: `http` or `https`, with a host.
    #[error("{0} is no URL of a server")]
    Url(Url),
    /// Operator: slow readers read what is sent, and not what TLS makes of it.
    #[error("slow readers need a URL of http")]
    Encrypted,
    /// Operator: https needs a certificate that is believed.
    #[error("https needs the certificate that is believed, in PEM")]
    NoCertificate,
    /// Operator: it is no PEM, or no certificate.
    #[error("the certificate: {0}")]
    Certificate(String),
    /// Operator: a header cannot carry the token.
    #[error("the token is not printable ASCII")]
    Token(#[from] InvalidHeaderValue),
    /// The server's name is none.
    #[error("{0}")]
    Name(#[from] InvalidDnsNameError),
    /// There is no connection, or no more.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// What came is no HTTP.
    #[error("{0}")]
    Http(#[from] hyper::Error),
    /// A request that cannot be written.
    #[error("{0}")]
    Request(#[from] hyper::http::Error),
}

/// A server, and how it is talked to. Clones are of the same one.
#[derive(Clone)]
pub struct Server {
    host: String,
    port: u16,
    authority: HeaderValue,
    bearer: Option<HeaderValue>,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: Bytes,
    /// When the request was written.
    pub asked_at: Instant,
    /// When its head was here.
    pub first_byte_at: Instant,
    /// When all of it was here.
    pub last_byte_at: Instant,
}

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    sender: SendRequest<Empty<Bytes>>,
    authority: HeaderValue,
    bearer: Option<HeaderValue>,
    clock: Clock,
}

impl Server {
    /// The server of a URL. Of https, the certificate is believed that is given, and no other.
    pub fn of(
        url: &Url,
        certificate: Option<&[u8]>,
        token: Option<&str>,
    ) -> Result<Self, ConnectionError> {
        let no_url = || ConnectionError::Url(url.clone());
        let host = url.host_str().ok_or_else(no_url)?.to_owned();
        let port = url.port_or_known_default().ok_or_else(no_url)?;
        let tls = match url.scheme() {
            "http" => None,
            "https" => {
                let pem = certificate.ok_or(ConnectionError::NoCertificate)?;
                let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())?;
                Some((connector(pem)?, name))
            }
            _ => return Err(no_url()),
        };
        let bearer = token.map(|token| HeaderValue::try_from(format!("Bearer {token}")));
        Ok(Self {
            authority: HeaderValue::try_from(format!("{host}:{port}"))?,
            bearer: bearer.transpose()?,
            host,
            port,
            tls,
        })
    }

    /// Host and port, of plain HTTP.
    pub(super) fn plain_address(&self) -> Result<(&str, u16), ConnectionError> {
        match self.tls {
            None => Ok((self.host.trim_matches(['[', ']']), self.port)),
            Some(_) => Err(ConnectionError::Encrypted),
        }
    }

    /// Opens a connection.
    pub async fn connect(&self, clock: Clock) -> Result<Connection, ConnectionError> {
        let host = self.host.trim_matches(['[', ']']);
        let stream = TcpStream::connect((host, self.port)).await?;
        stream.set_nodelay(true)?;
        let sender = match &self.tls {
            None => handshake(stream).await?,
            Some((tls, name)) => handshake(tls.connect(name.clone(), stream).await?).await?,
        };
        Ok(Connection {
            sender,
            authority: self.authority.clone(),
            bearer: self.bearer.clone(),
            clock,
        })
    }
}

impl Connection {
    /// Asks for a path and its query, and takes the answer whole.
    pub async fn get(&mut self, path: &str) -> Result<Answer, ConnectionError> {
        let uri = Uri::try_from(path).map_err(hyper::http::Error::from)?;
        let mut request = Request::get(uri).header(HOST, self.authority.clone());
        if let Some(bearer) = &self.bearer {
            request = request.header(AUTHORIZATION, bearer.clone());
        }
        let request = request.body(Empty::new())?;
        self.sender.ready().await?;
        let asked_at = self.clock.now();
        let response = self.sender.send_request(request).await?;
        let first_byte_at = self.clock.now();
        let status = response.status().as_u16();
        let body = whole(response.into_body()).await?;
        Ok(Answer {
            status,
            body,
            asked_at,
            first_byte_at,
            last_byte_at: self.clock.now(),
        })
    }
}

/// All of a body; one that came in one piece is not copied.
async fn whole(mut body: hyper::body::Incoming) -> Result<Bytes, hyper::Error> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame?.into_data() else {
            continue;
        };
        if first.is_empty() {
            first = piece;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&piece);
        }
    }
    Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    })
}

async fn handshake<S>(stream: S) -> Result<SendRequest<Empty<Bytes>>, ConnectionError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        // Its end is seen by whoever asks next.
        let _ = connection.await;
    });
    Ok(sender)
}

fn connector(pem: &[u8]) -> Result<TlsConnector, ConnectionError> {
    // A process that has chosen its provider already keeps it.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let bad = |error: &dyn std::error::Error| ConnectionError::Certificate(error.to_string());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| bad(&error))?;
        roots.add(certificate).map_err(|error| bad(&error))?;
    }
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
