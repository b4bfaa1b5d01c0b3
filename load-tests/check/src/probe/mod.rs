//! Asks an origin what players ask, and some things that they should not, for a while.
//!
//! Each rendition is followed by a task of its own, as players do: it waits for what comes next, takes every part and segment,
//! and tells the [`crate::checker::Checker`] what came.

mod answer;
mod desk;
mod follow;
mod questions;
mod reload;
mod shelf;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use url::Url;

use crate::exchange::Question;
use crate::playlist::multivariant::{Multivariant, is_multivariant, multivariant};
use crate::report::Report;

use desk::Desk;

/// Renditions that are followed; more are not looked at. A ladder of six with two kinds of sound is eight.
const RENDITIONS_MAX: usize = 16;

/// What is to be looked at, and for how long.
#[derive(Clone, Debug)]
pub struct Plan {
    /// A multivariant playlist, or a media playlist.
    pub url: Url,
    /// For how long.
    pub length: Duration,
}

/// Why nothing was looked at.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// No client could be made.
    #[error("no HTTP client can be made: {0}")]
    Client(#[from] reqwest::Error),
    /// Nothing is there.
    #[error("the URL is answered with {0} (0: not at all)")]
    Status(u16),
    /// It is something else.
    #[error("what the URL names is no playlist")]
    NoPlaylist,
}

/// Looks at an origin.
pub async fn run(plan: Plan) -> Result<Report, ProbeError> {
    let desk = Arc::new(Desk::new(plan.length)?);
    let answer = desk.get(&plan.url, &[]).await;
    if answer.status != 200 {
        return Err(ProbeError::Status(answer.status));
    }
    let text = answer.text();
    if !text.contains("#EXT") {
        return Err(ProbeError::NoPlaylist);
    }
    let urls = if is_multivariant(&text) {
        let playlist = multivariant(&text);
        let urls = named(&plan.url, &playlist);
        let exchange = answer.exchange(Question::LastingPlaylist, Duration::ZERO);
        desk.tell(|checker| {
            checker.handle_exchange(&exchange);
            checker.handle_multivariant(&plan.url, playlist);
        });
        urls
    } else {
        vec![plan.url]
    };
    let mut tasks = JoinSet::new();
    for url in urls {
        let desk = Arc::clone(&desk);
        tasks.spawn(async move { follow::follow(&desk, &url).await });
    }
    while tasks.join_next().await.is_some() {}
    Ok(desk.tell(|checker| checker.report().clone()))
}

/// The media playlists that a multivariant playlist names, each once.
fn named(base: &Url, playlist: &Multivariant) -> Vec<Url> {
    let variants = playlist.variants.iter().map(|variant| &variant.uri);
    let renditions = playlist
        .renditions
        .iter()
        .filter_map(|rendition| rendition.uri.as_ref());
    let mut urls: Vec<Url> = variants
        .chain(renditions)
        .filter_map(|uri| base.join(uri).ok())
        .collect();
    urls.sort();
    urls.dedup();
    urls.truncate(RENDITIONS_MAX);
    urls
}
