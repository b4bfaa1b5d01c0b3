//! Why a scenario could not be played to its end.

use std::io;

use crate::crowd::CrowdEnded;
use crate::session::SessionError;

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The server does not let us in.
    #[error("{0}")]
    Http(#[from] whip_whep_client::error::Error),
    /// A session of ours failed.
    #[error("{0}")]
    Session(#[from] SessionError),
    /// The players are gone.
    #[error("{0}")]
    Crowd(#[from] CrowdEnded),
    /// Operator: a process or a thread cannot be looked at or started.
    #[error("{0}")]
    System(#[from] io::Error),
    /// The publisher's session ended before the scenario did.
    #[error("the publisher's session has ended")]
    PublisherEnded,
}
