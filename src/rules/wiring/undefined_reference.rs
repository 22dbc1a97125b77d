//! `undefined-reference`: a volume, network, secret, config or service that no file of the project
//! defines.

use crate::analysis::{Analysis, profiles};
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, ReferenceKind, ReferenceNeed, Service};
use crate::suggest::{self, MAX_CANDIDATES as MAX};

pub fn check(ctx: &Analysis, project: &Project, service: &Service, sink: &mut Sink) {
    if project.overlay {
        return;
    }

    report_profiles(ctx, project, service, sink);

    for reference in &service.references {
        if project.defines(reference) || is_left_to_override(ctx, project, &reference.name.value) {
            continue;
        }

        let name = &reference.name.value;
        let (what, known) = names(project, reference.kind);
        let help = match suggest::nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if reference.kind == ReferenceKind::Service => {
                format!("define service `{name}`, or remove this reference")
            }
            None => {
                format!(
                    "add `{name}` under the top-level `{what}s`, with `external: true` if it is \
                     created elsewhere"
                )
            }
        };

        sink.report(
            Finding::new(
                reference.name.location,
                format!(
                    "`{}` refers to the {what} `{name}`, which is not defined",
                    service.name()
                ),
            )
            .label("Compose refuses to load the project")
            .help(help),
        );
    }
}

/// Services that this one needs, and that only a profile starts which this one does not need.
fn report_profiles(ctx: &Analysis, project: &Project, service: &Service, sink: &mut Sink) {
    for reference in &service.references {
        let Some(needed) = project.service(&reference.name.value) else {
            continue;
        };

        let is_started = needed.profiles.is_empty()
            || needed.container.open
            || needed.profiles.iter().any(|profile| {
                profile.value.is_empty()
                    || service
                        .profiles
                        .iter()
                        .any(|other| other.value == profile.value)
            });
        // A service of another profile may be started together with it. Documents are searched last.
        if is_started
            || !service.profiles.is_empty()
            || reference.need != ReferenceNeed::Start
            || profiles::are_chosen(ctx, project)
        {
            continue;
        }

        let name = needed.name();
        let profile = &needed.profiles[0];
        sink.report(
            Finding::new(
                reference.name.location,
                format!(
                    "`{}` needs `{name}`, which only the profile `{}` starts",
                    service.name(),
                    profile.value
                ),
            )
            .label("Compose refuses to start it without the profile")
            .related(profile.location, format!("`{name}` is switched off here"))
            .help("give both services the same `profiles`, or write `required: false` for it"),
        );
    }
}

/// Whether an example of an override file defines the name: the override itself is not in the
/// repository.
fn is_left_to_override(ctx: &Analysis, project: &Project, name: &str) -> bool {
    let beside = ctx.facts.repository.inside(&project.folder);
    let mut examples = beside.filter(|file| is_override_example(file.name()));

    examples.any(|file| {
        file.text
            .lines()
            .any(|line| line.trim().strip_suffix(':') == Some(name))
    })
}

fn is_override_example(file_name: &str) -> bool {
    file_name.contains("override")
        && ["example", "sample", "template", "dist"]
            .iter()
            .any(|word| file_name.contains(word))
}

/// The kind in words, and the defined names of the kind, as many as are compared.
fn names(project: &Project, kind: ReferenceKind) -> (&'static str, Vec<&str>) {
    let (what, definitions) = match kind {
        ReferenceKind::Service => {
            return (
                "service",
                project
                    .services
                    .iter()
                    .map(Service::name)
                    .take(MAX)
                    .collect(),
            );
        }
        ReferenceKind::Volume => ("volume", &project.volumes),
        ReferenceKind::Network => ("network", &project.networks),
        ReferenceKind::Secret => ("secret", &project.secrets),
        ReferenceKind::Config => ("config", &project.configs),
    };

    (
        what,
        definitions
            .iter()
            .map(|definition| definition.name.value.as_str())
            .take(MAX)
            .collect(),
    )
}
