//! A connected session and everything that can happen to it, in an order that the input chooses.

use std::time::Duration;

use sfu_core::command::{CloseReason, Command};
use sfu_model::codec::Codec;
use sfu_model::id::{SessionId, WorkerId};

use crate::connected::{BROWSER, Connected, OFFER, PUBLISHER, STRANGER, play, publish, room};
use crate::input::Input;

/// Most steps of one input: bounds what one costs.
const STEPS_MAX: usize = 64;

/// Reads the input as steps. After each, [`Connected::settle`] holds the worker to its promises.
pub fn session_step(bytes: &[u8]) {
    let mut connected = Connected::new(Codec::Vp8);
    let mut input = Input(bytes);
    let mut last_datagram = Vec::new();
    for sequence in (100_u32..).take(STEPS_MAX) {
        let Some(step) = input.byte() else {
            break;
        };
        match step % 12 {
            0 => connected.advance(Duration::from_millis(input.byte().unwrap_or(1).into())),
            1 => connected.advance(Duration::from_secs(input.byte().unwrap_or(1).into())),
            2 => connected.deliver(BROWSER, input.spelt()),
            3 => connected.deliver(STRANGER, input.spelt()),
            4 => connected.turn(),
            5 => last_datagram = tamper(&mut connected, &mut input),
            // A replay, and the same from elsewhere.
            6 => connected.deliver(BROWSER, &last_datagram),
            7 => connected.deliver(STRANGER, &last_datagram),
            8 => write(&mut connected, sequence, input.spelt()),
            9 => command(&mut connected, input.byte().unwrap_or(0), sequence),
            10 => roam(&mut connected),
            _ => connected.settle(),
        }
    }
    assert_eq!(connected.sfu.stats().invariants_violated, 0);
}

/// One datagram of the browser, with one byte changed. Gives the datagram as it was delivered.
fn tamper(connected: &mut Connected, input: &mut Input<'_>) -> Vec<u8> {
    connected.poll_browser();
    let Some(mut datagram) = connected.outgoing.pop() else {
        return Vec::new();
    };
    let at = usize::from(input.byte().unwrap_or(0)) % datagram.len().max(1);
    if let Some(byte) = datagram.get_mut(at) {
        *byte ^= input.byte().unwrap_or(0);
    }
    connected.deliver(BROWSER, &datagram);
    datagram
}

fn write(connected: &mut Connected, sequence: u32, payload: &[u8]) {
    let now = connected.now;
    connected.browser.write(Codec::Vp8, sequence, payload, now);
    connected.turn();
}

/// What the browser has to say comes from another address, as after a change of network.
fn roam(connected: &mut Connected) {
    connected.poll_browser();
    for bytes in std::mem::take(&mut connected.outgoing) {
        connected.deliver(STRANGER, &bytes);
    }
}

fn command(connected: &mut Connected, choice: u8, step: u32) {
    // An id is drawn anew for every session.
    let session = SessionId::from_random(step.into());
    let command = match choice % 6 {
        0 => Command::RestartIce {
            session: PUBLISHER,
            remote: connected.browser.credentials(),
        },
        1 => Command::Close {
            session: PUBLISHER,
            reason: CloseReason::Requested,
        },
        2 => Command::EndRoom { room: room() },
        3 => play(
            session,
            WorkerId(0),
            &OFFER.replace("a=sendonly", "a=recvonly"),
        ),
        4 => publish(session, OFFER),
        _ => Command::Shutdown,
    };
    // A refusal is an answer.
    let _ = connected.sfu.handle_command(command, connected.now);
    connected.settle();
}
