//! The whole estimator over a modelled bottleneck, in virtual time.

mod anchors;
mod application;
mod changes;
mod competition;
mod lies;
mod link;
mod reno;
mod scene;
mod silence;
