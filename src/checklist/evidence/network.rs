//! Evidence about the network, the isolation and the rights of services.

use crate::analysis::endpoints::endpoints;
use crate::analysis::workload::is_long_running;
use crate::analysis::{Analysis, hosts};
use crate::checklist::answer::{Answer, Standing};
use crate::checklist::places::{proof, proofs};
use crate::checklist::service::{Service, ServiceKind, Services};
use crate::data::Class;
use crate::model::Setting;
use crate::model::container::{Container, ContainerRole, MountSource};
use crate::model::file_role::Role;
use crate::model::kubernetes::{Body, Object};
use crate::model::proof::ProofKind;
use crate::model::workflow::Grant;
use crate::source::{Location, Span};

pub fn exposure(ctx: &Analysis, _: &Services, service: &Service) -> Answer {
    let composed = service.composed.iter().map(|(_, composed)| {
        let container = &composed.container;
        let public: Vec<_> = container
            .ports
            .iter()
            .filter(|port| port.is_public())
            .collect();

        if container.ports.iter().any(|port| port.unknown) {
            return Answer::unknown_at(container.anchor, "the address that its port is bound to");
        }

        if service.is_store() {
            return match public.first() {
                Some(port) => Answer::broken(
                    port.location,
                    format!("publishes `{}` on every address", port.written),
                ),
                None => match container.ports.first() {
                    Some(port) => Answer::proven(
                        port.location,
                        format!("`{}` is not reachable from other hosts", port.written),
                    ),
                    None => Answer::proven(container.anchor, "publishes no port"),
                },
            };
        }

        match public.first() {
            Some(port) => Answer::proven(
                port.location,
                format!("`{}` is published for clients", port.written),
            ),
            None => Answer::proven(container.anchor, "publishes no port on other addresses"),
        }
    });
    let services = service.workloads.iter().flat_map(|(object, _)| {
        let joined = ctx.graph.cluster.joined(object);
        joined
            .map_or(&[][..], |joined| &joined.services)
            .iter()
            .map(|other| kube_exposure(service, other))
    });
    let mut answers: Vec<Answer> = composed.chain(services).collect();

    for (object, _) in &service.workloads {
        let joined = ctx.graph.cluster.joined(object);
        if let Some(joined) = joined
            && joined.services.is_empty()
            && joined.services.is_open()
        {
            answers.push(Answer::unknown_at(
                object.location(),
                "which Services select it",
            ));
        }
    }

    if answers.is_empty() {
        return Answer::not_applicable("nothing here makes it reachable");
    }

    Answer::all(answers)
}

fn kube_exposure(service: &Service, other: &Object) -> Answer {
    let Body::Service(facts) = &other.body else {
        return Answer::not_applicable("it is not a Service");
    };

    match &facts.kind {
        Setting::Set(kind) if matches!(kind.value.as_str(), "NodePort" | "LoadBalancer") => {
            if service.is_store() {
                Answer::broken(
                    kind.location,
                    format!("{} is a {}", other.title(), kind.value),
                )
            } else if facts.source_ranges || !facts.balancer_class.is_absent() {
                Answer::proven(
                    kind.location,
                    format!("{} is limited to some clients", other.title()),
                )
            } else {
                Answer::lacking(
                    kind.location,
                    format!("{} is a {}", other.title(), kind.value),
                )
            }
        }
        Setting::Unknown(_) => Answer::unknown_at(other.location(), "the type of its Service"),
        Setting::Set(_) | Setting::Absent => Answer::proven(
            other.location(),
            format!("{} is reachable in the cluster only", other.title()),
        ),
    }
}

pub fn policy(ctx: &Analysis, _: &Services, service: &Service) -> Answer {
    if service.workloads.is_empty() {
        return Answer::not_applicable("it does not run in Kubernetes");
    }

    Answer::all(service.workloads.iter().map(|(object, _)| {
        let Some(joined) = ctx.graph.cluster.joined(object) else {
            return Answer::unknown_at(object.location(), "which policies select it");
        };

        let Some(first) = joined.policies.first() else {
            return if joined.policies.is_open() {
                Answer::unknown_at(
                    object.location(),
                    "a NetworkPolicy outside of what was seen",
                )
            } else {
                Answer::lacking(
                    object.location(),
                    format!("no NetworkPolicy selects {}", object.title()),
                )
            };
        };

        let egress = joined
            .policies
            .iter()
            .find(|policy| matches!(&policy.body, Body::NetworkPolicy(facts) if facts.egress));
        let selected = Answer::proven(first.location(), format!("{} selects it", first.title()));

        match egress {
            Some(egress) => selected.and(
                egress.location(),
                format!("{} limits egress", egress.title()),
            ),
            None => Answer::all([
                selected,
                Answer::lacking(
                    first.location(),
                    format!("no policy limits the egress of {}", object.title()),
                ),
            ]),
        }
    }))
}

