//! Streams through the packager, by the clock of the test, and every playlist they make against the rules of
//! draft-pantos-hls-rfc8216bis.
//!
//! Modules say `cfg(test)` so that the lints know their helpers for tests.

#[cfg(test)]
mod any_order;
#[cfg(test)]
mod borrowing;
#[cfg(test)]
mod cutting;
#[cfg(test)]
mod driver;
#[cfg(test)]
mod interruptions;
#[cfg(test)]
mod late;
#[cfg(test)]
mod low_latency;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod oracle_can_fail;
#[cfg(test)]
mod pace;
#[cfg(test)]
mod presentations;
#[cfg(test)]
mod reader;
#[cfg(test)]
mod regular_show;
#[cfg(test)]
mod streams;
