//! `service-account-token`, `default-service-account`, `rbac-wildcard`, `cluster-admin`,
//! `secrets-access`, `pod-exec`, `rbac-escalation`: what pods and users may do with the API.

use crate::analysis::Analysis;
use crate::finding::{Finding, Sink};
use crate::model::Setting;
use crate::model::kubernetes::{Body, Object, PolicyRule, Workload};
use crate::source::{Located, Location};

/// The setting of the service account of a pod, if the repository defines the account.
fn account_setting<'a>(
    ctx: &Analysis<'a>,
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

pub fn token(ctx: &Analysis, sink: &mut Sink) {
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

pub fn default_account(ctx: &Analysis, sink: &mut Sink) {
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

/// API groups of Kubernetes end so, except for those that serve metrics of other programs.
const KUBERNETES_GROUPS: &str = ".k8s.io";

const METRICS_GROUPS: [&str; 3] = [
    "metrics.k8s.io",
    "custom.metrics.k8s.io",
    "external.metrics.k8s.io",
];

/// Whether an API group belongs to one product: that of an operator's custom resources.
fn is_product_group(group: &str) -> bool {
    METRICS_GROUPS.contains(&group) || (group.contains('.') && !group.ends_with(KUBERNETES_GROUPS))
}

/// The resources that ingress controllers and gateways watch.
const ROUTES: [&str; 4] = ["ingresses", "ingressclasses", "gateways", "httproutes"];

/// How many kinds of objects a role lists that is for an exporter of the state of the cluster.
const MANY_RESOURCES: usize = 8;

/// Whether a role is for a controller: an operator with custom resources of its own, an ingress
/// controller or gateway, or a program that reports on objects of many kinds.
fn is_for_controller(object: &Object) -> bool {
    let rules = rules(object);
    let watches = |rule: &&PolicyRule| rule.verb(&["watch"]).is_some();
    let has_own_resources = rules.iter().filter(watches).any(|rule| {
        !rule.groups.is_empty()
            && rule
                .groups
                .iter()
                .all(|group| is_product_group(&group.value))
    });
    let follows_routes = rules.iter().filter(watches).any(|rule| {
        rule.resources
            .iter()
            .any(|resource| ROUTES.contains(&resource.value.as_str()))
    });
    let resources: usize = rules.iter().map(|rule| rule.resources.len()).sum();
    let only_observes = resources >= MANY_RESOURCES
        && rules.iter().all(|rule| {
            rule.verbs
                .iter()
                .all(|verb| matches!(verb.value.as_str(), "get" | "list" | "watch" | "create"))
        });

    has_own_resources || follows_routes || only_observes
}

pub fn wildcard(_: &Analysis, object: &Object, sink: &mut Sink) {
    let for_controller = is_for_controller(object);

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
        .case_if(what == "verb", "verbs")
        .case_if(
            bounded
                && rule
                    .groups
                    .iter()
                    .all(|group| is_product_group(&group.value)),
            "own-group",
        )
        .case_if(what == "verb" && for_controller, "controller");
        sink.report(finding);
    }
}

fn wildcard_in(list: &[Located<String>]) -> Option<Location> {
    list.iter()
        .find(|item| item.value == "*")
        .map(|item| item.location)
}

pub fn cluster_admin(_: &Analysis, object: &Object, sink: &mut Sink) {
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

pub fn secrets(_: &Analysis, object: &Object, sink: &mut Sink) {
    let for_controller = is_for_controller(object);

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

        let watches = rule.verb(&["watch"]).is_some();
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
            .anchor(object.anchor)
            .case_if(watches && for_controller, "controller"),
        );
    }
}

pub fn exec(_: &Analysis, object: &Object, sink: &mut Sink) {
    for rule in rules(object).iter().filter(|rule| rule.has_group("")) {
        let resource = rule.resources.iter().find(|resource| {
            matches!(
                resource.value.as_str(),
                "pods/exec" | "pods/attach" | "pods/*" | "nodes/proxy" | "nodes/*"
            )
        });
        let (Some(resource), Some(_)) = (resource, rule.verb(&["create", "get"])) else {
            continue;
        };

        // Monitoring systems read the metrics of kubelets this way.
        let is_scrape = resource.value.starts_with("nodes/") && rule.verb(&["create"]).is_none();

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
            .anchor(object.anchor)
            .case_if(is_scrape, "scrape"),
        );
    }
}

pub fn escalation(_: &Analysis, object: &Object, sink: &mut Sink) {
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
