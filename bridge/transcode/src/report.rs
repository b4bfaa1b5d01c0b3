//! What a probe found, as people read it.

use std::fmt;

use crate::capabilities::{Capabilities, Role, State};
use crate::plan::Plan;

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = Plan::of(self);
        writeln!(f, "{}", self.version)?;
        for role in Role::ALL {
            write!(f, "{:12}", role.label())?;
            let taken = plan.taken(role);
            for element in self.elements.iter().filter(|found| found.role == role) {
                let is_taken = taken == Some((&*element.name, element.place));
                match &element.state {
                    State::Usable if is_taken && element.place.is_card() => {
                        write!(f, " [{} on {}]", element.name, element.place.label())?;
                    }
                    State::Usable if is_taken => write!(f, " [{}]", element.name)?,
                    State::Usable => write!(f, " {}", element.name)?,
                    State::Missing => write!(f, " {}: missing", element.name)?,
                    State::Broken(why) => write!(f, " {}: {why}", element.name)?,
                }
            }
            writeln!(f)?;
        }
        writeln!(f, "{:12} {}", "pictures", plan.route())?;
        for tried in &self.tried {
            let (route, by) = (tried.route, &tried.encoder);
            match &tried.failure {
                None => writeln!(f, "{:12} {route} ({by}): works", "tried")?,
                Some(why) => writeln!(f, "{:12} {route} ({by}): {why}", "tried")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capabilities::{Element, Tried};
    use crate::place::Place;
    use crate::route::Route;

    fn encoder(place: Place, name: &str, state: State) -> Element {
        Element {
            role: Role::EncodeH264,
            place,
            name: name.into(),
            state,
        }
    }

    #[test]
    fn what_is_taken_is_in_brackets_and_what_a_card_does_says_so() {
        let route = Route {
            scale: Place::Processor,
            encode: Place::Nvidia,
        };
        let tried = |failure: Option<&str>| Tried {
            route,
            encoder: "nvh264enc".into(),
            failure: failure.map(Into::into),
        };
        let mut found = Capabilities {
            version: "GStreamer 1.22.0".into(),
            elements: vec![
                encoder(Place::Nvidia, "nvh264enc", State::Usable),
                encoder(Place::Va, "vah264enc", State::Broken("no device".into())),
                encoder(Place::Processor, "x264enc", State::Usable),
                encoder(Place::Processor, "openh264enc", State::Missing),
            ],
            tried: vec![tried(None)],
        };
        let told = found.to_string();
        assert!(
            told.contains(
                "[nvh264enc on nvidia] vah264enc: no device x264enc openh264enc: missing"
            ),
            "{told}"
        );
        assert!(told.contains("pictures     scaled by processor, encoded by nvidia"));
        found.tried = vec![tried(Some("no session"))];
        let told = found.to_string();
        assert!(
            told.contains(" nvh264enc vah264enc: no device [x264enc]"),
            "{told}"
        );
        assert!(told.contains("pictures     scaled by processor, encoded by processor"));
        assert!(
            told.contains("encoded by nvidia (nvh264enc): no session"),
            "{told}"
        );
    }
}
