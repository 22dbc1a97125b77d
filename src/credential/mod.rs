//! Placeholder until the credential module lands.
#[derive(Clone, Debug)]
pub struct Hit;
