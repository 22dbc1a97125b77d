//! The run of the checks: the facts in parts, each part with the checks that apply to it.

use std::sync::LazyLock;

use rayon::prelude::*;

use super::policy;
use crate::analysis::pipelines::is_shelved;
use crate::analysis::{Analysis, Owner, roles};
use crate::catalog::{self, Rule};
use crate::fence::{self, attempt, isolate};
use crate::finding::{Finding, Sink};
use crate::model::compose::Service;
use crate::model::facts::{Facts, FileFacts};
use crate::model::file_kind::FileKind;
use crate::model::kubernetes::Object;
use crate::model::workflow::Workflow;
use crate::parallel::BATCH;
use crate::rules::{CHECKS, Check, CheckFn, declarative, each_built, name_role};
use crate::source::FileId;

/// The findings of all checks, part by part and in no order.
pub(super) fn run_all(ctx: &Analysis) -> Vec<Vec<Finding>> {
    work_items(ctx.facts)
        .into_par_iter()
        .with_max_len(BATCH)
        .map(|item| check_item(ctx, item))
        .collect()
}

/// A part of the facts that one worker checks.
#[derive(Clone, Copy)]
enum WorkItem {
    File(usize),
    Project(usize),
    /// One check over the whole repository, by its index in `CHECKS_WITH_RULES`.
    Repository(usize),
    /// All declarative rules.
    Declarative,
}

fn work_items(facts: &Facts) -> Vec<WorkItem> {
    CHECKS_WITH_RULES
        .iter()
        .enumerate()
        .filter(|(_, (check, _))| matches!(check.run, CheckFn::Repository(_)))
        .map(|(index, _)| WorkItem::Repository(index))
        .chain([WorkItem::Declarative])
        .chain((0..facts.projects().len()).map(WorkItem::Project))
        .chain((0..facts.files.len()).map(WorkItem::File))
        .collect()
}

/// The findings in one part. Each check has its own fence; this one is around the code between
/// them.
fn check_item(ctx: &Analysis, item: WorkItem) -> Vec<Finding> {
    let mut findings = Vec::new();
    let file = match item {
        WorkItem::File(index) => FileId(index as u32),
        WorkItem::Project(index) => ctx.facts.projects()[index]
            .files
            .first()
            .copied()
            .unwrap_or_default(),
        WorkItem::Repository(_) | WorkItem::Declarative => FileId(0),
    };

    let done = isolate("the selection of checks", file, || {
        run_item(ctx, item, &mut findings)
    });

    findings.extend(done.err().map(|finding| *finding));

    // What a chart leaves out by default is a case of each finding about it.
    for finding in &mut findings {
        if ctx.facts.is_switched_off(finding.location) {
            finding.cases.push(policy::SWITCHED_OFF);
        }
    }

    findings
}

fn run_item(ctx: &Analysis, item: WorkItem, findings: &mut Vec<Finding>) {
    match item {
        WorkItem::Repository(index) => {
            let (check, rule) = CHECKS_WITH_RULES[index];
            if let CheckFn::Repository(run) = check.run {
                guard(rule, FileId(0), findings, |sink| run(ctx, sink));
            }
        }
        WorkItem::Declarative => declarative::check(ctx, findings),
        WorkItem::Project(index) => check_project(ctx, index, findings),
        WorkItem::File(index) => check_file(ctx, index, findings),
    }
}

fn check_project(ctx: &Analysis, index: usize, findings: &mut Vec<Finding>) {
    let project = &ctx.facts.projects()[index];
    let file = project.files.first().copied().unwrap_or_default();

    for (check, rule) in &CHECKS_BY_KIND.projects {
        match check.run {
            CheckFn::Project(run) => guard(rule, file, findings, |sink| run(ctx, project, sink)),
            CheckFn::Service(run) => {
                for service in &project.services {
                    guard_service(ctx, rule, service, file, findings, |sink| {
                        run(ctx, project, service, sink)
                    });
                }
            }
            CheckFn::Container(run) => {
                for service in &project.services {
                    let owner = Owner::Compose(project, service);
                    guard_service(ctx, rule, service, file, findings, |sink| {
                        run(ctx, owner, &service.container, sink)
                    });
                }
            }
            CheckFn::Image(run) => {
                // With a build, `image` is the name of the result.
                let pulled = project
                    .services
                    .iter()
                    .filter(|service| service.build.is_none());
                for service in pulled {
                    let Some(image) = &service.container.image else {
                        continue;
                    };

                    guard_service(ctx, rule, service, file, findings, |sink| {
                        run(ctx, image, sink)
                    });
                }
            }
            _ => {}
        }
    }

    findings.retain(|finding| project.reports(finding.location.file));
}

