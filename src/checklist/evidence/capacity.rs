//! Evidence about capacity, availability and data.

use crate::analysis::workload::{is_long_running, is_scalable, replicas};
use crate::analysis::{Analysis, Owner, start, startup};
use crate::checklist::answer::{Answer, Place, Standing};
use crate::checklist::places::{of, proof, proofs};
use crate::checklist::service::{Service, ServiceKind, Services, serves};
use crate::data::Class;
use crate::finding::{Confidence, Level, Sink};
use crate::model::Setting;
use crate::model::compose;
use crate::model::container::{Container, ContainerRole, Mount, MountSource};
use crate::model::kubernetes::{Body, Object, Workload};
use crate::model::proof::ProofKind;
use crate::rules::capacity::datastore;
use crate::rules::lifecycle::server_limits;
use crate::source::is_inside;

pub fn resources(ctx: &Analysis, _: &Services, service: &Service) -> Answer {
    let composed = service
        .composed
        .iter()
        .map(|(_, service)| composed_resources(service));
    let pods = service.workloads.iter().flat_map(|(object, workload)| {
        let lasting = workload.pod.containers.iter();
        lasting.map(move |container| pod_resources(ctx, object, container))
    });
    let answers: Vec<Answer> = composed.chain(pods).collect();

    if answers.is_empty() {
        return Answer::not_applicable("nothing here runs it");
    }

    Answer::all(answers)
}

fn composed_resources(service: &compose::Service) -> Answer {
    let container = &service.container;

    match &container.resources.memory_limit {
        Setting::Set(limit) => Answer::proven(
            limit.location,
            format!("memory limit {}", limit.value.written),
        ),
        Setting::Unknown(place) => Answer::unknown_at(
            place.unwrap_or(container.anchor),
            "the memory limit is set where it cannot be seen",
        ),
        Setting::Absent => Answer::lacking(
            container
                .resources
                .zero
                .first()
                .copied()
                .unwrap_or(container.anchor),
            "no memory limit",
        ),
    }
}

fn pod_resources(ctx: &Analysis, object: &Object, container: &Container) -> Answer {
    if container.role == ContainerRole::Ephemeral {
        return Answer::not_applicable("it is a container for debugging");
    }

    let resources = &container.resources;
    // A limit implies the request.
    let sorts = [
        ("memory limit", &resources.memory_limit, None),
        (
            "memory request",
            &resources.memory_request,
            Some(&resources.memory_limit),
        ),
        (
            "CPU request",
            &resources.cpu_request,
            Some(&resources.cpu_limit),
        ),
    ];
    let range =
        ctx.graph.cluster.of_kind("LimitRange").find(|other| {
            matches!(other.body, Body::LimitRange(_)) && other.shares_namespace(object)
        });

    Answer::all(sorts.into_iter().map(|(name, setting, implied)| {
        let set = setting
            .known()
            .or_else(|| implied.and_then(|implied| implied.known()));
        if let Some(set) = set {
            return Answer::proven(set.location, format!("{name} {}", set.value.written));
        }

        if let Some(range) = range {
            return Answer::proven(range.location(), format!("{name} by the LimitRange"));
        }

        if setting.is_unknown() || implied.is_some_and(Setting::is_unknown) {
            return Answer::unknown_at(
                setting.location().unwrap_or(container.anchor),
                format!("the {name} is set where it cannot be seen"),
            );
        }

        Answer::lacking(
            container.absence("resources"),
            of(object, container, &format!("no {name}")),
        )
    }))
}

/// The workloads of a service that run for long, or why the question is not for it.
fn lasting<'a>(service: &Service<'a>) -> Result<Vec<(&'a Object, &'a Workload)>, Answer> {
    if service.workloads.is_empty() {
        return Err(Answer::not_applicable("it does not run in Kubernetes"));
    }

    let lasting: Vec<(&Object, &Workload)> = service
        .workloads
        .iter()
        .copied()
        .filter(|(object, workload)| is_long_running(object, workload))
        .collect();

    if lasting.is_empty() {
        return Err(Answer::not_applicable("it ends by itself"));
    }

    Ok(lasting)
}

