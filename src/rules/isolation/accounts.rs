//! `service-account-token`, `default-service-account`, `rbac-wildcard`, `cluster-admin`,
//! `secrets-access`, `pod-exec`, `rbac-escalation`: what pods and users may do with the API.

use crate::analysis::Ctx;
use crate::finding::{Finding, Sink};
use crate::model::Setting;
use crate::model::kubernetes::{Body, Object, PolicyRule, Workload};
use crate::source::{Located, Location};

/// The setting of the service account of a pod, if the repository defines the account.
fn account_setting<'a>(
    ctx: &Ctx<'a>,
    object: &Object,
    workload: &Workload,
) -> Option<&'a Setting<bool>> {
    let name = match &workload.pod.service_account {
        Setting::Set(name) => name.value.as_str(),
        Setting::Absent => "default",
        Setting::Unknown(_) => return None,
    };

    ctx.graph
        .cluster
        .find("ServiceAccount", name, object)
        .into_iter()
        .find_map(|object| match &object.body {
            Body::ServiceAccount(account) => Some(&account.automount_token),
            _ => None,
        })
}

pub fn token(ctx: &Ctx, sink: &mut Sink) {
    for object in ctx.graph.cluster.objects() {
        let Some(workload) = object.workload().filter(|workload| !workload.guessed) else {
            continue;
        };

        let (location, label) = match &workload.pod.automount_token {
            Setting::Set(setting) if setting.value => (setting.location, "enabled explicitly"),
            Setting::Absent
                if account_setting(ctx, object, workload)
                    .is_none_or(|setting| setting.is_absent() || setting.is(true)) =>
            {
                (object.location(), "mounted by default")
            }
            _ => continue,
        };

        let finding = Finding::new(
            location,
            format!("{} mounts a Kubernetes API token", object.title()),
        )
        .label(label)
        .help("set `automountServiceAccountToken: false` unless the pod calls the Kubernetes API")
        .anchor(object.anchor);
        if workload.pod.automount_token.is_absent() {
            sink.report(finding.aspect("absent"));
        } else {
            sink.report(finding);
        }
    }
}

pub fn default_account(ctx: &Ctx, sink: &mut Sink) {
    for object in ctx.graph.cluster.objects() {
        let Some(workload) = object.workload().filter(|workload| !workload.guessed) else {
            continue;
        };

        let (location, label) = match &workload.pod.service_account {
            Setting::Set(name) if name.value == "default" => {
                (name.location, "shared with other pods of the namespace")
            }
            Setting::Absent => (object.location(), "no `serviceAccountName`"),
            _ => continue,
        };

        let finding = Finding::new(
            location,
            format!("{} uses the default service account", object.title()),
        )
        .label(label)
        .help("create a dedicated ServiceAccount with only the permissions that the pod needs")
        .anchor(object.anchor);
        if workload.pod.service_account.is_absent() {
            sink.report(finding.aspect("absent"));
        } else {
            sink.report(finding);
        }
    }
}

/// The rules of a role.
fn rules(object: &Object) -> &[PolicyRule] {
    match &object.body {
        Body::Role(role) => &role.rules,
        _ => &[],
    }
}

/// API groups whose resources lead to every permission.
const POWERFUL: [&str; 6] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "authentication.k8s.io",
    "certificates.k8s.io",
    "rbac.authorization.k8s.io",
];

pub fn wildcard(_: &Ctx, object: &Object, sink: &mut Sink) {
    for rule in rules(object) {
        let (what, location) = match (wildcard_in(&rule.resources), wildcard_in(&rule.verbs)) {
            (Some(location), _) => ("resource", location),
            (None, Some(location)) => ("verb", location),
            (None, None) => continue,
        };

        // All resources of a product's API group are limited to that product.
        let bounded = !rule.groups.is_empty()
            && rule.groups.iter().all(|group| {
                group.value.contains('.') && !POWERFUL.contains(&group.value.as_str())
            });

        let of = match rule.groups.as_slice() {
            [group] if bounded && what == "resource" => format!(" in API group `{}`", group.value),
            _ => String::new(),
        };

        let finding = Finding::new(
            location,
            format!("{} grants all {what}s{of}", object.title()),
        )
        .label("includes any added in later versions")
        .help(format!("list only the {what}s that are needed"))
        .anchor(object.anchor)
        .case_if(bounded, "bounded")
        .case_if(what == "verb", "verbs");
        sink.report(finding);
    }
}

fn wildcard_in(list: &[Located<String>]) -> Option<Location> {
    list.iter()
        .find(|item| item.value == "*")
        .map(|item| item.location)
}

