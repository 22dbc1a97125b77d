//! `default-credentials`: guessable passwords and keys, written out or as the default of a
//! variable. And `secret-in-env` for defaults that are not guessable.

use crate::analysis::hosts::is_connected;
use crate::analysis::secret_exposure::{self, Strength};
use crate::analysis::{Analysis, Owner};
use crate::credential::{self, DefaultReason, NameKind, Place, Verdict};
use crate::data::{self, KnownImage};
use crate::finding::{Finding, Sink};
use crate::model::chart::ValueKind;
use crate::model::compose::written_texts;
use crate::model::container::Container;
use crate::model::dockerfile::Dockerfile;
use crate::model::env::{EnvOrigin, EnvValue, EnvVar, Fallback};
use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::source::{Located, SourceFile};

/// Variables of compose services and pods.
pub fn container(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    if is_development(owner) {
        return;
    }

    let image = known_image(container);
    let is_internal = is_internal_store(owner, image);
    for var in &container.env {
        report_fallbacks(ctx, var, Guessability::Guessable, sink);

        if let Some(finding) = variable_finding(ctx, var, image, &container.env, is_internal) {
            sink.report(finding);
        }
    }
}

/// Defaults of variables in `ENV` and `ARG`.
pub fn dockerfile(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    for var in dockerfile.stages.iter().flat_map(|stage| &stage.env) {
        report_fallbacks(ctx, var, Guessability::Guessable, sink);
    }
}

/// Defaults of variables anywhere else in a compose file: commands, health checks, labels.
pub fn compose(ctx: &Analysis, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    report_interpolations(ctx, source, facts, Guessability::Guessable, sink);
}

/// Values of charts: an install that sets nothing else runs with them.
pub fn chart(ctx: &Analysis, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    // Other values files are inputs of tests, or examples.
    let is_used = source.name().starts_with("values.") || source.name().contains("prod");
    if facts.kind != FileKind::HelmValues
        || !is_used
        || source.path.split('/').any(|folder| folder == "ci")
        || !ctx.facts.is_production(source.id)
    {
        return;
    }

    for entry in facts.values.iter().flat_map(|values| &values.entries) {
        let ValueKind::Scalar(value) = &entry.value else {
            continue;
        };

        let name = entry.path.rsplit('.').next().unwrap_or("");
        let is_own = credential::is_own_secret(name)
            || credential::secret_name(name) == Some(NameKind::Password);
        if !is_own {
            continue;
        }

        let reason = match credential::classify(name, &value.value, Place::Variable) {
            Verdict::Default(reason) => reason,
            _ if is_kept_placeholder(name, &value.value) => DefaultReason::Placeholder,
            _ => continue,
        };

        sink.report(
            Finding::new(
                value.location,
                format!("`{name}` of the chart is a guessable credential by default"),
            )
            .label(reason.clause())
            .help("leave it empty and require it, or generate one: `randAlphaNum` and `lookup`")
            .secret(value.location),
        );
    }
}

/// `secret-in-env`: defaults of variables of compose services and pods.
pub fn secret_container(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    if is_development(owner) {
        return;
    }

    for var in &container.env {
        report_fallbacks(ctx, var, Guessability::Secret, sink);
    }
}

/// `secret-in-env`: defaults of variables in `ENV` and `ARG`.
pub fn secret_dockerfile(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    for var in dockerfile.stages.iter().flat_map(|stage| &stage.env) {
        report_fallbacks(ctx, var, Guessability::Secret, sink);
    }
}

/// `secret-in-env`: defaults of variables anywhere else in a compose file.
pub fn secret_compose(ctx: &Analysis, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    report_interpolations(ctx, source, facts, Guessability::Secret, sink);
}

fn is_development(owner: Owner) -> bool {
    matches!(owner, Owner::Compose(project, _) if project.development)
}

/// What the tables know of the container's image.
fn known_image(container: &Container) -> Option<&'static KnownImage> {
    let reference = container.image.as_ref()?.reference.as_ref()?;
    let repository = reference.repository();

    data::store(&repository).or_else(|| data::image(&repository))
}

/// Whether a container is a store that only the services of its project reach.
fn is_internal_store(owner: Owner, image: Option<&KnownImage>) -> bool {
    let Owner::Compose(project, service) = owner else {
        return false;
    };

    image.is_some_and(|image| image.class.is_store())
        && service.container.ports.is_empty()
        && !is_connected(project, service)
}

/// The finding for a variable that is set to a guessable credential.
fn variable_finding(
    ctx: &Analysis,
    var: &EnvVar,
    image: Option<&KnownImage>,
    siblings: &[EnvVar],
    is_internal: bool,
) -> Option<Finding> {
    let EnvValue::Literal(value) = &var.value else {
        return None;
    };

    if is_access_key(&var.name.value) || !ctx.facts.is_production(value.location.file) {
        return None;
    }

    let documented = image.and_then(|image| documented_default(image, var, value));
    let reason = documented.or_else(|| guessable_reason(ctx, var, value, siblings))?;

    Some(
        Finding::new(
            value.location,
            format!("`{}` is set to a guessable credential", var.name.value),
        )
        .label(reason)
        .help(help(var.origin, &var.name.value))
        .secret(value.location)
        .case_if(is_internal && documented.is_some(), "internal-store"),
    )
}

/// Whether a variable is the public half of a pair: an access key is the user of its secret key.
fn is_access_key(name: &str) -> bool {
    name.ends_with("ACCESS_KEY") && !name.contains("SECRET")
}

