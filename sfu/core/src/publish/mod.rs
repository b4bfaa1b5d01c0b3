//! Ingress: what a publisher's session receives becomes tracks of [`Packet`](sfu_model::packet::Packet)s.

pub(crate) mod capture_clock;
pub(crate) mod capture_marks;
pub(crate) mod change_patience;
pub(crate) mod encoding;
pub(crate) mod facts;
pub(crate) mod keyframe_requests;
pub(crate) mod layer_flow;
pub(crate) mod least_difference;
pub(crate) mod publisher;
pub(crate) mod recovery;
pub(crate) mod sender_clock;
pub(crate) mod track;
