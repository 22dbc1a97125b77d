//! The pipeline: walk, read, parse, lower, join, check, suppress, sort. The only folder that names
//! rayon.
//!
//! Files are read and lowered in parallel, joined once, and checked in parallel; findings are
//! sorted at the end, so the outcome depends neither on threads nor on the file system's order. A
//! panic anywhere costs one file or one check.

mod check;
mod grouping;
mod listing;
mod options;
mod outcome;
mod policy;
mod post;
mod read;
mod units;
mod unseen;
mod workers;

use std::collections::HashSet;
use std::time::Instant;

use rayon::prelude::*;

use self::listing::Files;
use self::post::{PostProcessed, post_process};
use self::read::{Failure, NoText, Read};
use crate::analysis::Analysis;
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
use crate::model::env_usage::{EnvNameSearch, EnvUsage};
use crate::model::facts::{Facts, FileFacts};
use crate::model::file_kind::{ChartFolders, FileKind};
use crate::model::proof::Proofs;
use crate::model::roles::{self, RoleHints};
use crate::model::{build_caller, compose, kubernetes, lower, package};
use crate::parallel::BATCH;
use crate::source::{FileId, Location, Repository, SourceFile, Span};

pub use options::{Evidence, Options, Purpose};
pub use outcome::Outcome;
pub(crate) use outcome::{Summary, Unseen};
pub use workers::{StartError, Workers};

/// Lints a repository. Fails if no thread can be started; other errors become findings.
pub fn lint(options: &Options) -> Result<Outcome, StartError> {
    let workers = Workers::start(options.threads)?;
    let mut outcome = lint_with(options, &workers);
    outcome.workers = workers;
    Ok(outcome)
}

/// Lints a repository with threads that were started before. Never fails as a whole.
pub(crate) fn lint_with(options: &Options, workers: &Workers) -> Outcome {
    lint_folder_with(options, workers, &mut |_| {})
}

/// The same, and what `inspect` makes of the facts before they are dropped. It gets no facts where
/// the repository cannot be read, and where it panics, the outcome has failed.
pub fn inspect_with<T: Send>(
    options: &Options,
    workers: &Workers,
    mut inspect: impl FnMut(&Analysis) -> T + Send,
) -> (Outcome, Option<T>) {
    let mut result = None;
    let outcome = lint_folder_with(options, workers, &mut |ctx| result = Some(inspect(ctx)));

    (outcome, result)
}

/// What looks at the facts of a run after the checks.
type Inspection<'i> = &'i mut (dyn FnMut(&Analysis) + Send);

fn lint_folder_with(options: &Options, workers: &Workers, inspect: Inspection) -> Outcome {
    let begin = Instant::now();
    let (mut outcome, ()) = workers.run(|| {
        rayon::join(
            || lint_folder(options, inspect),
            || {
                // A single worker would read the tables after the files, when it is too late.
                if workers.count() > 1 {
                    read_tables();
                }
            },
        )
    });
    outcome.summary.elapsed = begin.elapsed();

    outcome
}

/// Lints strings in memory as a repository: `(path, text)` pairs. For tests and editors.
pub fn lint_texts(config: Config, files: &[(&str, &str)]) -> Outcome {
    let options = Options {
        config,
        ..Options::default()
    };

    let names = EnvNameSearch::of(files.iter().copied());
    let read = files
        .iter()
        .map(|&(path, text)| {
            (
                path.to_owned(),
                Read::text(path, text.to_owned(), &names, options.purpose),
            )
        })
        .collect();

    lint_read(&options, &names, read, Files::default(), &mut |_| {})
}

/// Reads the tables that nearly every run needs, while the first files are listed.
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
    let mut read = read::read_all(&root, options, entries, &names);
    let errors = std::mem::take(&mut files.errors);
    read.extend(
        errors
            .into_iter()
            .map(|(path, reason)| (path, Read::failed(Level::Error, reason))),
    );

    read.retain(|(path, _)| !options.texts.contains_key(path));
    for (path, text) in &options.texts {
        let read_text = Read::text(path, text.clone(), &names, options.purpose);
        read.push((path.clone(), read_text));
    }

    lint_read(options, &names, read, files, inspect)
}

/// The text of a file as it is linted, or the reason why it has none.
pub(crate) fn text(path: &str, bytes: Vec<u8>) -> Result<String, String> {
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
    let mut scanned = Vec::with_capacity(read.len());
    let mut usage = Vec::with_capacity(read.len());
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
        scanned.push(Scanned {
            hits: read.hits,
            code: read.code,
            described: read.described,
            presents_samples: read.presents_samples,
            proofs: read.proofs,
            is_unread,
        });

        usage.push(read.usage);
        targets.extend(read.target.map(|target| (id, target)));
    }

    let aliases = aliases(&sources, targets);
    let tracked = files.tracked.map(HashSet::from_iter);
    let repository = Repository::linked(&sources, &files.links);
    let facts = lower_all(
        repository,
        scanned,
        names.all(usage),
        tracked,
        &RoleHints {
            named: &options.focus,
            configured: &|path| options.config.role(path),
        },
        &mut findings,
    );
    let graph = graph(&facts, &mut findings);
    let analysis = Analysis::new(&facts, &graph);
    let mut parts = check::run_all(&analysis);
    parts.push(findings);
    let mut broken: Vec<Finding> = Vec::new();
    isolate_or_default("the inspection", FileId(0), &mut broken, || {
        inspect(&analysis);
    });

    let mut broken: Vec<Finding> = Vec::new();
    let (processed, summary) = rayon::join(
        || post_process(options, &facts, parts, &aliases),
        || {
            isolate_or_default("the summary", FileId(0), &mut broken, || {
                summary(options, &facts, &graph)
            })
        },
    );
    let PostProcessed {
        secrets,
        mut findings,
        suppressed,
        failed,
    } = processed;
    let failed = failed || !broken.is_empty();
    findings.extend(broken);
    drop(analysis);
    drop(graph);
    release(facts);

    let summary = Summary {
        suppressed,
        failed,
        excluded: files.excluded,
        ignored: files.ignored,
        ..summary
    };

    Outcome {
        root: options.root.clone(),
        sources,
        findings,
        secrets,
        summary,
        workers: Workers::default(),
    }
}

