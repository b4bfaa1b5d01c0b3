//! How `freshet stream` speaks to the server that runs: a Unix socket in the data folder, which only the server's own
//! user may open. One line of JSON asks, one line answers.

mod socket_path;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use self::socket_path::SocketPath;
use crate::data_dir::{DataDir, DataError, at};

const SOCKET: &str = "admin.sock";

/// Longest line that is read, in bytes with its end: a stream's name and a verb are under 100, and so is an answer. A longer one
/// is refused by whichever side reads it, which then closes.
const LINE_BYTES_MAX: u64 = 1024;

/// How long either side waits for the other. Ending a room is one message to each worker.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// What can be asked.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
pub(crate) enum Ask {
    /// The file of streams has changed: read it now.
    Reload,
    /// Close every session of a stream, which is marked as ended in the file.
    End { stream: String },
}

/// What is answered.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) done: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
}

/// Carries out what is asked.
pub(crate) type Act =
    Arc<dyn Fn(Ask) -> std::pin::Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// The socket of a running server. Removed when dropped.
#[derive(Debug)]
pub(crate) struct AdminSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl AdminSocket {
    /// Opens it. Whoever calls holds the data folder's lock, so a socket that is there is a dead server's.
    pub(crate) fn open(data: &DataDir) -> Result<Self, DataError> {
        let path = data.file(SOCKET);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(at(&path)(error));
            }
            _ => {}
        }
        let short = SocketPath::to(&path).map_err(at(&path))?;
        let listener = UnixListener::bind(short.as_ref()).map_err(at(&path))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
            .map_err(at(&path))?;
        Ok(Self { listener, path })
    }

    /// Answers one asker after the other until told to stop: they are people at a keyboard.
    pub(crate) async fn serve(self, act: Act, stop: CancellationToken) {
        while let Some(accepted) = stop.run_until_cancelled(self.listener.accept()).await {
            let Ok((stream, _)) = accepted else { continue };
            match timeout(ANSWER_WITHIN, answer(stream, &act)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => warn!(%error, "an administrator's command failed"),
                Err(_) => warn!("an administrator's command took too long"),
            }
        }
    }
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        // Best effort: the next server removes it otherwise.
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn answer(mut stream: UnixStream, act: &Act) -> std::io::Result<()> {
    let (read, mut write) = stream.split();
    let mut line = Vec::new();
    tokio::io::BufReader::new(read.take(LINE_BYTES_MAX + 1))
        .read_until(b'\n', &mut line)
        .await?;
    let answer = match parse::<Ask>(&line) {
        Ok(ask) => act(ask).await,
        Err(problem) => Answer {
            done: false,
            problem: Some(problem.to_string()),
        },
    };
    let mut text = serde_json::to_vec(&answer)?;
    text.push(b'\n');
    write.write_all(&text).await
}

/// Reads a line that is no longer than it may be.
fn parse<T: serde::de::DeserializeOwned>(line: &[u8]) -> std::io::Result<T> {
    if line.len() as u64 > LINE_BYTES_MAX {
        let text = format!(
            "a line of more than {LINE_BYTES_MAX} bytes: use a `freshet` of the server's version"
        );
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, text));
    }
    Ok(serde_json::from_slice(line)?)
}

/// What came of asking.
#[derive(Debug)]
pub(crate) enum Asked {
    /// It answered.
    Answered(Answer),
    /// No server runs on this data folder.
    NoServer,
}

/// Asks the running server.
pub(crate) fn ask(data: &DataDir, ask: &Ask) -> Result<Asked, DataError> {
    let path = data.file(SOCKET);
    let failed = |error: std::io::Error| at(&path)(error);
    let short = SocketPath::to(&path).map_err(failed)?;
    let mut stream = match StdUnixStream::connect(&short) {
        Ok(stream) => stream,
        Err(error)
            if matches!(
                error.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(Asked::NoServer);
        }
        Err(error) => return Err(failed(error)),
    };
    stream
        .set_read_timeout(Some(ANSWER_WITHIN))
        .map_err(failed)?;
    let mut text = serde_json::to_vec(ask).map_err(|error| failed(error.into()))?;
    text.push(b'\n');
    stream.write_all(&text).map_err(failed)?;
    let mut line = Vec::new();
    BufReader::new(stream.take(LINE_BYTES_MAX + 1))
        .read_until(b'\n', &mut line)
        .map_err(failed)?;
    Ok(Asked::Answered(parse(&line).map_err(failed)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a server answers to a line of so many bytes, its end included.
    async fn answer_to(n_bytes: u64) -> Answer {
        let (mut asker, server) = UnixStream::pair().unwrap();
        let act: Act = Arc::new(|ask| {
            assert_eq!(ask, Ask::Reload);
            Box::pin(async {
                Answer {
                    done: true,
                    problem: None,
                }
            })
        });
        let ask = r#"{"do":"reload"}"#;
        let line = format!("{ask:<0$}\n", usize::try_from(n_bytes).unwrap() - 1);
        asker.write_all(line.as_bytes()).await.unwrap();
        answer(server, &act).await.unwrap();
        let mut text = Vec::new();
        let _ = asker.read_to_end(&mut text).await;
        parse(&text).unwrap()
    }

    #[tokio::test]
    async fn a_line_has_an_edge_at_its_longest() {
        assert!(answer_to(LINE_BYTES_MAX).await.done);
        let refused = answer_to(LINE_BYTES_MAX + 1).await;
        assert!(!refused.done);
        let problem = refused.problem.unwrap();
        assert!(problem.contains("more than 1024 bytes"), "{problem}");
        assert!(
            problem.contains("`freshet` of the server's version"),
            "{problem}"
        );
    }

    #[test]
    fn an_answer_has_the_same_edge() {
        let line = |n_bytes: u64| {
            format!(
                "{:<1$}",
                r#"{"done":true}"#,
                usize::try_from(n_bytes).unwrap()
            )
        };
        assert!(
            parse::<Answer>(line(LINE_BYTES_MAX).as_bytes())
                .unwrap()
                .done
        );
        let refused = parse::<Answer>(line(LINE_BYTES_MAX + 1).as_bytes()).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::InvalidData);
    }
}
