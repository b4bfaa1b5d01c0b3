//! Certificates from an authority that speaks ACME (RFC 8555), renewed by themselves.
//!
//! The authority asks `http://NAME/.well-known/acme-challenge/TOKEN` (HTTP-01), so port 80 of every name must lead to
//! the HTTP listener. The account's key, the certificate and its key are kept in the data folder.

pub(crate) mod challenge;
mod order;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::sign::CertifiedKey;
use sfu_model::time::UnixTime;
use sfu_net::clock;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use self::challenge::Challenges;
use crate::config::settings::Acme;
use crate::data_dir::{DataDir, write_atomically};
use crate::tls::validity::Validity;
use crate::tls::{CertificateSlot, files};

/// How often the certificate's age is looked at. The wall clock may jump and a laptop may sleep, so the wait is never
/// the whole of two months.
const CHECK_INTERVAL: Duration = Duration::from_secs(3_600);

/// The wait after a failed order, doubled with each more: authorities allow five failures per account, name and hour.
const RETRY_MIN: Duration = Duration::from_secs(15 * 60);

/// The longest wait after failures: a third of a short-lived certificate's life (six days) holds eight of them.
const RETRY_MAX: Duration = Duration::from_secs(6 * 3_600);

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
        (clock::unix_now() < validity(&kept)?.not_after).then_some(kept)
    }

    /// Orders a certificate when there is none or it is due, and shows it, for as long as the server runs.
    pub(crate) async fn keep_fresh(
        self: Box<Self>,
        slot: Arc<CertificateSlot>,
        stop: CancellationToken,
    ) {
        let mut kept = self.kept();
        let mut retry = RETRY_MIN;
        loop {
            let wait = if is_due(kept.as_deref(), clock::unix_now()) {
                let Some(ordered) = stop.run_until_cancelled(self.obtain()).await else {
                    return;
                };
                match ordered {
                    Ok(fresh) => {
                        slot.replace(Arc::clone(&fresh));
                        info!(names = self.config.domains.join(" "), "certificate signed");
                        kept = Some(fresh);
                        retry = RETRY_MIN;
                        CHECK_INTERVAL
                    }
                    Err(error) => {
                        let again_secs = retry.as_secs();
                        warn!(%error, again_secs, "the certificate authority has not signed");
                        let wait = retry;
                        retry = (retry * 2).min(RETRY_MAX);
                        wait
                    }
                }
            } else {
                CHECK_INTERVAL
            };
            if stop
                .run_until_cancelled(tokio::time::sleep(wait))
                .await
                .is_none()
            {
                return;
            }
        }
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

fn validity(certificate: &CertifiedKey) -> Option<Validity> {
    Validity::of(certificate.cert.first()?)
}

/// None, unreadable, or two thirds of its life gone.
fn is_due(kept: Option<&CertifiedKey>, unix_now: UnixTime) -> bool {
    kept.and_then(validity)
        .is_none_or(|validity| validity.is_due(unix_now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_certificate_one_is_due() {
        assert!(is_due(None, UnixTime(0)));
    }
}
