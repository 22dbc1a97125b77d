//! `env-file-committed`, `env-file-ignored`, `live-example-value`: env files that are in git, may get
//! there, or show a credential.

use crate::analysis::Analysis;
use crate::analysis::secret_exposure::{self, Exposed, Strength};
use crate::credential::{self, SecretFile};
use crate::finding::{Finding, Sink};
use crate::model::container::EnvFromKind;
use crate::model::env::EnvVar;
use crate::model::facts::FileFacts;
use crate::model::file_role::Role;
use crate::model::path_class::is_example_env;
use crate::source::{Location, SourceFile, Span, file_name, join, parent};

/// Prefixes of variables whose values are sent to every browser.
const PUBLIC: &[&str] = &[
    "VITE_",
    "NEXT_PUBLIC_",
    "REACT_APP_",
    "PUBLIC_",
    "NUXT_PUBLIC_",
    "EXPO_PUBLIC_",
    "GATSBY_",
    "VUE_APP_",
    "NG_APP_",
];

/// Whether a path is an env file with real values.
pub fn is_real(path: &str) -> bool {
    credential::secret_file(path) == Some(SecretFile::Env)
}

/// `env-file-committed`
pub fn committed(ctx: &Analysis, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    if facts.env.is_empty() || !is_real(&source.path) || !ctx.facts.is_committed(&source.path) {
        return;
    }

    let credentials: Vec<Credential> = facts
        .env
        .iter()
        .filter_map(|var| credential_of(ctx, var))
        .collect();

    // Some frameworks keep public settings in `.env.production` and the like, and some projects in
    // a bare `.env`.
    let name = source.name();
    let may_be_public = !matches!(name, ".env" | ".env.local") || facts.env.iter().all(is_public);
    let is_harmless = || facts.env.iter().all(is_of_compose) || is_unignored(ctx, source);
    if credentials.is_empty() && (may_be_public || is_harmless()) {
        return;
    }

    let real = credentials
        .iter()
        .filter(|credential| credential.is_real())
        .count();
    let practice = !ctx.facts.is_production(source.id);
    let (label, help) = if credentials.is_empty() {
        (
            "the first variable",
            "run `git rm --cached` on it, list it in `.gitignore`, and commit a `.env.example` \
             instead; the next value may be a secret",
        )
    } else {
        (
            "the first credential",
            "run `git rm --cached` on it, list it in `.gitignore`, rotate its credentials, and \
             commit a `.env.example` without values",
        )
    };

    let first = credentials
        .iter()
        .find(|credential| credential.is_real())
        .or(credentials.first());
    let location = first.map_or(facts.env[0].name.location, |first| first.var.name.location);
    let mut finding = Finding::new(location, committed_message(name, real, credentials.len()))
        .label(label)
        .help(help)
        .case_if(credentials.is_empty(), "no-credential")
        .case_if(real == 0, "no-secret")
        .case_if(practice, "practice")
        .case_if(real == 0 && practice, "no-secret-in-practice");

    for credential in &credentials {
        finding = finding.secret(credential.location);
        finding.secrets.extend(credential.var.value.location());
    }

    sink.report(finding);
}

/// Whether a variable is a setting of Compose itself, for which `.env` is the documented place.
fn is_of_compose(var: &EnvVar) -> bool {
    var.name.value.starts_with("COMPOSE_")
}

/// Whether a `.gitignore` says that the file is to be committed: `!.env`.
fn is_unignored(ctx: &Analysis, source: &SourceFile) -> bool {
    let folders = std::iter::successors(Some(source.folder()), |folder| {
        (!folder.is_empty()).then(|| parent(folder))
    });

    folders
        .filter_map(|folder| ctx.facts.repository.find(&join(folder, ".gitignore")?))
        .flat_map(|file| file.text.lines())
        .filter_map(|line| line.trim().strip_prefix('!'))
        .any(|pattern| file_name(pattern) == source.name())
}

fn is_public(var: &EnvVar) -> bool {
    PUBLIC
        .iter()
        .any(|prefix| var.name.value.starts_with(prefix))
}

fn committed_message(name: &str, real: usize, all: usize) -> String {
    match (real, all) {
        (0, 0) => format!("`{name}` is committed"),
        (0, all) => {
            format!(
                "`{name}` is committed with {}",
                many(all, "guessable credential")
            )
        }
        (real, _) => format!("`{name}` is committed with {}", many(real, "credential")),
    }
}

fn many(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("a {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// A credential of an env file.
struct Credential<'v> {
    var: &'v EnvVar,
    location: Location,
    strength: Strength,
}

impl Credential<'_> {
    fn is_real(&self) -> bool {
        matches!(self.strength, Strength::Live | Strength::Chosen)
    }
}