/// Why a value counts as a default, where the table of the image lists it.
fn documented_default(
    image: &KnownImage,
    var: &EnvVar,
    value: &Located<String>,
) -> Option<&'static str> {
    let defaults = image.credentials.get(&var.name.value)?;
    let is_listed = defaults
        .iter()
        .any(|default| default.eq_ignore_ascii_case(value.value.trim()));
    let is_user = var.name.value.ends_with("USER");

    (is_listed && !is_user).then_some("it is shown in the image's documentation")
}

/// Why a value is guessable, if it is.
fn guessable_reason(
    ctx: &Analysis,
    var: &EnvVar,
    value: &Located<String>,
    siblings: &[EnvVar],
) -> Option<&'static str> {
    let name = &var.name.value;
    let user = secret_exposure::user_of(name, &value.value, siblings);
    if is_kept_placeholder(name, &value.value) {
        return Some(DefaultReason::Placeholder.clause());
    }

    match secret_exposure::exposed(ctx, name, value, user)?.strength {
        Strength::Guessable(reason) => Some(reason),
        _ => None,
    }
}

/// Whether a value is a placeholder for a secret that the program itself checks, and with which it
/// starts.
fn is_kept_placeholder(name: &str, value: &str) -> bool {
    credential::is_own_secret(name)
        && credential::classify(name, value, Place::Variable) == Verdict::Placeholder
        && credential::starts_with_placeholder(value)
}

/// Reports the defaults of all variables in the strings of a compose file.
fn report_interpolations(
    ctx: &Analysis,
    source: &SourceFile,
    facts: &FileFacts,
    wanted: Guessability,
    sink: &mut Sink,
) {
    if !source.text.contains('$') {
        return;
    }

    for text in written_texts(facts) {
        for fallback in text.fallbacks() {
            report_fallback(ctx, &fallback, "", wanted, sink);
        }
    }
}

fn report_fallbacks(ctx: &Analysis, var: &EnvVar, wanted: Guessability, sink: &mut Sink) {
    if let EnvValue::Template { fallbacks, .. } = &var.value {
        for fallback in fallbacks {
            report_fallback(ctx, fallback, &var.name.value, wanted, sink);
        }
    }
}

/// The label of a default that is neither a known one nor a token.
const LITERAL: &str = "a hard-coded credential";

/// Which rule reports a default.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guessability {
    /// `default-credentials`
    Guessable,
    /// `secret-in-env`
    Secret,
}

/// Reports the literal default of a variable, if it is a credential of the wanted kind; `holder` is
/// the variable that gets it.
fn report_fallback(
    ctx: &Analysis,
    fallback: &Fallback,
    holder: &str,
    wanted: Guessability,
    sink: &mut Sink,
) {
    let Some((reason, guessability)) = judge_fallback(fallback, holder) else {
        return;
    };

    let Fallback { variable, literal } = fallback;
    let is_practice = !ctx.facts.is_production(literal.location.file);
    let is_guessable = guessability == Guessability::Guessable;
    if guessability != wanted || is_practice && is_guessable {
        return;
    }

    let credential = if is_guessable && reason != LITERAL {
        "a guessable credential"
    } else {
        "a hard-coded credential"
    };
    let finding = Finding::new(
        literal.location,
        format!("`{variable}` has {credential} as its default"),
    )
    .label(reason)
    .help(match ctx.facts.file(literal.location.file).kind {
        FileKind::Dockerfile => {
            "remove the default, and pass the value when the container starts".to_owned()
        }
        _ => format!("write `${{{variable}:?}}`, so that nothing starts until it is set"),
    })
    .secret(literal.location);

    sink.report(finding.case_if(is_practice, "practice"));
}

/// Why the default of a variable is a credential, and which rule reports it; `None` where it is not
/// one.
fn judge_fallback(fallback: &Fallback, holder: &str) -> Option<(&'static str, Guessability)> {
    let Fallback { variable, literal } = fallback;
    let name = if credential::secret_name(variable).is_some() {
        variable
    } else {
        holder
    };

    match credential::classify(name, &literal.value, Place::Variable) {
        Verdict::Default(reason) => Some((reason.clause(), Guessability::Guessable)),
        Verdict::UrlPassword(hit) => match secret_exposure::strength(&hit) {
            Strength::Guessable(reason) => Some((reason, Guessability::Guessable)),
            Strength::Local => None,
            Strength::Live | Strength::Chosen => {
                Some(("a hard-coded password", Guessability::Secret))
            }
        },
        Verdict::Token(_) => Some(("a live token", Guessability::Secret)),
        Verdict::Secret { .. } if repeats_name(variable, &literal.value) => {
            Some((DefaultReason::RepeatsName.clause(), Guessability::Guessable))
        }
        Verdict::Secret { .. } if secret_exposure::is_random(&literal.value) => {
            Some((LITERAL, Guessability::Secret))
        }
        Verdict::Secret { .. } => Some((LITERAL, Guessability::Guessable)),
        Verdict::Placeholder if is_kept_placeholder(name, &literal.value) => {
            Some((DefaultReason::Placeholder.clause(), Guessability::Guessable))
        }
        Verdict::NotSecret | Verdict::Placeholder | Verdict::Reference => None,
    }
}

/// Whether a value repeats a part of its variable: `app` for `APP_DB_PASSWORD`.
fn repeats_name(variable: &str, value: &str) -> bool {
    variable
        .to_ascii_lowercase()
        .split('_')
        .any(|part| part.len() > 2 && part == value.to_ascii_lowercase())
}

fn help(origin: EnvOrigin, name: &str) -> String {
    match origin {
        EnvOrigin::KubernetesEnv => {
            "generate one and read it from a Secret with `valueFrom.secretKeyRef`".to_owned()
        }
        _ => format!("generate one and pass it as `${{{name}:?}}` or through compose `secrets:`"),
    }
}
