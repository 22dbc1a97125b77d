//! The declarative rules: their `[match]` tables, applied to facts.

use crate::analysis::{Analysis, Owner, roles};
use crate::catalog::matcher::{Fact, FactKind, Field, Matcher, fill};
use crate::catalog::{self, Format, Rule};
use crate::fence;
use crate::finding::{Finding, Sink};
use crate::model::container::{Container, ContainerRole, Quantity};
use crate::model::kubernetes::Object;
use crate::model::{Many, Setting};
use crate::rules::check::{each_built, name_role};
use crate::source::{Located, Location};

/// Applies all declarative rules to all containers.
pub fn check(ctx: &Analysis, findings: &mut Vec<Finding>) {
    let rules: Vec<(&'static Rule, &Matcher)> = catalog::rules()
        .iter()
        .filter_map(|rule| Some((rule, rule.matcher.as_ref()?)))
        .collect();

    for project in ctx.facts.projects() {
        let mut of_project = Vec::new();

        for service in &project.services {
            let subject = Subject {
                owner: Owner::Compose(project, service),
                container: &service.container,
            };
            let before = of_project.len();
            check_subject(&rules, &subject, &mut of_project);
            name_role(&mut of_project[before..], || {
                roles::of_service(ctx, service)
            });
        }

        of_project.retain(|finding| project.reports(finding.location.file));
        findings.append(&mut of_project);
    }

    for file in &ctx.facts.files {
        each_built(ctx, file, findings, |object, findings| {
            check_object(&rules, object, findings);
        });
    }
}

fn check_object(rules: &[(&'static Rule, &Matcher)], object: &Object, findings: &mut Vec<Finding>) {
    let Some(workload) = object.workload() else {
        return;
    };

    for container in &workload.pod.containers {
        let subject = Subject {
            owner: Owner::Kubernetes(object, workload),
            container,
        };
        let before = findings.len();
        check_subject(rules, &subject, findings);
        name_role(&mut findings[before..], || roles::of_object(object));
    }
}

fn check_subject(
    rules: &[(&'static Rule, &Matcher)],
    subject: &Subject,
    findings: &mut Vec<Finding>,
) {
    for &(rule, matcher) in rules {
        if !rule.on.contains(&subject.format()) || !subject.is(matcher.fact) {
            continue;
        }

        let file = subject.container.anchor.file;
        let result = fence::isolate(rule.name, file, || {
            if matcher.holds(subject) {
                Some(finding(rule, matcher, subject))
            } else {
                None
            }
        });

        match result {
            Ok(finding) => findings.extend(finding),
            Err(error) => findings.push(fence::of_rule(*error, rule.name)),
        }
    }
}

fn finding(rule: &'static Rule, matcher: &Matcher, subject: &Subject) -> Finding {
    let location = matcher
        .at
        .as_ref()
        .and_then(|name| subject.location(name))
        .unwrap_or_else(|| subject.absence(matcher.at.as_deref()));
    let mut finding =
        Finding::new(location, message(&matcher.message, subject)).anchor(subject.container.anchor);
    if let Some(label) = &matcher.label {
        finding = finding.label(fill(label, subject));
    }

    let help = matcher.help.as_ref();
    if let Some(help) = help.and_then(|help| help.get(Some(subject.format()))) {
        finding = finding.help(fill(help, subject));
    }

    finding.part_of = whole(subject);
    let mut sink = Sink::new(rule.name, rule.level, rule.confidence);
    sink.report(finding);

    sink.into_findings().remove(0)
}

/// Where a finding is that says all about the security of a container: that it is privileged, or
/// that it has no security context.
fn whole(subject: &Subject) -> Option<Location> {
    let security = &subject.container.security;
    if let Setting::Set(privileged) = &security.privileged
        && privileged.value
    {
        return Some(privileged.location);
    }

    security.is_bare().then_some(subject.container.anchor)
}

/// The message of a template; a container without a name is "a container".
fn message(template: &str, subject: &Subject) -> String {
    fill(template, subject).replace("``", "a container")
}

/// A container with its owner.
#[derive(Clone, Copy)]
struct Subject<'a> {
    owner: Owner<'a>,
    container: &'a Container,
}

impl Subject<'_> {
    const fn format(&self) -> Format {
        match self.owner {
            Owner::Compose(..) => Format::Compose,
            Owner::Kubernetes(..) => Format::Kubernetes,
        }
    }

    fn is(&self, kind: FactKind) -> bool {
        match (kind, self.owner) {
            // A provider does not run a container.
            (FactKind::Container, Owner::Compose(_, service)) => !service.provided,
            (FactKind::Container, Owner::Kubernetes(..))
            | (FactKind::Service, Owner::Compose(..)) => true,
            (FactKind::Workload, Owner::Kubernetes(_, workload)) => workload
                .pod
                .containers
                .first()
                .is_some_and(|first| std::ptr::eq(first, self.container)),
            (FactKind::Service, Owner::Kubernetes(..))
            | (FactKind::Workload, Owner::Compose(..)) => false,
        }
    }

    /// Where a field is written.
    fn location(&self, name: &str) -> Option<Location> {
        let security = &self.container.security;
        let resources = &self.container.resources;

        match name {
            "privileged" => security.privileged.location(),
            "user" => security.user.location(),
            "privilege-escalation" => security.allow_privilege_escalation.location(),
            "read-only-root" => security.read_only_root.location(),
            "dropped-capabilities" => security
                .dropped_capabilities
                .first()
                .map(|capability| capability.location),
            "added-capabilities" => security
                .added_capabilities
                .first()
                .map(|capability| capability.location),
            "memory-limit" => resources.memory_limit.location(),
            "cpu-limit" => resources.cpu_limit.location(),
            "pids-limit" => resources.pids_limit.location(),
            "build" => self.compose()?.build.as_ref().map(|build| build.location),
            "image" => self.container.image.as_ref().map(|image| image.location),
            _ => None,
        }
    }

    /// Where a field is missing.
    fn absence(&self, field: Option<&str>) -> Location {
        let key = match field {
            Some("privilege-escalation") => "securityContext.allowPrivilegeEscalation",
            Some("read-only-root") => "securityContext.readOnlyRootFilesystem",
            Some("dropped-capabilities") => "securityContext.capabilities.drop",
            _ => return self.container.anchor,
        };

        self.container.absence(key)
    }

    const fn compose(&self) -> Option<&crate::model::compose::Service> {
        match self.owner {
            Owner::Compose(_, service) => Some(service),
            Owner::Kubernetes(..) => None,
        }
    }
}

impl Fact for Subject<'_> {
    fn field(&self, name: &str) -> Option<Field> {
        let security = &self.container.security;
        let resources = &self.container.resources;
        Some(match name {
            "name" => Field::Text(self.container.name.value.clone()),
            "role" => Field::Text(role(self.container.role).to_owned()),
            "development" => {
                Field::Bool(matches!(self.owner, Owner::Compose(project, _) if project.development))
            }
            "windows" => Field::Bool(
                matches!(self.owner, Owner::Kubernetes(_, workload) if workload.pod.windows),
            ),
            "privileged" => boolean(&security.privileged),
            "has-everything" => Field::Bool(security.privileged.is(true)),
            "must-escalate" => Field::Bool(self.must_escalate()),
            "user" => text(&security.user),
            "privilege-escalation" => boolean(&security.allow_privilege_escalation),
            "read-only-root" => boolean(&security.read_only_root),
            "dropped-capabilities" => self.list(&security.dropped_capabilities),
            "added-capabilities" => self.list(&security.added_capabilities),
            "memory-limit" => quantity(&resources.memory_limit),
            "cpu-limit" => quantity(&resources.cpu_limit),
            "pids-limit" => quantity(&resources.pids_limit),
            "build" => Field::Bool(
                self.compose()
                    .is_some_and(|service| service.build.is_some()),
            ),
            "image" => self
                .container
                .image
                .as_ref()
                .map_or(Field::Absent, |image| Field::Text(image.written.clone())),
            _ => return None,
        })
    }
}

impl Subject<'_> {
    /// Whether the API refuses a pod that disables the escalation of this container's privileges.
    fn must_escalate(&self) -> bool {
        let security = &self.container.security;

        matches!(self.owner, Owner::Kubernetes(..))
            && (security.privileged.is(true)
                || security
                    .added_capabilities
                    .iter()
                    .any(|capability| matches!(capability.value.as_str(), "SYS_ADMIN" | "ALL")))
    }

    /// A list; an empty one of an open container may have items elsewhere.
    fn list(&self, items: &Many<Located<String>>) -> Field {
        if items.is_open() || (items.is_empty() && self.container.open) {
            return Field::Unknown;
        }
        Field::List(items.iter().map(|item| item.value.clone()).collect())
    }
}

const fn role(role: ContainerRole) -> &'static str {
    match role {
        ContainerRole::Service => "service",
        ContainerRole::Main => "main",
        ContainerRole::Init => "init",
        ContainerRole::Sidecar => "sidecar",
        ContainerRole::Ephemeral => "ephemeral",
    }
}

