//! When an order runs, and what is shown meanwhile. Time is an argument: this knows no clock.

use std::sync::Arc;
use std::time::Duration;

use rustls::sign::CertifiedKey;
use sfu_model::time::UnixTime;
use tracing::{info, warn};

use super::order::OrderError;
use crate::tls::CertificateSlot;
use crate::tls::validity::Validity;

/// How often the certificate's age is looked at. The wall clock may jump and a laptop may sleep, so the wait is never
/// the whole of two months. It also bounds how often an authority is asked whose certificates are due at once.
const CHECK_INTERVAL: Duration = Duration::from_secs(3_600);

/// The wait after a failed order, doubled with each more: authorities allow five failures per account, name and hour.
const RETRY_MIN: Duration = Duration::from_secs(15 * 60);

/// The longest wait after failures: a third of a short-lived certificate's life (six days) holds eight of them.
const RETRY_MAX: Duration = Duration::from_secs(6 * 3_600);

/// The certificate in use, and how long to leave the authority alone after a failure.
pub(super) struct Renewal {
    slot: Arc<CertificateSlot>,
    kept: Option<Arc<CertifiedKey>>,
    retry: Duration,
}

impl Renewal {
    /// `kept` is the authority's certificate that the slot shows; without one it shows some other.
    pub(super) fn new(slot: Arc<CertificateSlot>, kept: Option<Arc<CertifiedKey>>) -> Self {
        Self {
            slot,
            kept,
            retry: RETRY_MIN,
        }
    }

    /// Runs `order` if it is time, and shows what it gives; a failure leaves the slot as it is. Gives the time until
    /// the next look.
    pub(super) async fn look(
        &mut self,
        unix_now: UnixTime,
        order: impl Future<Output = Result<Arc<CertifiedKey>, OrderError>>,
    ) -> Duration {
        let left = self.left(unix_now);
        if !left.is_zero() {
            return left.min(CHECK_INTERVAL);
        }
        match order.await {
            Ok(fresh) => {
                self.slot.replace(Arc::clone(&fresh));
                info!("certificate signed");
                self.kept = Some(fresh);
                self.retry = RETRY_MIN;
                CHECK_INTERVAL
            }
            Err(error) => {
                let wait = self.retry;
                let again_secs = wait.as_secs();
                warn!(%error, again_secs, "the certificate authority has not signed");
                self.retry = wait.saturating_mul(2).min(RETRY_MAX);
                wait
            }
        }
    }

    /// The time until an order is due: none without a certificate, or with one that cannot be read.
    fn left(&self, unix_now: UnixTime) -> Duration {
        let leaf = self.kept.as_deref().and_then(|kept| kept.cert.first());
        let validity = leaf.and_then(|leaf| Validity::of(leaf));
        validity.map_or(Duration::ZERO, |validity| {
            Duration::from_secs(validity.renew_at().0.saturating_sub(unix_now.0))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use rcgen::{CertificateParams, KeyPair, date_time_ymd};
    use rustls::crypto::aws_lc_rs::default_provider;
    use rustls::pki_types::PrivateKeyDer;

    use super::*;

    /// 1 January 2026.
    const SIGNED_AT: u64 = 1_767_225_600;
    const DAY: u64 = 86_400;

    /// A certificate for the 90 days from [`SIGNED_AT`] on.
    fn ninety_days() -> Arc<CertifiedKey> {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["live.example".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2026, 4, 1);
        let chain = vec![params.self_signed(&key).unwrap().der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        Arc::new(CertifiedKey::from_der(chain, key, &default_provider()).unwrap())
    }

    fn at(secs: u64) -> UnixTime {
        UnixTime(SIGNED_AT + secs)
    }

    fn refused() -> OrderError {
        OrderError::Unreachable("live.example".to_owned())
    }

    #[tokio::test]
    async fn it_renews_when_two_thirds_of_the_life_are_over_and_not_before() {
        let (old, new) = (ninety_days(), ninety_days());
        let slot = CertificateSlot::new(Arc::clone(&old));
        let shown = slot.fingerprint();
        let mut renewal = Renewal::new(Arc::clone(&slot), Some(old));
        let early = async { panic!("nobody is asked for anything yet") };
        assert_eq!(renewal.look(at(0), early).await, CHECK_INTERVAL);
        let early = async { panic!("a second is left") };
        let wait = renewal.look(at(60 * DAY - 1), early).await;
        assert_eq!(wait, Duration::from_secs(1), "it does not oversleep");
        assert_eq!(slot.fingerprint(), shown);
        let wait = renewal
            .look(at(60 * DAY), async { Ok(Arc::clone(&new)) })
            .await;
        assert_eq!(wait, CHECK_INTERVAL);
        assert_eq!(
            slot.fingerprint(),
            CertificateSlot::new(new).fingerprint(),
            "the new one is shown"
        );
    }

    #[tokio::test]
    async fn after_failures_it_backs_off_and_goes_on_showing_the_old_one() {
        let old = ninety_days();
        let slot = CertificateSlot::new(Arc::clone(&old));
        let shown = slot.fingerprint();
        let mut renewal = Renewal::new(Arc::clone(&slot), Some(old));
        let mut now = 60 * DAY;
        let mut waits = Vec::new();
        for _ in 0..7 {
            let wait = renewal.look(at(now), async { Err(refused()) }).await;
            assert_eq!(slot.fingerprint(), shown);
            waits.push(wait.as_secs() / 60);
            now += wait.as_secs();
        }
        assert_eq!(waits, [15, 30, 60, 120, 240, 360, 360], "in minutes");
        renewal.look(at(now), async { Ok(ninety_days()) }).await;
        assert_ne!(slot.fingerprint(), shown);
        // That one is as old as the first: the next order is due, and fails for the first time again.
        let wait = renewal.look(at(now), async { Err(refused()) }).await;
        assert_eq!(wait, RETRY_MIN, "a success forgives");
    }

    #[tokio::test]
    async fn without_a_certificate_one_is_ordered_at_once_and_the_stopgap_is_shown_until_then() {
        let slot = CertificateSlot::new(ninety_days());
        let stopgap = slot.fingerprint();
        let mut renewal = Renewal::new(Arc::clone(&slot), None);
        let wait = renewal.look(at(0), async { Err(refused()) }).await;
        assert_eq!((wait, slot.fingerprint()), (RETRY_MIN, stopgap.clone()));
        renewal.look(at(900), async { Ok(ninety_days()) }).await;
        assert_ne!(slot.fingerprint(), stopgap);
    }

    #[tokio::test]
    async fn an_authority_whose_certificates_are_due_at_once_is_not_hammered() {
        let mut renewal = Renewal::new(CertificateSlot::new(ninety_days()), None);
        let n_orders = Cell::new(0);
        let mut now = 80 * DAY;
        for _ in 0..3 {
            let order = async {
                n_orders.set(n_orders.get() + 1);
                Ok(ninety_days())
            };
            let wait = renewal.look(at(now), order).await;
            assert_eq!(wait, CHECK_INTERVAL);
            now += wait.as_secs();
        }
        assert_eq!(n_orders.get(), 3, "one per look");
    }
}
