//! The only place where the services meet.
//!
//! [`run`] opens everything in the order in which it depends on each other, tells its caller when all of it is open,
//! waits for a signal, and closes it in the opposite order.

mod banner;
mod bridge;
mod certificates;
mod hearing;
mod listeners;
mod media;
mod streams;
pub(crate) mod transcode;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use prometheus_client::registry::Registry;
use signaling_auth::authorizer::Authorizer;
use signaling_auth::stream_key::StreamKey;
use tokio::join;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};
use whip_whep_server::access::Access;

pub(crate) use self::banner::Started;
use self::certificates::Certificates;
use self::listeners::Listeners;
use self::media::Media;
#[cfg(feature = "gst")]
pub(crate) use self::transcode::WORKER_COMMAND;
use crate::acme::challenge::{self, Challenges};
use crate::addresses::Addresses;
use crate::admin::AdminSocket;
use crate::config::networks::Networks;
use crate::config::proxies::TrustedProxies;
use crate::config::settings::Config;
use crate::data_dir::{DataDir, DataError, ServerLock};
use crate::health::Health;
use crate::http::{HttpServer, file_limit, gate::Gate, limit_hits::LimitHits};
use crate::live::LiveSince;
use crate::redirect::Ingress;
use crate::roles::{Role, Roles};
use crate::shutdown::{
    CLOSE_WITHIN, Drain, INTERRUPTED, REFUSE_FOR, SESSIONS_CLOSE_WITHIN, Signals,
};
use crate::streams::StreamStore;
use crate::{api, assets, health, problem, redirect, token_keys};

