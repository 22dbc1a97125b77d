//! The pipeline: walk, read, parse, lower, join, check, suppress, sort. The only file that names rayon.
//!
//! Files are read and lowered in parallel, joined once, and checked in parallel; findings are sorted at the end, so the
//! outcome depends neither on threads nor on the file system's order. A panic anywhere costs one file or one check.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::catalog::{self, Format, Rule};
use crate::config::Config;
use crate::credential::{self, Hit};
use crate::finding::{Finding, Label, Level, Sink};
use crate::git;
use crate::graph::Graph;
use crate::model::code::{self, CodeFacts};
use crate::model::facts::{Facts, FileFacts};
use crate::model::kind::{FileKind, Listing};
use crate::model::mentions::{Mentioned, Mentions, Names};
use crate::model::{compose, file, kubernetes};
use crate::rules::{CHECKS, Check, Ctx, Owner, Run, is_shelved};
use crate::source::{FileId, Place, Repository, SourceFile, Span};
use crate::suppress::{self, Date};
use crate::syntax::decode::decode;
use crate::walk::{self, Entry, Unread};

/// A worker's stack: deep trees are bounded by the parsers, this leaves them room.
const STACK_BYTES: usize = 8 * 1024 * 1024;

/// How many of the objects that a finding also speaks for are named with it.
const MAX_ALIKE: usize = 20;

/// What to lint, and how.
#[derive(Debug, Default)]
pub struct Options {
    /// The repository's root: paths are relative to it.
    pub root: PathBuf,
    /// Repository paths (files or folders) whose findings are wanted; empty for all. Everything else is still read as
    /// evidence.
    pub focus: Vec<String>,
    /// A file's text given instead of what is on disk, with its repository path.
    pub stdin: Option<(String, String)>,
    pub config: Config,
    /// Worker threads; `None` for one a core.
    pub threads: Option<usize>,
    /// The day on which suppressions are judged; `None` for the system's.
    pub today: Option<Date>,
    /// The process ends with this run: what it made is left to the system, which lets go of all of it at once.
    pub ends: bool,
}

/// What a run found.
#[derive(Debug, Default)]
pub struct Outcome {
    pub root: PathBuf,
    pub sources: Vec<SourceFile>,
    /// After selection, levels and suppressions; sorted by path, then errors first, then by place. Notes included:
    /// reporters decide what is shown.
    pub findings: Vec<Finding>,
    /// Spans that hold secrets, sorted by file: no output may print their text.
    pub secrets: Vec<(FileId, Vec<Span>)>,
    pub summary: Summary,
    /// The threads of the run, for its reports.
    pub workers: Workers,
}

/// The threads of a run; without any of their own, those of the process.
#[derive(Debug, Default)]
pub struct Workers(Option<rayon::ThreadPool>);

impl Workers {
    fn new(threads: usize) -> Self {
        Self(rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK_BYTES).build().ok())
    }

    fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.0 {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// What is made of each item, in the order of the items.
    pub fn map<T: Sync, R: Send>(&self, items: &[T], make: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
        self.run(|| items.par_iter().map(make).collect())
    }
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub dockerfiles: usize,
    pub compose_files: usize,
    pub kubernetes_objects: usize,
    pub workflows: usize,
    /// Deployable units: builds, compose services and workloads, joined.
    pub services: usize,
    /// All text files read.
    pub files: usize,
    pub suppressed: usize,
    pub elapsed: Duration,
    /// Something could not be checked (unreadable file, internal error): exit code 2.
    pub failed: bool,
}

/// Lints a repository. Never fails as a whole: what goes wrong becomes a finding.
pub fn lint(options: &Options) -> Outcome {
    let begin = Instant::now();
    let threads = options.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let workers = Workers::new(threads);
    let mut outcome = workers.run(|| lint_folder(options, threads));
    outcome.workers = workers;
    outcome.summary.elapsed = begin.elapsed();
    outcome
}

/// Lints texts that are in memory as a repository: `(path, text)` pairs. For tests and editors.
pub fn lint_texts(config: Config, files: &[(&str, &str)]) -> Outcome {
    let options = Options { config, ..Options::default() };
    let names = Names::of(files.iter().copied());
    let read = |(path, text): &(&str, &str)| ((*path).to_owned(), Read::text(path, (*text).to_owned(), &names));
    let read = files.iter().map(read).collect();
    lint_read(&options, &names, read, None)
}

