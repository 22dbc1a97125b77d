//! Placeholder until the shell layer lands.
#[derive(Debug, Default)]
pub struct Script;
pub fn parse(_: &str) -> Script {
    Script
}