pub fn tls(ctx: &Analysis, all: &Services) -> Answer {
    let mut answers = Vec::new();

    for object in ctx.facts.objects() {
        if ctx.facts.role(object.file) == Role::Practice {
            continue;
        }

        if let Body::Ingress(ingress) = &object.body
            && object.kind.value == "Ingress"
        {
            answers.push(match ingress.tls {
                Setting::Set(tls) => {
                    Answer::proven(tls.location, format!("{} terminates TLS", object.title()))
                }
                Setting::Unknown(_) => Answer::unknown_at(
                    object.location(),
                    format!("whether {} terminates TLS", object.title()),
                ),
                Setting::Absent => Answer::lacking(
                    object.location(),
                    format!("{} has no `tls`", object.title()),
                ),
            });
        }
    }

    let proxies: Vec<&Service> = all.all.iter().filter(|service| is_proxy(service)).collect();

    if let Some((place, site)) = caddy_site(ctx) {
        answers.push(Answer::proven(
            place,
            format!("Caddy gets a certificate for `{site}`"),
        ));
    } else if let Some((place, word)) = proof(ctx, &[ProofKind::ProxyTls]) {
        answers.push(Answer::proven(place, format!("sets `{word}`")));
    } else if let Some(first) = proxies.first() {
        let mut ports = first.containers().flat_map(|container| &container.ports);
        if ports.any(|port| port.is_public()) {
            answers.push(match first.location() {
                Some(place) => Answer::lacking(
                    place,
                    format!("no certificate is configured for `{}`", first.name),
                ),
                None => Answer::missing("no certificate is configured for the proxy"),
            });
        }
    } else if answers.is_empty() {
        // What publishes a port itself may have anything in front of it.
        let public = all.all.iter().find_map(|service| {
            if service.is_store() {
                return None;
            }

            let port = service
                .composed
                .iter()
                .flat_map(|(_, composed)| &composed.container.ports)
                .find(|port| port.is_public())?;
            Some((port.location, service.name.as_str()))
        });
        let balancer = ctx.facts.objects().find(|object| {
            matches!(&object.body, Body::Service(facts)
                if facts.kind.value().is_some_and(|kind| kind == "LoadBalancer"))
                && ctx.facts.role(object.file) != Role::Practice
        });

        if let Some((place, name)) = public {
            answers.push(Answer::unknown_at(
                place,
                format!("what terminates TLS in front of `{name}`"),
            ));
        } else if let Some(balancer) = balancer {
            answers.push(Answer::unknown_at(
                balancer.location(),
                format!("what terminates TLS in front of {}", balancer.title()),
            ));
        }
    }

    if answers.is_empty() {
        return Answer::not_applicable("nothing here is reachable from outside");
    }

    Answer::all(answers)
}

/// A site of a Caddyfile with a public name, for which Caddy gets a certificate by itself.
fn caddy_site<'a>(ctx: &Analysis<'a>) -> Option<(Location, &'a str)> {
    let facts = ctx.facts;
    let files = facts.repository.files().iter();
    let mut caddyfiles =
        files.filter(|file| file.name() == "Caddyfile" && !facts.is_practice(file.id));

    caddyfiles.find_map(|file| {
        let mut offset = 0;

        for line in file.text.split_inclusive('\n') {
            let start = offset;
            offset += line.len();
            let site = line.trim_end().strip_suffix('{').unwrap_or("").trim_end();
            let is_site = !line.starts_with([' ', '\t', '#', '(', ':'])
                && site.contains('.')
                && !site.starts_with("http://")
                && !site.contains("localhost");
            if is_site {
                return Some((file.location(Span::of(start, start + site.len())), site));
            }
        }

        None
    })
}

fn is_proxy(service: &Service) -> bool {
    let is_image = matches!(service.kind, ServiceKind::Foreign(Class::Proxy));
    let is_named = ["nginx", "traefik", "caddy", "haproxy", "proxy", "gateway"]
        .iter()
        .any(|name| service.name == *name);

    is_image || is_named
}