/// Frees the facts on all cores: they are millions of small pieces.
fn release(facts: Facts) {
    let Facts { files, joined, .. } = facts;

    rayon::join(
        || files.into_par_iter().with_max_len(BATCH).for_each(drop),
        || joined.into_inner().into_par_iter().flatten().for_each(drop),
    );
}

/// Files that are links, each with the file that it is a link to.
fn aliases(sources: &[SourceFile], targets: Vec<(FileId, String)>) -> Vec<(FileId, FileId)> {
    let repository = Repository::new(sources);
    targets
        .into_iter()
        .filter_map(|(id, target)| Some((id, repository.find(&target)?.id)))
        .collect()
}

/// Facts of a file from the scan of its text, which most files do not keep.
struct Scanned {
    hits: Vec<Hit>,
    code: Option<Box<CodeFacts>>,
    /// Variables that prose describes.
    described: Vec<String>,
    presents_samples: bool,
    proofs: Proofs,
    /// The content of the file is not known.
    is_unread: bool,
}

/// Lowers every file, and applies kustomizations.
fn lower_all<'s>(
    repository: Repository<'s>,
    scanned: Vec<Scanned>,
    env_usage: EnvUsage,
    tracked: Option<HashSet<String>>,
    hints: &RoleHints,
    findings: &mut Vec<Finding>,
) -> Facts<'s> {
    let sources = repository.files();
    let listing = ChartFolders::new(sources.iter().map(|source| source.path.as_str()));
    let (mut files, broken): (Vec<_>, Vec<_>) = sources
        .par_iter()
        .zip(scanned)
        .with_max_len(BATCH)
        .map(|(source, scanned)| lower_one(source, scanned, &listing))
        .unzip();
    findings.extend(broken.into_iter().flatten());
    let broken = kubernetes::join::join_objects(&mut files, repository);
    findings.extend(broken.into_iter().map(Finding::from));
    let mut facts = Facts::new(repository, files, tracked);
    facts.env_usage = env_usage;
    isolate_or_default("the search for builds", FileId(0), findings, || {
        facts.build_callers = build_caller::find(repository);
    });
    isolate_or_default("the roles of files", FileId(0), findings, || {
        roles::assign(&mut facts, hints);
    });

    facts
}

/// Lowers one file. A panic costs the file its facts, and is returned.
fn lower_one<'s>(
    source: &'s SourceFile,
    scanned: Scanned,
    listing: &ChartFolders,
) -> (FileFacts<'s>, Option<Finding>) {
    if scanned.is_unread {
        // Like a template, the file may define what is missing elsewhere.
        return (FileFacts::new(FileKind::Template), None);
    }

    let (mut facts, broken) = match isolate("the parser", source.id, || {
        lower::lower_file(source, listing)
    }) {
        Ok(facts) => (facts, None),
        Err(finding) => (FileFacts::new(FileKind::Text), Some(*finding)),
    };
    facts.hits = scanned.hits;
    facts.code = scanned.code;
    facts.described = scanned.described;
    facts.presents_samples = scanned.presents_samples;
    facts.proofs = scanned.proofs.proofs;
    facts.models = scanned.proofs.models;

    (facts, broken)
}

/// Joins compose files to projects, manifests to a cluster, and both to their builds.
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

fn summary(options: &Options, facts: &Facts, graph: &Graph) -> Summary {
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
        unseen: unseen::unseen(facts),
        unrecognized: unseen::unrecognized(facts, &options.named),
        ..Summary::default()
    }
}

/// Joins the compose files of each folder to projects. Returns what panicked.
fn join_projects(facts: &Facts) -> Vec<Finding> {
    let mut broken: Vec<Finding> = Vec::new();
    let first = facts.of_kind(FileKind::Compose).next().unwrap_or_default();
    let folders = isolate("the search for compose projects", first, || {
        compose::ProjectLoader::new(facts)
    });

    let projects = match &folders {
        Ok(folders) => {
            let loaded: Vec<_> = (0..folders.len())
                .into_par_iter()
                .with_max_len(1)
                .map(|folder| {
                    isolate(
                        "the join of compose files",
                        folders.first_file(folder),
                        || folders.projects(folder),
                    )
                })
                .collect();

            let mut projects = Vec::new();
            for result in loaded {
                match result {
                    Ok(of_folder) => projects.extend(of_folder),
                    Err(finding) => broken.push(*finding),
                }
            }

            projects
        }
        Err(finding) => {
            broken.push((**finding).clone());
            Vec::new()
        }
    };

    facts.add_projects(projects);

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
