//! Which certificate HTTPS shows, and what keeps it fresh.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use rustls::ServerConfig;
use sfu_net::addresses::interface_addresses;
use sfu_net::clock;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::listeners::Listeners;
use crate::acme::Authority;
use crate::acme::challenge::Challenges;
use crate::config::settings::Config;
use crate::data_dir::DataDir;
use crate::http::hsts;
use crate::tls::self_signed::{self, SelfSignedError};
use crate::tls::{self, CertificateSlot, files};

/// HTTPS has nothing to show. The operator must act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum NoCertificate {
    #[error(transparent)]
    Files(#[from] files::CertificateError),
    #[error(transparent)]
    SelfSigned(#[from] SelfSignedError),
}

/// Where the certificate is from.
enum Source {
    Files,
    SelfSigned,
    /// Shown until the authority has signed: the one kept from the last run, or a self-signed one.
    Authority(Box<Authority>),
}

/// The certificate of the HTTPS port.
pub(crate) struct Certificates(Option<(Arc<CertificateSlot>, Source)>);

impl Certificates {
    pub(crate) fn open(
        config: &Config,
        data: &DataDir,
        listeners: &Listeners,
        challenges: &Challenges,
    ) -> Result<Self, NoCertificate> {
        if listeners.https_port().is_none() {
            return Ok(Self(None));
        }
        let https = &config.https;
        if !https.certificate.as_os_str().is_empty() {
            let certificate = files::read(&https.certificate, &https.private_key)?;
            return Ok(Self(Some((
                CertificateSlot::new(certificate),
                Source::Files,
            ))));
        }
        let interfaces = interface_addresses().unwrap_or_default();
        let host = host_name();
        let names = self_signed::names(&interfaces, host.as_deref(), &https.names);
        if config.acme.domains.is_empty() {
            let certificate = self_signed::load(data, &names, clock::unix_now())?;
            return Ok(Self(Some((
                CertificateSlot::new(certificate),
                Source::SelfSigned,
            ))));
        }
        let authority = Authority::new(config.acme.clone(), data.clone(), challenges.clone());
        let certificate = match authority.kept() {
            Some(kept) => kept,
            None => self_signed::load(data, &names, clock::unix_now())?,
        };
        let slot = CertificateSlot::new(certificate);
        Ok(Self(Some((slot, Source::Authority(Box::new(authority))))))
    }

    pub(crate) fn server_config(&self) -> Option<Arc<ServerConfig>> {
        self.0.as_ref().map(|(slot, _)| tls::server_config(slot))
    }

    /// The routes, with the header that keeps browsers at HTTPS while they have a certificate to believe.
    pub(crate) fn stay_with_https(&self, router: Router) -> Router {
        match &self.0 {
            Some((slot, _)) => {
                router.layer(from_fn_with_state(Arc::clone(slot), hsts::stay_with_https))
            }
            None => router,
        }
    }

    /// Of a certificate that only its fingerprint vouches for.
    pub(crate) fn fingerprint(&self) -> Option<String> {
        match &self.0 {
            Some((slot, Source::SelfSigned)) => Some(slot.fingerprint()),
            Some((_, Source::Files | Source::Authority(_))) | None => None,
        }
    }

    /// Reloads or renews it for as long as the server runs.
    pub(crate) fn keep_fresh(self, config: &Config, tasks: &TaskTracker, stop: &CancellationToken) {
        let stop = stop.clone();
        match self.0 {
            Some((slot, Source::Files)) => {
                let (certificate, key) = (&config.https.certificate, &config.https.private_key);
                let reload =
                    files::reload_when_changed(slot, certificate.clone(), key.clone(), stop);
                tasks.spawn(reload);
            }
            Some((slot, Source::Authority(authority))) => {
                tasks.spawn(authority.keep_fresh(slot, stop));
            }
            // A self-signed one outlives every process: the next start renews it.
            Some((_, Source::SelfSigned)) | None => {}
        }
    }
}

/// The machine's name, if it can stand in a certificate.
fn host_name() -> Option<String> {
    let name = std::fs::read_to_string(Path::new("/proc/sys/kernel/hostname")).ok()?;
    let name = name.trim();
    let letters = name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    (letters && !name.is_empty()).then(|| name.to_owned())
}
