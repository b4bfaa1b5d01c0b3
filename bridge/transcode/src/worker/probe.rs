//! Which elements serve, and which ways over a card work. Each element is made and brought to READY, where it opens its library and
//! its device. That a plugin lists an element says nothing: NVIDIA's does so for codecs that a card has not.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use gstreamer as gst;
use gstreamer::prelude::*;

use super::line::reason;
use super::trial;
use crate::capabilities::{Capabilities, Element, Role, State, Tried};
use crate::message::to_worker::Scope;
use crate::place::Place;
use crate::plan::{Card, Plan};

/// Looks at every candidate of every role, and tries what goes over a card, best first, until something works.
pub(super) fn probe(scope: Scope) -> Capabilities {
    let places = |role: Role| Place::ALL.into_iter().map(move |place| (role, place));
    let candidates = Role::ALL.into_iter().flat_map(places);
    let elements = candidates.flat_map(|(role, place)| {
        let names = role.candidates(place).iter();
        names.map(move |name| Element {
            role,
            place,
            name: (*name).into(),
            state: match scope == Scope::Processor && place.is_card() {
                true => untouched(name),
                false => state_of(name),
            },
        })
    });
    let mut found = Capabilities {
        version: gst::version_string().as_str().into(),
        elements: elements.collect(),
        tried: Vec::new(),
    };
    for (route, encoder) in found.worth_a_trial() {
        let failure = trial::encode(&Plan::trial(&found, route, &encoder), Card::Used).err();
        let works = failure.is_none();
        found.tried.push(Tried {
            route,
            encoder,
            failure,
        });
        if works {
            break;
        }
    }
    found
}

/// The best element of a processor's that serves, looked for once in a process. `None`: there is none.
pub(super) fn chosen(role: Role) -> Option<&'static str> {
    static CHOSEN: Mutex<BTreeMap<Role, Option<&'static str>>> = Mutex::new(BTreeMap::new());
    let mut chosen = CHOSEN.lock().unwrap_or_else(PoisonError::into_inner);
    *chosen.entry(role).or_insert_with(|| {
        let mut candidates = role.candidates(Place::Processor).iter().copied();
        candidates.find(|name| state_of(name) == State::Usable)
    })
}

/// An element of a card's, after a process ended that touched such.
fn untouched(name: &str) -> State {
    match gst::ElementFactory::find(name) {
        Some(_) => State::Broken("not used: a process that tried cards ended".into()),
        None => State::Missing,
    }
}

fn state_of(name: &str) -> State {
    if gst::ElementFactory::find(name).is_none() {
        return State::Missing;
    }
    let element = match gst::ElementFactory::make(name).build() {
        Ok(element) => element,
        Err(error) => return State::Broken(reason(error)),
    };
    let ready = element.set_state(gst::State::Ready);
    // It goes on being unused.
    let _null = element.set_state(gst::State::Null);
    match ready {
        Ok(_) => State::Usable,
        Err(error) => State::Broken(reason(error)),
    }
}