pub fn rate_limit(ctx: &Analysis, all: &Services) -> Answer {
    if !serves_api(ctx, all) && !publishes(all) {
        return Answer::not_applicable("nothing here takes requests from clients");
    }

    let mut found = proofs(ctx, &[ProofKind::RateLimit]);

    match found.next() {
        Some((place, word)) => Answer::proven(place, format!("`{word}` limits requests")),
        None => match all.all.iter().find_map(Service::location) {
            Some(place) => Answer::lacking(place, "nothing limits the rate of requests"),
            None => Answer::missing("nothing limits the rate of requests"),
        },
    }
}

/// Whether a service that is not a store publishes a port to all who reach the host.
fn publishes(all: &Services) -> bool {
    all.all.iter().any(|service| {
        let mut ports = service
            .composed
            .iter()
            .flat_map(|(_, composed)| &composed.container.ports);

        !service.is_store() && ports.any(|port| port.is_public())
    })
}

/// Whether an application of the repository takes requests.
pub fn serves_api(ctx: &Analysis, all: &Services) -> bool {
    all.all.iter().any(|service| {
        let has_entry = ctx.graph.cluster.of_kind("Ingress").next().is_some()
            && service.workloads.iter().any(|(object, _)| {
                let joined = ctx.graph.cluster.joined(object);
                joined.is_some_and(|joined| !joined.services.is_empty())
            });
        let is_application = service.kind == ServiceKind::Application
            || service.kind == ServiceKind::Unfamiliar && has_entry;
        let is_routed = service.composed.iter().any(|(_, composed)| {
            let mut labels = composed.labels.iter();
            labels.any(|label| {
                label.name.value.starts_with("traefik.") || label.name.value.starts_with("caddy")
            })
        });
        let has_routes = service.builds.iter().any(|(dockerfile, _)| {
            let mut files = ctx.graph.context(dockerfile).iter();
            files.any(|file| {
                let code = ctx.facts.file(file.id).code.as_ref();
                code.is_some_and(|code| !code.routes.is_empty()) && !ctx.facts.is_practice(file.id)
            })
        });
        let listens = is_routed
            || has_routes
            || service
                .containers()
                .any(|container| !container.ports.is_empty())
            || service.builds.iter().any(|(dockerfile, stage)| {
                dockerfile
                    .chain(*stage)
                    .any(|stage| !stage.exposes.is_empty())
                    || !crate::analysis::startup::stage(ctx, dockerfile, *stage).is_empty()
            });

        is_application && listens
    })
}

pub fn wiring(ctx: &Analysis, all: &Services) -> Answer {
    let mut answers = Vec::new();

    for service in &all.all {
        for (project, composed) in &service.composed {
            for dependency in &composed.depends_on {
                if project.service(&dependency.service.value).is_some() {
                    answers.push(Answer::proven(
                        dependency.service.location,
                        format!("`{}` is a service", dependency.service.value),
                    ));
                }
            }

            for variable in &composed.container.env {
                for endpoint in endpoints(variable) {
                    if project.service(&endpoint.host).is_some()
                        && hosts::may_reach(ctx, project, composed, &endpoint.host)
                        && let Some(place) = variable.value.location()
                    {
                        answers.push(Answer::proven(
                            place,
                            format!("`{}` reaches `{}`", variable.name.value, endpoint.host),
                        ));
                    }
                }
            }
        }

        for (object, _) in &service.workloads {
            let joined = ctx.graph.cluster.joined(object);
            for other in joined.map_or(&[][..], |joined| &joined.services) {
                answers.push(Answer::proven(
                    other.location(),
                    format!("{} selects {}", other.title(), object.title()),
                ));
            }
        }
    }

    if answers.is_empty() {
        let open = all
            .all
            .iter()
            .flat_map(|service| &service.workloads)
            .find(|(object, _)| {
                let joined = ctx.graph.cluster.joined(object);
                joined.is_some_and(|joined| joined.services.is_open())
            });
        return match open {
            Some((object, _)) => {
                Answer::unknown_at(object.location(), "which Services select its pods")
            }
            None => Answer::not_applicable("nothing here refers to another service"),
        };
    }

    let count = answers.len();
    let mut whole = Answer::all(answers);
    if whole.standing == Standing::Proven {
        whole = whole.and_whole(format!("{count} references lead to what they name"));
    }

    whole
}

pub fn isolation(_: &Analysis, _: &Services, service: &Service) -> Answer {
    let answers: Vec<Answer> = service.containers().map(container_isolation).collect();

    if answers.is_empty() {
        return Answer::not_applicable("nothing here runs it");
    }

    Answer::all(answers)
}

