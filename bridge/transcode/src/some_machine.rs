//! Machines for tests to plan by.

use crate::capabilities::{Capabilities, Element, Role, State, Tried};
use crate::place::Place;
use crate::route::Route;

/// One that serves.
pub(crate) fn element(role: Role, place: Place, name: &str) -> Element {
    Element {
        role,
        place,
        name: name.into(),
        state: State::Usable,
    }
}

/// A machine whose card of NVIDIA's encoded in its trial what was scaled here, with an encoder of this name.
pub(crate) fn with_card(scale: Place, encoder: &str, others: Vec<Element>) -> Capabilities {
    let mut elements = vec![
        element(Role::EncodeH264, Place::Nvidia, encoder),
        element(Role::EncodeH264, Place::Processor, "x264enc"),
    ];
    elements.extend(others);
    Capabilities {
        version: "".into(),
        elements,
        tried: vec![Tried {
            route: Route {
                scale,
                encode: Place::Nvidia,
            },
            encoder: encoder.into(),
            failure: None,
        }],
    }
}
