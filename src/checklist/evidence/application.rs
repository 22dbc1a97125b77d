//! Evidence about the repository as an application: its API, migrations, logs, metrics, models and
//! the way back.

use crate::analysis::workload::is_long_running;
use crate::analysis::{Analysis, pipelines};
use crate::checklist::answer::{Answer, Place};
use crate::checklist::evidence::network::serves_api;
use crate::checklist::places::{proof, proofs, start_of};
use crate::checklist::service::{Service, ServiceKind, Services};
use crate::data::Class;
use crate::model::Setting;
use crate::model::file_kind::FileKind;
use crate::model::file_role::FileRole;
use crate::model::proof::ProofKind;
use crate::rules::lifecycle::migration_on_start;
use crate::source::{FileId, Location, SourceFile, Span};
use crate::syntax::shell::{self, Script};

pub fn api_spec(ctx: &Analysis, all: &Services) -> Answer {
    if let Some(document) = document(ctx) {
        return document;
    }

    if !serves_api(ctx, all) {
        return Answer::not_applicable("no service that is built here serves an API");
    }

    let routes = ctx
        .facts
        .files
        .iter()
        .zip(ctx.facts.repository.files())
        .find_map(|(facts, source)| {
            let code = facts.code.as_ref()?;
            let route = code.routes.first()?;
            (!ctx.facts.is_practice(source.id)).then(|| source.location(route.path.span))
        });

    if let Some((file, framework, offset)) = writes_document(ctx) {
        let span = Span::of(offset, offset + framework.len());
        return Answer::proven(
            ctx.facts.source(file).location(span),
            format!("`{framework}` writes the OpenAPI document"),
        );
    }

    match routes {
        Some(place) => Answer::lacking(place, "no OpenAPI document describes the routes"),
        None => Answer::unknown("the routes of the API, and a document that describes them"),
    }
}

/// An OpenAPI document of the repository.
fn document(ctx: &Analysis) -> Option<Answer> {
    let files = ctx.facts.repository.files().iter();

    files
        .filter(|file| !ctx.facts.is_practice(file.id))
        .find_map(|file| {
            let kind = ctx.facts.file(file.id).kind;
            let is_document = matches!(kind, FileKind::OtherYaml | FileKind::Text)
                && [".yaml", ".yml", ".json"]
                    .iter()
                    .any(|end| file.path.ends_with(end));
            if !is_document {
                return None;
            }

            let head = crate::source::clip(&file.text, 2048);
            let line = head.lines().find_map(|line| {
                let text = line.trim().trim_matches(['"', ',']);
                let rest = text
                    .strip_prefix("openapi")
                    .map(|rest| rest.trim_start_matches('"'))?;
                let version = rest
                    .strip_prefix(':')?
                    .trim()
                    .trim_matches(['"', '\'', ',']);
                version.starts_with('3').then(|| (line, version.to_owned()))
            });
            let (line, version) = line?;
            let start = head.find(line).unwrap_or(0);
            let span = Span::of(start, start + line.len());

            Some(Answer::proven(
                file.location(span),
                format!("OpenAPI {version} in `{}`", file.name()),
            ))
        })
}

/// A framework that writes the document by itself, in a list of dependencies.
fn writes_document(ctx: &Analysis) -> Option<(FileId, &'static str, usize)> {
    const FRAMEWORKS: &[&str] = &[
        "fastapi",
        "litestar",
        "flask-smorest",
        "apiflask",
        "django-ninja",
        "drf-spectacular",
        "@nestjs/swagger",
        "@fastify/swagger",
        "springdoc-openapi",
        "utoipa",
        "huma",
        "Swashbuckle.AspNetCore",
    ];

    manifests(ctx).find_map(|file| {
        FRAMEWORKS.iter().find_map(|framework| {
            let offset = crate::analysis::packages::package_at(&file.text, framework)?;
            Some((file.id, *framework, offset))
        })
    })
}

fn manifests<'a>(ctx: &Analysis<'a>) -> impl Iterator<Item = &'a SourceFile> {
    let facts = ctx.facts;

    facts.repository.files().iter().filter(move |file| {
        crate::analysis::packages::is_manifest(file) && !facts.is_practice(file.id)
    })
}

