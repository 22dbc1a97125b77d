//! Which check meets what: the facts in parts, each part with the checks that can speak of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use rayon::prelude::*;

use super::{BATCH, internal};
use crate::analysis::pipelines::is_shelved;
use crate::analysis::{Ctx, Owner};
use crate::catalog::{self, Rule};
use crate::finding::{Finding, Level, Sink};
use crate::graph::Graph;
use crate::model::facts::{Facts, FileFacts};
use crate::model::kind::FileKind;
use crate::rules::{CHECKS, Check, Run, declarative};
use crate::source::FileId;

/// What every check finds, part by part; in no order yet.
pub(super) fn all(facts: &Facts, graph: &Graph) -> Vec<Vec<Finding>> {
    let ctx = Ctx { facts, graph };
    parts(facts).into_par_iter().with_max_len(BATCH).map(|part| check_part(&ctx, part)).collect()
}

/// A part of the facts that one worker checks.
#[derive(Clone, Copy)]
enum Part {
    File(usize),
    Project(usize),
    /// One check over the whole repository, by its index in `RULED`.
    Repository(usize),
    /// All declarative rules.
    Declarative,
}

fn parts(facts: &Facts) -> Vec<Part> {
    let whole = RULED.iter().enumerate().filter(|(_, (check, _))| matches!(check.run, Run::Repository(_)));
    whole
        .map(|(at, _)| Part::Repository(at))
        .chain([Part::Declarative])
        .chain((0..facts.projects().len()).map(Part::Project))
        .chain((0..facts.files.len()).map(Part::File))
        .collect()
}

fn check_part(ctx: &Ctx, part: Part) -> Vec<Finding> {
    let mut findings = Vec::new();
    match part {
        Part::Repository(at) => {
            let (check, rule) = RULED[at];
            if let Run::Repository(run) = check.run {
                guard(ctx, rule, FileId(0), &mut findings, |sink| run(ctx, sink));
            }
        }
        Part::Declarative => declarative::check(ctx, &mut findings),
        Part::Project(at) => check_project(ctx, at, &mut findings),
        Part::File(at) => check_file(ctx, at, &mut findings),
    }
    findings
}

fn check_project(ctx: &Ctx, at: usize, findings: &mut Vec<Finding>) {
    let project = &ctx.facts.projects()[at];
    let file = project.files.first().copied().unwrap_or_default();
    for (check, rule) in &SORTED.projects {
        match check.run {
            Run::Project(run) => guard(ctx, rule, file, findings, |sink| run(ctx, project, sink)),
            Run::Service(run) => {
                for service in &project.services {
                    guard(ctx, rule, file, findings, |sink| run(ctx, project, service, sink));
                }
            }
            Run::Container(run) => {
                for service in &project.services {
                    let owner = Owner::Compose(project, service);
                    guard(ctx, rule, file, findings, |sink| run(ctx, owner, &service.container, sink));
                }
            }
            Run::Image(run) => {
                // With a build, the image is the name of what is built.
                let pulled = project.services.iter().filter(|service| service.build.is_none());
                for image in pulled.filter_map(|service| service.container.image.as_ref()) {
                    guard(ctx, rule, file, findings, |sink| run(ctx, image, sink));
                }
            }
            _ => {}
        }
    }
    findings.retain(|finding| project.reports(finding.place.file));
}

fn check_file(ctx: &Ctx, at: usize, findings: &mut Vec<Finding>) {
    let facts = &ctx.facts.files[at];
    let source = &ctx.facts.repository.files()[at];
    if source.text.is_empty() && facts.kind == FileKind::Text {
        return;
    }
    for (check, rule) in SORTED.of(facts) {
        match check.run {
            Run::File(run) => guard(ctx, rule, source.id, findings, |sink| run(ctx, source, facts, sink)),
            Run::Dockerfile(run) => {
                if let Some(dockerfile) = &facts.dockerfile {
                    guard(ctx, rule, source.id, findings, |sink| run(ctx, dockerfile, sink));
                }
            }
            Run::Workflow(run) => {
                if let Some(workflow) = &facts.workflow {
                    let before = findings.len();
                    guard(ctx, rule, source.id, findings, |sink| run(ctx, workflow, sink));
                    // What does not run does no harm; a secret in it does.
                    let harmless = findings.len() > before && rule.item != "no-secrets" && is_shelved(ctx, workflow);
                    findings[before..].iter_mut().filter(|_| harmless).for_each(|own| own.level = Level::Note);
                }
            }
            Run::Image(run) => {
                for image in facts.images() {
                    guard(ctx, rule, source.id, findings, |sink| run(ctx, image, sink));
                }
            }
            Run::Object(run) => {
                for object in &facts.objects {
                    guard(ctx, rule, source.id, findings, |sink| run(ctx, object, sink));
                }
            }
            Run::Workload(run) => {
                for (object, workload) in facts.workloads() {
                    guard(ctx, rule, source.id, findings, |sink| run(ctx, object, workload, sink));
                }
            }
            Run::Container(run) => {
                for (object, workload) in facts.workloads() {
                    let owner = Owner::Kubernetes(object, workload);
                    for container in &workload.pod.containers {
                        guard(ctx, rule, source.id, findings, |sink| run(ctx, owner, container, sink));
                    }
                }
            }
            Run::Project(_) | Run::Service(_) | Run::Repository(_) => {}
        }
    }
}

type Ruled = (&'static Check, &'static Rule);

/// Every coded check with its rule, looked up once.
static RULED: LazyLock<Vec<Ruled>> = LazyLock::new(|| {
    CHECKS.iter().copied().flatten().filter_map(|check| Some((check, catalog::rule(check.rule)?))).collect()
});

/// The checks by what they may be called with. Most files are texts, with which few checks are called.
struct Sorted {
    projects: Vec<Ruled>,
    texts: Vec<Ruled>,
    dockerfiles: Vec<Ruled>,
    workflows: Vec<Ruled>,
    manifests: Vec<Ruled>,
}

static SORTED: LazyLock<Sorted> = LazyLock::new(|| {
    let of = |test: fn(&Run) -> bool| RULED.iter().copied().filter(|(check, _)| test(&check.run)).collect();
    Sorted {
        projects: of(|run| matches!(run, Run::Project(_) | Run::Service(_) | Run::Container(_) | Run::Image(_))),
        texts: of(|run| matches!(run, Run::File(_))),
        dockerfiles: of(|run| matches!(run, Run::File(_) | Run::Dockerfile(_) | Run::Image(_))),
        workflows: of(|run| matches!(run, Run::File(_) | Run::Workflow(_) | Run::Image(_))),
        manifests: of(|run| {
            matches!(run, Run::File(_) | Run::Object(_) | Run::Workload(_) | Run::Container(_) | Run::Image(_))
        }),
    }
});

impl Sorted {
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

/// Runs one check; a panic in it becomes a finding that names it.
fn guard(ctx: &Ctx, rule: &'static Rule, file: FileId, findings: &mut Vec<Finding>, run: impl FnOnce(&mut Sink)) {
    let mut sink = Sink::new(rule.name, rule.level, rule.confidence);
    match catch_unwind(AssertUnwindSafe(|| run(&mut sink))) {
        Ok(()) => {
            let mut found = sink.into_findings();
            if !found.is_empty() {
                findings.append(&mut found);
            }
        }
        Err(_) => {
            let path = ctx.facts.repository.files().get(file.0 as usize).map_or("", |file| &file.path);
            findings.push(internal(file, &format!("rule `{}` failed on `{path}`", rule.name)));
        }
    }
}
