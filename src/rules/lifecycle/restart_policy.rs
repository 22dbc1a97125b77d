//! restart-policy: compose services that are not restarted, and policies of pods that their owner
//! does not allow.

use crate::analysis::Analysis;
use crate::data::Class;
use crate::finding::{Finding, Sink};
use crate::model::Setting;
use crate::model::compose::{Project, Service};
use crate::model::kubernetes::{Object, Workload};

pub fn compose(_: &Analysis, project: &Project, service: &Service, sink: &mut Sink) {
    if project.development
        || service.provided
        || project.is_one_shot(service)
        || is_shell(service)
        || service.speaks_over_stdio()
    {
        return;
    }
    let (location, message, help) = match &service.restart {
        Setting::Absent => (
            service.container.anchor,
            format!(
                "`{}` stays down after a crash or a reboot of the host",
                service.name()
            ),
            "add `restart: unless-stopped`",
        ),
        Setting::Set(policy) if matches!(policy.value.as_str(), "no" | "none") => (
            policy.location,
            format!("`{}` is set to never restart", service.name()),
            "use `restart: unless-stopped`, unless the service is meant to exit",
        ),
        Setting::Set(_) | Setting::Unknown(_) => return,
    };

    // A service of a profile is started by hand, and so is watched.
    sink.report(
        Finding::new(location, message)
            .help(help)
            .anchor(service.container.anchor)
            .aspect(help)
            .case_if(needs_profile(service), "profile"),
    );
}

/// Whether the service starts only if one of its profiles is named. The empty profile is always
/// active.
fn needs_profile(service: &Service) -> bool {
    !service.profiles.is_empty()
        && service
            .profiles
            .iter()
            .all(|profile| !profile.value.is_empty())
}

/// Whether a service is a bare language or distribution to work in by hand.
pub fn is_shell(service: &Service) -> bool {
    let base = service
        .known_image()
        .is_some_and(|known| matches!(known.class, Class::Language | Class::Os));
    base && service.container.ports.is_empty()
        && (service.tty.is(true)
            || service.stdin_open.is(true)
            || service.container.command.is_none())
}

pub fn kubernetes(_: &Analysis, object: &Object, workload: &Workload, sink: &mut Sink) {
    let kind = object.kind.value.as_str();
    let policy = &workload.pod.restart_policy;

    match (kind, policy) {
        ("Job" | "CronJob", Setting::Absent) if !object.open => sink.report(
            Finding::new(
                workload.pod.location,
                format!(
                    "{} does not set a restart policy for its pod",
                    object.title()
                ),
            )
            .label("the default, `Always`, is rejected for jobs")
            .help("add `restartPolicy: Never` or `OnFailure` to the pod spec")
            .aspect("no policy")
            .anchor(object.anchor),
        ),
        ("Job" | "CronJob", Setting::Set(policy)) if policy.value == "Always" => sink.report(
            Finding::new(
                policy.location,
                format!(
                    "{} must finish, but its pod always restarts",
                    object.title()
                ),
            )
            .help("use `restartPolicy: Never` or `OnFailure`")
            .aspect("always restarts"),
        ),
        (
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "ReplicationController",
            Setting::Set(policy),
        ) if policy.value != "Always" => {
            sink.report(
                Finding::new(
                    policy.location,
                    format!(
                        "{} cannot have the restart policy `{}`",
                        object.title(),
                        policy.value
                    ),
                )
                .label("only `Always` is allowed here")
                .help("remove it; `Always` is the default")
                .aspect("never restarts"),
            );
        }
        _ => {}
    }
}
