//! A connection that is kept, for requests as they stand on the wire.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One.
pub(crate) struct Kept(TcpStream);

impl Kept {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    pub(crate) async fn ask(&mut self, target: &str) {
        let head = format!("GET {target} HTTP/1.1\r\nhost: x\r\n\r\n");
        self.0.write_all(head.as_bytes()).await.unwrap();
    }

    /// Status and body of the next answer, which says how long it is.
    pub(crate) async fn answer(&mut self) -> (u16, Vec<u8>) {
        let mut bytes = Vec::new();
        loop {
            if let Some(answer) = whole(&bytes) {
                return answer;
            }
            let n_more = self.0.read_buf(&mut bytes).await.unwrap();
            assert!(
                n_more > 0,
                "closed after {}",
                String::from_utf8_lossy(&bytes)
            );
        }
    }
}

/// Status and body, if all of it is there.
fn whole(bytes: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    let length: usize = fields
        .find(|(name, _)| *name == "content-length")?
        .1
        .parse()
        .ok()?;
    let body = bytes.get(end..end + length)?;
    Some((status, body.to_vec()))
}
