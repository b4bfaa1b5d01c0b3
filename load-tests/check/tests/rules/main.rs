//! The rules, each kept and each broken: by playlists of the corpus, by answers, and by media.
//!
//! Modules say `cfg(test)` so that the lints know their helpers for tests.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod media;