pub fn autoscaling(ctx: &Analysis, _: &Services, service: &Service) -> Answer {
    let workloads = match lasting(service) {
        Ok(workloads) => workloads,
        Err(answer) => return answer,
    };

    if service.is_store() {
        return Answer::not_applicable("a store is not scaled by its load");
    }

    Answer::all(workloads.into_iter().map(|(object, workload)| {
        let Some(joined) = ctx.graph.cluster.joined(object) else {
            return Answer::unknown_at(object.location(), "what scales it");
        };

        if let Some(scaler) = joined.autoscalers.first() {
            let Body::Autoscaler(facts) = &scaler.body else {
                return Answer::unknown_at(scaler.location(), "what scales it");
            };

            return match &facts.min_replicas {
                Setting::Set(min) if min.value < 2 && !facts.keda => Answer::lacking(
                    min.location,
                    format!("{} may scale to {} replica", scaler.title(), min.value),
                ),
                Setting::Set(min) => {
                    Answer::proven(scaler.location(), format!("{} scales it", scaler.title()))
                        .and(min.location, format!("at least {} replicas", min.value))
                }
                Setting::Unknown(_) => {
                    Answer::unknown_at(scaler.location(), "the minimum number of replicas")
                }
                Setting::Absent => Answer::lacking(
                    scaler.location(),
                    format!("{} may scale to 1 replica", scaler.title()),
                ),
            };
        }

        if !is_scalable(object) || object.kind.value == "StatefulSet" {
            return Answer::not_applicable(format!("a {} is not scaled", object.kind.value));
        }

        if joined.autoscalers.is_open() {
            return Answer::unknown_at(object.location(), "an autoscaler outside of what was seen");
        }

        if !serves(ctx, object, workload) {
            return Answer::not_applicable("no requests reach it");
        }

        Answer::lacking(
            object.location(),
            format!("no autoscaler targets {}", object.title()),
        )
    }))
}

pub fn availability(ctx: &Analysis, _: &Services, service: &Service) -> Answer {
    let workloads = match lasting(service) {
        Ok(workloads) => workloads,
        Err(answer) if service.composed.is_empty() => return answer,
        Err(_) => return Answer::not_applicable("Docker Compose runs it on one host"),
    };

    Answer::all(workloads.into_iter().map(|(object, workload)| {
        if object.kind.value == "DaemonSet" {
            return Answer::not_applicable("a DaemonSet runs once a node");
        }

        if !is_scalable(object) {
            return Answer::lacking(
                object.location(),
                format!("{} runs one pod", object.title()),
            );
        }

        if service.is_store() {
            return store_availability(ctx, object, workload);
        }

        if !serves(ctx, object, workload) {
            return Answer::not_applicable("no requests reach it");
        }

        replicated(ctx, object, workload)
    }))
}

fn store_availability(ctx: &Analysis, object: &Object, workload: &Workload) -> Answer {
    match replicas(ctx, object, workload) {
        Some(count) if count > 1 => Answer::proven(
            workload.replicas.location().unwrap_or(object.location()),
            format!("{count} replicas"),
        ),
        Some(_) => Answer::lacking(
            object.location(),
            format!("{} runs one pod", object.title()),
        ),
        None => Answer::unknown_at(object.location(), "the number of replicas"),
    }
}

