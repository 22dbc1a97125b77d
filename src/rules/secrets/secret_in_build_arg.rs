//! `secret-in-build-arg`: credentials handed to a build as arguments, which the image's history
//! keeps.

use std::collections::BTreeMap;

use crate::analysis::Ctx;
use crate::credential::{Verdict, judge, secret_name};
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::dockerfile::Dockerfile;
use crate::model::env::{EnvOrigin, EnvValue, EnvVar};
use crate::source::Location;
use crate::syntax::dockerfile::Body;

/// ARG instructions.
pub fn dockerfile(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    // One name is one cause, however many stages declare it again.
    let mut found: BTreeMap<&str, (Location, Vec<Location>)> = BTreeMap::new();
    let args = dockerfile
        .stages
        .iter()
        .flat_map(|stage| &stage.env)
        .filter(|var| var.origin == EnvOrigin::DockerArg);
    for var in args.filter(|var| is_secret(var)) {
        let entry = found
            .entry(&var.name.value)
            .or_insert((var.name.location, Vec::new()));
        if entry.0 != var.name.location {
            entry.1.push(var.name.location);
        }
    }
    // An ARG before the first FROM reaches no layer unless a stage asks for it; a default written
    // there is in git.
    let globals = dockerfile
        .tree
        .instructions
        .iter()
        .take_while(|one| !matches!(one.body, Body::From(_)));
    for instruction in globals {
        let Body::Arg(arguments) = &instruction.body else {
            continue;
        };

        for argument in arguments {
            let name = argument.name.value.as_str();
            let literal = argument.default.as_ref().and_then(|word| word.literal());

            if literal.is_some_and(|literal| is_credential(name, &literal)) {
                let location = Location::new(dockerfile.file, argument.name.span);
                found.entry(name).or_insert((location, Vec::new()));
            }
        }
    }

    for (name, (location, again)) in found {
        let mut finding = Finding::new(
            location,
            format!("build argument `{name}` stays in the image history"),
        )
        .label("anyone who can pull the image can read it")
        .help(format!(
            "use a build secret: `RUN --mount=type=secret,id={name},env={name} …`"
        ));
        for location in again {
            finding = finding.related(location, "declared again here");
        }

        for (location, service) in givers(ctx, dockerfile, name) {
            finding = finding.related(location, format!("`{service}` passes it"));
        }

        sink.report(finding);
    }
}

/// `build.args` of compose services, unless the Dockerfile is here and says it already.
pub fn service(ctx: &Ctx, _: &Project, service: &Service, sink: &mut Sink) {
    let Some(build) = &service.build else { return };

    let file = build
        .dockerfile
        .as_ref()
        .and_then(|path| ctx.facts.repository.find(&path.value));
    let dockerfile = file.and_then(|file| ctx.facts.file(file.id).dockerfile.as_ref());

    for var in &build.args {
        let name = var.name.value.as_str();
        let literal = var
            .value
            .literal()
            .is_some_and(|value| is_credential(name, &value.value));
        let declared = dockerfile.is_some_and(|dockerfile| {
            let mut vars = dockerfile.stages.iter().flat_map(|stage| &stage.env);
            vars.any(|one| one.origin == EnvOrigin::DockerArg && one.name.value == name)
        });

        if !literal && (declared || !is_secret(var)) {
            continue;
        }

        let mut finding = Finding::new(
            var.name.location,
            format!(
                "`{}` is built with the credential `{name}` as a build argument",
                service.name()
            ),
        )
        .label("build arguments stay in the image history")
        .help("use `build.secrets` and `RUN --mount=type=secret`");
        if let (true, Some(location)) = (literal, var.value.location()) {
            finding = finding.secret(location);
        }

        sink.report(finding);
    }
}

/// The compose services that pass the argument.
fn givers<'a>(ctx: &Ctx<'a>, dockerfile: &Dockerfile, name: &str) -> Vec<(Location, &'a str)> {
    let given = ctx
        .graph
        .builders(ctx.facts.path(dockerfile.file))
        .filter_map(|(service, build)| {
            let arg = build.args.iter().find(|arg| arg.name.value == name)?;
            Some((arg.name.location, service.name()))
        });
    given.take(4).collect()
}

/// By its name, unless its default is a switch or a number.
fn is_secret(var: &EnvVar) -> bool {
    let name = var.name.value.as_str();

    match &var.value {
        EnvValue::Literal(at) if !at.value.trim().is_empty() => is_credential(name, &at.value),
        EnvValue::Literal(_)
        | EnvValue::Inherited
        | EnvValue::Template { .. }
        | EnvValue::Reference(_) => secret_name(name).is_some(),
    }
}

fn is_credential(name: &str, value: &str) -> bool {
    match judge(name, value) {
        Verdict::Secret { .. }
        | Verdict::Token(_)
        | Verdict::UrlPassword(_)
        | Verdict::Default(_) => true,
        // `changeme` in an ARG asks to be overridden with the real one.
        Verdict::Placeholder => true,
        Verdict::NotSecret | Verdict::Reference => false,
    }
}