fn container_isolation(container: &Container) -> Answer {
    let security = &container.security;
    if security.privileged.is(true) {
        let place = security.privileged.location().unwrap_or(container.anchor);
        return Answer::broken(place, "it is privileged");
    }

    if let Some(namespace) = security.host_namespaces.first() {
        return Answer::broken(
            namespace.location,
            format!(
                "shares the {} namespace of the host",
                namespace.value.as_str()
            ),
        );
    }

    let socket = container.mounts.iter().find(|mount| {
        matches!(&mount.source, MountSource::Host(path)
            if path.value.ends_with("docker.sock") || path.value == "/")
    });
    if let Some(mount) = socket {
        return Answer::broken(mount.location, "mounts what controls the host");
    }

    if security.privileged.is_unknown() {
        return Answer::unknown_at(
            container.anchor,
            "its security context is set where it cannot be seen",
        );
    }

    if container.kube.is_none() {
        if container.open {
            return Answer::unknown_at(container.anchor, "what it extends cannot be seen");
        }

        let hardened = security
            .allow_privilege_escalation
            .is(false)
            .then(|| security.allow_privilege_escalation.location())
            .flatten()
            .or_else(|| {
                security
                    .dropped_capabilities
                    .first()
                    .map(|name| name.location)
            });

        return match hardened {
            Some(place) => Answer::proven(place, "drops rights that it does not need"),
            None => Answer::proven(
                container.anchor,
                "uses no privilege, namespace, device or mount of the host",
            ),
        };
    }

    if container.role == ContainerRole::Ephemeral {
        return Answer::not_applicable("it is a container for debugging");
    }

    match &security.allow_privilege_escalation {
        Setting::Set(allows) if !allows.value => {
            let answer = Answer::proven(allows.location, "cannot gain privileges");
            match security.dropped_capabilities.first() {
                Some(dropped) => answer.and(dropped.location, format!("drops `{}`", dropped.value)),
                None if security.dropped_capabilities.is_open() => answer,
                None => Answer::all([
                    answer,
                    Answer::lacking(
                        container.absence("securityContext.capabilities"),
                        "it drops no capabilities",
                    ),
                ]),
            }
        }
        Setting::Set(allows) => Answer::broken(allows.location, "it may gain privileges"),
        Setting::Unknown(_) => Answer::unknown_at(
            container.anchor,
            "its security context is set where it cannot be seen",
        ),
        Setting::Absent => Answer::lacking(
            container.absence("securityContext.allowPrivilegeEscalation"),
            "it may gain privileges",
        ),
    }
}

pub fn privileges(ctx: &Analysis, all: &Services) -> Answer {
    let mut answers = Vec::new();

    for workflow in ctx.facts.workflows() {
        if workflow.action || !crate::analysis::pipelines::is_live(ctx, workflow) {
            continue;
        }

        match &workflow.permissions {
            Some(permissions) => answers.push(match &permissions.grant {
                Grant::WriteAll => {
                    Answer::broken(permissions.value, "the token may write everything")
                }
                Grant::Unknown => Answer::unknown_at(permissions.value, "what the token may do"),
                Grant::ReadAll | Grant::Scopes(_) => {
                    Answer::proven(permissions.key, "the workflow states its permissions")
                }
            }),
            None if workflow.jobs.iter().all(|job| job.permissions.is_some())
                && !workflow.jobs.is_empty() =>
            {
                let first = workflow.jobs.first();
                if let Some(permissions) = first.and_then(|job| job.permissions.as_ref()) {
                    answers.push(Answer::proven(
                        permissions.key,
                        "each job states its permissions",
                    ));
                }
            }
            None => answers.push(Answer::lacking(
                workflow.location,
                format!("`{}` sets no permissions", ctx.facts.path(workflow.file)),
            )),
        }
    }

    for service in &all.all {
        for (object, workload) in &service.workloads {
            if !is_long_running(object, workload) {
                continue;
            }

            if let Setting::Set(account) = &workload.pod.service_account
                && account.value != "default"
            {
                answers.push(Answer::proven(
                    account.location,
                    format!("{} has an account of its own", object.title()),
                ));
            } else if workload.pod.automount_token.is(false)
                && let Some(place) = workload.pod.automount_token.location()
            {
                answers.push(Answer::proven(
                    place,
                    format!("{} mounts no token", object.title()),
                ));
            } else if workload.pod.service_account.is_unknown()
                || workload.pod.automount_token.is_unknown()
            {
                answers.push(Answer::unknown_at(
                    object.location(),
                    format!("the account of {}", object.title()),
                ));
            } else {
                answers.push(Answer::lacking(
                    object.location(),
                    format!("{} mounts the token of the default account", object.title()),
                ));
            }
        }
    }

    if answers.is_empty() {
        return Answer::not_applicable("there are neither workflows nor workloads");
    }

    Answer::all(answers)
}
