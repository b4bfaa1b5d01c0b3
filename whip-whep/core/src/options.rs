//! What OPTIONS is answered with.

use crate::cors::AllowedOrigins;
use crate::response::Response;
use crate::status::Status;

/// The same for a preflight and for any other OPTIONS: no credentials are needed, and no ICE servers told.
pub(crate) fn options(methods: &'static str) -> Response {
    nowhere().header("allow", methods)
}

/// Where nothing is, a preflight is let through: a page must be able to read the 404 that follows.
pub(crate) fn nowhere() -> Response {
    AllowedOrigins::permit(Response::empty(Status::Ok))
}
