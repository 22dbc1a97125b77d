//! Facts of compose projects: the files that are loaded together, their services, and what those
//! refer to.

mod command;
mod limits;
mod load;
mod lower;
mod merge;
mod plan;
mod project;
mod reader;
mod references;
mod roles;
mod short;
#[cfg(test)]
mod specification;
#[cfg(test)]
mod tests;
mod value;
mod written;

pub use load::ProjectLoader;
#[cfg(test)]
pub use load::projects;
pub use plan::{is_whole, used_files};
pub use project::{
    Build, Condition, Definition, Dependency, Project, ProjectId, ReferenceKind, ReferenceNeed,
    Service, ServiceId,
};
pub use written::{WrittenService, WrittenText, written_configs, written_services, written_texts};
