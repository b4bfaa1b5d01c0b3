//! A viewer: it follows a rendition by blocking reload, and loads each part.

use reqwest::{Client, StatusCode, Version};

use crate::playlist::{newest_part, next};

/// Paths behind the token, with their directives, and what came.
pub(crate) type Seen = Vec<(String, Vec<u8>)>;

/// Whose requests go where.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) client: Client,
    /// `https://127.0.0.1:1234/signed/TOKEN`
    pub(crate) base: String,
}

impl Way {
    /// The body at a path; anything but 200 over HTTP/2 fails the test.
    pub(crate) async fn load(&self, path: &str) -> Vec<u8> {
        let url = format!("{}{path}", self.base);
        let response = self.client.get(&url).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.version(), Version::HTTP_2);
        response.bytes().await.unwrap().to_vec()
    }

    /// Follows a rendition from a playlist on, for so many parts.
    pub(crate) async fn follow(self, rendition: String, from: String, n_parts: usize) -> Seen {
        let folder = rendition.strip_suffix("live.m3u8").unwrap().to_owned();
        let (mut playlist, mut bodies) = (from, Vec::new());
        for n in 0..n_parts {
            let (segment, part) = next(&playlist);
            let path = format!("{rendition}?_HLS_msn={segment}&_HLS_part={part}");
            // What else stands in a query is nobody's business.
            let body = self.load(&format!("{path}&viewer={n}")).await;
            playlist = String::from_utf8(body.clone()).unwrap();
            bodies.push((path, body));
            // Nobody loads a part that is a gap.
            if let Some(part) = newest_part(&playlist) {
                let part = format!("{folder}{part}");
                let body = self.load(&part).await;
                bodies.push((part, body));
            }
        }
        bodies
    }
}