fn replicated(ctx: &Analysis, object: &Object, workload: &Workload) -> Answer {
    let Some(joined) = ctx.graph.cluster.joined(object) else {
        return Answer::unknown_at(object.location(), "how many replicas there are");
    };

    let count = replicas(ctx, object, workload);
    let place = joined
        .autoscalers
        .first()
        .map(|scaler| scaler.location())
        .or(workload.replicas.location())
        .unwrap_or(object.location());
    let many = match count {
        Some(count) if count > 1 => Answer::proven(place, format!("{count} replicas at least")),
        Some(_) => Answer::lacking(place, format!("{} runs one replica", object.title())),
        None => Answer::unknown_at(place, "the number of replicas"),
    };
    let budget = match joined.budgets.first() {
        Some(budget) => Answer::proven(budget.location(), format!("{} guards it", budget.title())),
        None if joined.budgets.is_open() => Answer::unknown_at(
            object.location(),
            "a PodDisruptionBudget outside of what was seen",
        ),
        None => Answer::lacking(
            object.location(),
            format!("no PodDisruptionBudget selects {}", object.title()),
        ),
    };
    let spread = match &workload.pod.spread {
        Setting::Set(spread) if !spread.value.is_empty() => {
            Answer::proven(spread.location, "its pods are spread")
        }
        Setting::Unknown(_) => Answer::unknown_at(object.location(), "how its pods are spread"),
        Setting::Set(_) | Setting::Absent => Answer::lacking(
            object.location(),
            format!("nothing spreads the pods of {}", object.title()),
        ),
    };

    if count == Some(1) {
        return many;
    }

    Answer::all([many, budget, spread])
}

pub fn rollout(_: &Analysis, _: &Services, service: &Service) -> Answer {
    let workloads = match lasting(service) {
        Ok(workloads) => workloads,
        Err(answer) if service.composed.is_empty() => return answer,
        Err(_) => return Answer::not_applicable("Docker Compose replaces containers in place"),
    };

    Answer::all(workloads.into_iter().map(|(object, workload)| {
        let kind = &workload.strategy.kind;

        match object.kind.value.as_str() {
            "Rollout" => {
                return Answer::proven(object.kind.location, "Argo Rollouts replaces it in steps");
            }
            "Deployment" | "StatefulSet" | "DaemonSet" | "DeploymentConfig" => {}
            other => return Answer::not_applicable(format!("a {other} has no rollout")),
        }

        if let Setting::Set(kind) = kind
            && matches!(kind.value.as_str(), "Recreate" | "OnDelete")
        {
            let is_store = service.is_store()
                || workload.pod.main().any(|container| {
                    container
                        .mounts
                        .iter()
                        .any(|mount| matches!(mount.source, MountSource::Volume(_)))
                });
            if is_store {
                return Answer::not_applicable("its volume allows one pod at a time");
            }

            return Answer::broken(
                kind.location,
                format!("`{}` stops all pods first", kind.value),
            );
        }

        if kind.is_unknown() {
            return Answer::unknown_at(object.location(), "the strategy of its rollout");
        }

        let place = kind.location().unwrap_or(object.kind.location);
        let update = Answer::proven(place, "a rolling update");
        let ready = workload
            .pod
            .main()
            .find_map(|container| container.readiness.location());

        match ready {
            Some(ready) => update.and(ready, "waits until the new pod is ready"),
            None if workload
                .pod
                .main()
                .any(|container| container.readiness.is_unknown()) =>
            {
                Answer::unknown_at(object.location(), "whether the rollout waits for readiness")
            }
            None if workload
                .pod
                .main()
                .all(|container| container.ports.is_empty()) =>
            {
                update
            }
            None => Answer::lacking(
                object.location(),
                format!(
                    "the rollout of {} waits for no readiness probe",
                    object.title()
                ),
            ),
        }
    }))
}

pub fn storage(ctx: &Analysis, _: &Services, service: &Service) -> Answer {
    let mut answers = Vec::new();

    for (project, composed) in &service.composed {
        let owner = Owner::Compose(project, composed);
        answers.extend(container_storage(
            ctx,
            owner,
            &composed.container,
            composed.build.is_some(),
        ));
    }

    for (object, workload) in &service.workloads {
        for container in workload.pod.main() {
            let owner = Owner::Kubernetes(object, workload);
            answers.extend(container_storage(ctx, owner, container, false));
        }
    }

    let may_keep_data = service.is_store() || service.kind == ServiceKind::Unfamiliar;
    if answers.is_empty() && may_keep_data && !service.ends() {
        return unfamiliar_storage(service);
    }

    if answers.is_empty() {
        return Answer::not_applicable("it is not a data store");
    }

    Answer::all(answers)
}

