//! Which check meets what: the facts in parts, each part with the checks that can speak of it.

use std::sync::LazyLock;

use rayon::prelude::*;

use super::policy;
use super::workers::BATCH;
use crate::analysis::pipelines::is_shelved;
use crate::analysis::{Ctx, Owner};
use crate::catalog::{self, Rule};
use crate::fence::{self, isolate};
use crate::finding::{Finding, Sink};
use crate::graph::Graph;
use crate::model::facts::{Facts, FileFacts};
use crate::model::kind::FileKind;
use crate::rules::{CHECKS, Check, CheckFn, declarative};
use crate::source::FileId;

/// What every check finds, part by part; in no order yet.
pub(super) fn all(facts: &Facts, graph: &Graph) -> Vec<Vec<Finding>> {
    let ctx = Ctx { facts, graph };
    parts(facts)
        .into_par_iter()
        .with_max_len(BATCH)
        .map(|part| check_part(&ctx, part))
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

fn parts(facts: &Facts) -> Vec<WorkItem> {
    let whole = CHECKS_WITH_RULES
        .iter()
        .enumerate()
        .filter(|(_, (check, _))| matches!(check.run, CheckFn::Repository(_)));
    whole
        .map(|(at, _)| WorkItem::Repository(at))
        .chain([WorkItem::Declarative])
        .chain((0..facts.projects().len()).map(WorkItem::Project))
        .chain((0..facts.files.len()).map(WorkItem::File))
        .collect()
}

/// What is found in one part. What each check does is fenced by itself; this fence is around what
/// is between them.
fn check_part(ctx: &Ctx, part: WorkItem) -> Vec<Finding> {
    let mut findings = Vec::new();
    let file = match part {
        WorkItem::File(at) => FileId(at as u32),
        WorkItem::Project(at) => ctx.facts.projects()[at]
            .files
            .first()
            .copied()
            .unwrap_or_default(),
        WorkItem::Repository(_) | WorkItem::Declarative => FileId(0),
    };

    let done = isolate("the selection of checks", file, || {
        run_part(ctx, part, &mut findings)
    });

    findings.extend(done.err().map(|finding| *finding));

    findings
}

fn run_part(ctx: &Ctx, part: WorkItem, findings: &mut Vec<Finding>) {
    match part {
        WorkItem::Repository(at) => {
            let (check, rule) = CHECKS_WITH_RULES[at];
            if let CheckFn::Repository(run) = check.run {
                guard(rule, FileId(0), findings, |sink| run(ctx, sink));
            }
        }
        WorkItem::Declarative => declarative::check(ctx, findings),
        WorkItem::Project(at) => check_project(ctx, at, findings),
        WorkItem::File(at) => check_file(ctx, at, findings),
    }
}

fn check_project(ctx: &Ctx, at: usize, findings: &mut Vec<Finding>) {
    let project = &ctx.facts.projects()[at];
    let file = project.files.first().copied().unwrap_or_default();

    for (check, rule) in &CHECKS_BY_KIND.projects {
        match check.run {
            CheckFn::Project(run) => guard(rule, file, findings, |sink| run(ctx, project, sink)),
            CheckFn::Service(run) => {
                for service in &project.services {
                    guard(rule, file, findings, |sink| {
                        run(ctx, project, service, sink)
                    });
                }
            }
            CheckFn::Container(run) => {
                for service in &project.services {
                    let owner = Owner::Compose(project, service);
                    guard(rule, file, findings, |sink| {
                        run(ctx, owner, &service.container, sink)
                    });
                }
            }
            CheckFn::Image(run) => {
                // With a build, the image is the name of what is built.
                let pulled = project
                    .services
                    .iter()
                    .filter(|service| service.build.is_none());
                for image in pulled.filter_map(|service| service.container.image.as_ref()) {
                    guard(rule, file, findings, |sink| run(ctx, image, sink));
                }
            }
            _ => {}
        }
    }

    findings.retain(|finding| project.reports(finding.location.file));
}

fn check_file(ctx: &Ctx, at: usize, findings: &mut Vec<Finding>) {
    let facts = &ctx.facts.files[at];
    let source = &ctx.facts.repository.files()[at];
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
                    guard(rule, source.id, findings, |sink| run(ctx, dockerfile, sink));
                }
            }
            CheckFn::Workflow(run) => {
                if let Some(workflow) = &facts.workflow {
                    let before = findings.len();
                    guard(rule, source.id, findings, |sink| run(ctx, workflow, sink));
                    if findings.len() > before && is_shelved(ctx, workflow) {
                        for finding in &mut findings[before..] {
                            finding.cases.push(policy::SHELVED);
                        }
                    }
                }
            }
            CheckFn::Image(run) => {
                for image in facts.images() {
                    guard(rule, source.id, findings, |sink| run(ctx, image, sink));
                }
            }
            CheckFn::Object(run) => {
                for object in &facts.objects {
                    guard(rule, source.id, findings, |sink| run(ctx, object, sink));
                }
            }
            CheckFn::Workload(run) => {
                for (object, workload) in facts.workloads() {
                    guard(rule, source.id, findings, |sink| {
                        run(ctx, object, workload, sink)
                    });
                }
            }
            CheckFn::Container(run) => {
                for (object, workload) in facts.workloads() {
                    let owner = Owner::Kubernetes(object, workload);

                    for container in &workload.pod.containers {
                        guard(rule, source.id, findings, |sink| {
                            run(ctx, owner, container, sink)
                        });
                    }
                }
            }
            CheckFn::Project(_) | CheckFn::Service(_) | CheckFn::Repository(_) => {}
        }
    }
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

