//! The pipeline: walk, read, parse, lower, join, check, suppress, sort. The only folder that names
//! rayon.
//!
//! Files are read and lowered in parallel, joined once, and checked in parallel; findings are
//! sorted at the end, so the outcome depends neither on threads nor on the file system's order. A
//! panic anywhere costs one file or one check.

mod check;
mod settle;

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use self::settle::{Settled, settle};
use crate::catalog;
use crate::config::Config;
use crate::credential::{self, Hit};
use crate::data;
use crate::fence::{isolate, isolate_or_default};
use crate::finding::Finding;
use crate::git;
use crate::graph::Graph;
use crate::graph::kubernetes::Cluster;
use crate::model::code::{self, CodeFacts};
use crate::model::facts::{Facts, FileFacts};
use crate::model::file_role::is_generated;
use crate::model::kind::{FileKind, Listing};
use crate::model::mentions::{EnvNameSearch, Mentioned, Mentions};
use crate::model::{compose, file, kubernetes, package};
use crate::source::{FileId, Location, Repository, SourceFile, Span};
use crate::suppress::Date;
use crate::syntax::decode::decode;
use crate::walk::{self, Entry, Unread};

/// A worker's stack: deep trees are bounded by the parsers, this leaves them room.
const STACK_BYTES: usize = 8 * 1024 * 1024;

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

/// The threads of a run; without any of their own, those of the process.
#[derive(Debug, Default)]
pub struct Workers(Option<rayon::ThreadPool>);

impl Workers {
    /// Where the system starts no more threads, the current one does all the work.
    fn new(threads: usize) -> Self {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .stack_size(STACK_BYTES)
            .build();
        Self(
            pool.or_else(|_| {
                rayon::ThreadPoolBuilder::new()
                    .num_threads(1)
                    .use_current_thread()
                    .build()
            })
            .ok(),
        )
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
    let threads = options
        .threads
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let workers = Workers::new(threads);
    let threads = threads.min(workers.count());
    // One worker alone would read them after the files, when what was needed is there.
    let ahead = || {
        if threads > 1 {
            read_tables()
        }
    };

    let (mut outcome, ()) = workers.run(|| rayon::join(|| lint_folder(options, threads), ahead));
    outcome.workers = workers;
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

    lint_read(&options, &names, read, None)
}

/// Reads the tables that nearly every run asks for, while the first files are looked for.
fn read_tables() {
    credential::scan("");
    catalog::rules();
    data::image("");
    package::manager("");
}

fn lint_folder(options: &Options, threads: usize) -> Outcome {
    let exclude = |path: &str| options.config.excluded(path);
    let listing = walk::list(&options.root, &exclude, threads);
    let names = example_names(options, &listing.entries);
    let mut read = read_all(options, listing.entries, &names);
    read.extend(
        listing
            .errors
            .into_iter()
            .map(|(path, reason)| (path, Read::failed(reason))),
    );

    if let Some((path, text)) = &options.stdin {
        read.retain(|(known, _)| known != path);
        read.push((path.clone(), Read::text(path, text.clone(), &names)));
    }

    lint_read(
        options,
        &names,
        read,
        git::tracked(&options.root, file::is_env_file),
    )
}

fn lint_read(
    options: &Options,
    names: &EnvNameSearch,
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
        findings.extend(read.broken.into_iter().map(|mut broken| {
            broken.location.file = id;
            broken
        }));
        sources.push(SourceFile::new(id, path, read.text));
        found.push(Found {
            hits: read.hits,
            code: read.code,
        });

        mentioned.push(read.mentioned);
    }

    let facts = lower_all(
        &sources,
        found,
        names.all(mentioned),
        tracked,
        &mut findings,
    );
    let graph = graph(&facts, &mut findings);
    let mut found = check::all(&facts, &graph);
    found.push(findings);
    let mut broken = Vec::new();
    let count = || {
        isolate_or_default("the summary", FileId(0), &mut broken, || {
            summary(&facts, &graph)
        })
    };

