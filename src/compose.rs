//! The only place where the services meet.
//!
//! [`run`] opens everything in the order in which it depends on each other, tells its caller when all of it is open,
//! waits for a signal, and closes it in the opposite order.

mod banner;
mod certificates;
mod listeners;
mod media;
mod streams;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use prometheus_client::registry::Registry;
use signaling_auth::authorizer::Authorizer;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

pub(crate) use self::banner::Started;
use self::certificates::Certificates;
use self::listeners::Listeners;
use self::media::Media;
use crate::acme::Challenges;
use crate::addresses::Addresses;
use crate::admin::AdminSocket;
use crate::api::Api;
use crate::config::Config;
use crate::config::proxies::TrustedProxies;
use crate::data_dir::{DataDir, DataError};
use crate::health::Health;
use crate::http::{HttpServer, file_limit, gate::Gate};
use crate::live::LiveSince;
use crate::redirect::Ingress;
use crate::roles::{Role, Roles};
use crate::shutdown::{CLOSE_WITHIN, Drain, INTERRUPTED, Signals};
use crate::streams::StreamStore;
use crate::{acme, api, assets, health, redirect, token_keys};

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
    drain_secs: u64,
    media: Media,
    /// Ends the listeners and every background task.
    stop: CancellationToken,
    tasks: TaskTracker,
    /// Held for as long as the process serves this data folder.
    _lock: crate::data_dir::ServerLock,
}

impl Server {
    async fn open(config: Config, is_unconfigured: bool) -> Result<Self, StartError> {
        let data = DataDir::open(&config.node.data)?;
        let lock = data.lock_for_server()?;
        let roles = Roles::from_names(&config.node.roles);
        let store = StreamStore::open(data.clone(), &config.streams)?;
        let demo = streams::demo(&store, is_unconfigured)?;
        let verifier = token_keys::verifier(&config.auth, &data)?;
        let authorizer = Arc::new(Authorizer::new(
            store.secret().clone(),
            verifier,
            store.table()?,
        ));
        let listeners = Listeners::bind(&config).await?;
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let live = LiveSince::default();
        let challenges = Challenges::default();
        let certificates = Certificates::open(&config, &data, &listeners, &challenges).await?;
        let media = Media::start(&config, &roles, &authorizer, live.clone(), &tasks)?;
        let drain = Drain::default();

        let proxies = TrustedProxies::parse(&config.http.trusted_proxies).unwrap_or_default();
        let connections = file_limit::connections(config.limits.connections);
        let gate = Gate::new(
            connections,
            config.limits.connections_per_address,
            proxies.clone(),
        );
        let mut registry = Registry::default();
        health::register(&mut registry, &gate);
        media.register_metrics(&mut registry);
        let parts = Parts {
            media: &media,
            authorizer: &authorizer,
            live,
            drain: &drain,
            registry,
        };
        let https_port = listeners.https_port();
        let ingress = Ingress {
            proxies: Arc::new(proxies),
            https_port,
        };
        let router = parts.router(&roles, acme::router(challenges), ingress);
        let http = HttpServer {
            router,
            gate,
            stop: stop.clone(),
            tasks: tasks.clone(),
        };

        let addresses = listeners.addresses(&config, media.ice_addresses());
        let admin = AdminSocket::open(&data)?;
        let act = streams::administer(store.clone(), Arc::clone(&authorizer), media.clone());
        tasks.spawn(admin.serve(act, stop.clone()));
        tasks.spawn(streams::reload_when_changed(
            store,
            data.clone(),
            Arc::clone(&authorizer),
            stop.clone(),
        ));
        let fingerprint = certificates.fingerprint();
        listeners.serve(&http, certificates.server_config());
        certificates.keep_fresh(&config, &tasks, &stop);
        addresses.keep(&data)?;
        info!(%roles, "serving");
        let started = Started {
            addresses,
            demo,
            fingerprint,
            data: config.node.data.clone(),
        };
        let drain_secs = config.node.drain_secs;
        Ok(Self {
            started,
            data,
            drain,
            drain_secs,
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
        let drain_secs = self.drain_secs;
        tokio::select! {
            () = signals.next() => {
                warn!("told again; stopping at once");
                Addresses::forget(&self.data);
                std::process::exit(INTERRUPTED);
            }
            () = self.close(drain_secs) => {}
        }
        info!("stopped");
    }

    /// Balancers first: `/ready` says no already. Then sessions, then requests, then everything.
    async fn close(&self, drain_secs: u64) {
        tokio::time::sleep(std::time::Duration::from_secs(drain_secs)).await;
        self.media.shutdown(CLOSE_WITHIN).await;
        self.stop.cancel();
        self.tasks.close();
        if timeout(CLOSE_WITHIN, self.tasks.wait()).await.is_err() {
            warn!(
                n_tasks = self.tasks.len(),
                "some connections did not end in time"
            );
        }
        Addresses::forget(&self.data);
    }
}

/// What the routes are made of.
struct Parts<'a> {
    media: &'a Media,
    authorizer: &'a Arc<Authorizer>,
    live: LiveSince,
    drain: &'a Drain,
    registry: Registry,
}

impl Parts<'_> {
    fn router(self, roles: &Roles, challenges: Router, ingress: Ingress) -> Router {
        let health = Health {
            drain: self.drain.clone(),
            media: self.media.probe(),
            registry: Arc::new(self.registry),
        };
        let mut router = Router::new()
            .merge(health::router(health))
            .merge(challenges);
        if roles.has(Role::Sfu) {
            router = router.merge(self.media.router());
        }
        if roles.has(Role::Signaling) {
            let audiences = self.media.audiences();
            let authorizer = Arc::clone(self.authorizer);
            router = router
                .merge(api::router(Api {
                    authorizer,
                    live: self.live,
                    audiences,
                }))
                .merge(assets::router());
        }
        router.layer(from_fn_with_state(ingress, redirect::unwrap_and_redirect))
    }
}