fn boolean(setting: &Setting<bool>) -> Field {
    field(setting, |value| Field::Bool(*value))
}

fn text(setting: &Setting<String>) -> Field {
    field(setting, |value| Field::Text(value.clone()))
}

fn quantity(setting: &Setting<Quantity>) -> Field {
    field(setting, |value| {
        value.amount.map_or(Field::Unknown, Field::Number)
    })
}

fn field<T>(setting: &Setting<T>, read: impl Fn(&T) -> Field) -> Field {
    match setting {
        Setting::Absent => Field::Absent,
        Setting::Set(setting) => read(&setting.value),
        Setting::Unknown(_) => Field::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::facts::Facts;
    use crate::model::file_kind::ChartFolders;
    use crate::model::{compose, lower};
    use crate::source::{FileId, Repository, SourceFile};

    /// A misspelled field would always be unknown, and its rule would never report.
    #[test]
    fn matchers_use_fields_that_exist() {
        let sources = [SourceFile::new(
            FileId(0),
            "compose.yaml".to_owned(),
            "services: {a: {image: b}}\n".to_owned(),
        )];
        let files = vec![lower::lower_file(
            &sources[0],
            &ChartFolders::new(["compose.yaml"].into_iter()),
        )];
        let facts = Facts::new(Repository::new(&sources), files, None);
        let project = &compose::projects(&facts)[0];
        let service = &project.services[0];
        let subject = Subject {
            owner: Owner::Compose(project, service),
            container: &service.container,
        };

        for rule in catalog::rules() {
            for name in rule.matcher.iter().flat_map(Matcher::fields) {
                assert!(
                    subject.field(name).is_some(),
                    "rules/{}.md: no fact has a field `{name}`",
                    rule.name
                );
            }
        }
    }
}
