//! A server, and a publisher of pictures and sound.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use freshet_load::encodings::Encodings;
use freshet_load::endpoint::Endpoint;
use freshet_load::frame_publisher::FramePublisher;
use freshet_load::hls::playlist::Playlist;
use freshet_load::hls::publishing::{publish, publish_frames};
use freshet_load::pacer::Pacing;
use freshet_load::pictures::PictureSource;
use freshet_load::publisher::{Media, Publisher};
use sfu_net::clock::Clock;
use tokio::time::{interval, timeout};
use whip_whep_client::client::Client;
use whip_whep_client::connection::Trust;

use crate::ask::{Fields, Reply, ask};
use crate::running::{PATIENCE, Running};
use crate::scratch::Scratch;

/// One stream that everybody may play, and one that needs a token.
pub(crate) const STREAMS: &str = r#"
[[streams]]
name = "demo"
key = "demo-key-0001"
public = true
[[streams]]
name = "private"
key = "demo-key-0001"
"#;

pub(crate) const KEY: &str = "demo-key-0001";

/// The address of publishers.
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// How often a stream is asked for that is about to be there.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// A rendition that there is: the largest encoding.
pub(crate) const LIVE: &str = "/hls/demo/720p/live.m3u8";

/// Pictures in one size, and sound: enough for most.
pub(crate) const ONE: Media = Media {
    bitrate_bps: 600_000,
    encodings: Encodings::One,
    pacing: Pacing::Paced,
};

/// A server with live streams.
pub(crate) struct Stage {
    pub(crate) running: Running,
    publishers: Vec<Publisher>,
}

impl Stage {
    /// `demo` is live, and can be played.
    pub(crate) async fn live() -> Self {
        Self::with("", ONE).await
    }

    /// Nobody publishes yet.
    pub(crate) fn idle(more: &str) -> Self {
        let scratch = Scratch::new();
        scratch.write("freshet.toml", &format!("{more}\n{STREAMS}"));
        Self::of(Running::start_in(scratch, &[]))
    }

    /// Likewise, of a server that runs.
    pub(crate) fn of(running: Running) -> Self {
        Self {
            running,
            publishers: Vec::new(),
        }
    }

    /// The same, with more configuration, of somebody who publishes this.
    pub(crate) async fn with(more: &str, media: Media) -> Self {
        let mut stage = Self::idle(more);
        stage.publish("demo", media).await;
        let mut asks = interval(ASK_EVERY);
        let whole = async {
            // On a machine that is busy the sound may come after the pictures.
            while !stage.multivariant().await.contains("TYPE=AUDIO") {
                asks.tick().await;
            }
        };
        timeout(PATIENCE, whole).await.expect("there is no sound");
        stage
    }

    /// Somebody publishes, and the stream can be asked for.
    pub(crate) async fn publish(&mut self, stream: &str, media: Media) {
        let publisher = publish(&self.whip(stream), media, LOCAL, Clock::start()).await;
        self.publishers.push(publisher.unwrap());
        self.wait_for(stream).await;
    }

    /// The same, of pictures that a decoder can show; with the session URL.
    pub(crate) async fn publish_frames(
        &self,
        stream: &str,
        source: Box<dyn PictureSource>,
    ) -> (FramePublisher, String) {
        let published = publish_frames(&self.whip(stream), source, LOCAL, Clock::start()).await;
        let published = published.unwrap();
        self.wait_for(stream).await;
        published
    }

    fn whip(&self, stream: &str) -> Endpoint {
        let client = Client::new(&Trust::System, Some(KEY)).unwrap();
        Endpoint::new(client, self.running.url(&format!("/whip/{stream}")))
    }

    async fn wait_for(&self, stream: &str) {
        let known = async {
            // 404 until its session is connected; then the first answer is waited for.
            let multivariant = format!("/hls/{stream}/multivariant.m3u8");
            let mut asks = interval(ASK_EVERY);
            while self.get(&multivariant).await.status == 404 {
                asks.tick().await;
            }
        };
        timeout(PATIENCE, known).await.expect("it is never there");
    }

    async fn multivariant(&self) -> String {
        let reply = self.get("/hls/demo/multivariant.m3u8").await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.text()
    }

    pub(crate) fn http(&self) -> SocketAddr {
        self.running.http
    }

    pub(crate) async fn get(&self, target: &str) -> Reply {
        self.ask("GET", target, &[]).await
    }

    /// What there must be.
    pub(crate) async fn media(&self, target: &str) -> Vec<u8> {
        let reply = self.get(target).await;
        assert_eq!(reply.status, 200, "{target}");
        reply.body
    }

    pub(crate) async fn ask(&self, method: &str, target: &str, fields: Fields<'_>) -> Reply {
        ask(self.http(), method, target, fields).await
    }

    /// The segment that is so many after the one that is being made.
    pub(crate) async fn segment_ahead(&self, n_segments: u64) -> String {
        let playlist = self.playlist(LIVE).await;
        let (epoch, _) = playlist.parts[0].uri.split_once('/').unwrap();
        let number = playlist.next.0 + n_segments;
        format!("/hls/demo/720p/{epoch}/{number}.m4s")
    }

    /// What a media playlist lists now.
    pub(crate) async fn playlist(&self, target: &str) -> Playlist {
        let reply = self.get(target).await;
        let text = reply.text();
        Playlist::parse(&text).unwrap_or_else(|| panic!("{target}: {text}"))
    }

    /// The sum of a metric over its labels that contain this.
    pub(crate) async fn metric(&self, name: &str, label: &str) -> u64 {
        let page = self.get("/metrics").await.text();
        let lines = page.lines().filter_map(|line| line.strip_prefix(name));
        let values = lines.filter(|rest| rest.starts_with(['{', ' ']) && rest.contains(label));
        values
            .filter_map(|rest| rest.rsplit_once(' ')?.1.parse::<u64>().ok())
            .sum()
    }

    /// Ends all in order: a publisher says goodbye, and the server's log is whole.
    pub(crate) fn end(self) -> String {
        for publisher in self.publishers {
            publisher.leave().unwrap();
        }
        self.running.stop()
    }
}
