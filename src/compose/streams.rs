//! The streams that requests are checked against, and how they change while the server runs.

use std::path::PathBuf;
use std::sync::Arc;

use prometheus_client::registry::Registry;
use sfu_model::id::RoomId;
use sfu_net::clock;
use signaling_auth::stream_key::StreamKey;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use whip_whep_server::access::Access;

use super::banner::DEMO;
use super::media::Media;
use crate::admin::{Act, Answer, Ask};
use crate::data_dir::DataError;
use crate::health;
use crate::streams::{STREAMS_MAX, StoreError, StreamStore, Wish};
use crate::watch::FileWatch;

/// A server without a configuration and without streams makes one. Its key follows from the server's secret, so that
/// every start can show the link again and still only the hash is kept.
pub(crate) fn demo(
    store: &StreamStore,
    is_unconfigured: bool,
) -> Result<Option<StreamKey>, DataError> {
    let Ok(name) = RoomId::parse(DEMO) else {
        return Ok(None);
    };
    let key = StreamKey::derived(store.secret(), &name);
    let streams = store.list()?;
    if streams.is_empty() && is_unconfigured {
        let wish = Wish {
            public: true,
            latency: None,
            players: None,
        };
        match store.create(&name, &key, wish, clock::unix_now()) {
            Ok(()) => return Ok(Some(key)),
            Err(StoreError::Data(error)) => return Err(error),
            // Somebody made it in the meantime: then its key is theirs.
            Err(StoreError::Exists(_) | StoreError::Unknown(_) | StoreError::Full) => {}
        }
    }
    let is_shown = streams
        .get(&name)
        .and_then(|made| made.key.as_ref())
        .is_some_and(|kept| {
            !store.is_static(&name) && kept.matches(&key.hash(&name, store.secret()))
        });
    Ok(is_shown.then_some(key))
}

/// How near the store is to its edge, where `freshet stream create` is refused.
pub(crate) fn register_metrics(store: &StreamStore, registry: &mut Registry) {
    let store = store.clone();
    let help = "Streams made with `freshet stream create`, ended ones included";
    let n_kept = move || store.n_kept();
    health::register_count(registry, ("freshet_streams_kept", help), n_kept);
    let help = "How many of them there may be";
    let name = ("freshet_streams_kept_max", help);
    health::register_count(registry, name, || STREAMS_MAX);
}

fn reload(store: &StreamStore, access: &Access) -> Result<(), DataError> {
    access.replace_streams(store.table()?);
    Ok(())
}

/// Puts the file's streams in force whenever it changes.
pub(crate) async fn reload_when_changed(
    store: StreamStore,
    file: PathBuf,
    access: Arc<Access>,
    stop: CancellationToken,
) {
    let mut watch = FileWatch::new(vec![file]);
    while stop.run_until_cancelled(watch.changed()).await.is_some() {
        match reload(&store, &access) {
            Ok(()) => info!("streams reloaded"),
            Err(error) => warn!(%error, "the streams changed and cannot be read; keeping the last"),
        }
    }
}

/// What the administrator's socket does.
pub(crate) fn administer(store: StreamStore, access: Arc<Access>, media: Media) -> Act {
    Arc::new(move |ask| {
        let (store, access, media) = (store.clone(), Arc::clone(&access), media.clone());
        Box::pin(async move {
            // First the table, so that nobody comes back while sessions are being closed.
            let reloaded = reload(&store, &access);
            if let Err(error) = reloaded {
                return Answer {
                    done: false,
                    problem: Some(error.to_string()),
                };
            }
            match ask {
                Ask::Reload => Answer {
                    done: true,
                    problem: None,
                },
                Ask::End { stream } => end(&media, &stream).await,
            }
        })
    })
}

async fn end(media: &Media, stream: &str) -> Answer {
    match RoomId::parse(stream) {
        Ok(room) => {
            info!(%room, "ended by an administrator");
            media.end_room(room).await;
            Answer {
                done: true,
                problem: None,
            }
        }
        Err(error) => Answer {
            done: false,
            problem: Some(error.to_string()),
        },
    }
}
