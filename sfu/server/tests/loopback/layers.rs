//! What players are told of their layers, whatever worker they are on.

use sfu_core::budget::choice::{LayerChoice, Why};
use sfu_core::error::CommandError;
use sfu_model::id::SessionId;
use sfu_model::rtp::Rid;
use sfu_server::RequestError;

use crate::client::Link;
use crate::client::node::Node;
use crate::client::party::Party;

/// More than one request holds.
const N_PLAYERS: usize = 70;

#[test]
fn every_player_that_is_there_is_told_what_it_gets() {
    let mut node = Node::start(&["127.0.0.1:0"], 2);
    let mut party = Party::new();
    party.publish_live(&mut node, "demo", Link::udp("127.0.0.1"));
    for _ in 0..N_PLAYERS {
        party.play(&node, "demo", Link::udp("127.0.0.1"));
    }
    party.watch(&mut node, 20);
    let players = &party.clients[1..];
    let mut asked: Vec<SessionId> = players.iter().map(|client| client.session).collect();
    // A publisher and a stranger are nobody's players.
    asked.extend([party.clients[0].session, SessionId::from_random(7)]);
    let told = node.block_on(node.sfu.players(&asked));
    assert_eq!(told.len(), N_PLAYERS);
    for (session, status) in told {
        assert!(asked[..N_PLAYERS].contains(&session));
        let [layer] = status.layers.as_slice() else {
            panic!("one encoding: {status:?}")
        };
        assert_eq!(
            (status.current, status.why),
            (Some(layer.encoding), Why::Best)
        );
        assert!(layer.is_flowing);
    }
    let room = node.sfu.rooms()[0].room.clone();
    assert_eq!(node.sfu.n_viewers(&room), N_PLAYERS);
}

#[test]
fn a_layer_that_is_not_there_is_refused() {
    let mut node = Node::start(&["127.0.0.1:0"], 2);
    let mut party = Party::new();
    party.publish_live(&mut node, "demo", Link::udp("127.0.0.1"));
    party.play(&node, "demo", Link::udp("127.0.0.1"));
    party.watch(&mut node, 10);
    let player = party.clients[1].session;
    let unknown = LayerChoice {
        rid: Rid::new("h"),
        ..LayerChoice::default()
    };
    let lowest = LayerChoice {
        spatial_max: Some(0),
        ..LayerChoice::default()
    };
    let choose = |session, choice| node.block_on(node.sfu.choose_layer(session, choice));
    let no_layer = RequestError::Refused(CommandError::UnknownLayer);
    assert_eq!(choose(player, unknown), Err(no_layer));
    assert_eq!(choose(player, lowest), Ok(()));
    let told = node.block_on(node.sfu.players(&[player]));
    assert_eq!(told[0].1.choice, lowest);
    assert_eq!(choose(player, LayerChoice::default()), Ok(()));
    let no_session = RequestError::Refused(CommandError::UnknownSession);
    let nobody = choose(SessionId::from_random(7), unknown);
    assert_eq!(nobody, Err(no_session));
}
