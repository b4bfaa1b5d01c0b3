//! An HTTP server around an origin, as small as one can be.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body as HttpBody;
use axum::extract::{Request as HttpRequest, State};
use bridge_origin::config::{Config, Dash};
use bridge_origin::event::{Event as ToServer, SegmentKey};
use bridge_origin::origin::{Answer, Origin};
use bridge_origin::request::{Headers, Method, Request, Tree};
use bridge_origin::response::{Body, Response};
use bridge_origin::waiting::GroupId;
use bridge_packager::event::Event as Packaged;
use bridge_packager::latency::LatencyMode;
use http::request::Parts;
use sfu_model::time::Instant;
use sfu_net::clock::{Clock, since_epoch};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::faults::Fault;
use crate::stream::{EPOCH, Stream};

/// As long a stream has been on the air when it is first looked at: a window of segments.
const HEAD_START: Duration = Duration::from_secs(30);
const TICK: Duration = Duration::from_millis(5);

/// Who waits in which group.
type Waiting = HashMap<GroupId, Vec<oneshot::Sender<Response>>>;

struct Desk {
    clock: Clock,
    fault: Option<Fault>,
    origin: Mutex<(Origin, Waiting)>,
    /// What has left the origin's memory.
    disk: Mutex<BTreeMap<SegmentKey, Vec<u8>>>,
}

/// It serves until it is dropped.
pub(crate) struct Server {
    port: u16,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Server {
    /// A stream that is on the air.
    pub(crate) async fn start(fault: Option<Fault>) -> Self {
        let (desk, mut stream) = Desk::with_stream(fault);
        let mut server = Self::serving(Arc::clone(&desk)).await;
        server.tasks.push(tokio::spawn(async move {
            let mut ticks = interval(TICK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let now = desk.now();
                let events = stream.run_until(now);
                desk.publish(events, now);
            }
        }));
        server
    }

    /// A stream that is over.
    pub(crate) async fn ended() -> Self {
        let (desk, mut stream) = Desk::with_stream(None);
        let now = desk.now();
        let events = stream.end(now);
        desk.publish(events, now);
        Self::serving(desk).await
    }

    async fn serving(desk: Arc<Desk>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = Router::new().fallback(serve).with_state(desk);
        let served = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let tasks = vec![served];
        Self { port, tasks }
    }

    pub(crate) fn url(&self, file: &str) -> String {
        format!("http://127.0.0.1:{}/hls/demo/{file}", self.port)
    }
}

impl Desk {
    /// A stream that has been on the air for [`HEAD_START`].
    fn with_stream(fault: Option<Fault>) -> (Arc<Self>, Stream) {
        let config = Config {
            epoch: Arc::from(EPOCH),
            server_control: LatencyMode::Low.server_control(),
            has_disk: true,
            dash: Dash {
                base_uri: Arc::from("../../hls/demo/"),
                clock_uri: Arc::from("../../clock"),
            },
        };
        let desk = Arc::new(Desk {
            clock: Clock::start(),
            fault,
            origin: Mutex::new((Origin::new(config), HashMap::new())),
            disk: Mutex::default(),
        });
        let mut stream = Stream::new(since_epoch().saturating_sub(HEAD_START));
        // Sixteen steps a second, as if it had been there all along.
        for step in 0..HEAD_START.as_secs() * 16 {
            let at = Instant::START + Duration::from_millis(step * 1_000 / 16);
            let events = stream.run_until(at);
            desk.publish(events, at);
        }
        (desk, stream)
    }

    fn now(&self) -> Instant {
        self.clock.now() + HEAD_START
    }

    fn publish(&self, events: Vec<Packaged>, now: Instant) {
        let (origin, waiting) = &mut *self.origin.lock().unwrap();
        for event in events {
            origin.handle_event(event, now);
        }
        origin.handle_timeout(now);
        while let Some(woken) = origin.poll_woken() {
            for waiter in waiting.remove(&woken.group).into_iter().flatten() {
                // Who has given up needs no answer.
                let _ = waiter.send(woken.response.clone());
            }
        }
        while let Some(event) = origin.poll_event() {
            let mut disk = self.disk.lock().unwrap();
            match event {
                ToServer::ToDisk { key, parts } => {
                    origin.handle_stored(&key);
                    disk.insert(key, parts.concat());
                }
                ToServer::Delete { key } => drop(disk.remove(&key)),
                ToServer::DiskFails | ToServer::DiskWorks => panic!("this disk does not fail"),
            }
        }
    }

    async fn answer(&self, request: &Parts, path: &str) -> Response {
        let text = |name: &str| {
            request
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let query = request.uri.query();
        let asked = Request {
            method: if request.method == "HEAD" {
                Method::Head
            } else {
                Method::Get
            },
            tree: Tree::Hls,
            path,
            query: self.fault.map_or(query, |fault| fault.query(query)),
            headers: Headers {
                accept_encoding: text("accept-encoding"),
                if_none_match: text("if-none-match"),
                range: text("range"),
                if_range: text("if-range"),
            },
            client: None,
        };
        let answered = {
            let (origin, waiting) = &mut *self.origin.lock().unwrap();
            match origin.handle_request(&asked, self.now()) {
                Answer::Now(response) => return response,
                Answer::Wait(group) => {
                    let (answer, answered) = oneshot::channel();
                    waiting.entry(group).or_default().push(answer);
                    answered
                }
            }
        };
        if let Some(response) = self.fault.and_then(|fault| fault.instead_of_wait(path)) {
            return response;
        }
        answered.await.unwrap()
    }
}

async fn serve(State(desk): State<Arc<Desk>>, request: HttpRequest) -> axum::response::Response {
    // The body is nobody's to share, and is not looked at.
    let (request, _) = request.into_parts();
    let path = request
        .uri
        .path()
        .trim_start_matches("/hls/demo/")
        .to_owned();
    let answer = desk.answer(&request, &path).await;
    let mut bytes = match &answer.body {
        Body::Empty => Vec::new(),
        Body::Bytes(bytes) => bytes.to_vec(),
        Body::Chunks(chunks) => chunks.concat(),
        Body::Growing { .. } => panic!("no playlist names a segment that is being made"),
        Body::Disk { key, range } => {
            let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
            desk.disk.lock().unwrap()[key][range].to_vec()
        }
    };
    let is_cut = desk.fault.is_some_and(|fault| fault.cuts(&path));
    if is_cut && request.method == "GET" {
        bytes.pop();
    }
    let mut out = http::Response::builder().status(answer.status.code());
    for (name, value) in answer.headers() {
        let is_lost = (desk.fault == Some(Fault::ForgetsCors)
            && name.starts_with("access-control"))
            || (is_cut && name == "content-length");
        if !is_lost {
            out = out.header(name, value.as_ref());
        }
    }
    out.body(HttpBody::from(bytes)).unwrap()
}
