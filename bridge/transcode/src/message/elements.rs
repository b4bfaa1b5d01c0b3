//! What a probe found, inside a message.

use super::wire::{Malformed, Reader, Writer};
use crate::capabilities::{Capabilities, ELEMENTS_MAX, Element, Role, State, TRIALS_MAX, Tried};
use crate::place::Place;
use crate::route::Route;

pub(super) fn write(writer: Writer, capabilities: &Capabilities) -> Writer {
    let n_elements = capabilities.elements.len().min(ELEMENTS_MAX);
    let n_tried = capabilities.tried.len().min(TRIALS_MAX);
    let writer = writer.text(&capabilities.version).u8(count(n_elements));
    let elements = capabilities.elements.iter().take(n_elements);
    let writer = elements.fold(writer, |writer, element| {
        let writer = writer
            .u8(index(&Role::ALL, &element.role))
            .u8(index(&Place::ALL, &element.place))
            .text(&element.name);
        match &element.state {
            State::Usable => writer.u8(0),
            State::Missing => writer.u8(1),
            State::Broken(why) => writer.u8(2).text(why),
        }
    });
    let tried = capabilities.tried.iter().take(n_tried);
    tried.fold(writer.u8(count(n_tried)), |writer, tried| {
        let writer = writer
            .u8(index(&Route::ALL, &tried.route))
            .text(&tried.encoder);
        match &tried.failure {
            None => writer.u8(0),
            Some(why) => writer.u8(1).text(why),
        }
    })
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Capabilities, Malformed> {
    Ok(Capabilities {
        version: reader.text()?,
        elements: reader.list(ELEMENTS_MAX, |reader| {
            Ok(Element {
                role: read_index(reader, &Role::ALL)?,
                place: read_index(reader, &Place::ALL)?,
                name: reader.text()?,
                state: match reader.u8()? {
                    0 => State::Usable,
                    1 => State::Missing,
                    2 => State::Broken(reader.text()?),
                    _ => return Err(Malformed::Tag),
                },
            })
        })?,
        tried: reader.list(TRIALS_MAX, |reader| {
            Ok(Tried {
                route: read_index(reader, &Route::ALL)?,
                encoder: reader.text()?,
                failure: match reader.u8()? {
                    0 => None,
                    1 => Some(reader.text()?),
                    _ => return Err(Malformed::Tag),
                },
            })
        })?,
    })
}

fn count(n: usize) -> u8 {
    u8::try_from(n).unwrap_or(u8::MAX)
}

/// The place of a value among all of its kind, which is its number.
pub(super) fn index<T: PartialEq>(all: &[T], value: &T) -> u8 {
    let place = all.iter().position(|known| known == value);
    place.map_or(u8::MAX, count)
}

pub(super) fn read_index<T: Copy>(reader: &mut Reader<'_>, all: &[T]) -> Result<T, Malformed> {
    let value = all.get(usize::from(reader.u8()?));
    value.copied().ok_or(Malformed::Tag)
}
