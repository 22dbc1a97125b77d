//! What shares a cause: the unit of which many parts lack the same.

use crate::finding::Subject;
use crate::model::compose::Project;

/// The subject of what services of a project lack: the project, if it is whole in its own files.
pub(crate) fn project_subject(project: &Project) -> Subject {
    match project.files.first() {
        Some(&file) if project.base_files == 0 => Subject::Unit {
            file,
            parts: project.services.len() as u32,
        },
        _ => Subject::File,
    }
}
