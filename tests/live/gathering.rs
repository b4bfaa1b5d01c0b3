//! One publisher and two players of `demo`, with pictures on their way.

use str0m::media::Direction;

use crate::node::{Node, Opened};
use crate::webrtc::{Client, Offered};

/// A client and its session.
pub(crate) struct Member {
    pub(crate) client: Client,
    /// What it offered.
    pub(crate) offer: String,
    pub(crate) opened: Opened,
}

pub(crate) struct Gathering {
    pub(crate) publisher: Member,
    pub(crate) players: [Member; 2],
}

/// Opens a session and waits until its transport is up.
pub(crate) async fn join(node: &Node, path: &str) -> Member {
    let direction = if path.starts_with("/whip") {
        Direction::SendOnly
    } else {
        Direction::RecvOnly
    };
    let offered = Offered::video(direction).await;
    let offer = offered.sdp.clone();
    let opened = node.open_with(path, &offer).await;
    let mut client = offered.accept(&opened.answer);
    client.connected().await;
    Member {
        client,
        offer,
        opened,
    }
}

impl Gathering {
    pub(crate) async fn of(node: &Node) -> Self {
        let publisher = join(node, "/whip/demo").await;
        let mut players = [
            join(node, "/whep/demo").await,
            join(node, "/whep/demo").await,
        ];
        for player in &mut players {
            player.client.receives(50).await;
        }
        Self { publisher, players }
    }

    pub(crate) fn members(&mut self) -> impl Iterator<Item = &mut Member> {
        std::iter::once(&mut self.publisher).chain(&mut self.players)
    }
}