fn check_file(ctx: &Analysis, index: usize, findings: &mut Vec<Finding>) {
    let facts = &ctx.facts.files[index];
    let source = &ctx.facts.repository.files()[index];
    if source.text.is_empty() && facts.kind == FileKind::Text {
        return;
    }

    for (check, rule) in CHECKS_BY_KIND.of(facts) {
        match check.run {
            CheckFn::File(run) => guard(rule, source.id, findings, |sink| {
                run(ctx, source, facts, sink)
            }),
            CheckFn::Dockerfile(run) => {
                if let Some(dockerfile) = &facts.dockerfile {
                    let before = findings.len();
                    guard(rule, source.id, findings, |sink| run(ctx, dockerfile, sink));

                    for finding in &mut findings[before..] {
                        let location = finding.location;
                        name_role(std::slice::from_mut(finding), || {
                            roles::of_stage(ctx, dockerfile, location)
                        });
                    }
                }
            }
            CheckFn::Workflow(run) => {
                if let Some(workflow) = &facts.workflow {
                    check_workflow(ctx, rule, workflow, run, findings);
                }
            }
            CheckFn::Image(run) if facts.objects.is_empty() => {
                for image in facts.images() {
                    guard(rule, source.id, findings, |sink| run(ctx, image, sink));
                }
            }
            CheckFn::Object(_)
            | CheckFn::Workload(_)
            | CheckFn::Container(_)
            | CheckFn::Image(_) => each_built(ctx, facts, findings, |object, findings| {
                check_object(ctx, rule, check.run, object, findings);
            }),
            CheckFn::Project(_) | CheckFn::Service(_) | CheckFn::Repository(_) => {}
        }
    }
}

/// Runs a check of an object, or of its parts.
fn check_object(
    ctx: &Analysis,
    rule: &'static Rule,
    run: CheckFn,
    object: &Object,
    findings: &mut Vec<Finding>,
) {
    if let CheckFn::Object(run) = run {
        guard_object(rule, object, findings, |sink| run(ctx, object, sink));
        return;
    }

    let Some(workload) = object.workload() else {
        return;
    };

    if let CheckFn::Workload(run) = run {
        guard_object(rule, object, findings, |sink| {
            run(ctx, object, workload, sink)
        });
        return;
    }

    let owner = Owner::Kubernetes(object, workload);

    for container in &workload.pod.containers {
        match (run, &container.image) {
            (CheckFn::Container(run), _) => guard_object(rule, object, findings, |sink| {
                run(ctx, owner, container, sink)
            }),
            (CheckFn::Image(run), Some(image)) => {
                guard(rule, object.file, findings, |sink| run(ctx, image, sink));
            }
            _ => {}
        }
    }
}

/// Runs a check of a workflow. That the workflow does not run is a case of each finding.
fn check_workflow(
    ctx: &Analysis,
    rule: &'static Rule,
    workflow: &Workflow,
    run: fn(&Analysis, &Workflow, &mut Sink),
    findings: &mut Vec<Finding>,
) {
    let before = findings.len();
    guard(rule, workflow.file, findings, |sink| {
        run(ctx, workflow, sink)
    });

    if findings.len() > before && is_shelved(ctx, workflow) {
        for finding in &mut findings[before..] {
            finding.cases.push(policy::SHELVED);
        }
    }
}

/// Runs a check of a service. Its role is a case of each finding.
fn guard_service(
    ctx: &Analysis,
    rule: &'static Rule,
    service: &Service,
    file: FileId,
    findings: &mut Vec<Finding>,
    run: impl FnOnce(&mut Sink),
) {
    let before = findings.len();
    guard(rule, file, findings, run);

    name_role(&mut findings[before..], || roles::of_service(ctx, service));
}

/// Runs a check of an object. Its role is a case of each finding.
fn guard_object(
    rule: &'static Rule,
    object: &Object,
    findings: &mut Vec<Finding>,
    run: impl FnOnce(&mut Sink),
) {
    let before = findings.len();
    guard(rule, object.file, findings, run);

    name_role(&mut findings[before..], || roles::of_object(object));
}

