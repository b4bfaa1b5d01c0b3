//! Certificates from an authority that speaks ACME (RFC 8555), renewed by themselves.
//!
//! The authority asks `http://NAME/.well-known/acme-challenge/TOKEN` (HTTP-01), so port 80 of every name must lead to
//! the HTTP listener. The account's key, the certificate and its key are kept in the data folder.

pub(crate) mod challenge;
mod order;
mod renewal;

use std::path::PathBuf;
use std::sync::Arc;

use rustls::sign::CertifiedKey;
use sfu_net::clock;
use tokio_util::sync::CancellationToken;

use self::challenge::Challenges;
use self::renewal::Renewal;
use crate::config::settings::Acme;
use crate::data_dir::{DataDir, write_atomically};
use crate::tls::validity::Validity;
use crate::tls::{CertificateSlot, files};

/// The authority, and what is kept of its work.
pub(crate) struct Authority {
    config: Acme,
    data: DataDir,
    challenges: Challenges,
}

impl Authority {
    pub(crate) fn new(config: Acme, data: DataDir, challenges: Challenges) -> Self {
        Self {
            config,
            data,
            challenges,
        }
    }

    fn certificate_file(&self) -> PathBuf {
        self.data.file("acme-certificate.pem")
    }

    fn key_file(&self) -> PathBuf {
        self.data.file("acme-certificate.key")
    }

    /// The names that the kept certificate is for, one per line.
    fn names_file(&self) -> PathBuf {
        self.data.file("acme-certificate.names")
    }

    fn names(&self) -> String {
        self.config.domains.join("\n")
    }

    /// The certificate of an earlier run, if it is for the same names and not over.
    pub(crate) fn kept(&self) -> Option<Arc<CertifiedKey>> {
        if std::fs::read_to_string(self.names_file()).ok()? != self.names() {
            return None;
        }
        let kept = files::read(&self.certificate_file(), &self.key_file()).ok()?;
        let validity = Validity::of(kept.cert.first()?)?;
        (clock::unix_now() < validity.not_after).then_some(kept)
    }

    /// Orders a certificate when there is none or it is due, and shows it, for as long as the server runs.
    pub(crate) async fn keep_fresh(
        self: Box<Self>,
        slot: Arc<CertificateSlot>,
        stop: CancellationToken,
    ) {
        let mut renewal = Renewal::new(slot, self.kept());
        let keep = async {
            loop {
                let wait = renewal.look(clock::unix_now(), self.obtain()).await;
                tokio::time::sleep(wait).await;
            }
        };
        stop.run_until_cancelled(keep).await;
    }

    async fn obtain(&self) -> Result<Arc<CertifiedKey>, order::OrderError> {
        let account = self.data.file("acme-account.json");
        let signed = order::run(&self.config, &account, &self.challenges).await;
        self.challenges.clear();
        let signed = signed?;
        write_atomically(&self.key_file(), signed.key_pem.as_bytes())?;
        write_atomically(&self.certificate_file(), signed.chain_pem.as_bytes())?;
        write_atomically(&self.names_file(), self.names().as_bytes())?;
        Ok(files::read(&self.certificate_file(), &self.key_file())?)
    }
}
