//! ICE servers in header fields: URI, user name and password, separated by line feeds.

use whip_whep_core::link_header::{Credential, IceServer};

/// What is taken stands in one header field: nothing breaks out of its quotes, its brackets or its line.
pub fn link_header(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut parts = text.splitn(3, '\n');
    let uri = parts.next().unwrap_or_default();
    let credential = parts
        .next()
        .zip(parts.next())
        .map(|(username, password)| Credential {
            username: username.to_owned(),
            password: password.to_owned(),
        });
    let Ok(server) = IceServer::new(uri, credential) else {
        return;
    };
    let link = server.link();
    assert!(
        link.bytes().all(|b| (0x20..0x7f).contains(&b)),
        "not printable: {link:?}"
    );
    let (target, parameters) = link
        .strip_prefix('<')
        .and_then(|rest| rest.split_once('>'))
        .expect("a link begins with its target in brackets");
    assert_eq!(target, uri);
    assert!(is_closed(parameters), "a quote is left open: {link:?}");
}

/// True when every quoted-string of the parameters ends (RFC 9110 section 5.6.4).
fn is_closed(parameters: &str) -> bool {
    let mut in_quotes = false;
    let mut characters = parameters.chars();
    while let Some(character) = characters.next() {
        match character {
            // An escape hides the character after it; without one, the quote stays open.
            '\\' if in_quotes => drop(characters.next()),
            '"' => in_quotes = !in_quotes,
            _ => {}
        }
    }
    !in_quotes
}
