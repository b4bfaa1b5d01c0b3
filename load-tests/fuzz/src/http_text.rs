//! Requests as an input spells them: one after the other, as on a connection.

use crate::endpoints::Sent;
use signaling_auth::grant::{Refusal, Subject};
use whip_whep_core::request::Method;

/// Stands between two requests. A body that holds it ends there.
pub(crate) const BETWEEN: &[u8] = b"\n----\n";

/// Ends the head of a request.
const HEAD_END: &[u8] = b"\n\n";

/// The requests of an input. One whose head is no text is none: what reads HTTP has refused it.
pub(crate) fn requests(bytes: &[u8]) -> impl Iterator<Item = Sent<'_>> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let (request, after) = cut(rest?, BETWEEN);
        rest = after;
        Some(request)
    })
    .filter_map(request)
}

fn request(bytes: &[u8]) -> Option<Sent<'_>> {
    let (head, body) = cut(bytes, HEAD_END);
    let mut lines = std::str::from_utf8(head).ok()?.lines();
    let (method, path) = lines.next()?.split_once(' ')?;
    let mut sent = Sent {
        method: self::method(method),
        path,
        content_type: None,
        content_encoding: None,
        if_match: None,
        origin: None,
        subject: Ok(Subject::KeyHolder),
        body: body.unwrap_or_default(),
    };
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        match name {
            "content-type" => sent.content_type = Some(value),
            "content-encoding" => sent.content_encoding = Some(value),
            "if-match" => sent.if_match = Some(value),
            "origin" => sent.origin = Some(value),
            "as" => sent.subject = subject(value),
            _ => {}
        }
    }
    Some(sent)
}

/// What stands before the mark, and what after it, if it is there.
pub(crate) fn cut<'a>(bytes: &'a [u8], mark: &[u8]) -> (&'a [u8], Option<&'a [u8]>) {
    let found = bytes.windows(mark.len()).position(|window| window == mark);
    let cut = found.and_then(|at| bytes.split_at_checked(at));
    cut.map_or((bytes, None), |(before, after)| {
        (before, after.get(mark.len()..))
    })
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "OPTIONS" => Method::Options,
        "POST" => Method::Post,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => Method::Other,
    }
}

/// Who asks, in place of a credential: a verified one is where this begins.
fn subject(name: &str) -> Result<Subject, Refusal> {
    match name {
        "nobody" => Err(Refusal::Missing),
        "a-guesser" => Err(Refusal::Invalid),
        "anybody" => Ok(Subject::Anonymous),
        "the-key" => Ok(Subject::KeyHolder),
        token => Ok(Subject::Token(token.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_read_as_requests_with_bodies_of_any_bytes() {
        let input = b"POST /whep/a\nas: bob\nif-match: \"x\"\n\n{\xff\n\n}\n----\n\xff /\n----\nGET /whip/b";
        let read: Vec<Sent<'_>> = requests(input).collect();
        let [post, get] = &read[..] else {
            panic!("{read:?}")
        };
        assert_eq!((post.method, post.path), (Method::Post, "/whep/a"));
        assert_eq!(post.body, b"{\xff\n\n}");
        assert_eq!(post.if_match, Some("\"x\""));
        assert_eq!(post.subject, Ok(Subject::Token("bob".into())));
        assert_eq!((get.method, get.path), (Method::Get, "/whip/b"));
        assert_eq!(get.body, b"");
    }
}
