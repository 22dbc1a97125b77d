//! `default-credentials`: passwords and keys that anybody can guess, written out or as the default
//! of a variable. And `secret-in-env` for the defaults that nobody would guess.

use crate::analysis::secret_exposure::{self, Strength};
use crate::analysis::{Ctx, Owner};
use crate::credential::{self, DefaultReason, Verdict};
use crate::data::{self, KnownImage};
use crate::finding::{Finding, Sink};
use crate::model::container::Container;
use crate::model::dockerfile::Dockerfile;
use crate::model::env::{EnvOrigin, EnvValue, EnvVar, Fallback};
use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::model::file_role::is_practice;
use crate::source::{Located, SourceFile};
use crate::syntax::interpolate::{self, Dialect};
use crate::syntax::yaml::each_scalar;

/// Variables of compose services and pods.
pub fn container(ctx: &Ctx, owner: Owner, container: &Container, sink: &mut Sink) {
    if let Owner::Compose(project, _) = owner
        && project.development
    {
        return;
    }

    let known = container
        .image
        .as_ref()
        .and_then(|image| image.reference.as_ref())
        .and_then(|reference| {
            let repository = reference.repository();
            data::store(&repository).or_else(|| data::image(&repository))
        });
    for var in &container.env {
        each_fallback(ctx, var, Guessability::Weak, sink);
        // The access key is the user of such a pair.
        let user = var.name.value.ends_with("ACCESS_KEY") && !var.name.value.contains("SECRET");
        let EnvValue::Literal(value) = &var.value else {
            continue;
        };

        let shipped = || known.and_then(|known| shipped(known, var, value));
        let why = if user {
            None
        } else {
            shipped().or_else(|| guessable(ctx, var, value, &container.env))
        };

        let Some(why) = why.filter(|_| !is_practice(ctx.facts.path(value.location.file))) else {
            continue;
        };

        let finding = Finding::new(
            value.location,
            format!("`{}` is set to a guessable credential", var.name.value),
        )
        .label(why)
        .help(help(var.origin, &var.name.value))
        .secret(value.location);
        sink.report(finding);
    }
}

/// Defaults of variables in `ENV` and `ARG`.
pub fn dockerfile(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    for var in dockerfile.stages.iter().flat_map(|stage| &stage.env) {
        each_fallback(ctx, var, Guessability::Weak, sink);
    }
}

/// Defaults of variables anywhere else in a compose file: commands, health checks, labels.
pub fn compose(ctx: &Ctx, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    written(ctx, source, facts, Guessability::Weak, sink);
}

/// `secret-in-env`: defaults of variables of compose services and pods.
pub fn secret_container(ctx: &Ctx, owner: Owner, container: &Container, sink: &mut Sink) {
    if !matches!(owner, Owner::Compose(project, _) if project.development) {
        container
            .env
            .iter()
            .for_each(|var| each_fallback(ctx, var, Guessability::Secret, sink));
    }
}

/// `secret-in-env`: defaults of variables in `ENV` and `ARG`.
pub fn secret_dockerfile(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    let vars = dockerfile.stages.iter().flat_map(|stage| &stage.env);
    vars.for_each(|var| each_fallback(ctx, var, Guessability::Secret, sink));
}

/// `secret-in-env`: defaults of variables anywhere else in a compose file.
pub fn secret_compose(ctx: &Ctx, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    written(ctx, source, facts, Guessability::Secret, sink);
}

fn written(ctx: &Ctx, source: &SourceFile, facts: &FileFacts, sort: Guessability, sink: &mut Sink) {
    if facts.kind != FileKind::Compose || !source.text.contains('$') {
        return;
    }

    let Some(tree) = &facts.tree else { return };

    for node in tree.documents() {
        each_scalar(node, &mut |scalar, text| {
            if !text.contains('$') {
                return;
            }

            for used in interpolate::variables(text, Dialect::Compose) {
                let Some(span) = used.default() else { continue };

                let literal = span.text(text);

                if !literal.is_empty() && !literal.contains('$') {
                    let literal = Located::new(literal.to_owned(), scalar.content_span(span));
                    report_fallback(
                        ctx,
                        &Fallback {
                            variable: used.name,
                            literal,
                        },
                        "",
                        sort,
                        sink,
                    );
                }
            }
        });
    }
}

