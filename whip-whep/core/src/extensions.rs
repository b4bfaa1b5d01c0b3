//! What a session URL has below it: event streams, and for players the selection of layers (draft-ietf-wish-whep-04,
//! "Protocol extensions"). The draft has event streams for players; a publisher's work in the same way.
//!
//! | | `.../sse` | `.../sse/{number}` | `.../layer` |
//! |---|---|---|---|
//! | `POST` | 201 with the stream's URL; 400 | 405 | 200; 400, 404 |
//! | `GET` | 405 | 200 and events, or 404 | 405 |
//! | `DELETE` | 405 | 200, then 404 | 405 |
//!
//! POST and DELETE need the grant that the session was opened with. GET needs none: the session's 128 random bits are the
//! credential, because a browser's `EventSource` cannot send another.

use sfu_model::id::{RoomId, SessionId};
use sfu_model::rtp::Rid;
use sfu_model::time::Instant;
use signaling_auth::grant::Grant;

use crate::ask::{Ask, Purpose, Reply, SfuRefusal, Step, ticket};
use crate::endpoint::WhipWhep;
use crate::event::EventKind;
use crate::layer_selection::LayerSelection;
use crate::limits::{JSON_BYTES_MAX, Limit};
use crate::news::News;
use crate::options::{nowhere, options};
use crate::problem::Problem;
use crate::publish::{check_encoding, is_type};
use crate::pull::{EventStreamId, Pull, Pulled};
use crate::request::{Below, BodyRefusal, Endpoint, Method, Request};
use crate::response::{EVENT_STREAM, JSON, Response};
use crate::status::Status;

/// What a place takes POSTs at, and nothing else.
const POST_METHODS: &str = "POST, OPTIONS";
/// What an event stream takes.
const STREAM_METHODS: &str = "GET, HEAD, DELETE, OPTIONS";

