//! What an origin said, as a file: playlists in the order of time, each after a line that says when it came and what had been
//! asked for. A bad playlist that was met in the world becomes an entry of the corpus by being written down.
//!
//! ```text
//! ## why a part of a millisecond more than the target: AVPlayer gives up with -12642
//! ## finds LH-06
//! ## wall 2026-03-01T12:00:00Z
//! ## at 0.000 video
//! #EXTM3U
//! ...
//! ## at 0.500 video msn=7 part=2 skip=YES
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use sfu_model::time::Instant;
use url::Url;

use crate::catalog::Rule;
use crate::checker::{Checker, Snapshot};
use crate::playlist::date_time::DateTime;
use crate::playlist::multivariant::{is_multivariant, multivariant};
use crate::playlist::{decimal, parse};
use crate::report::Report;
use crate::rules::reloads::{Directives, Skip};

/// A script.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Why a player minds.
    pub why: String,
    /// What is to be found: nothing else.
    pub finds: Vec<Rule>,
    /// The wall clock at its beginning.
    wall: Option<DateTime>,
    scenes: Vec<Scene>,
}

/// One playlist of it.
#[derive(Clone, Debug)]
struct Scene {
    at: Duration,
    url: Url,
    asked: Directives,
    text: String,
}

/// A line of a script that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {0} of the script cannot be read")]
pub struct BadLine(pub usize);

impl Script {
    /// Reads a script.
    pub fn parse(text: &str) -> Result<Self, BadLine> {
        let mut script = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            match line.strip_prefix("## ") {
                Some(marker) => script.marker(marker).ok_or(BadLine(number))?,
                None => {
                    let scene = script.scenes.last_mut().ok_or(BadLine(number))?;
                    scene.text.push_str(line);
                    scene.text.push('\n');
                }
            }
        }
        Ok(script)
    }

    fn marker(&mut self, marker: &str) -> Option<()> {
        let (word, rest) = marker.split_once(' ')?;
        match word {
            "why" => self.why.push_str(rest),
            "finds" => {
                for id in rest.split_whitespace() {
                    self.finds.push(Rule::named(id)?);
                }
            }
            "wall" => self.wall = Some(DateTime::parse(rest)?),
            "at" => self.scenes.push(scene(rest)?),
            _ => return None,
        }
        Some(())
    }

    /// Plays it to a checker; what that finds.
    pub fn play(&self) -> Report {
        let mut checker = Checker::default();
        let mut last: BTreeMap<&Url, Duration> = BTreeMap::new();
        for scene in &self.scenes {
            // A player asks for the next playlist when it has one.
            let asked_at = last.insert(&scene.url, scene.at).unwrap_or(scene.at);
            if is_multivariant(&scene.text) {
                checker.handle_multivariant(&scene.url, multivariant(&scene.text));
                continue;
            }
            let millis = i64::try_from(scene.at.as_millis()).unwrap_or(i64::MAX);
            checker.handle_snapshot(Snapshot {
                url: scene.url.clone(),
                media: parse::media(&scene.text),
                asked_at: Instant::START + asked_at,
                at: Instant::START + scene.at,
                wall: self
                    .wall
                    .map(|wall| DateTime(wall.0.saturating_add(millis))),
                asked: scene.asked,
            });
        }
        checker.report().clone()
    }
}

fn scene(text: &str) -> Option<Scene> {
    let mut words = text.split_whitespace();
    let at = decimal::seconds(words.next()?)?;
    let url = Url::parse("http://corpus.invalid/").ok()?;
    let url = url.join(&format!("{}.m3u8", words.next()?)).ok()?;
    let mut asked = Directives::default();
    for word in words {
        match word.split_once('=')? {
            ("msn", number) => asked.msn = Some(decimal::integer(number)?),
            ("part", number) => asked.part = Some(decimal::integer(number)?),
            ("skip", "YES") => asked.skip = Skip::Yes,
            ("skip", "v2") => asked.skip = Skip::V2,
            _ => return None,
        }
    }
    Some(Scene {
        at,
        url,
        asked,
        text: String::new(),
    })
}
