//! How much a literal credential matters, and which places of a file the rules of its format cover.
//!
//! One value, one finding. A place that a format gives a meaning (a variable, an entry of a Secret,
//! a command) belongs to that format's rules; the rules over text report everything else (see
//! [`covered_spans`]).

use crate::analysis::Analysis;
use crate::credential::{self, DefaultReason, Hit, HitKind, Place, Verdict};
use crate::model::Command;
use crate::model::container::Container;
use crate::model::env::{EnvOrigin, EnvValue, EnvVar};
use crate::model::facts::FileFacts;
use crate::model::kubernetes::Body;
pub use crate::model::path_class::is_example_env;
use crate::source::{FileId, Located, Location, SourceFile, Span};

/// A credential that is written as a literal.
#[derive(Clone, Debug)]
pub struct Exposed {
    /// The secret part alone.
    pub location: Location,
    /// Its description with an article: `an OpenAI API key`, `a credential`.
    pub what: String,
    pub strength: Strength,
}

/// What a reader of the credential can do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// A token or key of a provider: it works wherever it was found.
    Live,
    /// Chosen for this deployment.
    Chosen,
    /// Known or easy to guess; the clause says why.
    Guessable(&'static str),
    /// For a server on this machine, or for an invented one in documentation.
    Local,
}

/// The credential in the literal of the variable `name`, if it is one. `user` is the value of the
/// variable that names the user.
pub fn exposed(
    ctx: &Analysis,
    name: &str,
    value: &Located<String>,
    user: Option<&str>,
) -> Option<Exposed> {
    let is_pair = user.is_some_and(|user| credential::default_pair(user, value.value.trim()));
    let (what, strength) = match credential::classify(name, &value.value, Place::Variable) {
        Verdict::Placeholder | Verdict::Secret { .. } if is_pair => (
            "a guessable credential",
            Strength::Guessable(DefaultReason::RepeatsName.clause()),
        ),
        Verdict::NotSecret | Verdict::Placeholder | Verdict::Reference => return None,
        Verdict::Token(hit) | Verdict::UrlPassword(hit) => {
            return Some(Exposed {
                location: hit_location(ctx, value.location, &hit),
                what: describe(&hit.kind),
                strength: strength(&hit),
            });
        }
        Verdict::Default(reason) => (
            "a guessable credential",
            Strength::Guessable(reason.clause()),
        ),
        Verdict::Secret { .. } => ("a credential", Strength::Chosen),
    };

    Some(Exposed {
        location: value.location,
        what: what.to_owned(),
        strength,
    })
}

/// The strength of a hit.
pub fn strength(hit: &Hit) -> Strength {
    match &hit.kind {
        HitKind::ConnectionString { local: true, .. } => Strength::Local,
        HitKind::ConnectionString { .. } if hit.weak => {
            Strength::Guessable("its password is a well-known default")
        }
        HitKind::ConnectionString { .. } => Strength::Chosen,
        HitKind::ProviderToken { .. } | HitKind::PrivateKey { .. } => Strength::Live,
    }
}

/// The description of a credential, with its article.
pub fn describe(kind: &HitKind) -> String {
    match kind {
        HitKind::ProviderToken { provider, name } => {
            let vowel = provider.starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']);
            format!("{} {provider} {name}", if vowel { "an" } else { "a" })
        }
        HitKind::PrivateKey { .. } => "a private key".to_owned(),
        HitKind::ConnectionString { .. } => "a URL with a password".to_owned(),
    }
}

/// The place of a hit in the file. Spans in a decoded value are not those of the file, so the hit
/// of the file itself is looked up.
fn hit_location(ctx: &Analysis, value: Location, hit: &Hit) -> Location {
    let hits = &ctx.facts.file(value.file).hits;
    let same = hits
        .iter()
        .find(|other| value.span.contains(other.span) && other.span.len() == hit.span.len());

    same.map_or(value, |hit| Location::new(value.file, hit.span))
}

/// The literal of a value, and whether it is the whole value. In a value with variables, only
/// tokens and URLs are looked for.
pub fn written(value: &EnvValue) -> Option<(&Located<String>, bool)> {
    match value {
        EnvValue::Literal(literal) => Some((literal, true)),
        EnvValue::Template { written, .. } => Some((written, false)),
        EnvValue::Reference(_) | EnvValue::Inherited => None,
    }
}

