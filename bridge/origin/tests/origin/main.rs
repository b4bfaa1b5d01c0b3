//! One origin, in virtual time: each row of `docs/conformance-ll-hls.md` that is an origin's to keep, in tests named after it.
//!
//! Modules say `cfg(test)` so that the lints know their helpers for tests.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod availability;
#[cfg(test)]
mod blocking;
#[cfg(test)]
mod caching;
#[cfg(test)]
mod delta;
#[cfg(test)]
mod disk;
mod ending;
#[cfg(test)]
mod first_request;
#[cfg(test)]
mod growth;
#[cfg(test)]
mod hints;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod paths;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod ranges;
mod reports;
#[cfg(test)]
mod stream;