pub fn migrations(ctx: &Analysis, all: &Services) -> Answer {
    let Some((tool, place)) = migration_tool(ctx) else {
        return Answer::not_applicable("no tool for migrations is used");
    };

    if all.all.is_empty() {
        return Answer::not_applicable("nothing here is deployed");
    }

    let mut answers = Vec::new();

    for service in &all.all {
        for (project, composed) in &service.composed {
            if let Some(place) = migrating(ctx, &composed.container) {
                answers.push(if project.is_one_shot(composed) {
                    Answer::proven(place, format!("`{}` migrates and ends", composed.name()))
                } else {
                    Answer::broken(
                        place,
                        format!("`{}` migrates on every start", composed.name()),
                    )
                });
            }
        }

        for (object, workload) in &service.workloads {
            for container in &workload.pod.containers {
                if let Some(place) = migrating(ctx, container) {
                    let is_apart = container.role == crate::model::container::ContainerRole::Init
                        || !is_long_running(object, workload);
                    answers.push(if is_apart {
                        Answer::proven(place, format!("{} migrates before", object.title()))
                    } else {
                        Answer::broken(place, format!("{} migrates on every start", object.title()))
                    });
                }
            }
        }

        for (dockerfile, stage) in &service.builds {
            let (entrypoint, cmd) = dockerfile.start(*stage);
            for command in [entrypoint, cmd].into_iter().flatten() {
                if let Some(span) = migrates(command.script()) {
                    answers.push(Answer::broken(
                        command.place_of(span),
                        format!("`{}` migrates on every start", service.name),
                    ));
                }
            }
        }
    }

    // Hooks are no services.
    for (object, workload) in ctx.facts.deployed_workloads() {
        if object.is_hook() {
            let containers = workload.pod.containers.iter();
            answers.extend(containers.filter_map(|container| {
                let place = migrating(ctx, container)?;
                Some(Answer::proven(
                    place,
                    format!("the hook {} migrates", object.title()),
                ))
            }));
        }
    }

    for workflow in ctx.facts.workflows() {
        if !pipelines::is_live(ctx, workflow) {
            continue;
        }

        for job in &workflow.jobs {
            let ships = crate::model::workflow::job_purposes(job)
                .iter()
                .any(|evidence| evidence.purpose == crate::model::workflow::Purpose::Deploy)
                || pipelines::says_deploy(job);
            for code in job.steps.iter().filter_map(|step| step.run.as_ref()) {
                if let Some(span) = migrates(code.script())
                    && ships
                {
                    answers.push(Answer::proven(
                        code.location(span),
                        format!("job `{}` migrates", job.id.value),
                    ));
                }
            }
        }
    }

    if let Some((place, word)) = proof(ctx, &[ProofKind::MigrationAtStart]) {
        answers.push(Answer::lacking(
            place,
            format!("`{word}`: the application migrates when it starts, and replicas race"),
        ));
    }

    if let Some((place, word)) = proof(ctx, &[ProofKind::MigrationWithLock]) {
        answers.push(Answer::proven(
            place,
            format!("`{word}` migrates at start, with a lock"),
        ));
    }

    let used = Answer::all(answers);
    if !used.evidence.is_empty() {
        return used.and(place, format!("`{tool}` is used"));
    }

    Answer::lacking(place, format!("nothing that deploys runs `{tool}`"))
}

/// A tool for migrations that the repository uses: its configuration, its folder, or the library.
fn migration_tool(ctx: &Analysis) -> Option<(&'static str, Place)> {
    const FILES: &[(&str, &str)] = &[
        ("alembic.ini", "alembic"),
        ("alembic/env.py", "alembic"),
        ("migrations/env.py", "alembic"),
        ("prisma/schema.prisma", "prisma"),
        ("knexfile.js", "knex"),
        ("knexfile.ts", "knex"),
        (".sequelizerc", "sequelize"),
        ("drizzle.config.ts", "drizzle-kit"),
        ("flyway.conf", "flyway"),
        ("flyway.toml", "flyway"),
        ("liquibase.properties", "liquibase"),
        ("atlas.hcl", "atlas"),
        ("db/schema.rb", "rails"),
        ("phinx.php", "phinx"),
        ("diesel.toml", "diesel"),
        ("aerich.ini", "aerich"),
        ("migrations/0001_initial.py", "django"),
        ("database/migrations/.gitkeep", "artisan"),
    ];
    let files = ctx.facts.repository.files().iter();
    let by_file = files
        .filter(|file| !ctx.facts.is_practice(file.id))
        .find_map(|file| {
            let known = FILES.iter().find(|(name, _)| {
                file.path
                    .strip_suffix(name)
                    .is_some_and(|before| before.is_empty() || before.ends_with('/'))
            });
            let folder = (file.path.contains("migrations/") || file.path.contains("migrate/"))
                && file.path.ends_with(".sql");

            known
                .map(|(_, tool)| (*tool, file.id))
                .or_else(|| folder.then_some(("migrations", file.id)))
        });

    by_file
        .map(|(tool, file)| (tool, Place::from(start_of(file))))
        .or_else(|| {
            // A library that reads a schema may be there without migrations.
            proofs(ctx, &[ProofKind::MigrationTool])
                .find(|(_, word)| {
                    !matches!(*word, "prisma" | "@prisma/client" | "knex" | "typeorm")
                })
                .map(|(place, word)| (word, place))
        })
}

