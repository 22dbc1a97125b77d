//! `secret-in-build-arg`: credentials passed to a build as arguments, which stay in the image
//! history.

use std::collections::BTreeMap;

use crate::analysis::Analysis;
use crate::credential::{Place, Verdict, classify, secret_name};
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::dockerfile::Dockerfile;
use crate::model::env::{EnvOrigin, EnvValue, EnvVar};
use crate::source::Location;
use crate::syntax::dockerfile::Body;

/// ARG instructions.
pub fn dockerfile(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    // One name is one cause, even if several stages declare it again.
    let mut declarations: BTreeMap<&str, Vec<Location>> = BTreeMap::new();

    for var in stage_arguments(dockerfile).filter(|var| is_secret(var)) {
        let locations = declarations.entry(&var.name.value).or_default();
        if locations.first() != Some(&var.name.location) {
            locations.push(var.name.location);
        }
    }

    for (name, location) in global_credentials(dockerfile) {
        let locations = declarations.entry(name).or_default();
        if locations.is_empty() {
            locations.push(location);
        }
    }

    for (name, locations) in declarations {
        report_argument(ctx, dockerfile, name, &locations, sink);
    }
}

fn stage_arguments(dockerfile: &Dockerfile) -> impl Iterator<Item = &EnvVar> {
    let vars = dockerfile.stages.iter().flat_map(|stage| &stage.env);
    vars.filter(|var| var.origin == EnvOrigin::DockerArg)
}

/// The credentials that are defaults of ARGs before the first FROM. Such an ARG reaches no layer
/// unless a stage declares it too, but its default is in git.
fn global_credentials(dockerfile: &Dockerfile) -> Vec<(&str, Location)> {
    let mut credentials = Vec::new();
    let globals = dockerfile
        .tree
        .instructions
        .iter()
        .take_while(|instruction| !matches!(instruction.body, Body::From(_)));

    for instruction in globals {
        let Body::Arg(arguments) = &instruction.body else {
            continue;
        };

        for argument in arguments {
            let name = argument.name.value.as_str();
            let literal = argument.default.as_ref().and_then(|word| word.literal());

            if literal.is_some_and(|literal| is_credential(name, &literal)) {
                let location = Location::new(dockerfile.file, argument.name.span);
                credentials.push((name, location));
            }
        }
    }

    credentials
}

fn report_argument(
    ctx: &Analysis,
    dockerfile: &Dockerfile,
    name: &str,
    locations: &[Location],
    sink: &mut Sink,
) {
    let Some((&first, rest)) = locations.split_first() else {
        return;
    };

    let mut finding = Finding::new(
        first,
        format!("build argument `{name}` stays in the image history"),
    )
    .label("anyone who can pull the image can read it")
    .help(format!(
        "use a build secret: `RUN --mount=type=secret,id={name},env={name} …`"
    ));

    for &location in rest {
        finding = finding.related(location, "declared again here");
    }

    for (location, service) in passing_services(ctx, dockerfile, name) {
        finding = finding.related(location, format!("`{service}` passes it"));
    }

    sink.report(finding);
}

/// `build.args` of compose services, unless the Dockerfile is in the repository and declares the
/// argument: then the finding is there.
pub fn service(ctx: &Analysis, _: &Project, service: &Service, sink: &mut Sink) {
    let Some(build) = &service.build else { return };

    let file = build
        .dockerfile
        .as_ref()
        .and_then(|path| ctx.facts.repository.find(&path.value));
    let dockerfile = file.and_then(|file| ctx.facts.file(file.id).dockerfile.as_ref());

    for var in &build.args {
        let name = var.name.value.as_str();
        let credential = var
            .value
            .literal()
            .filter(|value| is_credential(name, &value.value));
        let is_declared = dockerfile.is_some_and(|dockerfile| {
            stage_arguments(dockerfile).any(|argument| argument.name.value == name)
        });

        if credential.is_none() && (is_declared || !is_secret(var)) {
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
        if let Some(value) = credential {
            finding = finding.secret(value.location);
        }

        sink.report(finding);
    }
}

/// How many services are named that pass an argument.
const MAX_SERVICES: usize = 4;

/// The compose services that pass the argument, and where.
fn passing_services<'a>(
    ctx: &Analysis<'a>,
    dockerfile: &Dockerfile,
    name: &str,
) -> Vec<(Location, &'a str)> {
    ctx.graph
        .builders(ctx.facts.path(dockerfile.file))
        .filter_map(|(service, build)| {
            let arg = build.args.iter().find(|arg| arg.name.value == name)?;
            Some((arg.name.location, service.name()))
        })
        .take(MAX_SERVICES)
        .collect()
}

/// Whether a variable is secret: by its name, unless its default is a switch or a number.
fn is_secret(var: &EnvVar) -> bool {
    let name = var.name.value.as_str();

    match &var.value {
        EnvValue::Literal(literal) if !literal.value.trim().is_empty() => {
            is_credential(name, &literal.value)
        }
        EnvValue::Literal(_)
        | EnvValue::Inherited
        | EnvValue::Template { .. }
        | EnvValue::Reference(_) => secret_name(name).is_some(),
    }
}

fn is_credential(name: &str, value: &str) -> bool {
    match classify(name, value, Place::Variable) {
        Verdict::Secret { .. }
        | Verdict::Token(_)
        | Verdict::UrlPassword(_)
        | Verdict::Default(_) => true,
        // `changeme` in an ARG asks to be overridden with the real one.
        Verdict::Placeholder => true,
        Verdict::NotSecret | Verdict::Reference => false,
    }
}
