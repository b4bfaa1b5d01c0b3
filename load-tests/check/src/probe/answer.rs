//! An answer, as it came from the network.

use std::time::Duration;

use bytes::Bytes;
use sfu_model::time::Instant;

use crate::exchange::{Exchange, Question};

/// An answer. No answer at all has the status 0.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) url: String,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) took: Duration,
    pub(crate) at: Instant,
}

impl Answer {
    /// Its body as text; bytes that are none are a fault that the parser will find.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// As a rule looks at it.
    pub(crate) fn exchange(&self, question: Question, target_duration: Duration) -> Exchange {
        Exchange {
            url: self.url.clone(),
            question,
            status: self.status,
            headers: self.headers.clone(),
            n_bytes: self.body.len() as u64,
            took: self.took,
            target_duration,
        }
    }
}
