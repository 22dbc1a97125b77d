//! Values that the API server refuses in an object: of the wrong type, in the wrong form, or beside
//! others that exclude them. Only what is written is looked at, and what is certainly missing.

use std::collections::HashSet;

use super::fields::field_refusals;
use super::manifest_reader::ManifestReader;
use super::refusal::{Problem, Refusal, not_string};
use super::workload::template_path;
use crate::model::Setting;
use crate::model::spec_reader::SpecReader;
use crate::source::{Located, Location};
use crate::syntax::yaml::Node;

/// What the API server refuses in an object of Kubernetes itself.
pub(super) fn refusals(root: ManifestReader, version: &str, kind: &str) -> Vec<Refusal> {
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let mut validator = Validator {
        refusals: Vec::new(),
    };

    if is_standard(group) {
        validator.check_metadata(root, kind);
        validator.check_kind(root, group, kind);

        if let Some(path) = template_path(group, kind) {
            validator.check_template(root.path(path), group, kind);
        }
    }

    for refusal in field_refusals(root, version, kind) {
        let is_known = validator
            .refusals
            .iter()
            .any(|known| known.location == refusal.location);
        if !is_known {
            validator.refusals.push(refusal);
        }
    }

    validator.refusals
}

/// The API groups whose objects are checked.
fn is_standard(group: &str) -> bool {
    matches!(
        group,
        "" | "apps" | "batch" | "policy" | "autoscaling" | "networking.k8s.io"
    )
}

/// Kinds whose names are those of DNS.
const DNS_NAMED: [&str; 14] = [
    "ConfigMap",
    "CronJob",
    "DaemonSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "Ingress",
    "Job",
    "Namespace",
    "PersistentVolumeClaim",
    "PodDisruptionBudget",
    "Secret",
    "Service",
    "ServiceAccount",
    "StatefulSet",
];

struct Validator {
    refusals: Vec<Refusal>,
}

impl Validator {
    fn refuse(&mut self, location: Location, problem: Problem) {
        self.refusals.push(Refusal { location, problem });
    }

    fn check_metadata(&mut self, parent: ManifestReader, kind: &str) {
        let Some(meta) = parent.get("metadata").value().copied() else {
            return;
        };

        if let Setting::Set(name) = meta.str("name")
            && DNS_NAMED.contains(&kind)
            && !is_dns_name(&name.value)
            && !is_capital_placeholder(&name.value)
        {
            self.refuse(
                name.location,
                Problem::InvalidName {
                    what: "an object",
                    name: name.value,
                },
            );
        }

        for table in ["labels", "annotations"] {
            self.check_strings(meta, table);
        }

        for (_, value) in entries(meta, "labels") {
            if let Setting::Set(value) = value.text()
                && !is_label_value(&value.value)
            {
                self.refuse(value.location, Problem::InvalidLabel(value.value));
            }
        }
    }

    /// Reports numbers and booleans in a mapping of strings.
    fn check_strings(&mut self, parent: ManifestReader, table: &str) {
        for (key, value) in entries(parent, table) {
            if let (Some(key), Some(written)) = (key.str(), not_string(value)) {
                self.refuse(
                    value.node.location(),
                    Problem::NotString {
                        key: key.to_owned(),
                        written,
                    },
                );
            }
        }
    }

