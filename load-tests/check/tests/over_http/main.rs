//! A stream of synthetic pictures and sound, packaged and served as the product does it, and what the checker says of it.
//!
//! Modules say `cfg(test)` so that the lints know their helpers for tests.

#[cfg(test)]
mod faults;
#[cfg(test)]
mod looks;
#[cfg(test)]
mod server;
#[cfg(test)]
mod stream;
