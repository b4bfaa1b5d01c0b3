//! Which elements serve: each is made and brought to READY, where it opens its library and its device. That a plugin lists an
//! element says nothing: NVIDIA's does so for codecs that a card has not.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use gstreamer as gst;
use gstreamer::prelude::*;

use super::line::reason;
use crate::capabilities::{Capabilities, Element, Role, State};

/// Looks at every candidate of every role.
pub(super) fn probe() -> Capabilities {
    let candidates = Role::ALL.into_iter().flat_map(|role| {
        let names = role.candidates().iter();
        names.map(move |name| Element {
            role,
            name: (*name).into(),
            state: state_of(name),
        })
    });
    Capabilities {
        version: gst::version_string().as_str().into(),
        elements: candidates.collect(),
    }
}

/// The best element that serves, looked for once in a process. `None`: there is none.
pub(super) fn chosen(role: Role) -> Option<&'static str> {
    static CHOSEN: Mutex<BTreeMap<Role, Option<&'static str>>> = Mutex::new(BTreeMap::new());
    let mut chosen = CHOSEN.lock().unwrap_or_else(PoisonError::into_inner);
    *chosen.entry(role).or_insert_with(|| {
        let mut candidates = role.candidates().iter().copied();
        candidates.find(|name| state_of(name) == State::Usable)
    })
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