pub fn cluster_admin(_: &Ctx, object: &Object, sink: &mut Sink) {
    let Body::Binding(binding) = &object.body else {
        return;
    };

    let Some(role) = binding
        .role
        .known()
        .filter(|role| role.value == "cluster-admin")
    else {
        return;
    };

    let mut finding = Finding::new(
        role.location,
        format!("{} grants `cluster-admin` to its subjects", object.title()),
    )
    .label("allows every action on every resource")
    .help("bind a role with only the permissions that are needed")
    .anchor(object.anchor);
    for subject in binding
        .subjects
        .iter()
        .filter_map(|subject| subject.name.known())
        .take(3)
    {
        finding = finding.related(subject.location, format!("granted to `{}`", subject.value));
    }

    sink.report(finding);
}

pub fn secrets(_: &Ctx, object: &Object, sink: &mut Sink) {
    for rule in rules(object)
        .iter()
        .filter(|rule| !rule.named && rule.has_group(""))
    {
        let resource = rule
            .resources
            .iter()
            .find(|resource| resource.value == "secrets");
        // `create` alone reads no Secret, and `resourceNames` cannot restrict it.
        let verb = rule.verbs.iter().find(|verb| verb.value != "create");
        let (Some(resource), Some(verb)) = (resource, verb) else {
            continue;
        };

        // The scope of a ClusterRole depends on its bindings.
        let scope = if object.kind.value == "ClusterRole" {
            ""
        } else {
            " in its namespace"
        };

        sink.report(
            Finding::new(
                resource.location,
                format!("{} can access every Secret{scope}", object.title()),
            )
            .label(if object.kind.value == "ClusterRole" {
                "in all namespaces, if bound cluster-wide"
            } else {
                "not limited to named Secrets"
            })
            .related(verb.location, "with these verbs")
            .help("list the Secrets in `resourceNames`, or mount the ones that are needed")
            .anchor(object.anchor),
        );
    }
}

pub fn exec(_: &Ctx, object: &Object, sink: &mut Sink) {
    for rule in rules(object).iter().filter(|rule| rule.has_group("")) {
        let resource = rule.resources.iter().find(|resource| {
            matches!(
                resource.value.as_str(),
                "pods/exec" | "pods/attach" | "pods/*"
            )
        });
        let (Some(resource), Some(_)) = (resource, rule.verb(&["create", "get"])) else {
            continue;
        };

        sink.report(
            Finding::new(
                resource.location,
                format!("{} can run commands in pods", object.title()),
            )
            .label("exposes everything that the namespace's pods can access")
            .help(
                "remove it, and reserve it for people with an audited role; workloads \
                    rarely need it",
            )
            .anchor(object.anchor),
        );
    }
}

pub fn escalation(_: &Ctx, object: &Object, sink: &mut Sink) {
    for rule in rules(object).iter().filter(|rule| !rule.named) {
        let Some((location, verb)) = escalating(rule) else {
            continue;
        };

        let what = if verb == "impersonate" {
            "impersonate others"
        } else {
            "grant permissions that it does not have"
        };

        sink.report(
            Finding::new(location, format!("{} can {what}", object.title()))
                .label("effectively grants every permission")
                .help(format!(
                    "remove `{verb}`, or restrict it with `resourceNames`"
                ))
                .anchor(object.anchor),
        );
    }
}

/// API group and resources on which a verb escalates.
const ESCALATION_TARGETS: [(&str, &[&str], &str); 3] = [
    (
        "rbac.authorization.k8s.io",
        &["roles", "clusterroles"],
        "escalate",
    ),
    (
        "rbac.authorization.k8s.io",
        &["rolebindings", "clusterrolebindings"],
        "bind",
    ),
    ("", &["users", "groups", "serviceaccounts"], "impersonate"),
];

/// The verb that escalates, and where it is granted. `*` grants it on the resources that the verb
/// is for.
fn escalating(rule: &PolicyRule) -> Option<(Location, &'static str)> {
    for verb in ["escalate", "bind", "impersonate"] {
        if let Some(granted) = rule.verbs.iter().find(|granted| granted.value == verb) {
            return Some((granted.location, verb));
        }
    }

    let wildcard = wildcard_in(&rule.verbs)?;
    ESCALATION_TARGETS
        .iter()
        .find(|(group, resources, _)| {
            rule.has_group(group)
                && rule
                    .resources
                    .iter()
                    .any(|resource| resources.contains(&resource.value.as_str()))
        })
        .map(|(_, _, verb)| (wildcard, *verb))
}
