//! The pipeline: walk, read, parse, lower, join, check, suppress, sort. The only folder that names
//! rayon.
//!
//! Files are read and lowered in parallel, joined once, and checked in parallel; findings are
//! sorted at the end, so the outcome depends neither on threads nor on the file system's order. A
//! panic anywhere costs one file or one check.

mod check;
mod listing;
mod read;
mod settle;

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use self::listing::Files;
use self::read::{Failure, NoText, Read};
use self::settle::{Settled, settle};
use crate::analysis::Ctx;
use crate::catalog;
use crate::config::Config;
use crate::credential::{self, Hit};
use crate::data;
use crate::fence::{isolate, isolate_or_default};
use crate::finding::{Finding, Level};
use crate::graph::Graph;
use crate::graph::kubernetes::Cluster;
use crate::input::{self, Root};
use crate::model::code::CodeFacts;
use crate::model::facts::{Facts, FileFacts};
use crate::model::kind::{FileKind, Listing};
use crate::model::mentions::{EnvNameSearch, Mentions};
use crate::model::{compose, file, kubernetes, package};
use crate::source::{FileId, Location, Repository, SourceFile, Span};
use crate::suppress::Date;

/// A worker's stack: deep trees are bounded by the parsers, this leaves them room.
const STACK_BYTES: usize = 8 * 1024 * 1024;

/// More threads than these are not started: they would only wait for each other.
const MAX_THREADS: usize = 256;
const THREADS_PER_CORE: usize = 4;

/// How many files a worker takes at once: few enough that none is left with many when the others
/// have no more.
const BATCH: usize = 8;

/// What to lint, and how.
#[derive(Debug, Default)]
pub struct Options {
    /// The repository's root: paths are relative to it.
    pub root: PathBuf,
    /// Repository paths (files or folders) whose findings are wanted; empty for all. Everything
    /// else is still read as evidence.
    pub focus: Vec<String>,
    /// What the user names, as paths from the root: read whatever leaves it out, or else an error.
    /// The root itself is an empty path.
    pub named: Vec<PathBuf>,
    pub evidence: Evidence,
    /// A file's text given instead of what is on disk, with its repository path.
    pub stdin: Option<(String, String)>,
    pub config: Config,
    /// Worker threads; `None` for one a core.
    pub threads: Option<usize>,
    /// The day on which suppressions are judged; `None` for the system's.
    pub today: Option<Date>,
    /// The process ends with this run: what it made is left to the system, which lets go of all of
    /// it at once.
    pub ends: bool,
}

/// What is read besides what the user names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Evidence {
    /// All of the repository.
    #[default]
    Repository,
    /// Nothing: a file outside of any repository says nothing of the files beside it.
    NamedOnly,
}

/// What a run found.
#[derive(Debug, Default)]
pub struct Outcome {
    pub root: PathBuf,
    pub sources: Vec<SourceFile>,
    /// After selection, levels and suppressions; sorted by path, then errors first, then by place.
    /// Notes included: reporters decide what is shown.
    pub findings: Vec<Finding>,
    /// Spans that hold secrets, sorted by file: no output may print their text.
    pub secrets: Vec<(FileId, Vec<Span>)>,
    pub summary: Summary,
    /// The threads of the run, for its reports.
    pub workers: Workers,
}

impl Outcome {
    /// What several runs found, each with the path from where the user stands to its root, empty or
    /// ending in `/`. None of them was evidence for another.
    pub fn join(runs: Vec<(String, Outcome)>) -> Outcome {
        let mut whole = Outcome::default();

        for (prefix, run) in runs {
            let first = whole.sources.len() as u32;
            let moved = |file: FileId| FileId(file.0 + first);
            whole.sources.extend(run.sources.into_iter().map(|source| {
                let path = format!("{prefix}{}", source.path);
                SourceFile::new(moved(source.id), path.trim_end_matches('/'), source.text)
            }));
            whole.secrets.extend(
                run.secrets
                    .into_iter()
                    .map(|(file, spans)| (moved(file), spans)),
            );
            whole
                .findings
                .extend(run.findings.into_iter().map(|mut finding| {
                    finding.rename_files(moved);
                    finding
                }));
            whole.summary.add(&run.summary);
        }

        whole
    }
}

/// The threads of a run; without any of their own, those of the process.
#[derive(Debug, Default)]
pub struct Workers(Option<rayon::ThreadPool>);

