//! Evidence about secrets and configuration.

use crate::analysis::Analysis;
use crate::checklist::answer::{Answer, Standing};
use crate::checklist::places::{proofs, start_of};
use crate::checklist::service::{Service, Services};
use crate::credential;
use crate::model::code::EnvRequirement;
use crate::model::container::EnvFromKind;
use crate::model::env::{EnvValue, EnvVar};
use crate::model::file_kind::FileKind;
use crate::model::proof::ProofKind;
use crate::source::Location;

pub fn no_secrets(ctx: &Analysis, _: &Services) -> Answer {
    let files = ctx.facts.repository.files();
    let searched = format!(
        "{} files were searched for tokens of documented formats, keys, and passwords",
        files.len()
    );

    match files.first() {
        None => Answer::not_applicable("there are no files"),
        Some(_) => Answer {
            standing: Standing::Proven,
            reason: String::new(),
            evidence: Vec::new(),
        }
        .and_whole(searched),
    }
}

pub fn management(ctx: &Analysis, all: &Services) -> Answer {
    let mut references = Vec::new();

    for service in &all.all {
        for container in service.containers() {
            for variable in container.env.iter().filter(|variable| is_secret(variable)) {
                let name = &variable.name.value;
                let place = variable.value.location().unwrap_or(variable.name.location);

                if is_reference(&variable.value) {
                    references.push(Answer::proven(
                        place,
                        format!("`{name}` comes from outside"),
                    ));
                } else if variable
                    .value
                    .literal()
                    .is_none_or(|text| !text.value.is_empty())
                {
                    references.push(Answer::lacking(
                        place,
                        format!("`{name}` has a value that is in git"),
                    ));
                }
            }

            for source in &container.env_from {
                if source.kind == EnvFromKind::Secret {
                    references.push(Answer::proven(
                        source.name.location,
                        format!("the Secret `{}`", source.name.value),
                    ));
                }
            }
        }
    }

    for (dockerfile, stage) in all.all.iter().flat_map(|service| &service.builds) {
        let variables = dockerfile.chain(*stage).flat_map(|stage| &stage.env);
        for variable in variables.filter(|variable| is_secret(variable)) {
            if let Some(text) = variable.value.literal()
                && !text.value.is_empty()
            {
                references.push(Answer::lacking(
                    text.location,
                    format!("`{}` has a value in the image", variable.name.value),
                ));
            }
        }
    }

    references.extend(
        proofs(ctx, &[ProofKind::SecretStore])
            .take(4)
            .map(|(place, word)| Answer::proven(place, format!("refers to secrets: `{word}`"))),
    );

    if references.is_empty() {
        return Answer::not_applicable("no variable of a service holds a secret");
    }

    let needs_env = ctx
        .facts
        .files
        .iter()
        .any(|facts| matches!(facts.kind, FileKind::Compose | FileKind::EnvFile));
    let ignore = ctx.facts.repository.find(".gitignore");
    let ignored = match ignore {
        _ if !needs_env => Answer::not_applicable("no env file is used"),
        Some(file) if ctx.is_ignored(".env") => {
            let line = file
                .text
                .lines()
                .scan(0, |offset, line| {
                    let start = *offset;
                    *offset += line.len() + 1;
                    Some((start, line))
                })
                .find(|(_, line)| line.contains(".env"));
            let place = match line {
                Some((start, line)) => {
                    file.location(crate::source::Span::of(start, start + line.len()))
                }
                None => start_of(file.id),
            };
            Answer::proven(place, "git ignores `.env`")
        }
        Some(file) => Answer::lacking(start_of(file.id), "git does not ignore `.env`"),
        None => Answer::missing("git does not ignore `.env`"),
    };

    references.push(ignored);
    Answer::all(references)
}

/// Whether a value comes from outside of the files, without a default.
fn is_reference(value: &EnvValue) -> bool {
    match value {
        EnvValue::Reference(_) | EnvValue::Inherited => true,
        EnvValue::Template { fallbacks, .. } => fallbacks.is_empty(),
        EnvValue::Literal(_) => false,
    }
}

