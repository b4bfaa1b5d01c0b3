//! The answers to the authority's challenges, while an order runs.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

/// What the authority is to be answered, by token. One entry per name of an order in progress.
#[derive(Clone, Debug, Default)]
pub(crate) struct Challenges(Arc<RwLock<HashMap<String, String>>>);

impl Challenges {
    pub(super) fn set(&self, token: &str, authorization: &str) {
        let mut answers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        answers.insert(token.to_owned(), authorization.to_owned());
    }

    pub(super) fn clear(&self) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn get(&self, token: &str) -> Option<String> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(token)
            .cloned()
    }
}

/// The route that the authority asks (RFC 8555 section 8.3).
pub(crate) fn router(challenges: Challenges) -> Router {
    Router::new()
        .route("/.well-known/acme-challenge/{token}", get(answer))
        .with_state(challenges)
}

async fn answer(State(challenges): State<Challenges>, Path(token): Path<String>) -> Response {
    match challenges.get(&token) {
        Some(authorization) => authorization.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(challenges: &Challenges, token: &str) -> (StatusCode, Vec<u8>) {
        let request =
            Request::get(format!("/.well-known/acme-challenge/{token}")).body(Body::empty());
        let response = router(challenges.clone())
            .oneshot(request.unwrap())
            .await
            .unwrap();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 1_000)
            .await
            .unwrap();
        (status, body.to_vec())
    }

    #[tokio::test]
    async fn a_challenge_is_answered_while_its_order_runs() {
        let challenges = Challenges::default();
        assert_eq!(ask(&challenges, "token").await.0, StatusCode::NOT_FOUND);
        challenges.set("token", "token.thumbprint");
        assert_eq!(
            ask(&challenges, "token").await,
            (StatusCode::OK, b"token.thumbprint".to_vec())
        );
        assert_eq!(ask(&challenges, "other").await.0, StatusCode::NOT_FOUND);
        challenges.clear();
        assert_eq!(ask(&challenges, "token").await.0, StatusCode::NOT_FOUND);
    }
}
