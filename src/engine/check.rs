//! Which check meets what: the facts in parts, each part with the checks that can speak of it.

use std::sync::LazyLock;

use rayon::prelude::*;

use super::BATCH;
use crate::catalog::{self, Rule};
use crate::fence::{self, isolate};
use crate::finding::{Finding, Level, Sink};
use crate::graph::Graph;
use crate::model::facts::{Facts, FileFacts};
use crate::model::kind::FileKind;
use crate::rules::{CHECKS, Check, Ctx, Owner, Run, declarative, is_shelved};
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

/// What is found in one part. What each check does is fenced by itself; this fence is around what is between them.
fn check_part(ctx: &Ctx, part: Part) -> Vec<Finding> {
    let mut findings = Vec::new();
    let file = match part {
        Part::File(at) => FileId(at as u32),
        Part::Project(at) => ctx.facts.projects()[at].files.first().copied().unwrap_or_default(),
        Part::Repository(_) | Part::Declarative => FileId(0),
    };
    let done = isolate("the selection of checks", file, || run_part(ctx, part, &mut findings));
    findings.extend(done.err().map(|finding| *finding));

    findings
}

fn run_part(ctx: &Ctx, part: Part, findings: &mut Vec<Finding>) {
    match part {
        Part::Repository(at) => {
            let (check, rule) = RULED[at];
            if let Run::Repository(run) = check.run {
                guard(rule, FileId(0), findings, |sink| run(ctx, sink));
            }
        }
        Part::Declarative => declarative::check(ctx, findings),
        Part::Project(at) => check_project(ctx, at, findings),
        Part::File(at) => check_file(ctx, at, findings),
    }
}

fn check_project(ctx: &Ctx, at: usize, findings: &mut Vec<Finding>) {
    let project = &ctx.facts.projects()[at];
    let file = project.files.first().copied().unwrap_or_default();
    for (check, rule) in &SORTED.projects {
        match check.run {
            Run::Project(run) => guard(rule, file, findings, |sink| run(ctx, project, sink)),
            Run::Service(run) => {
                for service in &project.services {
                    guard(rule, file, findings, |sink| run(ctx, project, service, sink));
                }
            }
            Run::Container(run) => {
                for service in &project.services {
                    let owner = Owner::Compose(project, service);
                    guard(rule, file, findings, |sink| run(ctx, owner, &service.container, sink));
                }
            }
            Run::Image(run) => {
                // With a build, the image is the name of what is built.
                let pulled = project.services.iter().filter(|service| service.build.is_none());
                for image in pulled.filter_map(|service| service.container.image.as_ref()) {
                    guard(rule, file, findings, |sink| run(ctx, image, sink));
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
            Run::File(run) => guard(rule, source.id, findings, |sink| run(ctx, source, facts, sink)),
            Run::Dockerfile(run) => {
                if let Some(dockerfile) = &facts.dockerfile {
                    guard(rule, source.id, findings, |sink| run(ctx, dockerfile, sink));
                }
            }
            Run::Workflow(run) => {
                if let Some(workflow) = &facts.workflow {
                    let before = findings.len();
                    guard(rule, source.id, findings, |sink| run(ctx, workflow, sink));
                    // What does not run does no harm; a secret in it does.
                    let harmless = findings.len() > before && rule.item != "no-secrets" && is_shelved(ctx, workflow);
                    findings[before..].iter_mut().filter(|_| harmless).for_each(|own| own.level = Level::Note);
                }
            }
            Run::Image(run) => {
                for image in facts.images() {
                    guard(rule, source.id, findings, |sink| run(ctx, image, sink));
                }
            }
            Run::Object(run) => {
                for object in &facts.objects {
                    guard(rule, source.id, findings, |sink| run(ctx, object, sink));
                }
            }
            Run::Workload(run) => {
                for (object, workload) in facts.workloads() {
                    guard(rule, source.id, findings, |sink| run(ctx, object, workload, sink));
                }
            }
            Run::Container(run) => {
                for (object, workload) in facts.workloads() {
                    let owner = Owner::Kubernetes(object, workload);
                    for container in &workload.pod.containers {
                        guard(rule, source.id, findings, |sink| run(ctx, owner, container, sink));
                    }
                }
            }
            Run::Project(_) | Run::Service(_) | Run::Repository(_) => {}
        }
    }
}

type Ruled = (&'static Check, &'static Rule);

/// Every coded check with its rule, looked up once.
static RULED: LazyLock<Vec<Ruled>> =
    LazyLock::new(|| CHECKS.iter().filter_map(|check| Some((check, catalog::rule(check.rule)?))).collect());

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

/// Runs one check. What it found before it panicked is kept.
fn guard(rule: &'static Rule, file: FileId, findings: &mut Vec<Finding>, run: impl FnOnce(&mut Sink)) {
    let mut sink = Sink::new(rule.name, rule.level, rule.confidence);
    let done = isolate(rule.name, file, || run(&mut sink));

    let mut found = sink.into_findings();
    if !found.is_empty() {
        findings.append(&mut found);
    }
    findings.extend(done.err().map(|finding| fence::of_rule(*finding, rule.name)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Place, Span};

    #[test]
    fn a_check_that_panics_costs_itself_alone() {
        let rule = catalog::rule("unused-suppression").unwrap();
        let place = Place::new(FileId(2), Span::new(1, 2));
        let mut findings = Vec::new();
        let broken = |sink: &mut Sink| {
            sink.report(Finding::new(place, "before"));
            let text = "é";
            sink.report(Finding::new(place, &text[..1]));
        };

        guard(rule, FileId(2), &mut findings, broken);
        guard(rule, FileId(2), &mut findings, |sink| sink.report(Finding::new(place, "after")));

        let found: Vec<(&str, &str, FileId)> =
            findings.iter().map(|finding| (finding.rule, finding.message.as_str(), finding.place.file)).collect();
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
