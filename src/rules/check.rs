//! The type of a check: the name of a rule, and a function over one kind of fact.

use crate::analysis::{Analysis, Owner};
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::container::Container;
use crate::model::dockerfile::Dockerfile;
use crate::model::facts::FileFacts;
use crate::model::file_role::Role;
use crate::model::image::ImageUse;
use crate::model::kubernetes::{Object, ObjectVariant, Workload};
use crate::model::workflow::Workflow;
use crate::source::{FileId, Location, SourceFile, Span, file_name};

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
    File(fn(&Analysis, &SourceFile, &FileFacts, &mut Sink)),
    Dockerfile(fn(&Analysis, &Dockerfile, &mut Sink)),
    /// Once for each image reference.
    Image(fn(&Analysis, &ImageUse, &mut Sink)),
    /// Once for each container of a compose service or a pod.
    Container(fn(&Analysis, Owner, &Container, &mut Sink)),
    Project(fn(&Analysis, &Project, &mut Sink)),
    Service(fn(&Analysis, &Project, &Service, &mut Sink)),
    Object(fn(&Analysis, &Object, &mut Sink)),
    Workload(fn(&Analysis, &Object, &Workload, &mut Sink)),
    /// Workflows and actions.
    Workflow(fn(&Analysis, &Workflow, &mut Sink)),
    /// Once for the repository.
    Repository(fn(&Analysis, &mut Sink)),
}

/// Runs a check of each object of a file: as it is, or, where kustomizations build it differently,
/// as each of them does. What is wrong in some variants alone says in which.
pub(crate) fn each_built(
    ctx: &Analysis,
    facts: &FileFacts,
    findings: &mut Vec<Finding>,
    mut check: impl FnMut(&Object, &mut Vec<Finding>),
) {
    for object in &facts.objects {
        let variants = variants_of(ctx, facts, object);
        if variants.is_empty() {
            check(object, findings);
            continue;
        }

        let mut built: Vec<(Finding, Vec<&ObjectVariant>)> = Vec::new();

        for variant in &variants {
            let mut of_variant = Vec::new();
            check(&variant.object, &mut of_variant);

            for finding in of_variant {
                let known = built.iter_mut().find(|(known, _)| {
                    known.location == finding.location && known.message == finding.message
                });

                match known {
                    Some((known, of_finding)) => {
                        // A case that does not hold in one variant does not excuse it.
                        known.cases.retain(|case| finding.cases.contains(case));
                        of_finding.push(variant);
                    }
                    None => built.push((finding, vec![variant])),
                }
            }
        }

        for (finding, of_finding) in built {
            findings.push(if of_finding.len() < variants.len() {
                let finding = in_variants(ctx, finding, &of_finding);
                let role = role_of_variants(ctx, &of_finding);
                let is_milder = role != role_of_variants(ctx, &variants);

                finding.case_if(is_milder, role.as_str())
            } else {
                finding
            });
        }
    }
}

/// The variants of an object. Those of tests and examples do not count beside others.
fn variants_of<'f>(
    ctx: &Analysis,
    facts: &'f FileFacts,
    object: &Object,
) -> Vec<&'f ObjectVariant> {
    let is_practice = |variant: &ObjectVariant| role_of_variants(ctx, &[variant]) == Role::Practice;
    let mut variants: Vec<&ObjectVariant> = facts.variants_of(object).iter().collect();

    if variants.iter().any(|variant| !is_practice(variant)) {
        variants.retain(|variant| !is_practice(variant));
    }

    variants
}

/// How many variants of a finding are named.
const MAX_NAMED: usize = 3;

/// Says of a finding in which variants alone it is.
fn in_variants(ctx: &Analysis, mut finding: Finding, variants: &[&ObjectVariant]) -> Finding {
    let builders = variants.iter().flat_map(|variant| &variant.builders);

    for &builder in builders.take(MAX_NAMED) {
        let source = ctx.facts.source(builder);
        let text = if ctx.facts.file(builder).kustomization.is_some() {
            format!("as `{}` builds it", source.folder())
        } else {
            format!("as `{}` deploys it", source.path)
        };
        finding = finding.related(Location::new(builder, Span::default()), text);
    }

    finding
}

/// The role of the kustomizations of some variants: production where one of them is.
fn role_of_variants(ctx: &Analysis, variants: &[&ObjectVariant]) -> Role {
    let roles = || {
        variants
            .iter()
            .flat_map(|variant| &variant.builders)
            .map(|&builder| role_of_builder(ctx, builder))
    };

    [Role::Production, Role::Development]
        .into_iter()
        .find(|role| roles().any(|other| other == *role))
        .unwrap_or(Role::Practice)
}

/// Names of overlays for a developer's machine, where the path of a file alone would not say so.
const LOCAL_OVERLAYS: [&str; 8] = [
    "dev",
    "development",
    "k3d",
    "kind",
    "local",
    "minikube",
    "sandbox",
    "tilt",
];

/// The role of a kustomization, or of an object that deploys a folder.
fn role_of_builder(ctx: &Analysis, builder: FileId) -> Role {
    let folder = file_name(ctx.facts.source(builder).folder());

    match ctx.facts.role(builder) {
        Role::Production if LOCAL_OVERLAYS.contains(&folder) => Role::Development,
        role => role,
    }
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
