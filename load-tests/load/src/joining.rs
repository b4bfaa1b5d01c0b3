//! How sessions come about over HTTP, and how players join a crowd at a pace.

use std::io;
use std::net::IpAddr;
use std::ops::Range;
use std::time::Duration;

use sfu_model::time::Instant;
use sfu_net::clock::Clock;
use tokio::task::JoinSet;
use whip_whep_client::client::Reply;

use crate::crowd::Crowd;
use crate::encodings::Encodings;
use crate::endpoint::Endpoint;
use crate::network::{Mix, Profile};
use crate::publisher::Published;
use crate::run_error::RunError;
use crate::session::{Role, Session};
use crate::subscriber::Subscriber;
use crate::tally::Tallies;

/// Players that join in a second. The server lets in 20 a second from one address (after a burst of 64); a crowd that
/// came faster would measure that limit.
pub const JOINS_PER_SECOND: u32 = 16;

/// How long the last player may take to receive both tracks.
pub(crate) const JOIN_PATIENCE: Duration = Duration::from_secs(30);

/// How often the crowd is asked how it does while something is awaited.
pub(crate) const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// A session that has its answer.
pub(crate) struct Joined {
    pub(crate) session: Session,
    /// The session URL. Whoever has it, and the bearer, can end the session.
    pub(crate) url: String,
    /// The server's SDP.
    pub(crate) answer: String,
    /// When its POST began.
    pub(crate) posted_at: Instant,
}

/// Posts an offer and takes the answer. The session ends by DTLS, without DELETE: the server limits those, too.
pub(crate) async fn open(
    endpoint: &Endpoint,
    role: Role,
    local: IpAddr,
    clock: Clock,
) -> Result<Joined, RunError> {
    let (mut session, offering) = Session::offer(role, local, clock)?;
    let (reply, posted_at) = endpoint.open(&offering.sdp, clock).await?;
    let (description, url) = match reply {
        Reply::Answered(opened) => {
            session.accept(offering, &opened.answer)?;
            (opened.answer, opened.session.url().to_owned())
        }
        Reply::Countered(countered) => {
            let answer = session.accept_counter_offer(&countered.offer)?;
            countered.session.answer(&answer).await?;
            (countered.offer, countered.session.url().to_owned())
        }
    };
    Ok(Joined {
        session,
        url,
        answer: description,
        posted_at,
    })
}

/// How players join.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Joining<'a> {
    pub(crate) whep: &'a Endpoint,
    /// The address of their sockets.
    pub(crate) local: IpAddr,
    pub(crate) clock: Clock,
    /// Players in a second.
    pub(crate) per_second: u32,
    /// What they watch comes in these.
    pub(crate) encodings: Encodings,
    /// What lies between each of them and the server.
    pub(crate) networks: &'a Mix,
}

impl Joining<'_> {
    /// Players of these numbers join, those before them having joined, at a pace that no answer delays. All are waited for
    /// until both tracks and a picture have reached each of them or patience is at its end.
    pub(crate) async fn join(&self, numbers: Range<usize>, crowd: &Crowd) -> Result<(), RunError> {
        let mut pace = tokio::time::interval(Duration::from_secs(1) / self.per_second.max(1));
        let mut opening = JoinSet::new();
        let n_players = numbers.end;
        let mut to_begin = numbers.peekable();
        while to_begin.peek().is_some() || !opening.is_empty() {
            tokio::select! {
                _ = pace.tick(), if to_begin.peek().is_some() => {
                    let path = to_begin.next().and_then(|number| self.networks.path_of(number));
                    let (whep, local, clock) = (self.whep.clone(), self.local, self.clock);
                    opening.spawn(async move {
                        let joined = open(&whep, Role::Subscriber, local, clock).await;
                        joined.map(|joined| (joined, path))
                    });
                }
                Some(opened) = opening.join_next() => {
                    let (Joined { session, posted_at, .. }, path) = opened.map_err(io::Error::from)??;
                    let session = match path {
                        Some(path) => session.through(path),
                        None => session,
                    };
                    crowd.join(Subscriber::new(session, self.encodings, posted_at))?;
                }
            }
        }
        wait_until(crowd, Published::default(), JOIN_PATIENCE, |tallies| {
            tallies.total().n_alive == n_players
                && tallies.iter().all(|(network, tally)| match network {
                    // Its path carries sound, and no picture.
                    Profile::Poor => tally.n_begun == tally.n_alive,
                    Profile::Clean
                    | Profile::Lossy
                    | Profile::Bursty
                    | Profile::Mobile
                    | Profile::Slow => {
                        (tally.n_receiving, tally.joins.len()) == (tally.n_alive, tally.n_alive)
                    }
                })
        })
        .await
    }
}

/// Waits until the tallies satisfy, or patience is at its end.
pub(crate) async fn wait_until(
    crowd: &Crowd,
    published: Published,
    patience: Duration,
    is_enough: impl Fn(&Tallies) -> bool,
) -> Result<(), RunError> {
    let n_looks = patience.as_millis() / LOOK_INTERVAL.as_millis();
    let mut looks = tokio::time::interval(LOOK_INTERVAL);
    for _ in 0..n_looks {
        if is_enough(&crowd.count_each(published)?) {
            break;
        }
        looks.tick().await;
    }
    Ok(())
}
