//! Evidence about health: checks, probes, endpoints, start order, shutdown, restarts.

use crate::analysis::cluster_program::is_helper;
use crate::analysis::start::{self, StartCommand};
use crate::analysis::workload::is_long_running;
use crate::analysis::{Analysis, Owner, exits, startup};
use crate::checklist::answer::Answer;
use crate::checklist::places::of;
use crate::checklist::service::{Service, ServiceKind, Services, serves};
use crate::data::{self, Class};
use crate::model::Setting;
use crate::model::compose::{self, Condition, Project};
use crate::model::container::{Container, ContainerRole, HealthCheck, Probe, ProbeAction};
use crate::model::dockerfile::{Base, Dockerfile, StageId};
use crate::model::kubernetes::{Object, Workload};
use crate::model::server::script_file;
use crate::rules::wiring::health_endpoint::requests::requests;
use crate::rules::wiring::health_endpoint::served::Served;
use crate::source::{Located, Location};
use crate::syntax::shell::{self, WrapperKind};

pub fn checks(ctx: &Analysis, _: &Services, service: &Service) -> Answer {
    let mut answers: Vec<Answer> = service
        .composed
        .iter()
        .map(|(project, service)| composed_check(ctx, project, service))
        .collect();

    if answers.is_empty() && !service.workloads.is_empty() {
        return Answer::not_applicable("it runs in Kubernetes, where probes check it");
    }

    if answers.is_empty() {
        answers = service
            .builds
            .iter()
            .map(|(dockerfile, stage)| image_check(ctx, dockerfile, *stage))
            .collect();
    }

    Answer::all(answers)
}

fn composed_check(ctx: &Analysis, project: &Project, service: &compose::Service) -> Answer {
    if project.is_one_shot(service) {
        return Answer::not_applicable("it ends by itself");
    }

    if service.speaks_over_stdio() {
        return Answer::not_applicable("it serves its standard input");
    }

    let container = &service.container;
    let anchor = container.anchor;

    if let Some(answer) = check(&container.health, anchor) {
        return answer;
    }

    if let Some((dockerfile, stage)) = ctx.graph.build_of(container) {
        return check(dockerfile.health(stage), anchor)
            .or_else(|| base_check(dockerfile, stage))
            .unwrap_or_else(|| {
                Answer::lacking(anchor, "no health check, neither here nor in its image")
            });
    }

    let Some(reference) = container
        .image
        .as_ref()
        .and_then(|image| image.reference.as_ref())
    else {
        return Answer::unknown_at(anchor, "whether its image has a health check");
    };

    let name = reference.short_name();
    let known = data::image(&reference.repository());
    if known.is_some_and(|known| known.is_bare(reference.tag.as_deref())) {
        return Answer::not_applicable(format!("`{name}` contains nothing that could check it"));
    }

    match known.and_then(data::KnownImage::has_healthcheck) {
        Some(true) => Answer::proven(anchor, format!("`{name}` has a health check")),
        Some(false) => Answer::lacking(anchor, "no health check"),
        None => Answer::unknown_at(anchor, format!("whether `{name}` has a health check")),
    }
}

/// The answer of a setting; `None` where it is absent.
fn check(health: &Setting<HealthCheck>, anchor: Location) -> Option<Answer> {
    match health {
        Setting::Set(check) if check.value.disabled => Some(Answer::broken(
            check.location,
            "the health check is disabled",
        )),
        Setting::Set(check) => {
            let place = check
                .value
                .test
                .as_ref()
                .map_or(check.location, |test| test.location());
            Some(Answer::proven(place, "checks its health"))
        }
        Setting::Unknown(place) => Some(Answer::unknown_at(
            place.unwrap_or(anchor),
            "a health check may be set where it cannot be seen",
        )),
        Setting::Absent => None,
    }
}

/// The check that the base image of a stage brings.
fn base_check(dockerfile: &Dockerfile, stage: StageId) -> Option<Answer> {
    let Some(Base::Image(image)) = dockerfile.root(stage) else {
        return None;
    };

    let reference = image.reference.as_ref()?;
    let known = data::image(&reference.repository());

    match known {
        Some(known) if known.has_healthcheck() == Some(true) => Some(Answer::proven(
            image.location,
            format!("`{}` has a health check", reference.short_name()),
        )),
        Some(_) => None,
        None => Some(Answer::unknown_at(
            image.location,
            format!("whether `{}` has a health check", reference.short_name()),
        )),
    }
}