/// Where a container runs a migration.
fn migrating(ctx: &Analysis, container: &crate::model::container::Container) -> Option<Location> {
    let command = crate::analysis::start::of_container(ctx, container)?;

    migrates(command.script()).map(|span| command.place_of(span))
}

/// The first command of a script that migrates.
fn migrates(script: &Script) -> Option<Span> {
    let direct = script
        .invocations()
        .iter()
        .find(|invocation| migration_on_start::migrates(invocation))
        .map(shell::Invocation::span);

    direct.or_else(|| {
        // The string of a shell that runs it: `sh -c "alembic upgrade head"`.
        script.invocations().iter().find_map(|invocation| {
            let text = invocation.args.last()?.text();
            let is_inner = text.contains(' ')
                && shell::parse(text)
                    .invocations()
                    .iter()
                    .any(migration_on_start::migrates);
            is_inner.then(|| invocation.span())
        })
    })
}

pub fn logging(ctx: &Analysis, all: &Services) -> Answer {
    let runs = |service: &&Service| !service.composed.is_empty() || !service.workloads.is_empty();
    if !all.all.iter().any(|service| runs(&service)) {
        return Answer::not_applicable("nothing here runs");
    }

    let mut kept = Vec::new();

    if let Some((place, word)) = proof(ctx, &[ProofKind::LogShipping, ProofKind::LogRotation]) {
        kept.push(Answer::proven(place, format!("`{word}` takes the logs")));
    } else {
        for service in &all.all {
            for (project, composed) in &service.composed {
                if project.is_one_shot(composed) {
                    continue;
                }

                kept.push(match &composed.bounded_logs {
                    Setting::Set(bounded) if bounded.value => Answer::proven(
                        bounded.location,
                        format!("the logs of `{}` are bounded", composed.name()),
                    ),
                    Setting::Unknown(_) => Answer::unknown_at(
                        composed.container.anchor,
                        "the logging of this service is set where it cannot be seen",
                    ),
                    Setting::Set(_) | Setting::Absent => Answer::lacking(
                        composed.container.anchor,
                        format!(
                            "the logs of `{}` are neither rotated nor shipped",
                            composed.name()
                        ),
                    ),
                });
            }

            if let Some((object, _)) = service.workloads.first() {
                kept.push(Answer::proven(
                    object.location(),
                    "the kubelet rotates the logs of its pods",
                ));
            }
        }
    }

    let is_built = all.all.iter().any(Service::is_built);
    let format = match proof(ctx, &[ProofKind::LogFormat]) {
        Some((place, word)) => Answer::proven(place, format!("`{word}` writes structured logs")),
        None if is_built && has_source(ctx) => {
            Answer::missing("no structured format of logs is set")
        }
        None if is_built => Answer::unknown("the format of the logs: the source is not here"),
        None => Answer::not_applicable("the images are not built here"),
    };

    kept.push(format);
    Answer::all(kept)
}

/// Whether the source of an application is here.
fn has_source(ctx: &Analysis) -> bool {
    let is_code = |file: &SourceFile| {
        crate::model::path_class::is_source(&file.path)
            && crate::model::code::lex::Language::of(&file.path).is_some()
    };

    ctx.facts
        .repository
        .files()
        .iter()
        .any(|file| is_code(file) && !ctx.facts.is_practice(file.id))
}

pub fn metrics(ctx: &Analysis, all: &Services) -> Answer {
    if !all.all.iter().any(Service::is_built) {
        return match proof(ctx, &[ProofKind::Scraping]) {
            Some((place, word)) => Answer::proven(place, format!("`{word}`")),
            None => Answer::not_applicable("no service is built here"),
        };
    }

    let offered = match proof(ctx, &[ProofKind::MetricsOffered]) {
        Some((place, word)) => Some(Answer::proven(place, format!("`{word}` exposes metrics"))),
        None => metrics_route(ctx).map(|place| Answer::proven(place, "serves `/metrics`")),
    };
    let scraped = proof(ctx, &[ProofKind::Scraping])
        .map(|(place, word)| Answer::proven(place, format!("`{word}`")));

    match (offered, scraped) {
        (Some(offered), Some(scraped)) => Answer::all([offered, scraped]),
        (Some(offered), None) => {
            Answer::all([offered, Answer::missing("nothing scrapes the metrics")])
        }
        (None, Some(scraped)) if has_source(ctx) => Answer::all([
            scraped,
            Answer::missing("nothing in the source exposes metrics"),
        ]),
        (None, Some(scraped)) => Answer::all([
            scraped,
            Answer::unknown("what exposes the metrics: the source is not here"),
        ]),
        (None, None) => Answer::missing("no metrics are exposed or scraped"),
    }
}