/// The value of the variable that names the user whose password `name` holds: `DB_USER` for
/// `DB_PASSWORD`. Of a password for root, it is the user or the database with the same value.
pub fn user_of<'e>(name: &str, value: &str, siblings: &'e [EnvVar]) -> Option<&'e str> {
    access_key_of(name, siblings)
        .or_else(|| own_user_of(name, siblings))
        .or_else(|| namesake_of(name, value, siblings))
}

/// The user or the database whose name is the password for root.
fn namesake_of<'e>(name: &str, value: &str, siblings: &'e [EnvVar]) -> Option<&'e str> {
    let stem = name.strip_suffix("_ROOT_PASSWORD")?;

    siblings
        .iter()
        .filter(|sibling| {
            let rest = sibling.name.value.strip_prefix(stem);
            rest.is_some_and(|rest| matches!(rest, "_USER" | "_DATABASE"))
        })
        .filter_map(|sibling| sibling.value.resolved())
        .find(|user| user.eq_ignore_ascii_case(value.trim()))
}

fn own_user_of<'e>(name: &str, siblings: &'e [EnvVar]) -> Option<&'e str> {
    let stem = ["PASSWORD", "PASSWD", "PASS", "PWD"]
        .iter()
        .find_map(|end| {
            let (stem, tail) = name.split_at_checked(name.len().checked_sub(end.len())?)?;
            tail.eq_ignore_ascii_case(end).then_some(stem)
        })?;

    siblings
        .iter()
        .filter(|sibling| is_user_of(&sibling.name.value, stem))
        .find_map(|sibling| sibling.value.resolved())
}

/// The value of the access key that belongs to a secret key: of `AWS_ACCESS_KEY_ID` for
/// `AWS_SECRET_ACCESS_KEY`, of `MINIO_ACCESS_KEY` for `MINIO_SECRET_KEY`.
fn access_key_of<'e>(name: &str, siblings: &'e [EnvVar]) -> Option<&'e str> {
    let upper = name.to_ascii_uppercase();
    let stem = ["SECRET_ACCESS_KEY", "SECRET_KEY"]
        .iter()
        .find_map(|end| upper.strip_suffix(end))?;

    siblings
        .iter()
        .filter(|sibling| {
            let name = sibling.name.value.to_ascii_uppercase();
            name.strip_prefix(stem)
                .is_some_and(|end| matches!(end, "ACCESS_KEY" | "ACCESS_KEY_ID"))
        })
        .find_map(|sibling| sibling.value.resolved())
}

/// Whether a variable is `stem` and a word for a user.
fn is_user_of(name: &str, stem: &str) -> bool {
    let Some((start, tail)) = name.split_at_checked(stem.len()) else {
        return false;
    };

    start.eq_ignore_ascii_case(stem)
        && ["USER", "USERNAME", "LOGIN", "USR"]
            .iter()
            .any(|word| tail.eq_ignore_ascii_case(word))
}

/// The first three names in a list, and how many more there are.
pub fn listed(names: &[impl AsRef<str>]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(3)
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    let rest = names.len().saturating_sub(3);
    let more = if rest == 0 {
        String::new()
    } else {
        format!(" and {rest} more")
    };

    format!("{}{more}", shown.join(", "))
}

/// Whether a string looks generated.
pub fn is_random(text: &str) -> bool {
    text.len() >= 16
        && credential::entropy(text) >= 3.5
        && text.bytes().filter(u8::is_ascii_digit).count() >= 2
}

/// The spans of a file that rules of its format cover. Asked only of files with hits.
pub fn covered_spans(ctx: &Analysis, file: FileId, facts: &FileFacts) -> Vec<Span> {
    let mut covered = CoveredPlaces::default();
    covered.add_dockerfile(facts);
    covered.add_projects(ctx, file);
    covered.add_objects(facts);
    covered.add_workflow(facts);
    if is_example_env(&ctx.facts.source(file).path) {
        let variables = facts.env.iter();
        covered
            .locations
            .extend(variables.filter_map(|var| var.value.location()));
    }

    let variables = covered.variables.into_iter();
    let values = variables
        .filter(|var| is_covered(var))
        .filter_map(|var| var.value.location());

    covered
        .locations
        .into_iter()
        .chain(values)
        .filter(|location| location.file == file)
        .map(|location| location.span)
        .collect()
}