impl Workers {
    /// As many threads as are asked for, or as can be started. Where none can, the caller's own
    /// thread is the only worker.
    pub fn start(threads: Option<usize>) -> Result<Self, StartError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut count = threads
            .unwrap_or(cores)
            .clamp(1, MAX_THREADS.min(cores * THREADS_PER_CORE));
        let pool = |count| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(count)
                .stack_size(STACK_BYTES)
        };

        loop {
            match pool(count).build() {
                Ok(workers) => return Ok(Self(Some(workers))),
                Err(_) if count > 1 => count /= 2,
                Err(_) => break,
            }
        }

        match pool(1).use_current_thread().build() {
            Ok(workers) => Ok(Self(Some(workers))),
            Err(error) => Err(StartError(error.to_string())),
        }
    }

    fn count(&self) -> usize {
        self.0
            .as_ref()
            .map_or(1, rayon::ThreadPool::current_num_threads)
    }

    fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.0 {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// What is made of each item, in the order of the items.
    pub fn map<T: Sync, R: Send>(
        &self,
        items: &[T],
        make: impl Fn(&T) -> R + Send + Sync,
    ) -> Vec<R> {
        self.run(|| items.par_iter().with_max_len(BATCH).map(make).collect())
    }
}

/// Why there is no thread to run on.
#[derive(Debug)]
pub struct StartError(String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot start a thread: {}", self.0)
    }
}

impl std::error::Error for StartError {}

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
    /// Files that the configuration leaves out.
    pub excluded: usize,
    /// Files and folders that `.gitignore` and `.deploylintignore` leave out.
    pub ignored: usize,
    pub suppressed: usize,
    pub elapsed: Duration,
    /// Something could not be checked (unreadable file, internal error): exit code 2.
    pub failed: bool,
}

impl Summary {
    fn add(&mut self, other: &Summary) {
        self.dockerfiles += other.dockerfiles;
        self.compose_files += other.compose_files;
        self.kubernetes_objects += other.kubernetes_objects;
        self.workflows += other.workflows;
        self.services += other.services;
        self.files += other.files;
        self.excluded += other.excluded;
        self.ignored += other.ignored;
        self.suppressed += other.suppressed;
        self.elapsed += other.elapsed;
        self.failed |= other.failed;
    }
}

/// Lints a repository. Fails where no thread can be started; what else goes wrong becomes a
/// finding.
pub fn lint(options: &Options) -> Result<Outcome, StartError> {
    let workers = Workers::start(options.threads)?;
    let mut outcome = lint_with(options, &workers);
    outcome.workers = workers;
    Ok(outcome)
}

/// Lints a repository with threads that are there already. Never fails as a whole.
pub fn lint_with(options: &Options, workers: &Workers) -> Outcome {
    lint_folder_with(options, workers, &mut |_| {})
}

/// The same, and what `inspect` makes of the facts before they are dropped. It gets no facts where
/// the repository cannot be read, and where it panics, the outcome has failed.
pub fn inspect_with<T: Send>(
    options: &Options,
    workers: &Workers,
    mut inspect: impl FnMut(&Ctx) -> T + Send,
) -> (Outcome, Option<T>) {
    let mut result = None;
    let outcome = lint_folder_with(options, workers, &mut |ctx| result = Some(inspect(ctx)));

    (outcome, result)
}

/// What looks at the facts of a run after the checks.
type Inspection<'i> = &'i mut (dyn FnMut(&Ctx) + Send);

fn lint_folder_with(options: &Options, workers: &Workers, inspect: Inspection) -> Outcome {
    let begin = Instant::now();
    // One worker alone would read them after the files, when what was needed is there.
    let ahead = || {
        if workers.count() > 1 {
            read_tables()
        }
    };

    let (mut outcome, ()) = workers.run(|| rayon::join(|| lint_folder(options, inspect), ahead));
    outcome.summary.elapsed = begin.elapsed();

    outcome
}

/// Lints texts that are in memory as a repository: `(path, text)` pairs. For tests and editors.
pub fn lint_texts(config: Config, files: &[(&str, &str)]) -> Outcome {
    let options = Options {
        config,
        ..Options::default()
    };

    let names = EnvNameSearch::of(files.iter().copied());
    let read = |(path, text): &(&str, &str)| {
        (
            (*path).to_owned(),
            Read::text(path, (*text).to_owned(), &names),
        )
    };

    let read = files.iter().map(read).collect();

    lint_read(&options, &names, read, Files::default(), &mut |_| {})
}

