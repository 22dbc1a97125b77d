//! The roles of parts of files: services, objects and stages that are for development or practice in
//! a file that is for production.

use super::{Analysis, shipped_stages};
use crate::model::compose::{Project, Service};
use crate::model::dockerfile::Dockerfile;
use crate::model::file_role::{Role, role_of_word};
use crate::model::kubernetes::Object;
use crate::source::Location;

/// The role of a compose service: that of the profiles without which it does not start, or of what
/// it builds.
pub fn of_service(ctx: &Analysis, service: &Service) -> Role {
    *ctx.service_roles
        .answer(service.container.id, || find_service_role(ctx, service))
}

fn find_service_role(ctx: &Analysis, service: &Service) -> Role {
    let profiles = service.profiles.iter().map(|profile| {
        let words = profile.value.split(['.', '-', '_']);
        words.map(role_of_word).max().unwrap_or_default()
    });
    let of_profiles = profiles.min().unwrap_or_default();

    if of_profiles == Role::Production && is_development_build(ctx, service) {
        return Role::Development;
    }

    of_profiles
}

/// Whether a service builds a stage or a Dockerfile for development.
pub fn is_development_build(ctx: &Analysis, service: &Service) -> bool {
    let built = ctx.graph.build_of(&service.container);
    let built = built.is_some_and(|(dockerfile, stage)| {
        shipped_stages::is_for_development(ctx, dockerfile, stage)
    });

    let target = service
        .build
        .as_ref()
        .and_then(|build| build.target.value());
    built || target.is_some_and(|target| target.contains("dev"))
}

/// The role of a Kubernetes object: Helm tests install nothing.
pub fn of_object(object: &Object) -> Role {
    let hooks = object.annotation("helm.sh/hook");
    let is_test = hooks.is_some_and(|hooks| {
        let mut hooks = hooks.value.split(',').map(str::trim);
        hooks.all(|hook| matches!(hook, "test" | "test-success" | "test-failure"))
    });

    if is_test {
        Role::Practice
    } else {
        Role::Production
    }
}

/// The role of the stage that a location in a Dockerfile is in. What a shipped image is built from
/// is production, whatever the stage is called.
pub fn of_stage(ctx: &Analysis, dockerfile: &Dockerfile, location: Location) -> Role {
    let mut stages = dockerfile.stages.iter().rev();
    let stage = stages.find(|stage| stage.location.span.start <= location.span.start);

    match stage {
        Some(stage)
            if shipped_stages::is_development_stage(stage)
                && !shipped_stages::shipped_layers(ctx, dockerfile).contains(&stage.index) =>
        {
            Role::Development
        }
        _ => Role::Production,
    }
}

/// Whether a file for production that is laid over this one takes something back.
pub fn is_changed_over(
    ctx: &Analysis,
    project: &Project,
    service: &Service,
    gone: impl Fn(&Project, &Service) -> bool,
) -> bool {
    let over = project
        .files
        .first()
        .into_iter()
        .flat_map(|first| ctx.graph.projects_over(*first));
    let mut over = over
        .filter(|other| !other.development)
        .filter_map(|other| Some((other, other.service(service.name())?)));

    over.any(|(other, laid)| gone(other, laid))
}