type Ruled = (&'static Check, &'static Rule);

/// Every coded check with its rule, looked up once.
static CHECKS_WITH_RULES: LazyLock<Vec<Ruled>> = LazyLock::new(|| {
    CHECKS
        .iter()
        .copied()
        .flatten()
        .filter_map(|check| Some((check, catalog::rule(check.rule)?)))
        .collect()
});

/// The checks by what they apply to. Most files are plain text, to which few checks apply.
struct ChecksByKind {
    projects: Vec<Ruled>,
    texts: Vec<Ruled>,
    dockerfiles: Vec<Ruled>,
    workflows: Vec<Ruled>,
    manifests: Vec<Ruled>,
}

/// The checks with a function of some kinds.
fn checks_with(is_kind: fn(&CheckFn) -> bool) -> Vec<Ruled> {
    CHECKS_WITH_RULES
        .iter()
        .copied()
        .filter(|(check, _)| is_kind(&check.run))
        .collect()
}

static CHECKS_BY_KIND: LazyLock<ChecksByKind> = LazyLock::new(|| ChecksByKind {
    projects: checks_with(|run| {
        matches!(
            run,
            CheckFn::Project(_) | CheckFn::Service(_) | CheckFn::Container(_) | CheckFn::Image(_)
        )
    }),
    texts: checks_with(|run| matches!(run, CheckFn::File(_))),
    dockerfiles: checks_with(|run| {
        matches!(
            run,
            CheckFn::File(_) | CheckFn::Dockerfile(_) | CheckFn::Image(_)
        )
    }),
    workflows: checks_with(|run| {
        matches!(
            run,
            CheckFn::File(_) | CheckFn::Workflow(_) | CheckFn::Image(_)
        )
    }),
    manifests: checks_with(|run| {
        matches!(
            run,
            CheckFn::File(_)
                | CheckFn::Object(_)
                | CheckFn::Workload(_)
                | CheckFn::Container(_)
                | CheckFn::Image(_)
        )
    }),
});

impl ChecksByKind {
    /// Those that a file's facts may give something to look at: no file is two of these.
    fn of(&self, facts: &FileFacts) -> &[Ruled] {
        match () {
            () if facts.dockerfile.is_some() => &self.dockerfiles,
            () if facts.workflow.is_some() || facts.gitlab.is_some() => &self.workflows,
            () if !facts.objects.is_empty() => &self.manifests,
            () => &self.texts,
        }
    }
}

/// Runs one check. Findings before a panic are kept.
fn guard(
    rule: &'static Rule,
    file: FileId,
    findings: &mut Vec<Finding>,
    run: impl FnOnce(&mut Sink),
) {
    let mut sink = Sink::new(rule.name, rule.level, rule.confidence);
    let done = attempt(rule.name, file, || run(&mut sink));

    // Nearly every check of nearly every file ends here.
    if done.is_ok() && sink.is_empty() {
        return;
    }

    findings.append(&mut sink.into_findings());
    findings.extend(
        done.err()
            .map(|panicked| fence::of_rule(panicked.into(), rule.name)),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Location, Span};

    #[test]
    fn a_check_that_panics_costs_itself_alone() {
        let rule = catalog::rule("unused-suppression").unwrap();
        let location = Location::new(FileId(2), Span::new(1, 2));
        let mut findings = Vec::new();
        guard(rule, FileId(2), &mut findings, |sink| {
            sink.report(Finding::new(location, "before"));
            let text = "é";
            sink.report(Finding::new(location, &text[..1]));
        });
        guard(rule, FileId(2), &mut findings, |sink| {
            sink.report(Finding::new(location, "after"))
        });

        let reported: Vec<(&str, &str, FileId)> = findings
            .iter()
            .map(|finding| {
                (
                    finding.rule,
                    finding.message.as_str(),
                    finding.location.file,
                )
            })
            .collect();
        let message = "internal error: the rule `unused-suppression` did not finish";
        assert_eq!(
            reported,
            [
                ("unused-suppression", "before", FileId(2)),
                ("internal-error", message, FileId(2)),
                ("unused-suppression", "after", FileId(2)),
            ]
        );
    }
}