/// Reads the tables that nearly every run asks for, while the first files are looked for.
fn read_tables() {
    credential::scan("");
    catalog::rules();
    data::image("");
    package::manager("");
}

fn lint_folder(options: &Options, inspect: Inspection) -> Outcome {
    let root = match Root::open(&options.root) {
        Ok(root) => root,
        Err(error) => {
            let read = vec![(
                String::new(),
                Read::failed(Level::Error, input::plain(&error)),
            )];
            let names = EnvNameSearch::of([]);
            return lint_read(options, &names, read, Files::default(), inspect);
        }
    };

    let mut files = listing::list(&root, options);
    let entries = std::mem::take(&mut files.entries);
    let names = read::example_names(&root, &entries);
    let mut read = read::all(&root, options, entries, &names);
    let errors = std::mem::take(&mut files.errors);
    read.extend(
        errors
            .into_iter()
            .map(|(path, reason)| (path, Read::failed(Level::Error, reason))),
    );

    if let Some((path, text)) = &options.stdin {
        read.retain(|(known, _)| known != path);
        read.push((path.clone(), Read::text(path, text.clone(), &names)));
    }

    lint_read(options, &names, read, files, inspect)
}

/// The text of a file as it is linted, or why it is none.
pub fn text(path: &str, bytes: Vec<u8>) -> Result<String, String> {
    read::text(path, bytes).map_err(NoText::into_reason)
}

fn lint_read(
    options: &Options,
    names: &EnvNameSearch,
    mut read: Vec<(String, Read)>,
    files: Files,
    inspect: Inspection,
) -> Outcome {
    read.sort_by(|a, b| a.0.cmp(&b.0));
    let mut findings = Vec::new();
    let mut sources = Vec::with_capacity(read.len());
    let mut found = Vec::with_capacity(read.len());
    let mut mentioned = Vec::with_capacity(read.len());
    let mut targets = Vec::new();

    for (path, read) in read {
        let id = FileId(sources.len() as u32);
        let is_unread = read.failure.is_some();
        findings.extend(read.failure.map(|failure| unreadable(id, &failure)));
        findings.extend(read.broken.into_iter().map(|mut broken| {
            broken.location.file = id;
            broken
        }));
        sources.push(SourceFile::new(id, path, read.text));
        found.push(Found {
            hits: read.hits,
            code: read.code,
            is_unread,
        });

        mentioned.push(read.mentioned);
        targets.extend(read.target.map(|target| (id, target)));
    }

    let aliases = aliases(&sources, targets);
    let tracked = files.tracked.map(HashSet::from_iter);
    let repository = Repository::linked(&sources, &files.links);
    let facts = lower_all(
        repository,
        found,
        names.all(mentioned),
        tracked,
        &mut findings,
    );
    let graph = graph(&facts, &mut findings);
    let mut found = check::all(&facts, &graph);
    found.push(findings);
    let mut broken = Vec::new();
    isolate_or_default("the inspection", FileId(0), &mut broken, || {
        inspect(&Ctx {
            facts: &facts,
            graph: &graph,
        });
    });
    let count = || {
        isolate_or_default("the summary", FileId(0), &mut broken, || {
            summary(&facts, &graph)
        })
    };

    let (settled, summary) = rayon::join(|| settle(options, &facts, found, &aliases), count);
    let Settled {
        secrets,
        mut findings,
        suppressed,
        failed,
    } = settled;
    let failed = failed || !broken.is_empty();
    findings.extend(broken);
    let summary = Summary {
        suppressed,
        failed,
        excluded: files.excluded,
        ignored: files.ignored,
        ..summary
    };

    if options.ends {
        std::mem::forget(graph);
        std::mem::forget(facts);
    }

    Outcome {
        root: options.root.clone(),
        sources,
        findings,
        secrets,
        summary,
        workers: Workers::default(),
    }
}

/// Files that are links, each with the file that it is a link to.
fn aliases(sources: &[SourceFile], targets: Vec<(FileId, String)>) -> Vec<(FileId, FileId)> {
    let repository = Repository::new(sources);
    targets
        .into_iter()
        .filter_map(|(id, target)| Some((id, repository.find(&target)?.id)))
        .collect()
}

/// What was found in a text before most texts were let go.
struct Found {
    hits: Vec<Hit>,
    code: Option<Box<CodeFacts>>,
    /// What is in the file is not known.
    is_unread: bool,
}

