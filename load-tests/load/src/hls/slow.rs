//! Readers that take a byte a second of whole segments, beside viewers that play: the server must cut them, and the viewers must
//! not notice.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sfu_net::clock::Clock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, lookup_host};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use url::Url;

use super::connection::{ConnectionError, Server};

/// Bytes that a reader's operating system takes for it: as few as it can be told.
const RECEIVE_BUFFER_BYTES: u32 = 4_096;

/// Answers that each asks for in a row: more than any operating system takes off the server's hands.
const N_ASKED: usize = 64;

/// How often a reader takes a byte.
const BYTE_EVERY: Duration = Duration::from_secs(1);

/// Readers that are being served.
#[derive(Debug)]
pub(super) struct SlowReaders {
    cut_after: Arc<Mutex<Vec<Duration>>>,
    readers: JoinSet<()>,
}

impl SlowReaders {
    /// Connects so many, each of which asks for the newest segment of a playlist again and again.
    pub(super) async fn start(
        server: &Server,
        playlist: &Url,
        n_readers: usize,
        clock: Clock,
    ) -> Result<Self, ConnectionError> {
        let request = request(server, playlist, clock).await?;
        let address = lookup_host(server.plain_address()?).await?.next();
        let address = address.ok_or_else(|| ConnectionError::Url(playlist.clone()))?;
        let cut_after = Arc::<Mutex<Vec<Duration>>>::default();
        let mut readers = JoinSet::new();
        for _ in 0..n_readers {
            let socket = match address.is_ipv4() {
                true => TcpSocket::new_v4()?,
                false => TcpSocket::new_v6()?,
            };
            socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
            let mut stream = socket.connect(address).await?;
            let (request, cut_after) = (Arc::clone(&request), Arc::clone(&cut_after));
            readers.spawn(async move {
                let begun_at = clock.now();
                let mut bytes = interval(BYTE_EVERY);
                bytes.set_missed_tick_behavior(MissedTickBehavior::Delay);
                let asked = stream.write_all(&request).await;
                while asked.is_ok() && stream.read_u8().await.is_ok() {
                    bytes.tick().await;
                }
                let mut cut_after = cut_after.lock().unwrap_or_else(PoisonError::into_inner);
                cut_after.push(clock.now() - begun_at);
            });
        }
        Ok(Self { cut_after, readers })
    }

    /// How many are served on, and after how long each of the others was cut.
    pub(super) async fn end(mut self) -> (usize, Vec<Duration>) {
        let n_served = (self.readers.len())
            .saturating_sub(self.cut_after.lock().map_or(0, |cut_after| cut_after.len()));
        self.readers.shutdown().await;
        let cut_after = std::mem::take(
            &mut *self
                .cut_after
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        (n_served, cut_after)
    }
}

/// What each asks for.
async fn request(
    server: &Server,
    playlist: &Url,
    clock: Clock,
) -> Result<Arc<[u8]>, ConnectionError> {
    let answer = server.connect(clock).await?.get(playlist.path()).await?;
    let text = String::from_utf8_lossy(&answer.body);
    let segment = text
        .lines()
        .rfind(|line| line.ends_with(".m4s") && !line.starts_with('#'));
    let segment = segment.and_then(|uri| playlist.join(uri).ok());
    let segment = segment.ok_or_else(|| ConnectionError::Url(playlist.clone()))?;
    let (host, port) = server.plain_address()?;
    let request = format!(
        "GET {} HTTP/1.1\r\nhost: {host}:{port}\r\n\r\n",
        segment.path()
    );
    Ok(request.repeat(N_ASKED).into_bytes().into())
}
