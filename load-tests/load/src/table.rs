//! How figures are written for people.

use std::fmt;

/// Absent figures are dashes.
pub(crate) fn or_dash<T: fmt::Display>(figure: Option<T>) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| figure.to_string())
}
