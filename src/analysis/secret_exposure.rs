//! What the rules about secrets share: how much a literal matters, where in the repository it may
//! stand, and which rule speaks for it.
//!
//! One value, one finding. A place that a format gives a meaning (a variable, an entry of a Secret,
//! a command) is the business of that format's rules; the rules over text speak for everything else
//! (see [`claimed`]).

use crate::analysis::Ctx;
use crate::credential::{self, DefaultReason, Hit, HitKind, Verdict};
use crate::model::container::Container;
use crate::model::env::{EnvOrigin, EnvValue, EnvVar};
use crate::model::facts::FileFacts;
use crate::model::kubernetes::Body;
pub use crate::model::path_class::is_example_env;
use crate::source::{FileId, Located, Location, Span};

/// A credential that stands somewhere as a literal.
#[derive(Clone, Debug)]
pub struct Exposed {
    /// The secret part alone.
    pub location: Location,
    /// With its article: `an OpenAI API key`, `a credential`.
    pub what: String,
    pub strength: Strength,
}

/// What it costs when somebody reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// A token or key of a provider: it opens something wherever it was found.
    Live,
    /// Chosen for this deployment.
    Chosen,
    /// Anybody can guess it; the clause says why.
    Guessable(&'static str),
    /// For a server on this machine, or one that documentation made up.
    Local,
}

/// The credential in the literal given for `name`, if it is one. `user` is the value of the
/// variable that names the user.
pub fn exposed(
    ctx: &Ctx,
    name: &str,
    value: &Located<String>,
    user: Option<&str>,
) -> Option<Exposed> {
    let whole = |what: &str, strength| {
        Some(Exposed {
            location: value.location,
            what: what.to_owned(),
            strength,
        })
    };

    match credential::judge(name, &value.value) {
        Verdict::NotSecret | Verdict::Placeholder | Verdict::Reference => None,
        Verdict::Default(reason) => whole(
            "a guessable credential",
            Strength::Guessable(reason.clause()),
        ),
        Verdict::Secret { .. }
            if user.is_some_and(|user| credential::default_pair(user, value.value.trim())) =>
        {
            whole(
                "a guessable credential",
                Strength::Guessable(DefaultReason::RepeatsName.clause()),
            )
        }
        Verdict::Secret { .. } => whole("a credential", Strength::Chosen),
        Verdict::Token(hit) | Verdict::UrlPassword(hit) => Some(Exposed {
            location: within(ctx, value.location, &hit),
            what: describe(&hit.kind),
            strength: strength(&hit),
        }),
    }
}

/// What a hit costs.
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

/// What was found, with its article.
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

/// Where the hit stands in the file: spans in a decoded value cannot be carried over, so the file's
/// own hits are asked.
fn within(ctx: &Ctx, value: Location, hit: &Hit) -> Location {
    let own = ctx
        .facts
        .file(value.file)
        .hits
        .iter()
        .find(|own| value.span.contains(own.span) && own.span.len() == hit.span.len());
    own.map_or(value, |own| Location::new(value.file, own.span))
}

/// The literal text of a value: of one with variables in it, what is written, where only tokens and
/// URLs are looked for.
pub fn written(value: &EnvValue) -> Option<(&Located<String>, bool)> {
    match value {
        EnvValue::Literal(at) => Some((at, true)),
        EnvValue::Template { written, .. } => Some((written, false)),
        EnvValue::Reference(_) | EnvValue::Inherited => None,
    }
}

/// The value of the variable that names the user whose password `name` holds: `DB_USER` for
/// `DB_PASSWORD`.
pub fn user_of<'e>(name: &str, siblings: &'e [EnvVar]) -> Option<&'e str> {
    let stem = ["PASSWORD", "PASSWD", "PASS", "PWD"]
        .iter()
        .find_map(|end| {
            let (stem, tail) = name.split_at_checked(name.len().checked_sub(end.len())?)?;
            tail.eq_ignore_ascii_case(end).then_some(stem)
        })?;
    siblings.iter().find_map(|sibling| {
        let (own, tail) = sibling.name.value.split_at_checked(stem.len())?;
        let user = ["USER", "USERNAME", "LOGIN", "USR"]
            .iter()
            .any(|word| tail.eq_ignore_ascii_case(word));
        (user && own.eq_ignore_ascii_case(stem)).then(|| sibling.value.resolved())?
    })
}

/// The first of some names, and how many more there are.
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

/// Whether a text looks as if a generator had made it.
pub fn is_random(text: &str) -> bool {
    text.len() >= 16
        && credential::entropy(text) >= 3.5
        && text.bytes().filter(u8::is_ascii_digit).count() >= 2
}

/// The spans of a file for which rules of its format speak. Asked only of files in which something
/// was found.
pub fn claimed(ctx: &Ctx, file: FileId, facts: &FileFacts) -> Vec<Span> {
    let mut locations: Vec<Location> = Vec::new();
    let mut variables: Vec<&EnvVar> = Vec::new();
    for stage in facts
        .dockerfile
        .iter()
        .flat_map(|dockerfile| &dockerfile.stages)
    {
        variables.extend(&stage.env);
        locations.extend(stage.runs.iter().map(|(_, command)| command.location()));
        locations.extend(
            stage
                .cmd
                .iter()
                .chain(&stage.entrypoint)
                .map(|command| command.location()),
        );
    }

    for project in ctx.facts.projects() {
        if !project.files.contains(&file) {
            continue;
        }

        for service in &project.services {
            container(&service.container, &mut variables, &mut locations);
            variables.extend(&service.labels);
            variables.extend(service.build.iter().flat_map(|build| &build.args));
        }
    }

    for (_, workload) in facts.workloads() {
        workload
            .pod
            .containers
            .iter()
            .for_each(|one| container(one, &mut variables, &mut locations));
    }

    for object in &facts.objects {
        if let Body::Secret(data) | Body::ConfigMap(data) = &object.body {
            locations.extend(data.entries.iter().map(|entry| entry.value.location));
        }
    }

    if let Some(workflow) = &facts.workflow {
        variables.extend(workflow.variables());
        let steps = workflow.jobs.iter().flat_map(|job| &job.steps);
        locations.extend(
            steps
                .filter_map(|step| step.run.as_ref())
                .map(|code| code.location(Span::of(0, code.text.len()))),
        );
    }
    // Build arguments are reported by their names alone.
    let named = |var: &&EnvVar| {
        !matches!(
            var.origin,
            EnvOrigin::DockerArg | EnvOrigin::ComposeBuildArg
        ) || credential::secret_name(&var.name.value).is_some()
    };

    locations.extend(
        variables
            .into_iter()
            .filter(named)
            .filter_map(|var| var.value.location()),
    );
    if is_example_env(&ctx.facts.source(file).path) {
        locations.extend(facts.env.iter().filter_map(|var| var.value.location()));
    }

    locations
        .into_iter()
        .filter(|location| location.file == file)
        .map(|location| location.span)
        .collect()
}

fn container<'a>(
    container: &'a Container,
    variables: &mut Vec<&'a EnvVar>,
    locations: &mut Vec<Location>,
) {
    variables.extend(&container.env);
    locations.extend(
        container
            .command
            .iter()
            .chain(&container.entrypoint)
            .map(|command| command.location()),
    );
    locations.extend(
        container
            .health
            .value()
            .and_then(|health| health.test.as_ref())
            .map(|test| test.location()),
    );
}
