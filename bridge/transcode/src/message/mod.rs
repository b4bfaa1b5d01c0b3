//! What server and worker say to each other: messages of our own, each after its length in four bytes. Both ends are the
//! same executable, so there is one version.

mod elements;
mod frame;
pub mod from_worker;
mod job;
pub mod to_worker;
pub mod wire;

#[cfg(test)]
mod tests;