    let (settled, summary) = rayon::join(|| settle(options, &facts, found), count);
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

/// What reading one file gave.
struct Read {
    text: String,
    hits: Vec<Hit>,
    code: Option<Box<CodeFacts>>,
    mentioned: Mentioned,
    failure: Option<String>,
    /// What panicked while it was read; the file has no number yet.
    broken: Vec<Finding>,
}

/// What was found in a text before most texts were let go.
struct Found {
    hits: Vec<Hit>,
    code: Option<Box<CodeFacts>>,
}

impl Read {
    fn failed(reason: String) -> Self {
        let mentioned = Mentioned::default();
        let failure = Some(reason);
        Self {
            text: String::new(),
            hits: Vec::new(),
            code: None,
            mentioned,
            failure,
            broken: Vec::new(),
        }
    }

    /// Keeps the text of what will be parsed or shown. Other files are searched for credentials,
    /// and sources for what they read and serve, and let go.
    fn text(path: &str, text: String, names: &EnvNameSearch) -> Self {
        let mut broken = Vec::new();
        let file = FileId::default();
        let mentioned = isolate_or_default("the search for names", file, &mut broken, || {
            names.find(path, &text)
        });

        let (mut hits, mut code) = (Vec::new(), None);

        if !is_generated(path) {
            hits = isolate_or_default("the search for credentials", file, &mut broken, || {
                credential::scan(&text)
            });

            code = isolate_or_default("the reading of source code", file, &mut broken, || {
                code::facts(path, &text)
            });
        }

        let assigned = || file::is_source(path) && !credential::assignments(&text).is_empty();
        let keep = !hits.is_empty()
            || code.is_some()
            || file::is_evidence(path)
            || isolate_or_default("the search for assignments", file, &mut broken, assigned);
        let text = if keep { text } else { String::new() };
        Self {
            text,
            hits,
            code,
            mentioned,
            failure: None,
            broken,
        }
    }
}

/// The names that example env files give: known before all else is read.
fn example_names(options: &Options, entries: &[Entry]) -> EnvNameSearch {
    let examples = entries
        .iter()
        .filter(|entry| file::is_example_env(&entry.path));
    let texts: Vec<(&str, String)> = examples
        .filter_map(|entry| {
            Some((
                entry.path.as_str(),
                decode(walk::read(&options.root, entry).ok()?).ok()?,
            ))
        })
        .collect();
    EnvNameSearch::of(texts.iter().map(|(path, text)| (*path, text.as_str())))
}

fn read_all(options: &Options, entries: Vec<Entry>, names: &EnvNameSearch) -> Vec<(String, Read)> {
    let read = |entry: Entry| {
        let read = match walk::read(&options.root, &entry) {
            Ok(bytes) => match decode(bytes) {
                Ok(text) => Read::text(&entry.path, text, names),
                Err(error) if file::is_deployment(&entry.path) => Read::failed(error.to_string()),
                Err(_) => Read::text(&entry.path, String::new(), names),
            },
            Err(Unread::TooLarge(bytes)) if file::is_deployment(&entry.path) => {
                Read::failed(format!(
                    "{} MiB exceeds the limit of {} MiB",
                    bytes >> 20,
                    walk::MAX_BYTES >> 20
                ))
            }
            Err(Unread::Failed(reason)) => Read::failed(reason),
            Err(Unread::TooLarge(_) | Unread::Skipped) => {
                Read::text(&entry.path, String::new(), names)
            }
        };

        (entry.path, read)
    };

    entries
        .into_par_iter()
        .with_max_len(BATCH)
        .map(read)
        .collect()
}

/// Lowers every file, and lays kustomizations over what they change.
fn lower_all<'s>(
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

fn unreadable(file: FileId, reason: &str) -> Finding {
    let mut finding = Finding::new(
        Location {
            file,
            span: Span::default(),
        },
        format!("cannot be read: {reason}"),
    )
    .help("make the file readable, or list it in `.deploylintignore`; nothing in it was checked");
    finding.rule = "unreadable-file";

    finding
}
