//! Streams through the packager, by the clock of the test, and every playlist they make against the rules of
//! draft-pantos-hls-rfc8216bis.

mod any_order;
mod cutting;
mod driver;
mod interruptions;
mod oracle;
mod oracle_can_fail;
mod presentations;
mod reader;
mod streams;