fn image_check(ctx: &Analysis, dockerfile: &Dockerfile, stage: StageId) -> Answer {
    let anchor = dockerfile.stages[stage].location;
    if let Some(answer) = check(dockerfile.health(stage), anchor) {
        return answer;
    }

    let (entrypoint, cmd) = dockerfile.start(stage);
    let starts: Vec<_> = [entrypoint, cmd].into_iter().flatten().collect();
    let serves = !startup::stage(ctx, dockerfile, stage).is_empty()
        || dockerfile
            .chain(stage)
            .any(|stage| !stage.exposes.is_empty());
    if serves {
        return base_check(dockerfile, stage)
            .unwrap_or_else(|| Answer::lacking(anchor, "the image serves and has no HEALTHCHECK"));
    }

    if starts.iter().any(|command| exits::command(command)) {
        return Answer::not_applicable("the image runs a command that ends");
    }

    Answer::unknown_at(anchor, "whether what the image starts runs for long")
}

pub fn probes(ctx: &Analysis, _: &Services, service: &Service) -> Answer {
    if service.workloads.is_empty() {
        return Answer::not_applicable("it does not run in Kubernetes");
    }

    Answer::all(
        service
            .workloads
            .iter()
            .map(|(object, workload)| workload_probes(ctx, object, workload)),
    )
}

fn workload_probes(ctx: &Analysis, object: &Object, workload: &Workload) -> Answer {
    if !is_long_running(object, workload) {
        return Answer::not_applicable("it ends by itself");
    }

    let is_probed = workload.pod.main().any(|container| {
        container
            .liveness
            .known()
            .or(container.readiness.known())
            .is_some()
    });
    if !is_probed && !serves(ctx, object, workload) {
        let builds: Vec<_> = workload
            .pod
            .main()
            .filter_map(|container| ctx.graph.build_of(container))
            .collect();
        let starts_server = builds
            .iter()
            .any(|(dockerfile, stage)| !startup::stage(ctx, dockerfile, *stage).is_empty());

        if builds.is_empty() {
            return Answer::unknown_at(
                object.location(),
                "whether it serves requests: it declares no port, and no Service selects it",
            );
        }

        if !starts_server {
            return Answer::not_applicable("it declares no port, and starts no known server");
        }
    }

    let main: Vec<&Container> = workload.pod.main().collect();
    let probed = main.iter().filter(|container| {
        let is_bare = container.ports.is_empty()
            && container.liveness.is_absent()
            && container.readiness.is_absent();
        !is_helper(workload, container) && (main.len() == 1 || !is_bare)
    });

    let serving = serves(ctx, object, workload);

    Answer::all(probed.map(|container| {
        let sorts = if serving { 2 } else { 1 };
        container_probes(object, container, sorts)
    }))
}

/// The first sorts of probes: a worker that takes no requests needs only the first.
fn container_probes(object: &Object, container: &Container, count: usize) -> Answer {
    let sorts = [
        ("liveness", "livenessProbe", &container.liveness),
        ("readiness", "readinessProbe", &container.readiness),
    ];
    let mut answers: Vec<Answer> = sorts
        .into_iter()
        .take(count)
        .map(|(name, key, probe)| match probe {
            Setting::Set(probe) => Answer::proven(probe.location, format!("{name} probe")),
            Setting::Unknown(place) => Answer::unknown_at(
                place.unwrap_or(container.anchor),
                format!("the {name} probe is set where it cannot be seen"),
            ),
            Setting::Absent => Answer::lacking(
                container.absence(key),
                of(object, container, &format!("no {name} probe")),
            ),
        })
        .collect();

    if let (Some(liveness), Some(readiness)) =
        (container.liveness.known(), container.readiness.known())
        && liveness.value.fingerprint == readiness.value.fingerprint
    {
        answers.push(Answer::broken(
            liveness.location,
            "the liveness probe is the readiness probe",
        ));
    }

    Answer::all(answers)
}

pub fn endpoints(ctx: &Analysis, _: &Services, service: &Service) -> Answer {
    if !service.is_built() {
        return Answer::not_applicable("its source is not here");
    }

    let mut called: Vec<(Located<String>, &Dockerfile)> = Vec::new();

    for container in service.containers() {
        let Some((dockerfile, _)) = ctx.graph.build_of(container) else {
            continue;
        };

        called.extend(
            called_paths(ctx, container)
                .into_iter()
                .map(|path| (path, dockerfile)),
        );
    }

    for (dockerfile, stage) in &service.builds {
        if let Some(test) = dockerfile
            .health(*stage)
            .value()
            .and_then(HealthCheck::active_test)
        {
            called.extend(
                requests(ctx, test)
                    .into_iter()
                    .map(|path| (path, *dockerfile)),
            );
        }
    }

    if called.is_empty() {
        return Answer::not_applicable("no check of it calls a path");
    }

    Answer::all(
        called
            .into_iter()
            .map(|(path, dockerfile)| endpoint(ctx, dockerfile, &path)),
    )
}