/// The checks by what they may be called with. Most files are texts, with which few checks are
/// called.
struct ChecksByKind {
    projects: Vec<Ruled>,
    texts: Vec<Ruled>,
    dockerfiles: Vec<Ruled>,
    workflows: Vec<Ruled>,
    manifests: Vec<Ruled>,
}

static CHECKS_BY_KIND: LazyLock<ChecksByKind> = LazyLock::new(|| {
    let of = |test: fn(&CheckFn) -> bool| {
        CHECKS_WITH_RULES
            .iter()
            .copied()
            .filter(|(check, _)| test(&check.run))
            .collect()
    };
    ChecksByKind {
        projects: of(|run| {
            matches!(
                run,
                CheckFn::Project(_)
                    | CheckFn::Service(_)
                    | CheckFn::Container(_)
                    | CheckFn::Image(_)
            )
        }),
        texts: of(|run| matches!(run, CheckFn::File(_))),
        dockerfiles: of(|run| {
            matches!(
                run,
                CheckFn::File(_) | CheckFn::Dockerfile(_) | CheckFn::Image(_)
            )
        }),
        workflows: of(|run| {
            matches!(
                run,
                CheckFn::File(_) | CheckFn::Workflow(_) | CheckFn::Image(_)
            )
        }),
        manifests: of(|run| {
            matches!(
                run,
                CheckFn::File(_)
                    | CheckFn::Object(_)
                    | CheckFn::Workload(_)
                    | CheckFn::Container(_)
                    | CheckFn::Image(_)
            )
        }),
    }
});

impl ChecksByKind {
    /// Those that a file's facts may give something to look at: no file is two of these.
    fn of(&self, facts: &FileFacts) -> &[Ruled] {
        match () {
            () if facts.dockerfile.is_some() => &self.dockerfiles,
            () if facts.workflow.is_some() => &self.workflows,
            () if !facts.objects.is_empty() => &self.manifests,
            () => &self.texts,
        }
    }
}

/// Runs one check. What it found before it panicked is kept.
fn guard(
    rule: &'static Rule,
    file: FileId,
    findings: &mut Vec<Finding>,
    run: impl FnOnce(&mut Sink),
) {
    let mut sink = Sink::new(rule.name, rule.level, rule.confidence);
    let done = isolate(rule.name, file, || run(&mut sink));

    let mut found = sink.into_findings();
    if !found.is_empty() {
        findings.append(&mut found);
    }

    findings.extend(
        done.err()
            .map(|finding| fence::of_rule(*finding, rule.name)),
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
        let broken = |sink: &mut Sink| {
            sink.report(Finding::new(location, "before"));
            let text = "é";
            sink.report(Finding::new(location, &text[..1]));
        };

        guard(rule, FileId(2), &mut findings, broken);
        guard(rule, FileId(2), &mut findings, |sink| {
            sink.report(Finding::new(location, "after"))
        });

        let found: Vec<(&str, &str, FileId)> = findings
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
            found,
            [
                ("unused-suppression", "before", FileId(2)),
                ("internal-error", message, FileId(2)),
                ("unused-suppression", "after", FileId(2)),
            ]
        );
    }
}
