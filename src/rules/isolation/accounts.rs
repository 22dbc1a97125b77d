//! `service-account-token`, `default-service-account`, `rbac-wildcard`, `cluster-admin`,
//! `secrets-access`, `pod-exec`, `rbac-escalation`: what pods and people may ask of the API server.

use crate::analysis::Ctx;
use crate::finding::{Finding, Sink, Subject};
use crate::model::Setting;
use crate::model::kubernetes::{Body, Object, PolicyRule, Workload};
use crate::source::{Located, Location};

/// The setting of the service account that a pod runs as, if the account is here.
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
        .find_map(|found| match &found.body {
            Body::ServiceAccount(account) => Some(&account.automount_token),
            _ => None,
        })
}

pub fn token(ctx: &Ctx, sink: &mut Sink) {
    let mut missing = Vec::new();

    for object in ctx.graph.cluster.objects() {
        let Some(workload) = object.workload().filter(|workload| !workload.guessed) else {
            continue;
        };

        let finding = |location| {
            Finding::new(
                location,
                format!("{} mounts a Kubernetes API token", object.title()),
            )
            .help(
                "set `automountServiceAccountToken: false` unless the pod calls the Kubernetes API",
            )
            .anchor(object.anchor)
        };

        match &workload.pod.automount_token {
            Setting::Set(at) if at.value => {
                sink.report(finding(at.location).label("enabled explicitly"))
            }

            Setting::Absent
                if account_setting(ctx, object, workload)
                    .is_none_or(|own| own.is_absent() || own.is(true)) =>
            {
                missing.push(finding(object.location()).label("mounted by default"));
            }
            _ => {}
        }
    }

    for finding in missing {
        sink.report(finding.cause(Subject::Repository, "account"));
    }
}

pub fn default_account(ctx: &Ctx, sink: &mut Sink) {
    let mut missing = Vec::new();

    for object in ctx.graph.cluster.objects() {
        let Some(workload) = object.workload().filter(|workload| !workload.guessed) else {
            continue;
        };

        let finding = |location| {
            Finding::new(
                location,
                format!("{} uses the default service account", object.title()),
            )
            .help("create a dedicated ServiceAccount with only the permissions that the pod needs")
            .anchor(object.anchor)
        };

        match &workload.pod.service_account {
            Setting::Set(name) if name.value == "default" => {
                sink.report(finding(name.location).label("shared with other pods of the namespace"))
            }
            Setting::Absent => {
                missing.push(finding(object.location()).label("no `serviceAccountName`"))
            }
            _ => {}
        }
    }

    for finding in missing {
        sink.report(finding.cause(Subject::Repository, "account"));
    }
}

/// The rules of a role.
fn rules(object: &Object) -> &[PolicyRule] {
    match &object.body {
        Body::Role(role) => &role.rules,
        _ => &[],
    }
}

/// API groups of which every resource is the way to every right.
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
        let star = |list: &'_ [Located<String>]| {
            list.iter()
                .find(|own| own.value == "*")
                .map(|own| own.location)
        };
        // Every resource of a group that one product brings is bounded by that, as is every verb on
        // what is named.
        let narrow = |group: &Located<String>| {
            group.value.contains('.') && !POWERFUL.contains(&group.value.as_str())
        };

        let bounded = !rule.groups.is_empty() && rule.groups.iter().all(narrow);
        let (what, location) = match (star(&rule.resources), star(&rule.verbs)) {
            (Some(location), _) => ("resource", location),
            (None, Some(location)) => ("verb", location),
            (None, None) => continue,
        };

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
        let named = rule.resources.iter().find(|own| own.value == "secrets");
        // Who may only create a Secret reads none, and `resourceNames` cannot narrow that.
        let verb = rule.verbs.iter().find(|verb| verb.value != "create");
        let (Some(resource), Some(verb)) = (named, verb) else {
            continue;
        };
        // Where a ClusterRole reaches is said by what binds it.
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
        let named = rule
            .resources
            .iter()
            .find(|own| matches!(own.value.as_str(), "pods/exec" | "pods/attach" | "pods/*"));
        let (Some(resource), Some(_)) = (named, rule.verb(&["create", "get"])) else {
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

/// The verb that escalates, and where it is granted. `*` grants it where the resource is one that
/// it works on.
fn escalating(rule: &PolicyRule) -> Option<(Location, &'static str)> {
    for verb in ["escalate", "bind", "impersonate"] {
        if let Some(own) = rule.verbs.iter().find(|own| own.value == verb) {
            return Some((own.location, verb));
        }
    }

    let star = rule.verbs.iter().find(|own| own.value == "*")?;
    let names = |list: &[&str]| {
        rule.resources
            .iter()
            .any(|own| list.contains(&own.value.as_str()))
    };

    if rule.has_group("rbac.authorization.k8s.io") && names(&["roles", "clusterroles"]) {
        return Some((star.location, "escalate"));
    }

    if rule.has_group("rbac.authorization.k8s.io")
        && names(&["rolebindings", "clusterrolebindings"])
    {
        return Some((star.location, "bind"));
    }

    (rule.has_group("") && names(&["users", "groups", "serviceaccounts"]))
        .then_some((star.location, "impersonate"))
}