fn lint_folder(options: &Options, threads: usize) -> Outcome {
    let exclude = |path: &str| options.config.excluded(path);
    let listing = walk::list(&options.root, &exclude, threads);
    let names = example_names(options, &listing.entries);
    let mut read = read_all(options, listing.entries, &names);
    read.extend(listing.errors.into_iter().map(|(path, reason)| (path, Read::failed(reason))));
    if let Some((path, text)) = &options.stdin {
        read.retain(|(known, _)| known != path);
        read.push((path.clone(), Read::text(path, text.clone(), &names)));
    }
    lint_read(options, &names, read, git::tracked(&options.root, file::is_env_file))
}

fn lint_read(
    options: &Options,
    names: &Names,
    mut read: Vec<(String, Read)>,
    tracked: Option<HashSet<String>>,
) -> Outcome {
    read.sort_by(|a, b| a.0.cmp(&b.0));
    let mut findings = Vec::new();
    let mut sources = Vec::with_capacity(read.len());
    let mut found = Vec::with_capacity(read.len());
    let mut mentioned = Vec::with_capacity(read.len());
    for (path, read) in read {
        let id = FileId(sources.len() as u32);
        findings.extend(read.failure.map(|reason| unreadable(id, &reason)));
        sources.push(SourceFile::new(id, path, read.text));
        found.push(Found { hits: read.hits, code: read.code });
        mentioned.push(read.mentioned);
    }
    let facts = join_all(&sources, found, names.all(mentioned), tracked, &mut findings);
    let graph = Graph::new(&facts);
    let checked = check_all(&facts, &graph, findings);
    let Settled { secrets, findings, summary } = settle(options, &facts, checked);
    if options.ends {
        std::mem::forget(graph);
        std::mem::forget(facts);
    }
    Outcome { root: options.root.clone(), sources, findings, secrets, summary, workers: Workers::default() }
}

/// What is left when the facts have served.
struct Settled {
    secrets: Vec<(FileId, Vec<Span>)>,
    findings: Vec<Finding>,
    summary: Summary,
}

/// Secrets, suppressions, policy and order.
fn settle(options: &Options, facts: &Facts, checked: Checked) -> Settled {
    let secrets = secrets(&checked.findings);
    let comments = |file: FileId| facts.file(file).comments.as_slice();
    let today = options.today.unwrap_or_else(Date::today);
    let applied = suppress::apply(checked.findings, facts.repository.files(), comments, today);
    let failed = applied.findings.iter().any(|finding| matches!(finding.rule, "unreadable-file" | "internal-error"));
    let summary = Summary { suppressed: applied.suppressed.len(), failed, ..checked.summary };
    Settled { secrets, findings: policy(options, facts, applied.findings), summary }
}

/// What reading one file gave.
struct Read {
    text: String,
    hits: Vec<Hit>,
    code: Option<Box<CodeFacts>>,
    mentioned: Mentioned,
    failure: Option<String>,
}

/// What was found in a text before most texts were let go.
struct Found {
    hits: Vec<Hit>,
    code: Option<Box<CodeFacts>>,
}

impl Read {
    fn failed(reason: String) -> Self {
        let mentioned = Mentioned::default();
        Self { text: String::new(), hits: Vec::new(), code: None, mentioned, failure: Some(reason) }
    }

    /// Keeps the text of what will be parsed or shown. Other files are searched for credentials, and sources for what
    /// they read and serve, and let go.
    fn text(path: &str, text: String, names: &Names) -> Self {
        let mentioned = names.find(path, &text);
        let hits = if file::is_generated(path) { Vec::new() } else { credential::scan(&text) };
        let code = if file::is_generated(path) { None } else { code::facts(path, &text) };
        let keep = !hits.is_empty()
            || code.is_some()
            || file::is_evidence(path)
            || (file::is_source(path) && !credential::assignments(&text).is_empty());
        Self { text: if keep { text } else { String::new() }, hits, code, mentioned, failure: None }
    }
}

/// The names that example env files give: known before all else is read.
fn example_names(options: &Options, entries: &[Entry]) -> Names {
    let examples = entries.iter().filter(|entry| file::is_example_env(&entry.path));
    let texts: Vec<(&str, String)> = examples
        .filter_map(|entry| Some((entry.path.as_str(), decode(walk::read(&options.root, entry).ok()?).ok()?)))
        .collect();
    Names::of(texts.iter().map(|(path, text)| (*path, text.as_str())))
}

fn read_all(options: &Options, entries: Vec<Entry>, names: &Names) -> Vec<(String, Read)> {
    let read = |entry: Entry| {
        let read = match walk::read(&options.root, &entry) {
            Ok(bytes) => match decode(bytes) {
                Ok(text) => Read::text(&entry.path, text, names),
                Err(error) if file::is_deployment(&entry.path) => Read::failed(error.to_string()),
                Err(_) => Read::text(&entry.path, String::new(), names),
            },
            Err(Unread::TooLarge(bytes)) if file::is_deployment(&entry.path) => Read::failed(format!(
                "{} MiB is larger than the {} MiB that are read",
                bytes >> 20,
                walk::MAX_BYTES >> 20
            )),
            Err(Unread::Failed(reason)) => Read::failed(reason),
            Err(Unread::TooLarge(_) | Unread::Skipped) => Read::text(&entry.path, String::new(), names),
        };
        (entry.path, read)
    };
    entries.into_par_iter().map(read).collect()
}