/// Lowers every file, and lays kustomizations over what they change.
fn lower_all<'s>(
    repository: Repository<'s>,
    found: Vec<Found>,
    mentions: Mentions,
    tracked: Option<HashSet<String>>,
    findings: &mut Vec<Finding>,
) -> Facts<'s> {
    let sources = repository.files();
    let listing = Listing::new(sources.iter().map(|source| source.path.as_str()));
    let lower = |(source, found): (&'s SourceFile, Found)| {
        if found.is_unread {
            // Like a template, it may hold what is missed elsewhere.
            return (FileFacts::new(FileKind::Template), None);
        }
        // A panic costs this file its facts.
        let (facts, broken) =
            match isolate("the parser", source.id, || file::lower(source, &listing)) {
                Ok(facts) => (facts, None),
                Err(finding) => (FileFacts::new(FileKind::Text), Some(*finding)),
            };
        (
            FileFacts {
                hits: found.hits,
                code: found.code,
                ..facts
            },
            broken,
        )
    };

    let (mut files, broken): (Vec<_>, Vec<_>) = sources
        .par_iter()
        .zip(found)
        .with_max_len(BATCH)
        .map(lower)
        .unzip();
    findings.extend(broken.into_iter().flatten());
    findings.extend(kubernetes::join(&mut files, repository));
    let mut facts = Facts::new(repository, files, tracked);
    facts.mentions = mentions;

    facts
}

/// Joins compose files to projects, manifests to a cluster, and both to what they are built from.
fn graph<'f>(facts: &'f Facts<'f>, findings: &mut Vec<Finding>) -> Graph<'f> {
    let manifest = facts
        .objects()
        .next()
        .map(|object| object.file)
        .unwrap_or_default();
    let dockerfile = facts
        .dockerfiles()
        .next()
        .map(|dockerfile| dockerfile.file)
        .unwrap_or_default();

    let (mut broken, cluster) = rayon::join(
        || join_projects(facts),
        || {
            isolate("the join of Kubernetes objects", manifest, || {
                Cluster::new(facts)
            })
        },
    );
    let cluster = cluster.unwrap_or_else(|finding| {
        broken.push(*finding);
        Cluster::default()
    });

    let graph = isolate("the join of images", dockerfile, || {
        Graph::new(facts, cluster)
    })
    .unwrap_or_else(|finding| {
        broken.push(*finding);
        Graph::unjoined(facts)
    });

    findings.append(&mut broken);

    graph
}

fn summary(facts: &Facts, graph: &Graph) -> Summary {
    Summary {
        dockerfiles: facts.dockerfiles().count(),
        compose_files: facts.of_kind(FileKind::Compose).count(),
        kubernetes_objects: facts.objects().count(),
        workflows: facts.of_kind(FileKind::Workflow).count(),
        services: graph.services(),
        files: facts
            .repository
            .files()
            .iter()
            .filter(|source| !source.text.is_empty())
            .count(),
        ..Summary::default()
    }
}

/// Joins the compose files of each folder to projects. Returns what panicked.
fn join_projects(facts: &Facts) -> Vec<Finding> {
    let mut broken = Vec::new();
    let first = facts.of_kind(FileKind::Compose).next().unwrap_or_default();
    let folders = isolate("the search for compose projects", first, || {
        compose::Folders::of(facts)
    });

    let projects = match &folders {
        Ok(folders) => {
            let load = |at| {
                let mut broken = Vec::new();
                let file = folders.first_file(at);
                let work = || folders.projects(at);
                (
                    isolate_or_default("the join of compose files", file, &mut broken, work),
                    broken,
                )
            };

            let loaded: Vec<_> = (0..folders.len())
                .into_par_iter()
                .with_max_len(1)
                .map(load)
                .collect();
            let (projects, lost): (Vec<_>, Vec<_>) = loaded.into_iter().unzip();
            broken.extend(lost.into_iter().flatten());

            projects.into_iter().flatten().collect()
        }
        Err(finding) => {
            broken.push((**finding).clone());
            Vec::new()
        }
    };

    facts.joined.get_or_init(|| projects);

    broken
}

fn unreadable(file: FileId, failure: &Failure) -> Finding {
    let mut finding = Finding::new(
        Location {
            file,
            span: Span::default(),
        },
        format!("cannot be read: {}", failure.reason),
    )
    .help("make the file readable, or list it in `.deploylintignore`; nothing in it was checked");
    finding.rule = "unreadable-file";
    finding.level = failure.level;

    finding
}
