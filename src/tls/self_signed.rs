//! A certificate for a LAN, signed by itself: browsers ask once whether to trust it, and its fingerprint, which is
//! printed at start, is what to compare.

use std::net::IpAddr;
use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair};
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};
use sfu_model::time::UnixTime;
use time::OffsetDateTime;

use super::files::{self, CertificateError};
use crate::data_dir::{DataDir, DataError, at, write_atomically};

const CERTIFICATE_FILE: &str = "self-signed.pem";
const KEY_FILE: &str = "self-signed.key";
const FACTS_FILE: &str = "self-signed.json";

/// How long it is good, in days. Apple refuses a TLS certificate of more than 825 days, others of more than 398;
/// within a year a person can be asked to trust the next one.
const VALID_DAYS: u64 = 365;
const DAY_SECS: u64 = 86_400;

/// How far back it begins, in seconds: the phone that opens the page may have a clock that is an hour slow.
const BACKDATED_SECS: u64 = 3_600;

/// What the kept certificate is for.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Facts {
    names: Vec<String>,
    renew_at: u64,
}

/// Why there is no self-signed certificate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SelfSignedError {
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    #[error(transparent)]
    Read(#[from] CertificateError),
}

/// The names and addresses under which this machine is reached: its interfaces, its host name, what the operator adds.
pub(crate) fn names(interfaces: &[IpAddr], host: Option<&str>, more: &[String]) -> Vec<String> {
    let mut names = vec![
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ];
    let addresses = interfaces
        .iter()
        .filter(|ip| !ip.is_loopback())
        .map(ToString::to_string);
    names.extend(addresses);
    if let Some(host) = host {
        // `.local` is how the host is found by multicast DNS (RFC 6762).
        names.extend([host.to_owned(), format!("{host}.local")]);
    }
    names.extend(more.iter().cloned());
    names.sort();
    names.dedup();
    names
}

/// The kept certificate, or a new one when there is none, it is nearly over, or a name is not on it.
pub(crate) fn load(
    data: &DataDir,
    names: &[String],
    unix_now: UnixTime,
) -> Result<Arc<CertifiedKey>, SelfSignedError> {
    let certificate = data.file(CERTIFICATE_FILE);
    let key = data.file(KEY_FILE);
    if let Some(kept) = facts(data)
        && names.iter().all(|name| kept.names.contains(name))
        && unix_now.0 < kept.renew_at
        && let Ok(kept) = files::read(&certificate, &key)
    {
        return Ok(kept);
    }
    make(data, names, unix_now)?;
    Ok(files::read(&certificate, &key)?)
}

fn facts(data: &DataDir) -> Option<Facts> {
    let text = std::fs::read(data.file(FACTS_FILE)).ok()?;
    serde_json::from_slice(&text).ok()
}

fn make(data: &DataDir, names: &[String], unix_now: UnixTime) -> Result<(), SelfSignedError> {
    let mut params = CertificateParams::new(names.to_vec())?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, "Freshet on this network");
    params.distinguished_name = subject;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = date(unix_now.0.saturating_sub(BACKDATED_SECS));
    params.not_after = date(unix_now.0.saturating_add(VALID_DAYS * DAY_SECS));
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    write_atomically(&data.file(KEY_FILE), key.serialize_pem().as_bytes())?;
    write_atomically(&data.file(CERTIFICATE_FILE), certificate.pem().as_bytes())?;
    let renew_at = unix_now.0.saturating_add(VALID_DAYS * DAY_SECS / 3 * 2);
    let facts = Facts {
        names: names.to_vec(),
        renew_at,
    };
    let path = data.file(FACTS_FILE);
    let text = serde_json::to_vec_pretty(&facts)
        .map_err(|error| at(&path)(std::io::Error::other(error)))?;
    Ok(write_atomically(&path, &text)?)
}

fn date(unix: u64) -> OffsetDateTime {
    i64::try_from(unix)
        .ok()
        .and_then(|unix| OffsetDateTime::from_unix_timestamp(unix).ok())
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    const NOW: UnixTime = UnixTime(1_800_000_000);

    fn leaf(key: &CertifiedKey) -> Vec<u8> {
        key.cert[0].to_vec()
    }

    #[test]
    fn a_certificate_is_kept_until_it_is_due_or_a_name_is_missing() {
        let scratch = Scratch::new("self-signed");
        let data = DataDir::open(scratch.path()).unwrap();
        let home = names(&[], None, &[]);
        let first = leaf(&load(&data, &home, NOW).unwrap());
        assert_eq!(
            first,
            leaf(&load(&data, &home, UnixTime(NOW.0 + 240 * DAY_SECS)).unwrap())
        );
        let moved = names(&["192.0.2.7".parse().unwrap()], Some("laptop"), &[]);
        let second = leaf(&load(&data, &moved, NOW).unwrap());
        assert_ne!(first, second, "the new address is not on the first");
        assert_eq!(
            second,
            leaf(&load(&data, &home, NOW).unwrap()),
            "fewer names need no new one"
        );
        assert_ne!(
            second,
            leaf(&load(&data, &moved, UnixTime(NOW.0 + 250 * DAY_SECS)).unwrap())
        );
    }

    #[test]
    fn the_names_are_on_the_certificate() {
        let scratch = Scratch::new("self-signed-names");
        let data = DataDir::open(scratch.path()).unwrap();
        let interfaces = ["192.0.2.7".parse().unwrap(), "2001:db8::7".parse().unwrap()];
        let names = names(&interfaces, Some("laptop"), &["stage.example".to_owned()]);
        let key = load(&data, &names, NOW).unwrap();
        let certificate = leaf(&key);
        for name in ["laptop.local", "stage.example", "localhost"] {
            let found = certificate
                .windows(name.len())
                .any(|window| window == name.as_bytes());
            assert!(found, "{name}");
        }
        assert!(
            certificate
                .windows(4)
                .any(|window| window == [192, 0, 2, 7])
        );
    }
}