fn credential_of<'v>(ctx: &Analysis, var: &'v EnvVar) -> Option<Credential<'v>> {
    let exposed = exposed(ctx, var)?;
    Some(Credential {
        var,
        location: exposed.location,
        strength: exposed.strength,
    })
}

/// The credential in the value of a variable. The name counts if the value is written as a whole.
fn exposed(ctx: &Analysis, var: &EnvVar) -> Option<Exposed> {
    let (value, whole) = secret_exposure::written(&var.value)?;
    let name = if whole { &var.name.value } else { "" };

    secret_exposure::exposed(ctx, name, value, None)
}

/// `env-file-ignored`
pub fn ignored(ctx: &Analysis, sink: &mut Sink) {
    let repository = ctx.facts.repository;
    // Without git and a `.gitignore` this is only a part of a repository.
    let has_rules = repository
        .files()
        .iter()
        .any(|file| file.name() == ".gitignore");
    if ctx.facts.tracked.is_none() && !has_rules {
        return;
    }

    if let Some(file) = repository.files().iter().find(|file| is_loose(ctx, file)) {
        let location = ctx
            .facts
            .file(file.id)
            .env
            .first()
            .map_or(file.location(Span::default()), |var| var.name.location);
        let message = format!("`{}` is not ignored by git", file.path);
        sink.report(
            Finding::new(location, message)
                .label("the next `git add .` stages it")
                .help("add `.env` to `.gitignore`"),
        );
        return;
    }

    let Some((location, path)) = expected(ctx) else {
        return;
    };

    if repository.find(&path).is_some() || ctx.is_ignored(&path) {
        return;
    }

    let message = format!("`{path}` is expected here, but git does not ignore it");
    sink.report(
        Finding::new(location, message)
            .label("requires the file")
            .help(format!(
                "add `{}` to `.gitignore` before it is committed",
                file_name(&path)
            )),
    );
}

/// Whether git would take the file with the next `git add`.
fn is_loose(ctx: &Analysis, file: &SourceFile) -> bool {
    matches!(file.name(), ".env" | ".env.local")
        && ctx.facts.tracked.is_some()
        && !ctx.facts.is_committed(&file.path)
}

/// An env file that the repository needs: where that is said, and its path.
fn expected(ctx: &Analysis) -> Option<(Location, String)> {
    expected_by_compose(ctx).or_else(|| expected_by_example(ctx))
}

/// The first env file that a service reads.
fn expected_by_compose(ctx: &Analysis) -> Option<(Location, String)> {
    let projects = ctx.facts.projects().iter();
    for project in projects.filter(|project| project.role != Role::Practice) {
        let sources = project
            .services
            .iter()
            .flat_map(|service| &service.container.env_from);
        for from in sources.filter(|from| from.kind == EnvFromKind::File) {
            let location = from.name.location;
            if let Some(path) = join(project.folder_of(location.file), &from.name.value)
                && is_real(&path)
            {
                return Some((location, path));
            }
        }
    }

    None
}

/// The env file that is made by copying an example.
fn expected_by_example(ctx: &Analysis) -> Option<(Location, String)> {
    let mut examples = ctx.facts.env_files.examples.iter();
    let example = examples.find(|file| file_name(&file.path).starts_with(".env."))?;
    let location = ctx.facts.file(example.id).env.first()?.name.location;
    // Some say in the file itself that the copy has another name.
    let copy = if example.text.contains(".env.local") {
        ".env.local"
    } else {
        ".env"
    };

    let path = match parent(&example.path) {
        "" => copy.to_owned(),
        folder => format!("{folder}/{copy}"),
    };

    Some((location, path))
}

/// `live-example-value`
pub fn live(ctx: &Analysis, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    if facts.env.is_empty() || !is_example_env(&source.path) {
        return;
    }

    for var in &facts.env {
        let Some(exposed) = exposed(ctx, var) else {
            continue;
        };

        match exposed.strength {
            Strength::Live => {}
            Strength::Chosen if secret_exposure::is_random(ctx.facts.text(exposed.location)) => {}
            _ => continue,
        }

        let finding = Finding::new(
            exposed.location,
            format!(
                "`{}` contains {} instead of a placeholder",
                var.name.value, exposed.what
            ),
        )
        .label("looks like a live credential")
        .help(
            "leave the value empty or write `<what goes here>`, and rotate the \
                     credential if it was ever used",
        )
        .secret(exposed.location);
        sink.report(finding);
    }
}
