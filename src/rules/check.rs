//! The type of a check: the name of a rule, and a function over one kind of fact.

use crate::analysis::{Ctx, Owner};
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::container::Container;
use crate::model::dockerfile::Dockerfile;
use crate::model::facts::FileFacts;
use crate::model::file_role::Role;
use crate::model::image::ImageUse;
use crate::model::kubernetes::{Object, Workload};
use crate::model::workflow::Workflow;
use crate::source::SourceFile;

/// A check of one rule over one kind of fact. A rule may have several.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// The rule's name: its page is `rules/<name>.md`.
    pub rule: &'static str,
    pub run: CheckFn,
}

impl Check {
    pub(crate) const fn new(rule: &'static str, run: CheckFn) -> Self {
        Self { rule, run }
    }
}

/// The function of a check, by the kind of fact that it takes.
#[derive(Clone, Copy, Debug)]
pub enum CheckFn {
    /// Once for each text file.
    File(fn(&Ctx, &SourceFile, &FileFacts, &mut Sink)),
    Dockerfile(fn(&Ctx, &Dockerfile, &mut Sink)),
    /// Once for each image reference.
    Image(fn(&Ctx, &ImageUse, &mut Sink)),
    /// Once for each container of a compose service or a pod.
    Container(fn(&Ctx, Owner, &Container, &mut Sink)),
    Project(fn(&Ctx, &Project, &mut Sink)),
    Service(fn(&Ctx, &Project, &Service, &mut Sink)),
    Object(fn(&Ctx, &Object, &mut Sink)),
    Workload(fn(&Ctx, &Object, &Workload, &mut Sink)),
    /// Workflows and actions.
    Workflow(fn(&Ctx, &Workflow, &mut Sink)),
    /// Once for the repository.
    Repository(fn(&Ctx, &mut Sink)),
}

/// Makes the role of a part of a file a case of the findings about it.
pub(crate) fn name_role(findings: &mut [Finding], role: impl FnOnce() -> Role) {
    if findings.is_empty() {
        return;
    }

    let role = role();
    if role != Role::Production {
        for finding in findings {
            finding.cases.push(role.as_str());
        }
    }
}
