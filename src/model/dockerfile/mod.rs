//! Facts of a Dockerfile: stages, what each inherits, and what the shipped image comes to.

mod lower;
pub mod persistent;
pub mod scope;
mod stage;
mod step;

pub use lower::lower;
pub use stage::{Base, Dockerfile, DockerfileId, Stage, StageId};
pub use step::{StageInstruction, Step};