/// Whether a rule looks at the value of a variable. Build arguments are reported by their names
/// alone.
fn is_covered(var: &EnvVar) -> bool {
    let is_argument = matches!(
        var.origin,
        EnvOrigin::DockerArg | EnvOrigin::ComposeBuildArg
    );

    !is_argument || credential::secret_name(&var.name.value).is_some()
}

/// Places and variables that rules of a format cover.
#[derive(Default)]
struct CoveredPlaces<'a> {
    locations: Vec<Location>,
    variables: Vec<&'a EnvVar>,
}

impl<'a> CoveredPlaces<'a> {
    fn add_dockerfile(&mut self, facts: &'a FileFacts) {
        let dockerfiles = facts.dockerfile.iter();
        for stage in dockerfiles.flat_map(|dockerfile| &dockerfile.stages) {
            self.variables.extend(&stage.env);
            let commands = stage.runs.iter().map(|(_, run)| run);
            self.add_commands(commands.chain(&stage.cmd).chain(&stage.entrypoint));
        }
    }

    fn add_projects(&mut self, ctx: &Analysis<'a>, file: FileId) {
        let projects = ctx.facts.projects().iter();
        for service in projects
            .filter(|project| project.files.contains(&file))
            .flat_map(|project| &project.services)
        {
            self.add_container(&service.container);
            self.variables.extend(&service.labels);
            self.variables
                .extend(service.build.iter().flat_map(|build| &build.args));
        }
    }

    fn add_objects(&mut self, facts: &'a FileFacts) {
        for (_, workload) in facts.workloads() {
            for container in &workload.pod.containers {
                self.add_container(container);
            }
        }

        for object in &facts.objects {
            if let Body::Secret(data) | Body::ConfigMap(data) = &object.body {
                let entries = data.entries.iter();
                self.locations
                    .extend(entries.map(|entry| entry.value.location));
            }
        }
    }

    fn add_workflow(&mut self, facts: &'a FileFacts) {
        let gitlab = facts.gitlab.as_ref().map(|gitlab| &gitlab.written);
        let Some(workflow) = facts.workflow.as_deref().or(gitlab) else {
            return;
        };

        self.variables.extend(workflow.variables());
        let steps = workflow.jobs.iter().flat_map(|job| &job.steps);
        let scripts = steps.filter_map(|step| step.run.as_ref());
        self.locations
            .extend(scripts.map(|code| code.location(Span::of(0, code.text.len()))));
    }

    fn add_container(&mut self, container: &'a Container) {
        self.variables.extend(&container.env);
        let health = container.health.value();
        let test = health.and_then(|health| health.test.as_ref());
        self.add_commands(
            container
                .command
                .iter()
                .chain(&container.entrypoint)
                .chain(test),
        );
    }

    fn add_commands(&mut self, commands: impl Iterator<Item = &'a Command>) {
        self.locations.extend(commands.map(Command::location));
    }
}

/// Whether an env file sets anything that is secret by its name. Some frameworks keep public
/// settings in `.env`.
pub fn holds_credential(ctx: &Analysis, file: &SourceFile) -> bool {
    let facts = ctx.facts.file(file.id);
    let mut secrets = facts
        .env
        .iter()
        .filter(|var| credential::secret_name(&var.name.value).is_some());
    !facts.hits.is_empty()
        || secrets.any(|var| {
            let value = var.value.literal();
            value.is_some_and(|value| may_be_credential(&var.name.value, value.value.trim()))
        })
}

/// Whether the value of a secret may be one: not a comment in its place, a switch or a placeholder.
fn may_be_credential(name: &str, value: &str) -> bool {
    let is_other = value.is_empty()
        || value.starts_with('#')
        || ["true", "false"].contains(&value.to_ascii_lowercase().as_str());

    !is_other
        && !matches!(
            credential::classify(name, value, Place::Variable),
            Verdict::Placeholder | Verdict::Reference
        )
}
