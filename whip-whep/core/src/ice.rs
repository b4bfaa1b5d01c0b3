//! What identifies one side of an ICE session.

use std::fmt;

/// ICE user fragment and password (RFC 8839 section 5.4).
#[derive(Clone, PartialEq, Eq)]
pub struct IceCredentials {
    /// 4 to 256 characters.
    pub ufrag: String,
    /// 22 to 256 characters. A secret.
    pub password: String,
}

impl IceCredentials {
    /// Checks both against RFC 8839 section 5.4.
    pub fn parse(ufrag: &str, password: &str) -> Option<Self> {
        let ice_char = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
        let is_valid = (4..=256).contains(&ufrag.len())
            && (22..=256).contains(&password.len())
            && ufrag.bytes().chain(password.bytes()).all(ice_char);
        is_valid.then(|| Self {
            ufrag: ufrag.to_owned(),
            password: password.to_owned(),
        })
    }
}

impl fmt::Debug for IceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IceCredentials({}, ***)", self.ufrag)
    }
}
