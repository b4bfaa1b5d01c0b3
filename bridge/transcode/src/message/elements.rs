//! What a probe found, inside a message.

use super::wire::{Malformed, Reader, Writer};
use crate::capabilities::{Capabilities, ELEMENTS_MAX, Element, Role, State};

pub(super) fn write(writer: Writer, capabilities: &Capabilities) -> Writer {
    let n_elements = capabilities.elements.len().min(ELEMENTS_MAX);
    let writer = writer
        .text(&capabilities.version)
        .u8(u8::try_from(n_elements).unwrap_or(u8::MAX));
    let elements = capabilities.elements.iter().take(n_elements);
    elements.fold(writer, |writer, element| {
        let place = Role::ALL.iter().position(|role| *role == element.role);
        let role = place.and_then(|place| u8::try_from(place).ok());
        let writer = writer.u8(role.unwrap_or(u8::MAX)).text(&element.name);
        match &element.state {
            State::Usable => writer.u8(0),
            State::Missing => writer.u8(1),
            State::Broken(why) => writer.u8(2).text(why),
        }
    })
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Capabilities, Malformed> {
    Ok(Capabilities {
        version: reader.text()?,
        elements: reader.list(ELEMENTS_MAX, |reader| {
            let role = Role::ALL.get(usize::from(reader.u8()?));
            Ok(Element {
                role: *role.ok_or(Malformed::Tag)?,
                name: reader.text()?,
                state: match reader.u8()? {
                    0 => State::Usable,
                    1 => State::Missing,
                    2 => State::Broken(reader.text()?),
                    _ => return Err(Malformed::Tag),
                },
            })
        })?,
    })
}
