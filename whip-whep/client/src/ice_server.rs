//! ICE servers from `Link` header fields (RFC 9725 section 4.6).

use reqwest::header::{HeaderMap, LINK};

/// A STUN or TURN server that the endpoint recommends.
#[derive(Clone, PartialEq, Eq)]
pub struct IceServer {
    /// `turn:host:port?transport=udp` and the like.
    pub uri: String,
    /// TURN's user name.
    pub username: Option<String>,
    /// TURN's password. A secret.
    pub credential: Option<String>,
}

impl std::fmt::Debug for IceServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IceServer({})", self.uri)
    }
}

impl IceServer {
    /// All of a response. Links of another relation are not for us.
    pub(crate) fn all(headers: &HeaderMap) -> Vec<Self> {
        let fields = headers.get_all(LINK).iter();
        let values = fields.filter_map(|value| value.to_str().ok());
        values
            .flat_map(links)
            .filter_map(|link| Self::parse(&link))
            .collect()
    }

    fn parse(link: &str) -> Option<Self> {
        let (uri, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let parameters = unquoted_split(parameters, ';');
        let parameter = |name: &str| {
            let mut pairs = parameters
                .iter()
                .filter_map(|pair| pair.trim().split_once('='));
            let found = pairs.find(|(n, _)| n.trim().eq_ignore_ascii_case(name));
            found.map(|(_, value)| unquoted(value.trim()))
        };
        (parameter("rel")? == "ice-server").then(|| Self {
            uri: uri.to_owned(),
            username: parameter("username"),
            credential: parameter("credential"),
        })
    }
}

/// The links of one field value (RFC 8288 section 3).
fn links(value: &str) -> Vec<String> {
    unquoted_split(value, ',')
}

/// Splits where the separator is neither quoted nor between `<` and `>`.
fn unquoted_split(text: &str, separator: char) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let (mut is_quoted, mut is_escaped, mut is_uri) = (false, false, false);
    for c in text.chars() {
        if c == separator && !is_quoted && !is_uri {
            parts.push(std::mem::take(&mut part));
            continue;
        }
        match c {
            '"' if !is_escaped => is_quoted = !is_quoted,
            '<' if !is_quoted => is_uri = true,
            '>' if !is_quoted => is_uri = false,
            _ => {}
        }
        is_escaped = is_quoted && c == '\\' && !is_escaped;
        part.push(c);
    }
    parts.push(part);
    parts
}

fn unquoted(value: &str) -> String {
    let inner = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let Some(inner) = inner else {
        return value.to_owned();
    };
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn all(values: &[&'static str]) -> Vec<IceServer> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(LINK, HeaderValue::from_static(value));
        }
        IceServer::all(&headers)
    }

    #[test]
    fn each_link_is_a_server_whether_apart_or_in_one_field() {
        let turn = "<turn:[2001:db8::1]:3478?transport=udp>; rel=\"ice-server\"; username=\"u,;\"; \
                    credential=\"p\\\"w\"; credential-type=\"password\"";
        let servers = all(&[
            "<stun:a.test>; rel=ice-server, <stun:b.test>; rel=\"ice-server\"",
            turn,
        ]);
        let uris: Vec<&str> = servers.iter().map(|server| server.uri.as_str()).collect();
        assert_eq!(
            uris,
            [
                "stun:a.test",
                "stun:b.test",
                "turn:[2001:db8::1]:3478?transport=udp"
            ]
        );
        assert_eq!(servers[2].username.as_deref(), Some("u,;"));
        assert_eq!(servers[2].credential.as_deref(), Some("p\"w"));
    }

    #[test]
    fn other_relations_and_nonsense_are_ignored() {
        let extension =
            "</x>; rel=\"urn:ietf:params:whep:ext:core:server-sent-events\"; events=\"a\"";
        assert_eq!(
            all(&[
                extension,
                "nonsense",
                "<stun:a.test>",
                "<; rel=ice-server",
                ""
            ]),
            []
        );
    }
}