/// What checking gave, before policy.
struct Checked {
    /// In no order yet.
    findings: Vec<Finding>,
    summary: Summary,
}

/// Lowers every file, and joins what several of them say together.
fn join_all<'s>(
    sources: &'s [SourceFile],
    found: Vec<Found>,
    mentions: Mentions,
    tracked: Option<HashSet<String>>,
    findings: &mut Vec<Finding>,
) -> Facts<'s> {
    let repository = Repository::new(sources);
    let listing = Listing::new(sources.iter().map(|source| source.path.as_str()));
    let lower = |(source, found): (&'s SourceFile, Found)| {
        // A panic costs this file its facts.
        let lowered = catch_unwind(AssertUnwindSafe(|| file::lower(source, &listing)));
        let broken = lowered.is_err().then_some(source.id);
        let facts = lowered.unwrap_or_else(|_| FileFacts::new(FileKind::Text));
        (FileFacts { hits: found.hits, code: found.code, ..facts }, broken)
    };
    let (mut files, broken): (Vec<_>, Vec<_>) = sources.par_iter().zip(found).map(lower).unzip();
    findings.extend(broken.into_iter().flatten().map(|id| internal(id, "this file could not be read to its end")));
    if catch_unwind(AssertUnwindSafe(|| kubernetes::join(&mut files, repository))).is_err() {
        findings.push(internal(FileId(0), "the kustomizations could not be joined"));
    }
    let mut facts = Facts::new(repository, files, tracked);
    facts.mentions = mentions;
    match catch_unwind(AssertUnwindSafe(|| projects(&facts))) {
        Ok(projects) => facts.projects = projects,
        Err(_) => findings.push(internal(FileId(0), "the compose files could not be joined")),
    }
    facts
}

fn check_all(facts: &Facts, graph: &Graph, mut findings: Vec<Finding>) -> Checked {
    let ctx = Ctx { facts, graph };
    let parts: Vec<Vec<Finding>> = parts(facts).into_par_iter().map(|part| check_part(&ctx, part)).collect();
    findings.reserve(parts.iter().map(Vec::len).sum());
    findings.extend(parts.into_iter().flatten());
    let summary = Summary {
        dockerfiles: facts.dockerfiles().count(),
        compose_files: facts.of_kind(FileKind::Compose).count(),
        kubernetes_objects: facts.objects().count(),
        workflows: facts.of_kind(FileKind::Workflow).count(),
        services: graph.services(),
        files: facts.repository.files().iter().filter(|source| !source.text.is_empty()).count(),
        ..Summary::default()
    };
    Checked { findings, summary }
}

fn projects(facts: &Facts) -> Vec<compose::Project> {
    let folders = compose::Folders::of(facts);
    let loaded: Vec<Vec<compose::Project>> =
        (0..folders.len()).into_par_iter().map(|at| folders.projects(at)).collect();
    loaded.into_iter().flatten().collect()
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
        .chain((0..facts.projects.len()).map(Part::Project))
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
        Part::Declarative => crate::rules::declarative::check(ctx, &mut findings),
        Part::Project(at) => check_project(ctx, at, &mut findings),
        Part::File(at) => check_file(ctx, at, &mut findings),
    }
    findings
}

fn check_project(ctx: &Ctx, at: usize, findings: &mut Vec<Finding>) {
    let project = &ctx.facts.projects[at];
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
            findings.push(internal(file, &format!("the rule `{}` broke on `{path}`", rule.name)));
        }
    }
}

fn internal(file: FileId, what: &str) -> Finding {
    let mut finding = Finding::new(Place { file, span: Span::default() }, format!("internal error: {what}"))
        .help("the rest of the run went on; please report this with the file, or the part of it that you can share");
    finding.rule = "internal-error";
    finding
}

fn unreadable(file: FileId, reason: &str) -> Finding {
    let mut finding = Finding::new(Place { file, span: Span::default() }, format!("cannot be read: {reason}"))
        .help("nothing in this file was checked; make it readable, or name it in `.deploylintignore`");
    finding.rule = "unreadable-file";
    finding
}

