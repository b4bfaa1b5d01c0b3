//! Which elements serve, and which ways over a card work. Each element is made and brought to READY, where it opens its library and
//! its device. That a plugin lists an element says nothing: NVIDIA's does so for codecs that a card has not.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use gstreamer as gst;
use gstreamer::prelude::*;

use super::line::{Reason, reason};
use super::trial;
use crate::capabilities::{Capabilities, Element, Role, State, Tried};
use crate::place::{Cards, Place};
use crate::plan::{Card, Plan};
use crate::route::Route;

/// Looks at every candidate of every role, and tries what goes over these cards, best first, until something works. Says which card
/// it touches before it does: a driver may end the process, or keep it.
pub(super) fn probe(cards: Cards, touches: &impl Fn(Place)) -> Capabilities {
    let places = |role: Role| Place::ALL.into_iter().map(move |place| (role, place));
    let candidates = Role::ALL.into_iter().flat_map(places);
    let elements = candidates.flat_map(|(role, place)| {
        let names = role.candidates(place).iter();
        names.map(move |name| Element {
            role,
            place,
            name: (*name).into(),
            state: match place.is_card() {
                true if !cards.has(place) => untouched(name),
                true => {
                    touches(place);
                    state_of(name)
                }
                false => state_of(name),
            },
        })
    });
    let mut found = Capabilities {
        version: gst::version_string().as_str().into(),
        elements: elements.collect(),
        tried: Vec::new(),
    };
    found.tried = try_each(found.worth_a_trial(), |route, encoder| {
        route.cards().for_each(touches);
        trial::encode(&Plan::trial(&found, route, encoder), Card::Used)
    });
    found
}

/// Tries ways, best first, until one works. A card that kept silent in one is tried in no other: each would take as long, and all
/// together longer than an answer may take.
fn try_each(
    ways: Vec<(Route, Box<str>)>,
    mut encode: impl FnMut(Route, &str) -> Result<(), Reason>,
) -> Vec<Tried> {
    let (mut tried, mut cards) = (Vec::new(), Cards::ALL);
    for (route, encoder) in ways {
        let failure = match route.cards().all(|card| cards.has(card)) {
            true => encode(route, &encoder).err(),
            false => Some("not tried: the card kept silent before".into()),
        };
        if failure.as_deref() == Some(trial::SILENT) {
            cards = route.cards().fold(cards, Cards::without);
        }
        let works = failure.is_none();
        tried.push(Tried {
            route,
            encoder,
            failure,
        });
        if works {
            break;
        }
    }
    tried
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
        Some(_) => State::Broken("not used: a process that touched this card ended".into()),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(answer: impl Fn(Route) -> Result<(), Reason>) -> (Vec<Route>, Vec<Tried>) {
        let needed = Route::ALL.into_iter().filter(|route| route.needs_trial());
        let mut asked = Vec::new();
        let tried = try_each(
            needed.map(|route| (route, "enc".into())).collect(),
            |route, _| {
                asked.push(route);
                answer(route)
            },
        );
        (asked, tried)
    }

    #[test]
    fn a_card_that_kept_silent_is_not_waited_for_again_and_the_other_is_tried() {
        let nvidia = |route: Route| route.cards().any(|card| card == Place::Nvidia);
        let (asked, all) = tried(|route| match nvidia(route) {
            true => Err(trial::SILENT.into()),
            false => Err("no session".into()),
        });
        assert_eq!(asked.iter().filter(|route| nvidia(**route)).count(), 1);
        assert_eq!(asked.iter().filter(|route| !nvidia(**route)).count(), 2);
        assert_eq!(all.len(), 5, "each is told of");
        assert!(all.iter().all(|tried| tried.failure.is_some()));
        let (asked, all) = tried(|route| match nvidia(route) {
            true => Err(trial::SILENT.into()),
            false => Ok(()),
        });
        assert_eq!(asked.last().map(|route| route.encode), Some(Place::Va));
        assert_eq!(all.last().map(|tried| tried.failure.clone()), Some(None));
    }

    #[test]
    fn a_card_that_says_why_it_fails_is_tried_in_every_way() {
        let (asked, _) = tried(|_| Err("no session".into()));
        assert_eq!(asked.len(), 5);
    }

    #[test]
    fn it_is_told_which_card_is_touched_and_none_is_that_is_left_out() {
        gst::init().unwrap();
        let touched = Mutex::new(Vec::new());
        let touches = |place| touched.lock().unwrap().push(place);
        probe(Cards::ALL.without(Place::Nvidia), &touches);
        let seen = std::mem::take(&mut *touched.lock().unwrap());
        assert!(!seen.is_empty() && seen.iter().all(|place| *place == Place::Va));
        probe(Cards::NONE, &touches);
        assert_eq!(*touched.lock().unwrap(), []);
    }
}
