//! `env-file-committed`, `env-file-ignored`, `live-example-value`: env files that git has, may get,
//! or that show too much.

use crate::analysis::Ctx;
use crate::analysis::secret_exposure::{self, Strength};
use crate::credential::{self, SecretFile};
use crate::finding::{Finding, Sink};
use crate::model::container::EnvFromKind;
use crate::model::env::EnvVar;
use crate::model::facts::FileFacts;
use crate::model::file::is_example_env;
use crate::model::file_role::{is_practice, is_sample};
use crate::source::{Location, SourceFile, Span, file_name, join, parent};

/// What names begin with whose values end up in every visitor's browser.
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
pub fn committed(ctx: &Ctx, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    if facts.env.is_empty() || !is_real(&source.path) || !ctx.facts.is_committed(&source.path) {
        return;
    }

    let found: Vec<(&EnvVar, Location, Strength)> = facts
        .env
        .iter()
        .filter_map(|var| credential_of(ctx, var))
        .collect();
    let real = found
        .iter()
        .filter(|(_, _, strength)| matches!(strength, Strength::Live | Strength::Chosen))
        .count();
    let name = source.name();
    // `.env.production` and its kin are how some frameworks keep public settings; so is a bare
    // `.env` that holds no others.
    let public = |var: &EnvVar| {
        PUBLIC
            .iter()
            .any(|prefix| var.name.value.starts_with(prefix))
    };

    if found.is_empty() && (!matches!(name, ".env" | ".env.local") || facts.env.iter().all(public))
    {
        return;
    }

    let message = match (real, found.len()) {
        (0, 0) => format!("`{name}` is committed"),
        (0, all) => {
            format!(
                "`{name}` is committed with {}",
                many(all, "guessable credential")
            )
        }
        (real, _) => format!("`{name}` is committed with {}", many(real, "credential")),
    };

    let practice = is_practice(&source.path);

    let first = found
        .iter()
        .find(|(_, _, strength)| matches!(strength, Strength::Live | Strength::Chosen))
        .or(found.first());
    let location = first.map_or(facts.env[0].name.location, |(var, _, _)| var.name.location);
    let label = if found.is_empty() {
        "the first variable"
    } else {
        "the first credential"
    };

    let help = if found.is_empty() {
        "run `git rm --cached` on it, list it in `.gitignore`, and commit a `.env.example` \
         instead; the next value may be a secret"
    } else {
        "run `git rm --cached` on it, list it in `.gitignore`, rotate its credentials, and \
         commit a `.env.example` without values"
    };

    let mut finding = Finding::new(location, message)
        .label(label)
        .help(help)
        .case_if(real == 0, "no-secret")
        .case_if(practice, "practice")
        .case_if(real == 0 && practice, "no-secret-in-practice");

    for (var, location, _) in &found {
        finding = finding.secret(*location);
        finding.secrets.extend(var.value.location());
    }

    sink.report(finding);
}

fn many(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("a {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

fn credential_of<'v>(ctx: &Ctx, var: &'v EnvVar) -> Option<(&'v EnvVar, Location, Strength)> {
    let (value, whole) = secret_exposure::written(&var.value)?;
    let found =
        secret_exposure::exposed(ctx, if whole { &var.name.value } else { "" }, value, None)?;
    Some((var, found.location, found.strength))
}

/// `env-file-ignored`
pub fn ignored(ctx: &Ctx, sink: &mut Sink) {
    let repository = ctx.facts.repository;
    // Without git and without a `.gitignore` this is only a part of a repository.
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

    if repository.find(&path).is_some() || ctx.facts.is_ignored(&path) {
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
fn is_loose(ctx: &Ctx, file: &SourceFile) -> bool {
    matches!(file.name(), ".env" | ".env.local")
        && ctx.facts.tracked.is_some()
        && !ctx.facts.is_committed(&file.path)
}

/// Where the repository asks for an env file, and which.
fn expected(ctx: &Ctx) -> Option<(Location, String)> {
    let services = ctx
        .facts
        .projects()
        .iter()
        .filter(|project| !is_sample(&project.folder))
        .flat_map(|project| {
            project
                .services
                .iter()
                .map(move |service| (project, service))
        });
    let named = services.flat_map(|(project, service)| {
        service
            .container
            .env_from
            .iter()
            .filter(|from| from.kind == EnvFromKind::File)
            .filter_map(move |from| {
                let path = join(project.folder_of(from.name.location.file), &from.name.value)?;
                is_real(&path).then_some((from.name.location, path))
            })
    });

    named.into_iter().next().or_else(|| {
        let mut examples = ctx.facts.env_files.examples.iter();
        let example = examples.find(|file| file_name(&file.path).starts_with(".env."))?;
        let location = ctx.facts.file(example.id).env.first()?.name.location;
        // Some say in the file itself that the copy has another name.
        let copy = if example.text.contains(".env.local") {
            ".env.local"
        } else {
            ".env"
        };

        let folder = parent(&example.path);
        Some((
            location,
            if folder.is_empty() {
                copy.to_owned()
            } else {
                format!("{folder}/{copy}")
            },
        ))
    })
}

/// `live-example-value`
pub fn live(ctx: &Ctx, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    if facts.env.is_empty() || !is_example_env(&source.path) {
        return;
    }

    for var in &facts.env {
        let Some((value, whole)) = secret_exposure::written(&var.value) else {
            continue;
        };

        let Some(found) =
            secret_exposure::exposed(ctx, if whole { &var.name.value } else { "" }, value, None)
        else {
            continue;
        };

        let text = ctx.facts.text(found.location);

        match found.strength {
            Strength::Live => {}
            Strength::Chosen if secret_exposure::is_random(text) => {}
            _ => continue,
        }

        let finding = Finding::new(
            found.location,
            format!(
                "`{}` contains {} instead of a placeholder",
                var.name.value, found.what
            ),
        )
        .label("looks like a live credential")
        .help(
            "leave the value empty or write `<what goes here>`, and rotate the \
                     credential if it was ever used",
        )
        .secret(found.location);
        sink.report(finding);
    }
}