    fn check_kind(&mut self, root: ManifestReader, group: &str, kind: &str) {
        if kind == "ConfigMap" {
            self.check_strings(root, "data");
        }

        if kind == "Secret" {
            self.check_strings(root, "stringData");
        }

        let Some(spec) = root.get("spec").value().copied() else {
            return;
        };

        match (group, kind) {
            ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") => {
                self.check_controller(spec);
            }
            ("batch", "Job") => self.check_failure_policy(spec),
            ("batch", "CronJob") => {
                self.check_schedule(spec);

                if let Some(job) = spec.path(&["jobTemplate", "spec"]).value() {
                    self.check_failure_policy(*job);
                }
            }
            ("", "Service") => self.check_service(spec),
            ("policy", "PodDisruptionBudget") => self.check_budget(spec),
            ("networking.k8s.io", "Ingress") => self.check_ingress(spec),
            ("autoscaling", "HorizontalPodAutoscaler") => self.check_autoscaler(spec),
            _ => {}
        }
    }

    fn check_controller(&mut self, spec: ManifestReader) {
        if spec.get("selector").is_absent()
            && let Some(location) = spec.key_location("template")
        {
            self.refuse(location, Problem::NoSelector);
        }

        let Some(strategy) = spec.get("strategy").value().copied() else {
            return;
        };

        let kind = strategy.str("type");
        if kind.value().is_some_and(|kind| kind == "Recreate")
            && let Setting::Set(rolling) = strategy.get("rollingUpdate")
            && !rolling.value.node.is_empty()
        {
            let location = strategy.key_location("rollingUpdate");
            self.refuse(
                location.unwrap_or(rolling.location),
                Problem::RollingRecreate,
            );
        }
    }

    fn check_schedule(&mut self, spec: ManifestReader) {
        let Setting::Set(schedule) = spec.str("schedule") else {
            return;
        };

        if schedule.value.contains("TZ=") {
            self.refuse(schedule.location, Problem::ZoneInSchedule);
        } else if !schedule.value.starts_with('@') && schedule.value.split_whitespace().count() != 5
        {
            self.refuse(schedule.location, Problem::InvalidSchedule(schedule.value));
        }
    }

    fn check_service(&mut self, spec: ManifestReader) {
        let ports = spec.list("ports");
        let mut names = HashSet::new();

        for port in &ports {
            self.check_port(*port, "port");

            match port.str("name") {
                Setting::Absent if ports.len() > 1 => {
                    self.refuse(port.node.location(), Problem::UnnamedPort);
                }
                Setting::Set(name) => self.check_unique(&mut names, name, "ports"),
                _ => {}
            }
        }
    }

    fn check_budget(&mut self, spec: ManifestReader) {
        let bounds = [spec.get("minAvailable"), spec.get("maxUnavailable")];

        if bounds.iter().all(|bound| bound.known().is_some())
            && let Some(location) = spec.key_location("maxUnavailable")
        {
            self.refuse(location, Problem::TwoBounds);
        }
    }

    fn check_ingress(&mut self, spec: ManifestReader) {
        let rules = spec.list("rules");
        let paths = rules
            .iter()
            .filter_map(|rule| Some(rule.get("http").value()?.list("paths")))
            .flatten();

        for path in paths {
            // The versions before v1 have no `service`.
            let is_current = path.path(&["backend", "service"]).value().is_some();
            if is_current && path.get("pathType").is_absent() {
                let location = path.key_location("path");
                self.refuse(
                    location.unwrap_or(path.node.location()),
                    Problem::NoPathType,
                );
            }
        }
    }

    fn check_autoscaler(&mut self, spec: ManifestReader) {
        let (minimum, maximum) = (spec.count("minReplicas"), spec.count("maxReplicas"));

        if let (Setting::Set(minimum), Some(maximum)) = (minimum, maximum.value())
            && minimum.value > *maximum
        {
            self.refuse(minimum.location, Problem::MinimumAboveMaximum);
        }
    }

    fn check_template(&mut self, template: Setting<ManifestReader>, group: &str, kind: &str) {
        let Some(template) = template.value().copied() else {
            return;
        };

        if kind != "Pod" {
            self.check_metadata(template, "");
        }

        let Some(spec) = template.get("spec").value().copied() else {
            return;
        };

        self.check_restart(spec, group, kind);
        self.check_pod(spec);
    }

    /// A failure policy of a Job counts exit codes, which a container that is restarted in place does
    /// not have.
    fn check_failure_policy(&mut self, job: ManifestReader) {
        let policy = job
            .path(&["template", "spec", "restartPolicy"])
            .and_then(ManifestReader::text);

        if policy.value().is_some_and(|policy| policy != "Never")
            && let Some(location) = job.key_location("podFailurePolicy")
        {
            self.refuse(location, Problem::FailurePolicy);
        }
    }

    /// The `restartPolicy` of a pod that a controller or a Job makes.
    fn check_restart(&mut self, spec: ManifestReader, group: &str, kind: &str) {
        let allowed = match (group, kind) {
            ("apps", _) => "Always",
            ("batch", _) => "OnFailure or Never",
            _ => return,
        };

        match spec.str("restartPolicy") {
            Setting::Set(policy) => {
                let is_always = policy.value == "Always";
                if is_always != (allowed == "Always") {
                    self.refuse(
                        policy.location,
                        Problem::RestartPolicy {
                            written: Some(policy.value),
                            allowed,
                        },
                    );
                }
            }
            Setting::Absent if group == "batch" => {
                if let Some(location) = spec.key_location("containers") {
                    self.refuse(
                        location,
                        Problem::RestartPolicy {
                            written: None,
                            allowed,
                        },
                    );
                }
            }
            _ => {}
        }
    }

    fn check_pod(&mut self, spec: ManifestReader) {
        let volumes = spec.list("volumes");
        let mut names = HashSet::new();

        for volume in &volumes {
            if let Setting::Set(name) = volume.str("name") {
                self.check_label_name(&name, "a volume");
                self.check_unique(&mut names, name, "volumes");
            }
        }

        let mut names = HashSet::new();

        for list in ["initContainers", "containers"] {
            for container in spec.list(list) {
                if let Setting::Set(name) = container.str("name") {
                    self.check_label_name(&name, "a container");
                    self.check_unique(&mut names, name, "containers");
                }

                self.check_container(container);
            }
        }
    }

    fn check_container(&mut self, container: ManifestReader) {
        let mut names = HashSet::new();

        for port in container.list("ports") {
            self.check_port(port, "containerPort");

            if let Setting::Set(name) = port.str("name") {
                if is_port_name(&name.value) {
                    self.check_unique(&mut names, name, "ports");
                } else {
                    self.refuse(name.location, Problem::InvalidPortName(name.value));
                }
            }
        }

        for variable in container.list("env") {
            self.check_variable(variable);
        }

        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            if let Some(spec) = container.get(probe).value().copied() {
                self.check_probe(spec, probe);
            }
        }
    }

    fn check_variable(&mut self, variable: ManifestReader) {
        let Setting::Set(value) = variable.get("value") else {
            return;
        };

        let Setting::Set(name) = variable.str("name") else {
            return;
        };

        if let Some(written) = not_string(value.value) {
            self.refuse(
                value.value.node.location(),
                Problem::NotString {
                    key: name.value,
                    written,
                },
            );
        } else if variable.get("valueFrom").known().is_some()
            && value.value.node.str().is_some_and(|text| !text.is_empty())
        {
            self.refuse(value.location, Problem::TwoValues(name.value));
        }
    }

    fn check_probe(&mut self, probe: ManifestReader, kind: &'static str) {
        if kind != "readinessProbe"
            && let Setting::Set(threshold) = probe.count("successThreshold")
            && threshold.value > 1
        {
            self.refuse(threshold.location, Problem::SuccessThreshold(kind));
        }

        let port = probe.path(&["grpc", "port"]).and_then(ManifestReader::text);
        if let Setting::Set(port) = port
            && port.value.parse::<u16>().is_err()
        {
            self.refuse(port.location, Problem::NamedGrpcPort(port.value));
        }
    }

    fn check_port(&mut self, item: ManifestReader, key: &str) {
        if let Setting::Set(port) = item.str(key)
            && let Ok(number) = port.value.parse::<i64>()
            && !(1..=65535).contains(&number)
        {
            self.refuse(port.location, Problem::InvalidPort(port.value));
        }
    }

    fn check_label_name(&mut self, name: &Located<String>, what: &'static str) {
        let is_valid = name.value.len() <= 63 && is_dns_name(&name.value);
        let has_dots = name.value.contains('.');

        if (!is_valid || has_dots) && !is_capital_placeholder(&name.value) {
            self.refuse(
                name.location,
                Problem::InvalidName {
                    what,
                    name: name.value.clone(),
                },
            );
        }
    }

    fn check_unique(
        &mut self,
        names: &mut HashSet<String>,
        name: Located<String>,
        what: &'static str,
    ) {
        if !names.insert(name.value.clone()) {
            self.refuse(
                name.location,
                Problem::DuplicateName {
                    what,
                    name: name.value,
                },
            );
        }
    }
}

