//! Which bytes answer which request: blocking reload, delta updates, hints, ranges, cache policy.
#![forbid(unsafe_code)]