/// Every span that some finding calls a secret, before any of them is left out.
fn secrets(findings: &[Finding]) -> Vec<(FileId, Vec<Span>)> {
    let mut places: Vec<Place> = findings.iter().flat_map(|finding| finding.secrets.iter().copied()).collect();
    places.sort_unstable();
    places.dedup();
    let mut files: Vec<(FileId, Vec<Span>)> = Vec::new();
    for place in places {
        match files.last_mut() {
            Some((file, spans)) if *file == place.file => spans.push(place.span),
            _ => files.push((place.file, vec![place.span])),
        }
    }
    files
}

/// Selection, levels and order: file by file, as a reader goes through the repository.
fn policy(options: &Options, facts: &Facts, findings: Vec<Finding>) -> Vec<Finding> {
    let sources = facts.repository.files();
    let mut by_file: Vec<Vec<Finding>> = Vec::new();
    // What is said of a run without files stands at the first.
    by_file.resize_with(sources.len().max(1), Vec::new);
    findings.into_iter().for_each(|finding| by_file[finding.place.file.0 as usize].push(finding));
    let judge = |(at, mut findings): (usize, Vec<Finding>)| {
        let path = sources.get(at).map_or("", |source| source.path.as_str());
        let format = facts.files.get(at).and_then(|file| format(file.kind));
        let test_data = !findings.is_empty() && file::is_test_data(path);
        findings.retain_mut(|finding| {
            if !options.focus.is_empty() && !in_focus(finding, sources, &options.focus) {
                return false;
            }
            let Some(rule) = catalog::rule(finding.rule) else { return false };
            let found = if test_data { Level::Note } else { finding.level };
            let level = options.config.level(rule, format, path, found);
            finding.level = level.unwrap_or(found);
            level.is_some()
        });
        findings.sort_by(|a, b| order(a).cmp(&order(b)));
        findings.dedup_by(|a, b| a.rule == b.rule && a.place == b.place && a.message == b.message);
        say_once(&mut findings);
        findings
    };
    let by_file: Vec<Vec<Finding>> = by_file.into_par_iter().enumerate().map(judge).collect();
    let mut kept = Vec::with_capacity(by_file.iter().map(Vec::len).sum());
    by_file.into_iter().for_each(|mut findings| kept.append(&mut findings));
    kept
}

/// Findings of one rule in one file that give the same advice at the same level, of a rule that says such things once:
/// three or more become the first of them, with the number and the places of the others.
fn say_once(findings: &mut Vec<Finding>) {
    let mut groups: HashMap<_, Vec<usize>> = HashMap::new();
    for (at, finding) in findings.iter().enumerate() {
        if catalog::rule(finding.rule).is_some_and(|rule| rule.once) {
            groups.entry((finding.rule, finding.level, finding.help.as_deref())).or_default().push(at);
        }
    }
    let groups: Vec<Vec<usize>> = groups.into_values().filter(|group| group.len() >= 3).collect();
    let mut spoken_for = vec![false; findings.len()];
    for group in groups {
        let (first, rest) = (group[0], &group[1..]);
        rest.iter().for_each(|&at| spoken_for[at] = true);
        let places = rest.iter().take(MAX_ALIKE).map(|&at| findings[at].place);
        let places: Vec<Label> = places.map(|place| Label { place, text: "and here".to_owned() }).collect();
        let finding = &mut findings[first];
        finding.others += rest.len() as u32;
        finding.message = format!("{}, and {} more here are alike", finding.message, rest.len());
        finding.related.extend(places);
    }
    let mut spoken_for = spoken_for.into_iter();
    findings.retain(|_| spoken_for.next() != Some(true));
}

/// Errors first, then as they stand.
fn order(finding: &Finding) -> impl Ord {
    (Reverse(finding.level), finding.place.span, finding.rule, &finding.message)
}

const fn format(kind: FileKind) -> Option<Format> {
    match kind {
        FileKind::Dockerfile => Some(Format::Dockerfile),
        FileKind::Compose => Some(Format::Compose),
        FileKind::Kubernetes | FileKind::Kustomization | FileKind::HelmTemplate | FileKind::HelmValues => {
            Some(Format::Kubernetes)
        }
        FileKind::Workflow | FileKind::Action | FileKind::GitlabCi => Some(Format::Workflow),
        _ => None,
    }
}

/// Whether the finding, or a place that it gives as a reason, is in one of the paths: what a change causes elsewhere is
/// shown to whoever makes the change.
fn in_focus(finding: &Finding, sources: &[SourceFile], focus: &[String]) -> bool {
    let places = [finding.place].into_iter().chain(finding.related.iter().map(|label| label.place));
    let mut paths = places.filter_map(|place| sources.get(place.file.0 as usize)).map(|source| &source.path);
    paths.any(|path| focus.iter().any(|focus| is_inside(path, focus)))
}

fn is_inside(path: &str, focus: &str) -> bool {
    path.strip_prefix(focus).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
