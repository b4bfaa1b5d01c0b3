//! Elements in a row, as a value: what a pipeline is made of, before anything is made.

use std::fmt;

use sfu_model::packet::Dimensions;

use crate::place::Place;

/// A property of an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name. An element that has none of this name is left as it is: kinds of one element differ from version to version.
    pub property: &'static str,
    /// The first of these that the element knows is set.
    pub values: Vec<String>,
}

impl Setting {
    /// A property with one value.
    pub fn new(property: &'static str, value: impl ToString) -> Self {
        Self {
            property,
            values: vec![value.to_string()],
        }
    }

    /// A property whose values have other names in other versions.
    pub fn first_known(property: &'static str, values: &[&str]) -> Self {
        Self {
            property,
            values: values.iter().map(ToString::to_string).collect(),
        }
    }
}

/// What pictures between two elements are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureCaps {
    /// In whose memory they lie.
    pub place: Place,
    /// The layouts that they may have. None: any.
    pub formats: &'static [&'static str],
    /// Their size, with square pixels. `None`: any.
    pub size: Option<Dimensions>,
}

impl fmt::Display for PictureCaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "video/x-raw")?;
        if let Some(memory) = self.place.memory() {
            write!(f, "({memory})")?;
        }
        match self.formats {
            [] => {}
            [format] => write!(f, ",format={format}")?,
            formats => write!(f, ",format={{{}}}", formats.join(","))?,
        }
        if let Some(Dimensions { width, height }) = self.size {
            write!(f, ",width={width},height={height},pixel-aspect-ratio=1/1")?;
        }
        Ok(())
    }
}

/// One link of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// An element, by the name of its factory, and its properties.
    Element(Box<str>, Vec<Setting>),
    /// What passes here is such.
    Caps(PictureCaps),
}

impl Step {
    /// An element as it comes.
    pub fn plain(name: &str) -> Self {
        Self::Element(name.into(), Vec::new())
    }
}

/// Links in a row, and where they do the work that a card could do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Where the codec of it works.
    pub place: Place,
    /// In the order of a picture's way.
    pub steps: Vec<Step>,
}

/// As it would be typed: for tests and for logs.
impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.steps.iter().enumerate() {
            if index > 0 {
                write!(f, " ! ")?;
            }
            match step {
                Step::Caps(caps) => write!(f, "{caps}")?,
                Step::Element(name, settings) => {
                    write!(f, "{name}")?;
                    for setting in settings {
                        write!(f, " {}={}", setting.property, setting.values.join("|"))?;
                    }
                }
            }
        }
        Ok(())
    }
}