/// The paths that the probes and the check of a container call.
fn called_paths(ctx: &Analysis, container: &Container) -> Vec<Located<String>> {
    let probes = [
        &container.liveness,
        &container.readiness,
        &container.startup,
    ];
    let mut called: Vec<Located<String>> = probes
        .into_iter()
        .filter_map(|probe| match probe.value() {
            Some(Probe {
                action:
                    ProbeAction::Http {
                        path: Some(path), ..
                    },
                host: None,
                ..
            }) => Some(path.clone()),
            _ => None,
        })
        .collect();

    if let Some(test) = container.health.value().and_then(HealthCheck::active_test) {
        called.extend(requests(ctx, test));
    }

    called
}

fn endpoint(ctx: &Analysis, dockerfile: &Dockerfile, path: &Located<String>) -> Answer {
    let shown = &path.value;
    let Some(served) = Served::of(ctx, ctx.graph.context(dockerfile)) else {
        return Answer::unknown_at(
            path.location,
            format!("the route of `{shown}`: the routes of the source cannot be read"),
        );
    };

    if !served.serves(shown) {
        return Answer::broken(path.location, format!("no route serves `{shown}`"));
    }

    let route = served.near(shown).into_iter().find(|(_, route)| {
        shown.ends_with(route.path.value.as_str()) && !route.path.span.is_empty()
    });

    match route {
        Some((file, route)) => Answer::proven(
            Location::new(file, route.path.span),
            format!("serves `{shown}`"),
        )
        .and(path.location, format!("calls `{shown}`")),
        None => Answer::proven(path.location, format!("`{shown}` is served")),
    }
}

pub fn startup_order(_: &Analysis, _: &Services, service: &Service) -> Answer {
    if service.composed.is_empty() {
        return Answer::not_applicable("nothing starts it in an order");
    }

    if let ServiceKind::Foreign(Class::Monitoring | Class::Dashboard | Class::Proxy) = service.kind
    {
        return Answer::not_applicable("it retries until the other services answer");
    }

    let dependencies = service
        .composed
        .iter()
        .flat_map(|(project, service)| {
            let dependencies = service.depends_on.iter();
            dependencies.map(move |dependency| (project, service, dependency))
        })
        .filter(|(.., dependency)| dependency.required);
    let answers: Vec<Answer> = dependencies
        .map(|(project, _, dependency)| {
            let name = &dependency.service.value;
            let place = dependency
                .condition_place
                .unwrap_or(dependency.service.location);

            match dependency.condition {
                Condition::Healthy => {
                    Answer::proven(place, format!("waits until `{name}` is healthy"))
                }
                Condition::Completed => {
                    Answer::proven(place, format!("waits until `{name}` is done"))
                }
                Condition::Unknown => Answer::unknown_at(place, "the value of this condition"),
                Condition::Started => {
                    let is_bare = project.service(name).is_some_and(|target| {
                        target
                            .known_image()
                            .is_some_and(|known| known.is_bare(None))
                    });
                    let reason = format!("does not wait until `{name}` is ready");
                    if is_bare {
                        Answer::not_applicable(format!("`{name}` cannot have a check"))
                    } else {
                        Answer::lacking(place, reason)
                    }
                }
            }
        })
        .collect();

    if answers.is_empty() {
        return Answer::not_applicable("it depends on no other service");
    }

    Answer::all(answers)
}

pub fn shutdown(ctx: &Analysis, _: &Services, service: &Service) -> Answer {
    if service.ends() {
        return Answer::not_applicable("it ends by itself");
    }

    let mut answers = Vec::new();

    for (project, composed) in &service.composed {
        let owner = Owner::Compose(project, composed);
        answers.push(container_shutdown(ctx, owner, &composed.container));
    }

    for (object, workload) in &service.workloads {
        for container in workload.pod.main() {
            let owner = Owner::Kubernetes(object, workload);
            answers.push(container_shutdown(ctx, owner, container));
        }
    }

    if answers.is_empty() {
        answers.extend(service.builds.iter().map(|(dockerfile, stage)| {
            let folders = startup::folders(ctx, dockerfile);
            stage_shutdown(ctx, dockerfile, *stage, folders)
        }));
    }

    Answer::all(answers)
}