/// Why the server does not start. The operator must act; the text says how.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Keys(#[from] token_keys::KeysError),
    #[error(transparent)]
    Listen(#[from] listeners::ListenError),
    #[error(transparent)]
    Certificate(#[from] certificates::NoCertificate),
    #[error(transparent)]
    Media(#[from] media::MediaError),
    #[error("the operating system refuses: {0}")]
    System(#[from] std::io::Error),
}

/// Runs the server until it is told to stop. `on_started` is called when every port is open.
pub(crate) fn run(
    config: Config,
    is_unconfigured: bool,
    on_started: impl FnOnce(&Started),
) -> Result<(), StartError> {
    // A second call would fail, and there is none: this is the process's only start.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    file_limit::raise();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let signals = Signals::listen()?;
        let server = Server::open(config, is_unconfigured).await?;
        on_started(&server.started);
        server.run_until_told(signals).await;
        Ok(())
    })
}

/// Everything that is open.
struct Server {
    started: Started,
    data: DataDir,
    drain: Drain,
    /// How long open sessions go on once that has begun.
    drain_for: Duration,
    media: Media,
    /// Ends the listeners and every background task.
    stop: CancellationToken,
    tasks: TaskTracker,
    /// Held for as long as the process serves this data folder.
    _lock: ServerLock,
}

/// What is there before anything is open: the data folder and what it says.
struct Ground {
    data: DataDir,
    lock: ServerLock,
    store: StreamStore,
    access: Arc<Access>,
    /// The demo stream's key, where there is one that may be shown.
    demo: Option<StreamKey>,
}

impl Ground {
    fn prepare(config: &Config, is_unconfigured: bool) -> Result<Self, StartError> {
        let data = DataDir::open(&config.node.data)?;
        let lock = data.lock_for_server()?;
        let store = StreamStore::open(data.clone(), &config.streams)?;
        let demo = streams::demo(&store, is_unconfigured)?;
        let verifier = token_keys::verifier(config.auth.key_files(), &data)?;
        let table = store.table()?;
        let authorizer = Authorizer::new(store.secret().clone(), verifier, table);
        let access = Arc::new(Access::new(authorizer));
        Ok(Self {
            data,
            lock,
            store,
            access,
            demo,
        })
    }

    /// What changes the streams while the server runs: the file, and the administrator's socket.
    fn keep_streams_fresh(
        &self,
        media: &Media,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Result<(), StartError> {
        let (store, access) = (self.store.clone(), Arc::clone(&self.access));
        let act = streams::administer(store.clone(), Arc::clone(&access), media.clone());
        tasks.spawn(AdminSocket::open(&self.data)?.serve(act, stop.clone()));
        let file = self.data.file(crate::streams::FILE);
        tasks.spawn(streams::reload_when_changed(
            store,
            file,
            access,
            stop.clone(),
        ));
        Ok(())
    }
}

impl Server {
    async fn open(config: Config, is_unconfigured: bool) -> Result<Self, StartError> {
        let ground = Ground::prepare(&config, is_unconfigured)?;
        let roles = Roles::from_names(&config.node.roles);
        let listeners = Listeners::bind(&config)?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let live = LiveSince::default();
        let challenges = Challenges::default();
        let certificates = Certificates::open(&config, &ground.data, &listeners, &challenges)?;
        let media = Media::start(&config, &roles, &ground, (live.clone(), &tasks)).await?;
        ground.keep_streams_fresh(&media, &tasks, &stop)?;

        // The lists were checked with the configuration.
        let proxies = TrustedProxies::parse(&config.http.trusted_proxies).unwrap_or_default();
        let gate = Gate::new(
            file_limit::connections(config.limits.connections),
            config.limits.connections_per_address,
            proxies.clone(),
        );
        let (drain, limit_hits) = (Drain::default(), LimitHits::default());
        let mut registry = registry(&gate, &limit_hits, &live, &media);
        streams::register_metrics(&ground.store, &mut registry);
        let scrapers = Networks::parse(&config.metrics.allow).unwrap_or_default();
        let parts = Parts {
            media: &media,
            access: &ground.access,
            live,
            health: Health {
                drain: drain.clone(),
                media: media.probe(),
                registry: Arc::new(registry),
                scrapers: Arc::new(scrapers),
            },
        };
        let ingress = Ingress {
            proxies: Arc::new(proxies),
            https_port: listeners.https_port(),
        };
        let router = parts.router(&roles, challenge::router(challenges), ingress);
        let http = HttpServer {
            router: certificates.stay_with_https(router),
            gate,
            limit_hits,
            stop: stop.clone(),
            tasks: tasks.clone(),
        };

        let addresses = listeners.addresses(&config, media.ice_addresses());
        listeners.serve(&http, certificates.server_config());
        let fingerprint = certificates.fingerprint();
        certificates.keep_fresh(&config, &tasks, &stop);
        addresses.keep(&ground.data)?;
        info!(%roles, "serving");
        let (data, lock, demo) = (ground.data, ground.lock, ground.demo);
        let started = Started {
            addresses,
            demo,
            fingerprint,
            data: config.node.data,
        };
        Ok(Self {
            started,
            data,
            drain,
            drain_for: Duration::from_secs(config.node.drain_secs),
            media,
            stop,
            tasks,
            _lock: lock,
        })
    }

    async fn run_until_told(self, mut signals: Signals) {
        signals.next().await;
        info!("told to stop; a second signal stops at once");
        self.drain.begin();
        self.media.refuse_new();
        tokio::select! {
            () = signals.next() => {
                warn!("told again; stopping at once");
                Addresses::forget(&self.data);
                std::process::exit(INTERRUPTED);
            }
            () = self.close() => {}
        }
        info!("stopped");
    }

    /// Balancers first: `/ready` says no already. Then sessions, then requests, then everything.
    async fn close(&self) {
        sleep(self.drain_for).await;
        let deadline = Instant::now() + CLOSE_WITHIN;
        join!(
            self.media.shutdown(SESSIONS_CLOSE_WITHIN),
            sleep(REFUSE_FOR)
        );
        self.stop.cancel();
        self.tasks.close();
        if timeout_at(deadline, self.tasks.wait()).await.is_err() {
            let n_tasks = self.tasks.len();
            warn!(n_tasks, "some connections did not end in time");
        }
        Addresses::forget(&self.data);
    }
}

fn registry(gate: &Arc<Gate>, hits: &LimitHits, live: &LiveSince, media: &Media) -> Registry {
    let mut registry = Registry::default();
    health::register(&mut registry, gate, live);
    hits.register(&mut registry);
    media.register_metrics(&mut registry);
    registry
}

/// What the routes are made of.
struct Parts<'a> {
    media: &'a Media,
    access: &'a Arc<Access>,
    live: LiveSince,
    health: Health,
}

impl Parts<'_> {
    fn router(self, roles: &Roles, challenges: Router, ingress: Ingress) -> Router {
        let mut router = Router::new()
            .merge(health::router(self.health))
            .merge(challenges);
        if roles.has(Role::Sfu) {
            router = router.merge(self.media.router(self.access));
        }
        if roles.has(Role::Signaling) {
            let api = self.media.api(self.access, self.live);
            router = router.merge(api::router(api)).merge(assets::router());
        } else {
            router = router.fallback(problem::no_such_path);
        }
        router.layer(from_fn_with_state(ingress, redirect::unwrap_and_redirect))
    }
}