fn metrics_route(ctx: &Analysis) -> Option<Location> {
    let mut files = ctx.facts.files.iter().zip(ctx.facts.repository.files());

    files.find_map(|(facts, file)| {
        let routes = &facts.code.as_ref()?.routes;
        let route = routes
            .iter()
            .find(|route| route.path.value.ends_with("/metrics"))?;
        (!ctx.facts.is_practice(file.id)).then(|| file.location(route.path.span))
    })
}

/// Where the repository shows that it deploys an application that calls language models, or why it
/// is none. A library that such applications use is none, nor is an example of one.
pub fn llm_application(ctx: &Analysis, all: &Services) -> Result<(Place, String), Answer> {
    let none = || Answer::not_applicable("no sign of a language model was found");
    if all.all.is_empty() {
        return Err(Answer::not_applicable("nothing here is deployed"));
    }

    let dependency = proofs(ctx, &[ProofKind::Llm]).find(|(place, _)| {
        let path = ctx.facts.path(place.location.file);
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_extra = ["dev", "test", "eval", "doc", "lint"]
            .iter()
            .any(|word| name.contains(word) && name.starts_with("requirements"));

        !is_extra && FileRole::of(path).role == crate::model::file_role::Role::Production
    });
    if let Some((place, word)) = dependency
        && all.all.iter().any(Service::is_built)
    {
        return Ok((place, format!("depends on `{word}`")));
    }

    for service in &all.all {
        if service.kind == ServiceKind::Foreign(Class::LlmServer)
            && let Some(place) = service.location()
        {
            return Ok((place.into(), format!("`{}` serves a model", service.name)));
        }
    }

    proof(ctx, &[ProofKind::LlmEnvironment])
        .map(|(place, word)| (place, format!("`{word}` is set")))
        .ok_or_else(none)
}

pub fn llm_cost(ctx: &Analysis, all: &Services) -> Answer {
    let (sign, shows) = match llm_application(ctx, all) {
        Ok(sign) => sign,
        Err(answer) => return answer,
    };
    let has_code = has_source(ctx);
    let absent = |what: &str| {
        if has_code {
            Answer::missing(what)
        } else {
            Answer::unknown(format!("the source, which is not here ({what} in what is)"))
        }
    };
    let tracked = match proof(ctx, &[ProofKind::LlmCost]) {
        Some((place, word)) => Answer::proven(place, format!("`{word}` tracks the cost")),
        None => Answer::missing("nothing tracks what the models cost"),
    };
    let budget = match proof(ctx, &[ProofKind::LlmBudget]) {
        Some((place, word)) => Answer::proven(place, format!("`{word}` caps a request")),
        None => absent("no cap on tokens, iterations or spend"),
    };

    Answer::all([tracked, budget]).and(sign, shows)
}

pub fn model_pinning(ctx: &Analysis, all: &Services) -> Answer {
    let (sign, shows) = match llm_application(ctx, all) {
        Ok(sign) => sign,
        Err(answer) => return answer,
    };
    let mut answers: Vec<Answer> = Vec::new();

    for (facts, source) in ctx.facts.files.iter().zip(ctx.facts.repository.files()) {
        if ctx.facts.is_practice(source.id) {
            continue;
        }

        answers.extend(facts.models.iter().map(|model| {
            let place = Place::of_model(source.id, model);
            if model.is_dated {
                Answer::proven(place, format!("`{}` is a snapshot", model.name))
            } else {
                Answer::lacking(place, format!("`{}` is an alias that moves", model.name))
            }
        }));
    }

    if answers.is_empty() {
        return Answer::unknown("the names of the models: no file of the repository has one")
            .and(sign, shows);
    }

    Answer::all(answers)
}

pub fn rollback(ctx: &Analysis, all: &Services) -> Answer {
    if all.all.is_empty() {
        return Answer::not_applicable("nothing here is deployed");
    }

    let kinds = [ProofKind::Rollback, ProofKind::RollbackStep];
    let mut found: Vec<(Place, &str)> = proofs(ctx, &kinds)
        .filter(|(place, _)| is_about_operations(place))
        .collect();
    let by_name = ctx.facts.repository.files().iter().find(|file| {
        let name = file.name().to_ascii_lowercase();
        name.contains("rollback") || name.contains("roll-back")
    });

    if let Some(file) = by_name {
        found.insert(0, (start_of(file.id).into(), "rollback"));
    }

    match found.into_iter().next() {
        Some((place, word)) => Answer::proven(place, format!("says how: `{word}`")),
        None => Answer::missing("no document or step says how to roll back"),
    }
}

/// Whether the line of a word is about releases, and not about transactions of a database.
fn is_about_operations(place: &Place) -> bool {
    let Some((_, line)) = &place.kept else {
        return true;
    };
    let line = line.to_ascii_lowercase();

    !["transaction", "session.", "savepoint", "commit or", "sql"]
        .iter()
        .any(|word| line.contains(word))
}
