//! The streams of this server: those of the configuration file and those made with `freshet stream create`.
//!
//! Made ones are kept in `streams.json` of the data folder, with the hash of their key. Commands change the file under
//! a lock while the server runs; the server reads it again when it changes.

mod kept;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use secrecy::ExposeSecret as _;
use sfu_model::id::RoomId;
use sfu_model::time::UnixTime;
use signaling_auth::secret::{SERVER_SECRET_BYTES, ServerSecret};
use signaling_auth::stream::{Stream, StreamTable};
use signaling_auth::stream_key::StreamKey;

use self::kept::{FORMAT, Kept};
pub(crate) use self::kept::{Made, Wish};
use crate::config::hls::Latency;
use crate::config::settings::StaticStream;
use crate::data_dir::{self, DataDir, DataError};

/// The file of the streams.
pub(crate) const FILE: &str = "streams.json";
const LOCK_FILE: &str = "streams.lock";
const SECRET_FILE: &str = "server.secret";

/// Most streams that are kept in the file. It is read and written as a whole; where there are more, tokens and an
/// application's own database are the better tool. One more is refused.
pub(crate) const STREAMS_MAX: usize = 10_000;

/// Where the streams are kept, and the secret that their keys are hashed under.
#[derive(Clone)]
pub(crate) struct StreamStore {
    data: DataDir,
    statics: BTreeMap<RoomId, Made>,
    secret: ServerSecret,
    /// What the file held when this process last read it.
    n_kept: Arc<AtomicUsize>,
    /// Of the streams that say one, when this process last read the file.
    latencies: Arc<RwLock<BTreeMap<RoomId, Latency>>>,
}

/// Why a stream is not made or ended. Whoever typed the command must act.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("the stream {0} exists; `freshet stream end {0}` ends it")]
    Exists(RoomId),
    #[error("there is no stream {0}; `freshet stream list` shows those there are")]
    Unknown(RoomId),
    #[error(
        "there are {STREAMS_MAX} streams, which is the most; create an ended one again, or remove some from {FILE}"
    )]
    Full,
}

impl StreamStore {
    /// The store of a data folder, beside the streams of the configuration file, which have been checked.
    pub(crate) fn open(data: DataDir, statics: &[StaticStream]) -> Result<Self, DataError> {
        let secret = ServerSecret::new(&data.secret::<SERVER_SECRET_BYTES>(SECRET_FILE)?);
        let statics = statics.iter().filter_map(|stream| {
            let name = RoomId::parse(&stream.name).ok()?;
            let key = stream
                .key
                .as_ref()
                .and_then(|key| StreamKey::parse(key.expose_secret()).ok());
            let key = key.map(|key| key.hash(&name, &secret));
            Some((
                name,
                Made {
                    key,
                    public: stream.public,
                    ended: false,
                    latency: stream.latency,
                    players: stream.players,
                    created_at: 0,
                },
            ))
        });
        let statics = statics.collect();
        Ok(Self {
            data,
            statics,
            secret,
            n_kept: Arc::default(),
            latencies: Arc::default(),
        })
    }

    /// The secret that keys are hashed under.
    pub(crate) fn secret(&self) -> &ServerSecret {
        &self.secret
    }

    /// How many streams the file held when it was last read, of at most [`STREAMS_MAX`].
    pub(crate) fn n_kept(&self) -> usize {
        self.n_kept.load(Ordering::Relaxed)
    }

    /// The latency that a stream says, when the streams were last listed.
    pub(crate) fn latency_of(&self, name: &RoomId) -> Option<Latency> {
        let seen = (self.latencies.read()).unwrap_or_else(PoisonError::into_inner);
        seen.get(name).copied()
    }