/// The entries of a mapping under a key.
fn entries<'t>(parent: ManifestReader<'t>, table: &str) -> Vec<(Node<'t>, ManifestReader<'t>)> {
    parent
        .get(table)
        .value()
        .map(|map| map.entries().collect())
        .unwrap_or_default()
}

/// Whether a text is the name of an object: lower-case words of letters, digits and dashes, with
/// dots between them.
fn is_dns_name(name: &str) -> bool {
    name.len() <= 253
        && name.split('.').all(|word| {
            !word.is_empty()
                && !word.starts_with('-')
                && !word.ends_with('-')
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        })
}

/// Whether a name is for a script to fill in: `APP_NAME`, `web-APP_ZONE`, `<name>`, `__NAME__`.
fn is_capital_placeholder(name: &str) -> bool {
    name.contains(['<', '>', '%', '$', '@', '#', '{', '}'])
        || name.contains("__")
        || (name.contains('_') && name.bytes().any(|byte| byte.is_ascii_uppercase()))
        || !name.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// At most 15 lower-case letters, digits and dashes, with a letter among them.
fn is_port_name(name: &str) -> bool {
    (name.len() <= 15
        && is_dns_name(name)
        && !name.contains('.')
        && !name.contains("--")
        && name.bytes().any(|byte| byte.is_ascii_lowercase()))
        || is_capital_placeholder(name)
}

/// At most 63 letters, digits, dashes, dots and underscores, with a letter or digit at both ends.
fn is_label_value(value: &str) -> bool {
    let bytes = value.as_bytes();
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric();
    let is_valid = bytes.len() <= 63
        && bytes
            .iter()
            .all(|byte| is_word(byte) || matches!(byte, b'-' | b'_' | b'.'));

    match (bytes.first(), bytes.last()) {
        (Some(first), Some(last)) => {
            (is_valid && is_word(first) && is_word(last)) || is_capital_placeholder(value)
        }
        _ => true,
    }
}
