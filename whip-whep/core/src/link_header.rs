//! ICE servers as `Link` header fields (RFC 9725 section 4.6).

use std::fmt;

/// A STUN or TURN server that clients are told about.
#[derive(Clone, PartialEq, Eq)]
pub struct IceServer {
    uri: String,
    credential: Option<Credential>,
}

/// Long-term credential of a TURN server (RFC 8489 section 9.2).
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// The user name.
    pub username: String,
    /// The password. A secret.
    pub password: String,
}

impl fmt::Debug for IceServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = self.credential.as_ref().map(|_| "***");
        write!(f, "IceServer({}, {secret:?})", self.uri)
    }
}

/// Why a configured ICE server cannot be put into a header. Operator: correct the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidIceServer {
    /// Not a STUN or TURN URI.
    #[error(
        "an ICE server is stun:host:port, stuns:host:port, turn:host:port?transport=udp or turns:..., \
         an IPv6 host in brackets"
    )]
    Uri,
    /// A credential that a header cannot carry.
    #[error("user name and password of an ICE server are printable ASCII")]
    Credential,
    /// `turn:` without credential: no browser takes it.
    #[error("a turn: or turns: server needs a user name and a password")]
    CredentialMissing,
}

impl IceServer {
    /// Checks that both parts can stand in a header as they are.
    pub fn new(uri: &str, credential: Option<Credential>) -> Result<Self, InvalidIceServer> {
        let (scheme, rest) = uri.split_once(':').ok_or(InvalidIceServer::Uri)?;
        if !matches!(scheme, "stun" | "stuns" | "turn" | "turns") || !is_host_port_query(rest) {
            return Err(InvalidIceServer::Uri);
        }
        if scheme.starts_with("turn") && credential.is_none() {
            return Err(InvalidIceServer::CredentialMissing);
        }
        let printable = |text: &String| text.bytes().all(|b| (0x20..0x7f).contains(&b));
        let all_printable = credential
            .as_ref()
            .is_none_or(|c| printable(&c.username) && printable(&c.password));
        if !all_printable {
            return Err(InvalidIceServer::Credential);
        }
        let uri = uri.to_owned();
        Ok(Self { uri, credential })
    }

    /// The value of its `Link` field. The URI stands as it is, not percent-escaped: browsers take it literally.
    pub fn link(&self) -> String {
        let uri = &self.uri;
        match &self.credential {
            None => format!("<{uri}>; rel=\"ice-server\""),
            Some(Credential { username, password }) => format!(
                "<{uri}>; rel=\"ice-server\"; username=\"{}\"; credential=\"{}\"; \
                 credential-type=\"password\"",
                quoted_pair(username),
                quoted_pair(password)
            ),
        }
    }
}

/// `host[:port][?transport=...]` (RFC 7064, RFC 7065): an IPv6 address is in brackets, or its colons would be ports.
fn is_host_port_query(rest: &str) -> bool {
    let (authority, query) = rest
        .split_once('?')
        .map_or((rest, None), |(a, q)| (a, Some(q)));
    let (host, port) = match authority.strip_prefix('[') {
        Some(inner) => match inner.split_once(']') {
            Some((host, after)) if host.parse::<std::net::Ipv6Addr>().is_ok() => (
                host,
                after
                    .strip_prefix(':')
                    .or(if after.is_empty() { None } else { Some("") }),
            ),
            _ => return false,
        },
        None => authority
            .split_once(':')
            .map_or((authority, None), |(h, p)| (h, Some(p))),
    };
    let host_char = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':');
    !host.is_empty()
        && host.bytes().all(host_char)
        && port.is_none_or(|port| port.parse::<u16>().is_ok())
        && query.is_none_or(|query| matches!(query, "transport=udp" | "transport=tcp"))
}

/// Escapes for a quoted-string (RFC 9110 section 5.6.4).
fn quoted_pair(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential() -> Option<Credential> {
        Some(Credential {
            username: "u".into(),
            password: "p\"w".into(),
        })
    }

    #[test]
    fn a_turn_uri_stands_as_it_is_and_its_values_are_quoted() {
        let server = IceServer::new("turn:turn.example.net:3478?transport=udp", credential());
        assert_eq!(
            server.unwrap().link(),
            "<turn:turn.example.net:3478?transport=udp>; rel=\"ice-server\"; username=\"u\"; \
             credential=\"p\\\"w\"; credential-type=\"password\""
        );
        let server = IceServer::new("stun:stun.example.net", None).unwrap();
        assert_eq!(server.link(), "<stun:stun.example.net>; rel=\"ice-server\"");
    }

    #[test]
    fn an_ipv6_host_is_in_brackets() {
        assert!(IceServer::new("turn:[2001:db8::1]:3478?transport=tcp", credential()).is_ok());
        assert!(IceServer::new("turns:[2001:db8::1]", credential()).is_ok());
        let bare = IceServer::new("turn:2001:db8::1", credential());
        assert_eq!(bare, Err(InvalidIceServer::Uri));
    }

    #[test]
    fn what_could_break_out_of_the_header_is_refused() {
        for uri in [
            "http://a",
            "turn:",
            "turn:a>b",
            "turn:a\r\nx: y",
            "turn:a:b",
            "turn:a?x=y",
            "turn:[::1]x",
        ] {
            assert_eq!(
                IceServer::new(uri, credential()),
                Err(InvalidIceServer::Uri),
                "{uri}"
            );
        }
        let line_break = Credential {
            username: "u\r\nx: y".into(),
            password: "p".into(),
        };
        let refused = IceServer::new("turn:a", Some(line_break));
        assert_eq!(refused, Err(InvalidIceServer::Credential));
        let refused = IceServer::new("turn:a", None);
        assert_eq!(refused, Err(InvalidIceServer::CredentialMissing));
    }

    #[test]
    fn a_password_is_not_printed() {
        let server = IceServer::new("turn:a", credential()).unwrap();
        assert!(!format!("{server:?}").contains("p\"w"));
    }
}