/// Of an image that is not known, a volume shows that it keeps data.
fn unfamiliar_storage(service: &Service) -> Answer {
    let mut mounts = service
        .containers()
        .flat_map(|container| &container.mounts)
        .filter(|mount| {
            let is_durable = matches!(
                mount.source,
                MountSource::Volume(_) | MountSource::Host(_) | MountSource::Other
            );

            // A single file or a configuration is mounted for reading.
            is_durable && !mount.read_only && !is_file(mount)
        });

    match mounts.next() {
        Some(mount) => Answer::proven(mount.location, "keeps its data on a volume"),
        None if is_stateless(service) => {
            Answer::not_applicable("a Deployment without a volume keeps no data")
        }
        None => Answer::unknown(format!(
            "whether the image of `{}` keeps data",
            service.name
        )),
    }
}

/// Whether a mount is of a file, by the name of its place.
fn is_file(mount: &Mount) -> bool {
    mount.target.as_ref().is_some_and(|target| {
        let name = target.value.rsplit('/').next().unwrap_or("");
        name.contains('.')
    })
}

/// Whether only Deployments without volumes run it.
fn is_stateless(service: &Service) -> bool {
    service.composed.is_empty()
        && service.workloads.iter().all(|(object, workload)| {
            object.kind.value == "Deployment"
                && workload
                    .pod
                    .containers
                    .iter()
                    .all(|container| container.mounts.is_absent())
        })
}

fn container_storage(
    ctx: &Analysis,
    owner: Owner,
    container: &Container,
    builds: bool,
) -> Option<Answer> {
    let store = datastore::store(ctx, container, builds)?;
    if store.class == Class::Cache {
        return Some(Answer::not_applicable("a cache may lose its data"));
    }

    let mut sink = Sink::new("ephemeral-datastore", Level::Error, Confidence::High);
    datastore::ephemeral(ctx, owner, container, &mut sink);
    if let Some(finding) = sink.into_findings().into_iter().next() {
        return Some(Answer::broken(finding.location, finding.message));
    }

    let mount = container.mounts.iter().find(|mount| {
        matches!(
            mount.source,
            MountSource::Volume(_)
                | MountSource::Host(_)
                | MountSource::Anonymous
                | MountSource::Other
        ) && !mount.read_only
    });

    Some(match mount {
        Some(mount) => Answer::proven(
            mount.location,
            match &mount.target {
                Some(target) => format!("keeps `{}` on a volume", target.value),
                None => "keeps its data on a volume".to_owned(),
            },
        ),
        None if container.mounts.is_open() => Answer::unknown_at(
            container.anchor,
            "its volumes are set where they cannot be seen",
        ),
        None => Answer::unknown_at(
            container.anchor,
            format!("where `{}` keeps its data", container.name.value),
        ),
    })
}

pub fn backups(ctx: &Analysis, all: &Services, service: &Service) -> Answer {
    let class = match service.kind {
        ServiceKind::Store(class) => class,
        ServiceKind::Unfamiliar if !service.ends() && !is_stateless(service) => Class::Database,
        ServiceKind::Application | ServiceKind::Foreign(_) | ServiceKind::Unfamiliar => {
            return Answer::not_applicable("it is not a data store");
        }
    };

    if !matches!(
        class,
        Class::Database | Class::ObjectStore | Class::VectorStore | Class::Search
    ) {
        return Answer::not_applicable("what it holds comes from elsewhere");
    }

    let named = all.all.iter().find(|other| {
        other.name != service.name
            && (other.name.contains("backup") || other.name.contains("pgbackrest"))
    });
    if let Some(place) = named.and_then(Service::location) {
        return Answer::proven(place, "a service runs the backup");
    }

    match proof(ctx, &[ProofKind::Backup]) {
        Some((place, word)) => Answer::proven(place, format!("runs `{word}`")),
        None if service.kind == ServiceKind::Unfamiliar => Answer::unknown(format!(
            "whether the image of `{}` keeps data",
            service.name
        )),
        None => match service.location() {
            Some(place) => Answer::lacking(place, format!("nothing backs up `{}`", service.name)),
            None => Answer::missing(format!("nothing backs up `{}`", service.name)),
        },
    }
}

