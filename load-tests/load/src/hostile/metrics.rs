//! What the server says of itself, as anybody who is let in reads it.

use std::io;
use std::net::SocketAddr;

use sfu_model::drop_reason::DropReason;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Sessions by role.
pub(super) const SESSIONS: &str = "sfu_sessions";

/// One reading of `/metrics`.
#[derive(Clone, Debug)]
pub(super) struct Page(String);

impl Page {
    /// Reads it over plain HTTP. 1.0, so that it ends where the connection does.
    pub(super) async fn fetch(address: SocketAddr) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET /metrics HTTP/1.0\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut page = String::new();
        stream.read_to_string(&mut page).await?;
        if page.split(' ').nth(1) == Some("200") {
            Ok(Self(page))
        } else {
            Err(io::Error::other("the metrics are refused"))
        }
    }

    /// Datagrams that went nowhere for these reasons.
    pub(super) fn n_dropped(&self, reasons: &[DropReason]) -> u64 {
        let of = |reason: &DropReason| {
            let name = format!("sfu_packets_dropped_total{{reason=\"{}\"}}", reason.label());
            self.samples(&name).sum::<u64>()
        };
        reasons.iter().map(of).sum()
    }

    /// Sessions of every role; `None` when the server does not say.
    pub(super) fn n_sessions(&self) -> Option<u64> {
        self.samples("sfu_sessions{").next()?;
        Some(self.samples("sfu_sessions{").sum())
    }

    /// The values of the lines that begin so.
    fn samples<'p>(&'p self, start: &'p str) -> impl Iterator<Item = u64> + 'p {
        let lines = self.0.lines().filter(move |line| line.starts_with(start));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_added_up_by_name_and_label() {
        let page = Page(
            "# TYPE sfu_sessions gauge\n\
             sfu_sessions{role=\"publisher\"} 1\n\
             sfu_sessions{role=\"subscriber\"} 20\n\
             sfu_packets_dropped_total{reason=\"unknown_ufrag\"} 7\n\
             sfu_packets_dropped_total{reason=\"bad_stun_integrity\"} 5\n"
                .into(),
        );
        assert_eq!(page.n_sessions(), Some(21));
        let both = [DropReason::UnknownUfrag, DropReason::BadStunIntegrity];
        assert_eq!(page.n_dropped(&both), 12);
        assert_eq!(page.n_dropped(&[DropReason::UnvalidatedSource]), 0);
        assert_eq!(Page(String::new()).n_sessions(), None);
    }
}
