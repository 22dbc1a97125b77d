//! Why the program could do nothing.

use crate::report::human;
use crate::report::style::RenderOptions;

/// Why nothing could be linted, rendered.
pub struct RunError(pub String);

impl RunError {
    pub fn new(message: &str, help: Option<&str>, look: RenderOptions) -> Self {
        Self(human::failure(message, help, look))
    }
}