fn container_shutdown(ctx: &Analysis, owner: Owner, container: &Container) -> Answer {
    if !matches!(container.role, ContainerRole::Service | ContainerRole::Main) {
        return Answer::not_applicable("it is not the main container");
    }

    let folders = startup::folders_of(ctx, owner, container);
    if let Some(command) = start::of_container(ctx, container) {
        return start_answer(ctx, &command, folders);
    }

    match ctx.graph.build_of(container) {
        Some((dockerfile, stage)) => stage_shutdown(ctx, dockerfile, stage, folders),
        None => Answer::not_applicable("its image starts it, and is not built here"),
    }
}

fn stage_shutdown(
    ctx: &Analysis,
    dockerfile: &Dockerfile,
    stage: StageId,
    folders: &[String],
) -> Answer {
    match start::of_stage(dockerfile, stage) {
        Some(command) => start_answer(ctx, &command, folders),
        None => Answer::not_applicable("its base image starts it"),
    }
}

/// Whether a signal reaches what a start command starts.
fn start_answer(ctx: &Analysis, command: &StartCommand, folders: &[String]) -> Answer {
    let script = command.script();
    let invocations = script.invocations();
    let Some(last) = invocations.last() else {
        return Answer::not_applicable("it starts nothing");
    };

    let place = command.place_of(last.span());
    let file = script_file(last, ctx.script_folders(folders));
    if let Some(file) = file
        && (file.name().ends_with(".sh") || file.text.starts_with("#!"))
        && !file.text.starts_with("#!/usr/bin/env python")
        && !file.text.starts_with("#!/usr/bin/env node")
    {
        let inner = shell::parse(&file.text);
        return match inner.invocations().last() {
            Some(end) if end.wrapper(WrapperKind::Exec).is_some() => {
                Answer::proven(file.location(end.span()), "the start script ends in `exec`")
                    .and(place, "runs the start script")
            }
            Some(end) => Answer::lacking(
                file.location(end.span()),
                format!("`{}` does not use `exec`", file.name()),
            ),
            None => Answer::unknown_at(place, "what the start script runs"),
        };
    }

    match command {
        StartCommand::Words(words) => {
            let shell = words.words.first().is_some_and(|word| {
                matches!(
                    crate::source::file_name(&word.value),
                    "sh" | "bash" | "ash" | "dash"
                )
            });
            let text = words.words.last().map_or("", |word| word.value.as_str());
            if !shell {
                return Answer::proven(place, "exec form: the process gets the signal");
            }

            let parsed = shell::parse(text);
            let is_single = parsed.invocations().len() == 1;
            if is_single || text.contains("exec ") {
                Answer::proven(place, "the shell runs one process, which gets the signal")
            } else {
                Answer::lacking(place, "a shell is between the signal and the process")
            }
        }
        StartCommand::Shell(_) => {
            if last.wrapper(WrapperKind::Exec).is_some() {
                Answer::proven(place, "`exec` replaces the shell")
            } else {
                Answer::lacking(place, "shell form: the signal ends at the shell")
            }
        }
    }
}

pub fn restarts(_: &Analysis, _: &Services, service: &Service) -> Answer {
    let composed = service.composed.iter().map(|(project, composed)| {
        if project.is_one_shot(composed) {
            return Answer::not_applicable("it ends by itself");
        }

        if composed.speaks_over_stdio() {
            return Answer::not_applicable("its client starts it");
        }

        match &composed.restart {
            Setting::Set(policy) if matches!(policy.value.as_str(), "no" | "none") => {
                Answer::broken(policy.location, "it is never restarted")
            }
            Setting::Set(policy) => {
                Answer::proven(policy.location, format!("`restart: {}`", policy.value))
            }
            Setting::Unknown(place) => Answer::unknown_at(
                place.unwrap_or(composed.container.anchor),
                "a restart policy may be set where it cannot be seen",
            ),
            Setting::Absent => Answer::lacking(composed.container.anchor, "no restart policy"),
        }
    });
    let workloads = service.workloads.iter().map(|(object, workload)| {
        if !is_long_running(object, workload) {
            return Answer::not_applicable("it ends by itself");
        }

        if object.kind.value == "Pod" {
            return Answer::lacking(object.location(), "no controller replaces a lost Pod");
        }

        Answer::proven(
            object.kind.location,
            format!("a {} restarts its pods", object.kind.value),
        )
    });
    let answers: Vec<Answer> = composed.chain(workloads).collect();

    if answers.is_empty() {
        return Answer::not_applicable("nothing here runs it");
    }

    Answer::all(answers)
}
