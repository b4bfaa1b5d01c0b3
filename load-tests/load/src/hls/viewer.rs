//! A viewer: it follows the live playlists of its pictures and of its sound, and takes every part of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sfu_model::time::Instant;
use sfu_net::clock::{Clock, since_epoch};
use url::Url;

use super::board::Board;
use super::buffer::Buffer;
use super::connection::{Answer, Connection, ConnectionError, Server};
use super::figures::Figures;
use super::pass::pass;
use super::playlist::{Part, Place, Playlist};

/// How long a viewer waits after an answer that is no use, as players do, so that a server that refuses is not asked in a loop.
const PAUSE: Duration = Duration::from_secs(1);

/// What all viewers of a run write to.
#[derive(Debug, Default)]
pub struct Desk {
    figures: Mutex<Figures>,
    board: Mutex<Board>,
}

/// One track of a viewer.
#[derive(Clone)]
pub struct Track {
    /// Where.
    pub server: Server,
    /// Its playlist.
    pub playlist: Url,
    /// Asks for delta updates.
    pub skips: bool,
    /// What time it is.
    pub clock: Clock,
    /// Where it is counted.
    pub desk: Arc<Desk>,
}

impl Desk {
    /// What was counted since the last time.
    pub fn take(&self) -> Figures {
        std::mem::take(&mut *self.figures())
    }

    pub(super) fn figures(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Track {
    /// Follows the playlist until it ends or this is dropped. A connection that breaks is opened again.
    pub async fn follow(self) {
        let mut following = Following {
            buffer: None,
            next: None,
            track: self,
        };
        loop {
            let ended = match following.track.server.connect(following.track.clock).await {
                Ok(connection) => following.run(connection).await,
                Err(error) => Err(error),
            };
            if ended.is_ok() {
                following.track.desk.figures().ended += 1;
                return;
            }
            following.track.desk.figures().broken += 1;
            pause().await;
        }
    }

    /// The path of a reload that waits for this.
    fn reload(&self, next: Option<Place>) -> String {
        let path = self.playlist.path();
        match (next, self.skips) {
            (None, _) => path.to_owned(),
            (Some((segment, part)), false) => {
                format!("{path}?_HLS_msn={segment}&_HLS_part={part}")
            }
            (Some((segment, part)), true) => {
                format!("{path}?_HLS_msn={segment}&_HLS_part={part}&_HLS_skip=YES")
            }
        }
    }
}

/// A track that is followed.
struct Following {
    track: Track,
    /// From the first playlist on.
    buffer: Option<Buffer>,
    /// The first part that it has not taken.
    next: Option<Place>,
}

impl Following {
    /// Until the playlist ends.
    async fn run(&mut self, mut connection: Connection) -> Result<(), ConnectionError> {
        loop {
            let answer = connection.get(&self.track.reload(self.next)).await?;
            let Some(playlist) = self.read(&answer) else {
                pause().await;
                continue;
            };
            for part in playlist.parts_from(self.next.unwrap_or_default()) {
                self.take(part, &mut connection).await?;
            }
            self.next = Some(playlist.next);
            if playlist.is_ended {
                self.buffer = None;
                return Ok(());
            }
        }
    }

    /// What an answer lists that was to be a playlist.
    fn read(&mut self, answer: &Answer) -> Option<Playlist> {
        self.count(answer);
        if answer.status != 200 {
            return None;
        }
        let text = std::str::from_utf8(&answer.body).ok();
        let Some(playlist) = text.and_then(Playlist::parse) else {
            self.track.desk.figures().unreadable += 1;
            return None;
        };
        self.note(&playlist, answer);
        if self.next.is_none() {
            self.next = Some(playlist.beginning());
            self.buffer = Some(Buffer::new(playlist.hold_back));
        }
        Some(playlist)
    }

    /// How late a reload was, if it waited.
    fn note(&self, playlist: &Playlist, answer: &Answer) {
        let (Some(last), Some(_)) = (playlist.parts.last(), self.next) else {
            return;
        };
        let rendition = self.track.playlist.path();
        let mut board = self.track.desk.board();
        let ready = board.see(rendition, last.place, answer.first_byte_at);
        drop(board);
        let mut figures = self.track.desk.figures();
        if answer.asked_at < ready {
            figures.reloads.record(answer.last_byte_at - ready);
        } else {
            figures.not_held += 1;
        }
    }

    /// Fetches a part and puts it into the buffer. What is a gap is shown as one.
    async fn take(
        &mut self,
        part: &Part,
        connection: &mut Connection,
    ) -> Result<(), ConnectionError> {
        let mut at = self.track.clock.now();
        if !part.is_gap {
            let Ok(url) = self.track.playlist.join(&part.uri) else {
                self.track.desk.figures().unreadable += 1;
                return Ok(());
            };
            let answer = connection.get(url.path()).await?;
            self.count(&answer);
            if answer.status != 200 {
                return Ok(());
            }
            at = answer.last_byte_at;
            self.note_part(part, at);
        }
        self.play(part.duration, at);
        Ok(())
    }

    fn note_part(&self, part: &Part, at: Instant) {
        let desk = &self.track.desk;
        let ready = desk.board().first(self.track.playlist.path(), part.place);
        let wall = since_epoch();
        let mut figures = desk.figures();
        // Of those before the first reload nobody knows when they were ready.
        if let Some(ready) = ready {
            figures.parts.record(at.saturating_since(ready));
            if let Some(ends_at) = part.ends_at {
                figures.ages.record(wall.saturating_sub(ends_at));
            }
        }
    }

    fn play(&mut self, duration: Duration, at: Instant) {
        self.watch(|buffer| buffer.add(duration, at));
    }

    /// Does something with the buffer, and counts what it has stalled by that.
    fn watch(&mut self, act: impl FnOnce(&mut Buffer)) {
        let Some(buffer) = &mut self.buffer else {
            return;
        };
        let (stalls_before, stalled_before) = buffer.stalls();
        act(buffer);
        let (stalls, stalled) = buffer.stalls();
        if stalls > stalls_before {
            let mut figures = self.track.desk.figures();
            figures.stalls += stalls - stalls_before;
            figures.stalled += stalled.saturating_sub(stalled_before);
        }
    }

    fn count(&self, answer: &Answer) {
        let mut figures = self.track.desk.figures();
        *figures.statuses.entry(answer.status).or_default() += 1;
        figures.body_bytes += answer.body.len() as u64;
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        // Who gets nothing more has stalled, too.
        let now = self.track.clock.now();
        self.watch(|buffer| buffer.look(now));
    }
}

async fn pause() {
    pass(PAUSE).await;
}
