//! What a signed URL says: until when it is good, and for whom.

use std::net::IpAddr;

use sfu_model::time::UnixTime;

use super::country::Country;
use super::network::Network;

/// The version of the text.
const VERSION: &str = "1";

/// The conditions of a signed URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// From when on it is good no more.
    pub expires: UnixTime,
    /// From which addresses; `None` for any.
    pub network: Option<Network>,
    /// From which country; `None` for any.
    pub country: Option<Country>,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    /// From which address.
    pub address: IpAddr,
    /// From which country, where somebody who is believed said so.
    pub country: Option<Country>,
}

/// Why a signed URL opens nothing. All are HTTP 403: another credential would not help, another URL would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum UrlRefusal {
    /// It is not ours, is for another stream, was changed, or is older than the keys.
    #[error("the URL is not signed, or not for this stream")]
    Signature,
    /// Its time is over.
    #[error("the URL has expired")]
    Expired,
    /// It is for other addresses.
    #[error("the URL is not for this address")]
    Address,
    /// It is for another country, or nobody knows from which this is.
    #[error("the URL is not for this country")]
    Country,
}

impl UrlRefusal {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Signature, Self::Expired, Self::Address, Self::Country];

    /// Its label in metrics and problems.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Expired => "expired",
            Self::Address => "address",
            Self::Country => "country",
        }
    }
}

impl Terms {
    /// Whether it is good for who asks.
    pub fn admit(&self, asker: Asker, unix_now: UnixTime) -> Result<(), UrlRefusal> {
        if unix_now >= self.expires {
            return Err(UrlRefusal::Expired);
        }
        if self
            .network
            .is_some_and(|network| !network.contains(asker.address))
        {
            return Err(UrlRefusal::Address);
        }
        if self.country.is_some() && self.country != asker.country {
            return Err(UrlRefusal::Country);
        }
        Ok(())
    }

    /// The text that is signed with the stream.
    pub(super) fn to_text(self) -> String {
        let mut text = format!("{VERSION}.e{}", self.expires.0);
        if let Some(network) = self.network {
            text.push_str(".a");
            text.push_str(&network.to_field());
        }
        if let Some(country) = self.country {
            text.push_str(".c");
            text.push_str(&country.to_string());
        }
        text
    }

    /// Reads a text whose signature is good. `None`: a version or a condition that this build does not know, which it cannot
    /// hold to.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let mut fields = text.strip_prefix(VERSION)?.strip_prefix('.')?.split('.');
        let expires = fields.next()?.strip_prefix('e')?.parse().ok()?;
        let mut terms = Self {
            expires: UnixTime(expires),
            network: None,
            country: None,
        };
        for field in fields {
            if let Some(network) = field.strip_prefix('a') {
                terms.network = Some(Network::from_field(network).ok()?);
            } else {
                terms.country = Some(field.strip_prefix('c')?.parse().ok()?);
            }
        }
        Some(terms)
    }
}
