//! `stale-variable`: a variable of an example env file that nothing reads.

use crate::analysis::{Analysis, env_names, secret_exposure};
use crate::data;
use crate::finding::{Finding, Sink};
use crate::model::compose::Service;
use crate::model::container::EnvFromKind;
use crate::model::env::EnvVar;
use crate::model::facts::FileFacts;
use crate::model::file_role::is_practice;
use crate::source::{SourceFile, file_name};

/// `stale-variable`
pub fn check(ctx: &Analysis, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    if !secret_exposure::is_example_env(&source.path)
        || is_practice(source.folder())
        || facts.env.is_empty()
    {
        return;
    }

    let stale: Vec<&EnvVar> = facts.env.iter().filter(|var| is_stale(ctx, var)).collect();
    // Where most names are unknown, something reads them that is not seen here.
    if stale.is_empty()
        || stale.len() * 2 > facts.env.len()
        || is_handed_on(ctx)
        || !is_whole(ctx, source, facts)
    {
        return;
    }

    for var in stale {
        let name = &var.name.value;
        let finding = Finding::new(
            var.name.location,
            format!("nothing in the repository reads `{name}`"),
        )
        .label("not used anywhere else")
        .help(format!("remove it from `{}`", file_name(&source.path)));
        sink.report(finding);
    }
}

/// Whether nothing but env files and prose names the variable, and no library would read it by
/// itself.
fn is_stale(ctx: &Analysis, var: &EnvVar) -> bool {
    let name = var.name.value.as_str();
    let upper = name.to_ascii_uppercase();
    // Nested settings are put together from parts.
    let nested = name.contains("__");
    !nested
        && !ctx.facts.env_usage.contains(name)
        && !env_names::is_given(&upper)
        && !env_names::is_read_by_library(&upper)
}

/// Whether all variables reach some program, whatever their names.
fn is_handed_on(ctx: &Analysis) -> bool {
    ctx.facts.env_usage.reads_all_env
        || ctx
            .facts
            .files
            .iter()
            .any(|file| file.code.as_ref().is_some_and(|code| code.reads_any))
        || services(ctx).any(|service| service.build.is_none() && reads_file(service))
}

fn services<'a>(ctx: &Analysis<'a>) -> impl Iterator<Item = &'a Service> {
    let facts = ctx.facts;
    facts
        .projects()
        .iter()
        .flat_map(|project| &project.services)
}

fn reads_file(service: &Service) -> bool {
    service
        .container
        .env_from
        .iter()
        .any(|from| from.kind == EnvFromKind::File)
}

/// Whether the programs that read the example are in the repository: as source, or as a deployment
/// of known images alone.
fn is_whole(ctx: &Analysis, source: &SourceFile, facts: &FileFacts) -> bool {
    let is_read = ctx
        .facts
        .repository
        .below(source.folder())
        .iter()
        .filter_map(|file| ctx.facts.file(file.id).code.as_ref())
        .flat_map(|code| &code.reads)
        .any(|read| has_variable(facts, &read.name.value));
    if is_read {
        return true;
    }

    let mut services = services(ctx).peekable();
    services.peek().is_some()
        && ctx.facts.dockerfiles().next().is_none()
        && services.all(runs_known_image)
}

fn has_variable(facts: &FileFacts, name: &str) -> bool {
    facts
        .env
        .iter()
        .any(|var| var.name.value.eq_ignore_ascii_case(name))
}

fn runs_known_image(service: &Service) -> bool {
    let reference = service
        .container
        .image
        .as_ref()
        .and_then(|image| image.reference.as_ref());

    service.build.is_none()
        && reference.is_some_and(|reference| data::image(&reference.repository()).is_some())
}