fn is_secret(variable: &EnvVar) -> bool {
    credential::secret_name(&variable.name.value).is_some()
}

pub fn default_credentials(_: &Analysis, _: &Services, service: &Service) -> Answer {
    let mut answers = Vec::new();

    for container in service.containers() {
        for variable in container.env.iter().filter(|variable| is_secret(variable)) {
            let name = &variable.name.value;
            let place = variable.value.location().unwrap_or(variable.name.location);
            let fallback = match &variable.value {
                EnvValue::Template { fallbacks, .. } => fallbacks
                    .iter()
                    .find(|fallback| !fallback.literal.value.is_empty()),
                _ => None,
            };

            answers.push(match (&variable.value, fallback) {
                (_, Some(fallback)) => Answer::lacking(
                    fallback.literal.location,
                    format!("`{name}` has a default that is in git"),
                ),
                (EnvValue::Literal(literal), _) if literal.value.is_empty() => {
                    Answer::not_applicable("it is empty")
                }
                (EnvValue::Literal(_), _) => {
                    Answer::lacking(place, format!("`{name}` has a value that is in git"))
                }
                _ => Answer::proven(place, format!("`{name}` has no default")),
            });
        }
    }

    if answers.is_empty() {
        let file = service
            .containers()
            .flat_map(|container| &container.env_from)
            .find(|source| source.kind == EnvFromKind::File);

        return match file {
            Some(file) => Answer::unknown_at(
                file.name.location,
                format!("the variables of `{}`", file.name.value),
            ),
            None => Answer::not_applicable("no variable of it holds a credential"),
        };
    }

    Answer::all(answers)
}

pub fn documented_env(ctx: &Analysis, all: &Services) -> Answer {
    let mut needed: Vec<(String, Location)> = Vec::new();

    for service in &all.all {
        for container in service.containers() {
            for variable in &container.env {
                if let EnvValue::Template {
                    written, fallbacks, ..
                } = &variable.value
                    && fallbacks.is_empty()
                {
                    for name in names_in(&written.value) {
                        needed.push((name.to_owned(), written.location));
                    }
                } else if variable.value == EnvValue::Inherited {
                    needed.push((variable.name.value.clone(), variable.name.location));
                }
            }
        }
    }

    for (facts, source) in ctx.facts.files.iter().zip(ctx.facts.repository.files()) {
        if ctx.facts.is_practice(source.id) {
            continue;
        }

        let reads = facts.code.iter().flat_map(|code| &code.reads);
        needed.extend(
            reads
                .filter(|read| read.need == EnvRequirement::Required)
                .map(|read| (read.name.value.clone(), source.location(read.name.span))),
        );
    }

    needed.sort();
    needed.dedup_by(|a, b| a.0 == b.0);
    if needed.is_empty() {
        return Answer::not_applicable("nothing here requires a variable from outside");
    }

    let documented = &ctx.facts.env_files;
    let Some(example) = documented.examples.first() else {
        let (name, place) = &needed[0];
        return Answer::lacking(
            *place,
            match needed.len() {
                1 => format!("no `.env.example` names `{name}`"),
                count => format!("no `.env.example` names `{name}` and {} more", count - 1),
            },
        );
    };

    let missing = needed.iter().find(|(name, _)| {
        !documented.documented.contains(name.as_str()) && !documented.described.contains(name)
    });

    match missing {
        Some((name, place)) if !documented.set.contains(name.as_str()) => Answer::lacking(
            *place,
            format!("`{}` does not name `{name}`", example.name()),
        ),
        _ => Answer::proven(
            start_of(example.id),
            format!("names all {} required variables", needed.len()),
        ),
    }
}

/// The variables in a string such as `${DB_URL}/app`.
fn names_in(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')?;
        (end > 0).then(|| &rest[..end])
    })
}
