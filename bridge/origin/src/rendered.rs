//! An object that is made once and answered with many times.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::cache_policy::CachePolicy;
use crate::encoding::Encoding;
use crate::etag::ETag;
use crate::request::Wish;
use crate::response::{Body, ContentType, Response, Status};

/// A text or a picture, with what is made of it at most once.
#[derive(Debug)]
pub(crate) struct Rendered {
    plain: Bytes,
    etag: ETag,
    /// Made when the first request accepts it.
    gzip: Option<Bytes>,
}

impl Rendered {
    pub(crate) fn new(plain: Bytes) -> Self {
        let etag = ETag::of(&plain);
        Self {
            plain,
            etag,
            gzip: None,
        }
    }

    /// The answer with it.
    pub(crate) fn respond(
        &mut self,
        content_type: ContentType,
        cache: CachePolicy,
        wish: Wish,
        if_none_match: Option<&str>,
    ) -> Response {
        let is_text = content_type != ContentType::Jpeg;
        let (bytes, encoding) = match self.gzip(is_text && wish.encoding == Encoding::Gzip) {
            Some(gzip) => (gzip, Encoding::Gzip),
            None => (self.plain.clone(), Encoding::Identity),
        };
        let etag = self.etag.encoded(encoding);
        let head = Response {
            encoding: is_text.then_some(encoding),
            etag: Some(etag),
            ..Response::bare(Status::Ok, cache)
        };
        if if_none_match.is_some_and(|field| etag.is_in(field)) {
            return Response {
                status: Status::NotModified,
                ..head
            };
        }
        let content_length = Some(bytes.len() as u64);
        let body = if wish.is_head {
            Body::Empty
        } else {
            Body::Bytes(bytes)
        };
        Response {
            content_type: Some(content_type),
            content_length,
            body,
            ..head
        }
    }

    fn gzip(&mut self, is_wanted: bool) -> Option<Bytes> {
        if is_wanted && self.gzip.is_none() {
            self.gzip = compressed(&self.plain);
        }
        self.gzip.clone().filter(|_| is_wanted)
    }
}

/// The fastest level: a playlist is one tenth with any, and is fetched while players wait for it.
fn compressed(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok().map(Bytes::from)
}