fn each_fallback(ctx: &Ctx, var: &EnvVar, sort: Guessability, sink: &mut Sink) {
    if let EnvValue::Template { fallbacks, .. } = &var.value {
        fallbacks
            .iter()
            .for_each(|fallback| report_fallback(ctx, fallback, &var.name.value, sort, sink));
    }
}

/// Why the image's own table calls the value a default.
fn shipped(known: &KnownImage, var: &EnvVar, value: &Located<String>) -> Option<&'static str> {
    let values = known.credentials.get(&var.name.value)?;
    let user = var.name.value.ends_with("USER");
    let listed = values
        .iter()
        .any(|default| default.eq_ignore_ascii_case(value.value.trim()));
    (listed && !user).then_some("it is shown in the image's documentation")
}

fn guessable(
    ctx: &Ctx,
    var: &EnvVar,
    value: &Located<String>,
    siblings: &[EnvVar],
) -> Option<&'static str> {
    let name = &var.name.value;
    match secret_exposure::exposed(ctx, name, value, secret_exposure::user_of(name, siblings))?
        .strength
    {
        Strength::Guessable(why) => Some(why),
        _ => None,
    }
}

/// Says of a fallback that it is neither a known default nor a token.
const LITERAL: &str = "a hard-coded credential";

/// Which rule speaks for a default.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guessability {
    /// `default-credentials`
    Weak,
    /// `secret-in-env`: nobody would guess it.
    Secret,
}

/// Reports the literal that stands in for a variable, if it is a credential; `holder` is the
/// variable that gets it.
fn report_fallback(
    ctx: &Ctx,
    fallback: &Fallback,
    holder: &str,
    wanted: Guessability,
    sink: &mut Sink,
) {
    let Fallback {
        variable,
        literal: value,
    } = fallback;
    let path = ctx.facts.path(value.location.file);
    let name = if credential::secret_name(variable).is_some() {
        variable
    } else {
        holder
    };

    let (why, sort) = match credential::judge(name, &value.value) {
        Verdict::Default(reason) => (reason.clause(), Guessability::Weak),
        Verdict::UrlPassword(hit) => match secret_exposure::strength(&hit) {
            Strength::Guessable(why) => (why, Guessability::Weak),
            Strength::Local => return,
            _ => ("a hard-coded password", Guessability::Secret),
        },
        Verdict::Token(_) => ("a live token", Guessability::Secret),
        Verdict::Secret { .. } if repeats(variable, &value.value) => {
            (DefaultReason::RepeatsName.clause(), Guessability::Weak)
        }
        Verdict::Secret { .. } if secret_exposure::is_random(&value.value) => {
            (LITERAL, Guessability::Secret)
        }
        Verdict::Secret { .. } => (LITERAL, Guessability::Weak),
        Verdict::NotSecret | Verdict::Placeholder | Verdict::Reference => return,
    };

    let practice = is_practice(path);
    if sort != wanted || practice && sort == Guessability::Weak {
        return;
    }

    let guessable = if sort == Guessability::Weak && why != LITERAL {
        "a guessable"
    } else {
        "a hard-coded"
    };

    let level = if practice {
        sink.level().lowered()
    } else {
        sink.level()
    };

    let finding = Finding::new(
        value.location,
        format!("`{variable}` has {guessable} credential as its default"),
    )
    .label(why)
    .help(format!(
        "write `${{{variable}:?}}`, so that nothing starts until it is set"
    ))
    .secret(value.location);
    sink.report_at(level, finding);
}

/// A name such as `app` for `APP_DB_PASSWORD`.
fn repeats(variable: &str, value: &str) -> bool {
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
