//! WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-04) as one table: endpoint x session x verb -> status.
//!
//! A [`request::Request`] goes into [`endpoint::WhipWhep::handle_request`]. What comes out is either the finished
//! [`response::Response`], or an [`ask::Ask`] for the SFU with a [`ask::Ticket`]; whoever drives this crate asks, and
//! hands what came back to [`endpoint::WhipWhep::handle_reply`] together with the ticket.
//!
//! | | endpoint `/whip/{stream}`, `/whep/{stream}` | session URL |
//! |---|---|---|
//! | `POST` | 201 with the answer; 4xx says which rule of [`offer`] it breaks | 405 |
//! | `PATCH` | 405 | 204 trickle, 200 ICE restart; 415, 428, 400, 412, 422 ([`patch`]) |
//! | `DELETE` | 405 | 200, then 404 |
//! | `GET`, `HEAD` | WHIP 204; WHEP 200 with `Content-Type` and no content | 204, or 404 |
//! | `OPTIONS` | 200 with `Accept-Post` and CORS | 200 with `Accept-Patch` and CORS |
//!
//! A session URL has more below it, which [`event`] and [`layer_selection`] are about. Every other path is 404, in the same words
//! and with the same CORS headers as any refusal.
//!
//! # Invariants
//!
//! * Pure: time, session ids and the outcome of authorization are arguments. No I/O, no clock, no random numbers.
//! * Rate limits come first, then authorization, then the existence of a session: who may not ask is not told what exists.
//!   GET and HEAD of a session URL need no grant: its 128 random bits are the credential.
//! * The media engine gets an SDP that this crate has written (only attributes it knows, one transport, no candidates);
//!   the client gets one in which every rule of RFC 9725 section 4.4 holds.
//! * Every table here is bounded by a constant of [`limits`].
#![forbid(unsafe_code)]

pub mod answer;
pub mod ask;
mod authority;
mod client_budgets;
pub mod cors;
pub mod endpoint;
pub mod entity_tag;
pub mod event;
pub mod event_stream;
mod event_streams;
mod extension_links;
mod extensions;
pub mod ice;
pub mod layer_selection;
mod limited;
pub mod limits;
pub mod link_header;
pub mod news;
pub mod offer;
mod options;
pub mod patch;
pub mod play;
pub mod problem;
mod problem_document;
pub mod publish;
pub mod pull;
pub mod rate;
pub mod refusals;
pub mod request;
pub mod response;
pub mod sdp;
pub mod sdp_fragment;
pub mod session;
pub mod sessions;
pub mod starts;
pub mod status;
