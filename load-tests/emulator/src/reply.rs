//! What the emulator says: a line each, for people or as JSON; the statistics are a table for people.

use std::fmt;
use std::net::Ipv4Addr;

use serde::Serialize;

use crate::statistics::Statistics;

/// What the emulator says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The wire carries packets.
    Ready {
        /// The file of the far end's namespace: `nsenter --net=FILE` starts a program there.
        namespace: String,
        /// The near end's address.
        near: Ipv4Addr,
        /// The far end's address.
        far: Ipv4Addr,
    },
    /// An order was obeyed: packets from here on meet the new path.
    Changed {
        /// The order.
        order: String,
    },
    /// A line was no order, and nothing has changed.
    Refused {
        /// What it is not.
        why: String,
    },
    /// What became of the packets so far.
    Statistics(Box<Statistics>),
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready {
                namespace,
                near,
                far,
            } => writeln!(
                f,
                "ready: near {near}, far {far} (nsenter --net={namespace} COMMAND)"
            ),
            Self::Changed { order } => writeln!(f, "changed: {order}"),
            Self::Refused { why } => writeln!(f, "refused: {why}"),
            Self::Statistics(statistics) => statistics.fmt(f),
        }
    }
}