impl WhipWhep {
    /// Decides about a request below a session URL.
    pub(crate) fn decide_below(
        &mut self,
        request: &Request<'_>,
        (session, below): (&str, Below<'_>),
        now: Instant,
    ) -> Result<Step, Problem> {
        use Method::{Delete, Get, Head, Options, Post};
        let methods = match below {
            Below::Events | Below::Layer => POST_METHODS,
            Below::EventStream(_) => STREAM_METHODS,
            Below::Nothing if request.method == Options => {
                return Ok(Step::Done(nowhere()));
            }
            Below::Nothing => return Err(Problem::NoPath),
        };
        match (request.method, below) {
            (Options, Below::Events | Below::Layer) => {
                let response = options(methods).header("accept-post", JSON);
                Ok(Step::Done(response))
            }
            (Options, Below::EventStream(_)) => Ok(Step::Done(options(methods))),
            (Post, Below::Events) => self.make_stream(request, session, now),
            (Post, Below::Layer) => self.select_layer(request, session, now),
            (Get | Head, Below::EventStream(number)) => self.pull(request, session, number),
            (Delete, Below::EventStream(number)) => {
                let (id, ..) = self.session_below(request, session, now)?;
                self.events.close(stream_id(id, number)?)?;
                Ok(Step::Done(Response::empty(Status::Ok)))
            }
            _ => Err(Problem::Method(methods)),
        }
    }

    /// The session that a POST or DELETE is about, and the m-line of its video.
    fn session_below(
        &mut self,
        request: &Request<'_>,
        session: &str,
        now: Instant,
    ) -> Result<(SessionId, Grant, Option<usize>), Problem> {
        // They are as many as a page has clicks, so they share the budget of the other requests to a session.
        let spent = self.budgets.patches.spend(request.client.into(), now);
        spent.map_err(|wait| Problem::Limited(Limit::PatchesPerClient, wait))?;
        let (id, grant) = self.session_of(request, session, now)?;
        let found = self.sessions.get(id).ok_or(Problem::NoSession)?;
        Ok((id, grant, found.video_index))
    }

    fn make_stream(
        &mut self,
        request: &Request<'_>,
        session: &str,
        now: Instant,
    ) -> Result<Step, Problem> {
        let (id, grant, _) = self.session_below(request, session, now)?;
        let endpoint = request.target.endpoint;
        let kinds = EventKind::parse_list(json(request, true)?, endpoint)?;
        if endpoint == Endpoint::Whip {
            // What is wanted of it takes other workers to find out: it comes with the next report.
            return self.open_stream(id, kinds).map(Step::Done);
        }
        let room = grant.stream;
        let ask = Ask::Describe { session: id, room };
        let ticket = ticket(request, id, Purpose::MakeStream { kinds });
        Ok(Step::Ask(ask, ticket))
    }

    /// The SFU says how things are: a new stream begins with that.
    pub(crate) fn on_described(
        &mut self,
        id: SessionId,
        kinds: Vec<EventKind>,
        reply: Result<Reply, SfuRefusal>,
    ) -> Result<Response, Problem> {
        let news = match reply {
            Ok(Reply::Described(news)) => news,
            Ok(_) => return Err(Problem::Internal),
            Err(refusal) => return Err(refusal.into()),
        };
        let made = self.open_stream(id, kinds)?;
        self.handle_news(id, &news);
        Ok(made)
    }

    fn open_stream(&mut self, id: SessionId, kinds: Vec<EventKind>) -> Result<Response, Problem> {
        let session = self.sessions.get(id).ok_or(Problem::NoSession)?;
        let room = &session.room;
        let made = self.events.open((id, room), kinds, self.is_draining)?;
        let location = format!(
            "/{}/{room}/{id}/sse/{}",
            session.endpoint.label(),
            made.number
        );
        Ok(Response::empty(Status::Created)
            .header("location", location)
            .header("cache-control", "no-store"))
    }

    fn select_layer(
        &mut self,
        request: &Request<'_>,
        session: &str,
        now: Instant,
    ) -> Result<Step, Problem> {
        let (id, _, video_index) = self.session_below(request, session, now)?;
        let body = json(request, false)?;
        let video_index = video_index.ok_or(Problem::NoLayer)?;
        let selection = LayerSelection::parse(body, video_index)?;
        let session = id;
        let ask = Ask::SelectLayer { session, selection };
        Ok(Step::Ask(ask, ticket(request, id, Purpose::SelectLayer)))
    }

    fn pull(
        &mut self,
        request: &Request<'_>,
        session: &str,
        number: &str,
    ) -> Result<Step, Problem> {
        let id = SessionId::parse(session).ok_or(Problem::NoEventStream)?;
        let found = self.sessions.get(id).ok_or(Problem::NoEventStream)?;
        let target = &request.target;
        if found.endpoint != target.endpoint || found.room.as_str() != target.stream {
            return Err(Problem::NoEventStream);
        }
        let id = stream_id(id, number)?;
        let response = Response::empty(Status::Ok)
            .header("content-type", EVENT_STREAM)
            .header("cache-control", "no-store");
        if request.method == Method::Head {
            let is_there = self.events.contains(id);
            return is_there
                .then_some(Step::Done(response))
                .ok_or(Problem::NoEventStream);
        }
        let pull = self.events.pull(id)?;
        Ok(Step::Pull(response, pull))
    }

    /// What a pull gets now. It is asked at its begin, and again whenever [`Self::poll_awoken`] names it.
    pub fn take_events(&mut self, pull: &Pull) -> Pulled {
        self.events.take(pull)
    }

    /// The client of a pull has gone, or the pull has ended.
    pub fn end_pull(&mut self, pull: &Pull) {
        self.events.end_pull(pull);
    }

    /// The number of the next pull that should look again.
    #[must_use]
    pub fn poll_awoken(&mut self) -> Option<u64> {
        self.events.poll_awoken()
    }

    /// Sessions of an endpoint that have an event stream, with their rooms: what the SFU says of them is news to somebody.
    pub fn sessions_with_streams(&self, endpoint: Endpoint) -> Vec<(SessionId, RoomId)> {
        let mut sessions = self.events.sessions();
        let endpoint_of = |id| self.sessions.get(id).map(|session| session.endpoint);
        sessions.retain(|(id, _)| endpoint_of(*id) == Some(endpoint));
        sessions
    }

    /// The SFU says how things are for a session.
    pub fn handle_news(&mut self, session: SessionId, news: &News) {
        let video_index = self.sessions.get(session).and_then(|s| s.video_index);
        self.events.on_news(session, video_index, news);
    }

    /// The SFU says which encodings of a publisher somebody may take. One that has only one encoding is told nothing.
    pub fn handle_wanted(&mut self, session: SessionId, rids: &[Rid]) {
        let video_index = self.sessions.get(session).and_then(|s| s.video_index);
        if let (Some(index), false) = (video_index, rids.is_empty()) {
            self.events.on_wanted(session, index, rids);
        }
    }

    /// Somebody publishes a room, or nobody does any more.
    pub fn handle_activity(&mut self, room: &RoomId, is_active: bool) {
        self.events.on_activity(room, is_active);
    }

    /// Whoever packages a room says what is wrong with it, all of it and by name; nothing, when it is over or nobody
    /// publishes.
    pub fn handle_warnings(&mut self, room: &RoomId, warnings: &[&'static str]) {
        self.events.on_warnings(room, warnings);
    }

    /// True when a client that listens has not been given all of its events.
    pub fn has_undelivered_events(&self) -> bool {
        self.events.has_undelivered()
    }

    /// How many events made room in their stream for a later one of their kind.
    pub const fn n_events_coalesced(&self) -> u64 {
        self.events.n_coalesced()
    }
}

fn stream_id(session: SessionId, number: &str) -> Result<EventStreamId, Problem> {
    // As it was written, and not with a sign or zeros in front.
    let parsed: Option<u64> = number.parse().ok();
    let number = parsed.filter(|parsed| parsed.to_string() == number);
    let number = number.ok_or(Problem::NoEventStream)?;
    Ok(EventStreamId { session, number })
}

/// The body, which must say that it is JSON, unless there is none where none is needed.
fn json<'a>(request: &Request<'a>, may_be_empty: bool) -> Result<&'a [u8], Problem> {
    let is_needless = may_be_empty && request.body == Ok(&[]);
    if !is_needless && !is_type(request.headers.content_type, JSON) {
        return Err(Problem::ContentType("accept-post", JSON));
    }
    check_encoding(&request.headers)?;
    let body = request.body.map_err(|refusal| match refusal {
        BodyRefusal::TooLarge => Problem::JsonTooLong,
        BodyRefusal::Stalled | BodyRefusal::Broken => Problem::Body(refusal),
    })?;
    // Whoever reads bodies stops there too; a core does not count on it.
    if body.len() > JSON_BYTES_MAX {
        return Err(Problem::JsonTooLong);
    }
    Ok(body)
}
