//! WHIP and WHEP in front of a video room. Janus makes the offers for players, so that a player's is answered with a
//! counter-offer.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{patch, post};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::api::{Api, ApiError, Handle};

/// The only room.
const ROOM: u64 = 1_234;

/// `Content-Type` of all SDP.
const SDP: &str = "application/sdp";

/// The shim, listening.
#[derive(Debug)]
pub(super) struct Shim {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Shim {
    pub(super) async fn start(api: Api) -> Result<Self, super::StartError> {
        let manager = api.attach().await?;
        // No bound on the bitrate: Janus would ask the publisher to keep to its own.
        let room = json!({
            "request": "create",
            "room": ROOM,
            "publishers": 1,
            "bitrate": 0,
            "audiocodec": "opus",
            "videocodec": "h264",
        });
        api.request(manager, room).await?;
        let rooms = Arc::new(Rooms {
            api,
            feed: OnceLock::new(),
        });
        let router = Router::new()
            .route("/whip", post(publish))
            .route("/whep", post(play))
            .route("/whep/{handle}", patch(answer))
            .with_state(rooms);
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = tokio::net::TcpListener::bind(any).await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(async move {
            // It serves until it is aborted; what ends it before is seen by whoever asks.
            let _: io::Result<()> = axum::serve(listener, router).await;
        });
        Ok(Self { address, serving })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Shim {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[derive(Debug)]
struct Rooms {
    api: Api,
    /// The publisher, once there is one.
    feed: OnceLock<u64>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (StatusCode::BAD_GATEWAY, self.to_string()).into_response()
    }
}

async fn publish(State(rooms): State<Arc<Rooms>>, offer: String) -> Result<Response, ApiError> {
    let handle = rooms.api.attach().await?;
    let body = json!({
        "request": "joinandconfigure",
        "ptype": "publisher",
        "room": ROOM,
        "audio": true,
        "video": true,
    });
    let jsep = json!({ "type": "offer", "sdp": offer });
    let event = rooms.api.message(handle, body, Some(jsep)).await?;
    let feed = event.data.get("id").and_then(Value::as_u64);
    let (Some(feed), Some(answer)) = (feed, event.sdp) else {
        return Err(ApiError::NoEvent);
    };
    // The room takes one publisher.
    let _ = rooms.feed.set(feed);
    let location = format!("/whip/{}", handle.0);
    let headers = [
        (header::CONTENT_TYPE, SDP.to_owned()),
        (header::LOCATION, location),
    ];
    Ok((StatusCode::CREATED, headers, answer).into_response())
}

/// The player's offer is not looked at: Janus makes its own.
async fn play(State(rooms): State<Arc<Rooms>>) -> Result<Response, ApiError> {
    let Some(feed) = rooms.feed.get() else {
        return Ok(StatusCode::CONFLICT.into_response());
    };
    let handle = rooms.api.attach().await?;
    let body = json!({
        "request": "join",
        "ptype": "subscriber",
        "room": ROOM,
        "streams": [{ "feed": feed }],
    });
    let event = rooms.api.message(handle, body, None).await?;
    let offer = event.sdp.ok_or(ApiError::NoEvent)?;
    let location = format!("/whep/{}", handle.0);
    let headers = [
        (header::CONTENT_TYPE, SDP.to_owned()),
        (header::LOCATION, location),
    ];
    Ok((StatusCode::NOT_ACCEPTABLE, headers, offer).into_response())
}

async fn answer(
    State(rooms): State<Arc<Rooms>>,
    Path(handle): Path<u64>,
    answer: String,
) -> Result<StatusCode, ApiError> {
    let body = json!({ "request": "start", "room": ROOM });
    let jsep = json!({ "type": "answer", "sdp": answer });
    rooms.api.message(Handle(handle), body, Some(jsep)).await?;
    Ok(StatusCode::NO_CONTENT)
}
