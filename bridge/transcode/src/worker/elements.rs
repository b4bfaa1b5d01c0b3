//! Elements, made of a chain.

use std::str::FromStr as _;

use gstreamer as gst;
use gstreamer::prelude::*;

use super::line::{Line, Reason, element, reason};
use crate::capabilities::Role;
use crate::chain::{Chain, PictureCaps, Setting, Step};
use crate::plan::Plan;

/// Makes all of a chain.
pub(super) fn make(chain: &Chain) -> Result<Vec<gst::Element>, Reason> {
    chain.steps.iter().map(make_step).collect()
}

fn make_step(step: &Step) -> Result<gst::Element, Reason> {
    match step {
        Step::Element(name, settings) => {
            let made = element(name)?;
            for setting in settings {
                set_first_known(&made, setting)?;
            }
            Ok(made)
        }
        Step::Caps(pictures) => filter(pictures),
    }
}

/// Has the context made that a plan's slots are going to share, before there are two that would each make one: an element looks for
/// its context when its pipeline starts, and what it makes is kept.
///
/// # Errors
///
/// The card does not let it be made, though it did in a trial: why.
pub(super) fn prepare(plan: &Plan) -> Result<(), Reason> {
    let scaler = plan.taken(Role::Scale);
    let Some((name, _)) = scaler.filter(|(_, place)| place.is_card()) else {
        return Ok(());
    };
    let any = gst::Caps::new_any();
    Line::start(&[element(name)?], &any, 1, |_| {}, |_| {}).map(drop)
}

/// What lets such pictures through alone.
fn filter(pictures: &PictureCaps) -> Result<gst::Element, Reason> {
    let filter = element("capsfilter")?;
    filter.set_property("caps", caps(pictures)?);
    Ok(filter)
}

/// Pictures as GStreamer says it.
pub(super) fn caps(pictures: &PictureCaps) -> Result<gst::Caps, Reason> {
    gst::Caps::from_str(&pictures.to_string()).map_err(reason)
}

/// Sets a property to the first of its values that the element knows, if it has the property.
fn set_first_known(element: &gst::Element, setting: &Setting) -> Result<(), Reason> {
    let Some(known) = element.find_property(setting.property) else {
        return Ok(());
    };
    let mut values = setting.values.iter();
    let value =
        values.find_map(|value| gst::glib::Value::deserialize_with_pspec(value, &known).ok());
    let (name, property) = (element.name(), setting.property);
    let Some(value) = value else {
        let values = setting.values.join(" or ");
        return Err(format!("{name} takes no {property}={values}").into());
    };
    element.set_property_from_value(property, &value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Place;

    #[test]
    fn pictures_in_a_cards_memory_are_asked_for_by_its_name() {
        gst::init().unwrap();
        let pictures = PictureCaps {
            place: Place::Nvidia,
            formats: &["NV12", "I420"],
            size: None,
        };
        let caps = caps(&pictures).unwrap();
        let features = caps.features(0).unwrap();
        assert!(features.contains("memory:CUDAMemory"));
        assert_eq!(features.size(), 1);
        let formats = caps.structure(0).unwrap().get::<gst::List>("format");
        assert_eq!(formats.unwrap().len(), 2);
    }

    #[test]
    fn a_property_that_is_missing_is_left_and_the_first_value_that_is_known_is_set() {
        gst::init().unwrap();
        let encoder = element("x264enc").unwrap();
        let setting = Setting::first_known("speed-preset", &["p4", "superfast"]);
        set_first_known(&encoder, &setting).unwrap();
        let preset = encoder.property_value("speed-preset");
        assert_eq!(preset.serialize().unwrap(), "superfast");
        set_first_known(&encoder, &Setting::new("zero-reorder-delay", true)).unwrap();
        let unknown = Setting::first_known("speed-preset", &["p4", "p5"]);
        let why = set_first_known(&encoder, &unknown).unwrap_err();
        assert!(why.contains("takes no speed-preset=p4 or p5"), "{why}");
    }
}
