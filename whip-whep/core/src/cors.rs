//! Which web pages may use the endpoints from a browser (the Fetch standard's CORS protocol).

use crate::response::Response;

/// The pages that may read what we answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// Any page. Safe here: nothing is authorized by cookies, and a page that holds a bearer may use it.
    #[default]
    Any,
    /// These, each like `https://example.com`.
    List(Vec<String>),
}

/// What a page may read of a response besides the basics; without it a browser hides the session URL from its player.
const EXPOSED: &str =
    "Location, Link, ETag, Retry-After, Accept-Post, Accept-Patch, WWW-Authenticate";

/// What a page may do; a list, since `*` covers neither `Authorization` nor a request with credentials.
const METHODS: &str = "GET, HEAD, POST, PATCH, DELETE, OPTIONS";

/// What a page may send.
const REQUEST_HEADERS: &str = "Authorization, Content-Type, If-Match";

/// How long a browser may remember a preflight: two hours is the most that Chromium keeps.
const MAX_AGE_SECONDS: &str = "7200";

impl AllowedOrigins {
    /// Adds what every response needs so that an allowed page can read it.
    pub fn expose(&self, origin: Option<&str>, response: Response) -> Response {
        match self {
            Self::Any => response
                .header("access-control-allow-origin", "*")
                .header("access-control-expose-headers", EXPOSED),
            Self::List(allowed) => {
                // A cache must not give one page's answer to another.
                let response = response.header("vary", "Origin");
                match origin.filter(|origin| allowed.iter().any(|a| a == origin)) {
                    Some(origin) => response
                        .header("access-control-allow-origin", origin)
                        .header("access-control-expose-headers", EXPOSED),
                    None => response,
                }
            }
        }
    }

    /// Adds what an OPTIONS response needs besides. It says the same to a preflight and to any other OPTIONS, so the
    /// difference between the two (RFC 9725 section 4.6) never matters.
    pub fn permit(response: Response) -> Response {
        response
            .header("access-control-allow-methods", METHODS)
            .header("access-control-allow-headers", REQUEST_HEADERS)
            .header("access-control-max-age", MAX_AGE_SECONDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Status;

    fn allow_origin(cors: &AllowedOrigins, origin: Option<&str>) -> Option<String> {
        let response = cors.expose(origin, Response::empty(Status::Ok));
        let value = response.header_value("access-control-allow-origin");
        value.map(str::to_owned)
    }

    #[test]
    fn any_page_is_a_star_and_never_with_credentials() {
        let cors = AllowedOrigins::Any;
        assert_eq!(
            allow_origin(&cors, Some("https://a.test")).as_deref(),
            Some("*")
        );
        let response = AllowedOrigins::permit(cors.expose(None, Response::empty(Status::Ok)));
        assert_eq!(
            response.header_value("access-control-allow-credentials"),
            None
        );
    }

    #[test]
    fn only_a_listed_page_is_echoed() {
        let cors = AllowedOrigins::List(vec!["https://a.test".into()]);
        assert_eq!(
            allow_origin(&cors, Some("https://a.test")).as_deref(),
            Some("https://a.test")
        );
        for foreign in [
            "https://b.test",
            "null",
            "https://a.test.evil",
            "http://a.test",
            "*",
        ] {
            assert_eq!(allow_origin(&cors, Some(foreign)), None, "{foreign}");
        }
        assert_eq!(allow_origin(&cors, None), None);
    }
}
