//! From when until when a certificate is good, and whether anybody else says so.

use sfu_model::time::UnixTime;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// The `Validity` of a certificate (RFC 5280 section 4.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) not_before: UnixTime,
    pub(crate) not_after: UnixTime,
}

impl Validity {
    /// Reads it from a certificate in DER.
    pub(crate) fn of(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_der(der).ok()?;
        let validity = certificate.tbs_certificate().validity();
        let seconds = |time: &x509_cert::time::Time| UnixTime(time.to_unix_duration().as_secs());
        Some(Self {
            not_before: seconds(&validity.not_before),
            not_after: seconds(&validity.not_after),
        })
    }

    /// When to replace it: after two thirds of its life, which leaves a third for a few failures, whether it lives
    /// 90 days or six.
    pub(crate) fn renew_at(self) -> UnixTime {
        let life = self.not_after.0.saturating_sub(self.not_before.0);
        UnixTime(self.not_before.0.saturating_add(life / 3 * 2))
    }
}

/// Whether a certificate in DER names itself as its issuer (RFC 5280 section 3.2). One that cannot be read is nobody's.
pub(crate) fn is_self_issued(der: &[u8]) -> bool {
    Certificate::from_der(der).map_or(true, |certificate| {
        let parts = certificate.tbs_certificate();
        parts.issuer() == parts.subject()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_due_after_two_thirds_of_its_life() {
        let day = 86_400;
        let ninety = Validity {
            not_before: UnixTime(0),
            not_after: UnixTime(90 * day),
        };
        assert_eq!(ninety.renew_at(), UnixTime(60 * day));
        let backwards = Validity {
            not_before: UnixTime(9),
            not_after: UnixTime(3),
        };
        assert_eq!(backwards.renew_at(), UnixTime(9));
    }

    #[test]
    fn the_dates_of_a_certificate_are_read() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 4, 1);
        let certificate = params.self_signed(&key).unwrap();
        let validity = Validity::of(certificate.der()).unwrap();
        assert_eq!(validity.not_before, UnixTime(1_767_225_600));
        assert_eq!(validity.not_after, UnixTime(1_767_225_600 + 90 * 86_400));
        assert_eq!(Validity::of(b"no certificate"), None);
    }
}
