//! Subjects that findings of several objects share.

use crate::finding::Subject;
use crate::model::compose::Project;

/// The subject of findings about what services lack: the project, if all its services are in its own
/// files.
pub(crate) fn project_subject(project: &Project) -> Subject {
    match project.files.first() {
        Some(&file) if project.base_files == 0 => Subject::Unit {
            file,
            parts: project.services.len() as u32,
        },
        _ => Subject::File,
    }
}