    /// Every stream, by name.
    pub(crate) fn list(&self) -> Result<BTreeMap<RoomId, Made>, DataError> {
        let kept = self.read()?;
        let mut streams = self.statics.clone();
        for (name, made) in kept.streams {
            // A name in both is the configuration file's: it is what the operator reads.
            if let Ok(name) = RoomId::parse(&name) {
                streams.entry(name).or_insert(made);
            }
        }
        for (name, stream) in &mut streams {
            stream.ended |= kept.ended.iter().any(|ended| ended == name.as_str());
        }
        let latencies = streams.iter();
        let latencies = latencies.filter_map(|(name, made)| Some((name.clone(), made.latency?)));
        let mut seen = (self.latencies.write()).unwrap_or_else(PoisonError::into_inner);
        *seen = latencies.collect();
        Ok(streams)
    }

    /// The table that requests are checked against.
    pub(crate) fn table(&self) -> Result<StreamTable, DataError> {
        let entry = |made: Made| Stream {
            key: made.key,
            is_public: made.public,
            is_ended: made.ended,
            players_max: made.players,
        };
        Ok(self
            .list()?
            .into_iter()
            .map(|(name, made)| (name, entry(made)))
            .collect())
    }

    /// Makes a stream, or opens an ended one again with this key.
    pub(crate) fn create(
        &self,
        name: &RoomId,
        key: &StreamKey,
        wish: Wish,
        unix_now: UnixTime,
    ) -> Result<(), StoreError> {
        self.change(|kept| {
            if self.statics.contains_key(name) {
                let n_ended = kept.ended.len();
                kept.ended.retain(|ended| ended != name.as_str());
                let was_ended = kept.ended.len() < n_ended;
                return if was_ended {
                    Ok(())
                } else {
                    Err(StoreError::Exists(name.clone()))
                };
            }
            if kept
                .streams
                .get(name.as_str())
                .is_some_and(|made| !made.ended)
            {
                return Err(StoreError::Exists(name.clone()));
            }
            // An ended one has its place already.
            if kept.streams.len() >= STREAMS_MAX && !kept.streams.contains_key(name.as_str()) {
                return Err(StoreError::Full);
            }
            let key = Some(key.hash(name, &self.secret));
            let made = Made {
                key,
                public: wish.public,
                ended: false,
                latency: wish.latency,
                players: wish.players.map(NonZeroUsize::get),
                created_at: unix_now.0,
            };
            kept.streams.insert(name.as_str().to_owned(), made);
            Ok(())
        })
    }

    /// Marks a stream as ended: nobody publishes it until it is created again.
    pub(crate) fn end(&self, name: &RoomId) -> Result<(), StoreError> {
        self.change(|kept| {
            if self.statics.contains_key(name) {
                if !kept.ended.iter().any(|ended| ended == name.as_str()) {
                    kept.ended.push(name.as_str().to_owned());
                }
                return Ok(());
            }
            match kept.streams.get_mut(name.as_str()) {
                Some(made) => {
                    made.ended = true;
                    Ok(())
                }
                None => Err(StoreError::Unknown(name.clone())),
            }
        })
    }

    /// Whether a stream of the configuration file has this name: its key is the file's.
    pub(crate) fn is_static(&self, name: &RoomId) -> bool {
        self.statics.contains_key(name)
    }

    fn change(
        &self,
        edit: impl FnOnce(&mut Kept) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let _lock = self.data.lock(LOCK_FILE)?;
        let mut kept = self.read()?;
        edit(&mut kept)?;
        let path = self.data.file(FILE);
        let text = serde_json::to_vec_pretty(&kept).map_err(|error| DataError::Damaged {
            path: path.clone(),
            what: error.to_string(),
        })?;
        Ok(data_dir::write_atomically(&path, &text)?)
    }

    fn read(&self) -> Result<Kept, DataError> {
        let path = self.data.file(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kept::default()),
            Err(error) => return Err(data_dir::at(&path)(error)),
        };
        let damaged = |what: String| DataError::Damaged {
            path: path.clone(),
            what,
        };
        let kept: Kept =
            serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        if kept.format > FORMAT {
            return Err(damaged("was written by a newer version".to_owned()));
        }
        self.n_kept.store(kept.streams.len(), Ordering::Relaxed);
        Ok(kept)
    }
}

impl std::fmt::Debug for StreamStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamStore")
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