pub fn timeouts(ctx: &Analysis, _: &Services, service: &Service) -> Answer {
    if service.is_store() {
        return Answer::not_applicable("it is a data store");
    }

    if service.ends() {
        return Answer::not_applicable("it ends by itself");
    }

    match service.kind {
        ServiceKind::Foreign(Class::Proxy) | ServiceKind::Application => {}
        ServiceKind::Foreign(_) | ServiceKind::Store(_) | ServiceKind::Unfamiliar => {
            return Answer::not_applicable("it is an image of another project");
        }
    }

    let mut answers = Vec::new();
    // Of a stage that no container starts as it is, nothing counts.
    let mut is_started = service.composed.is_empty() && service.workloads.is_empty();

    for (project, composed) in &service.composed {
        let owner = Owner::Compose(project, composed);
        is_started |= start::of_container(ctx, &composed.container).is_none();
        answers.extend(container_limits(ctx, owner, &composed.container));
    }

    for (object, workload) in &service.workloads {
        for container in workload.pod.main() {
            let owner = Owner::Kubernetes(object, workload);
            is_started |= start::of_container(ctx, container).is_none();
            answers.extend(container_limits(ctx, owner, container));
        }
    }

    if is_started {
        for (dockerfile, stage) in &service.builds {
            let mut sink = Sink::new("server-limits", Level::Note, Confidence::High);
            server_limits::dockerfile(ctx, dockerfile, &mut sink);
            let missing = sink.into_findings();
            let started = startup::stage(ctx, dockerfile, *stage);
            answers.extend(started.iter().map(|started| limits(started, &missing)));
        }
    }

    let publishes = service
        .containers()
        .any(|container| !container.ports.is_empty());
    if answers.is_empty() && !is_started && !publishes {
        return Answer::not_applicable("it starts no known server, and publishes no port");
    }

    let has_limits = answers
        .iter()
        .any(|answer| answer.standing == Standing::Proven);
    if !answers.is_empty() && has_limits {
        return Answer::all(answers);
    }

    if let Some((place, word)) = limit_of(ctx, service) {
        return Answer::proven(place, format!("sets `{word}`"));
    }

    if answers.is_empty() {
        return Answer::unknown("its timeouts: they are neither in its command nor in its source");
    }

    Answer::all(answers)
}

/// A setting of a limit in the files of a service.
fn limit_of(ctx: &Analysis, service: &Service) -> Option<(Place, &'static str)> {
    let folders: Vec<&str> = service
        .builds
        .iter()
        .filter_map(|(dockerfile, _)| ctx.graph.context(dockerfile).first())
        .map(|file| file.folder())
        .collect();
    let is_proxy = matches!(service.kind, ServiceKind::Foreign(_));
    let is_routed = service.workloads.iter().any(|(object, _)| {
        let joined = ctx.graph.cluster.joined(object);
        joined.is_some_and(|joined| !joined.services.is_empty())
    });

    proofs(ctx, &[ProofKind::Timeout]).find(|(place, _)| {
        let file = place.location.file;
        let path = ctx.facts.path(file);
        // The controller of an Ingress closes what takes too long.
        let is_entry = ctx
            .facts
            .file(file)
            .objects
            .iter()
            .any(|object| matches!(object.body, Body::Ingress(_)));

        is_proxy || is_routed && is_entry || folders.iter().any(|folder| is_inside(path, folder))
    })
}

fn container_limits(ctx: &Analysis, owner: Owner, container: &Container) -> Vec<Answer> {
    let mut sink = Sink::new("server-limits", Level::Note, Confidence::High);
    server_limits::container(ctx, owner, container, &mut sink);
    let missing = sink.into_findings();

    startup::container(ctx, owner, container)
        .iter()
        .map(|started| limits(started, &missing))
        .collect()
}

fn limits(started: &startup::Started, missing: &[crate::finding::Finding]) -> Answer {
    let server = &started.found.server;
    let fault = missing
        .iter()
        .find(|finding| finding.location == started.location);

    match fault {
        Some(finding) => Answer::lacking(started.location, finding.message.clone()),
        None => Answer::proven(
            started.location,
            format!(
                "`{}` has its limits, or sets them in its configuration",
                server.name
            ),
        ),
    }
}
