//! Faults of form: `absolute-workdir`, `invalid-port`, `maintainer`, `legacy-env-format`,
//! `platform-in-from`, `duplicate-stage` and `unknown-stage`.

use crate::analysis::Analysis;
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::{Base, Dockerfile, Stage};
use crate::model::id::IdVec;
use crate::model::image::HOLE;
use crate::source::Location;
use crate::suggest::nearest;
use crate::syntax::dockerfile::stages::Target;
use crate::syntax::dockerfile::{Body, From, Pair};

/// `absolute-workdir`
pub fn absolute_workdir(_: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let mut sets: IdVec<Stage, bool> = IdVec::default();

    for stage in &dockerfile.stages {
        // What an earlier stage set is inherited; what the base image set is not known here.
        let mut absolute = match stage.base {
            Base::Stage(earlier) => sets.get(earlier).copied().unwrap_or(false),
            Base::Image(_) | Base::Scratch(_) => false,
        };

        let position = dockerfile.instructions_of(stage.index);
        sets.push(
            absolute
                || position
                    .into_iter()
                    .any(|position| matches!(position.instruction.body, Body::Workdir(_))),
        );
        let range = dockerfile.named.all[stage.index.number()]
            .instructions
            .clone();

        for instruction in &dockerfile.tree.instructions[range] {
            let Body::Workdir(word) = &instruction.body else {
                continue;
            };

            let text = stage.scope.expand(word, dockerfile.file).text;
            let known = !text.contains(HOLE) && !text.is_empty() && !word.text.starts_with('$');

            if !known || is_absolute(&text) {
                absolute = true;
                continue;
            }

            let location = Location::new(dockerfile.file, word.span);
            let finding = Finding::new(
                location,
                format!("`WORKDIR {}` is a relative path", word.text),
            );

            if absolute {
                sink.report(
                    finding
                        .case("after-workdir")
                        .label("relative to the previous WORKDIR")
                        .help("use an absolute path"),
                );
            } else {
                let path = text
                    .trim_matches(['"', '\''])
                    .trim_start_matches("./")
                    .trim_matches(['.', '/']);
                let help = match path {
                    "" => "use an absolute path, or remove it; it changes nothing".to_owned(),
                    path => format!("use an absolute path, such as `WORKDIR /{path}`"),
                };

                let edit = Edit::replace(dockerfile.file, word.span, format!("/{path}"));
                let fix = Fix::new(
                    Applicability::Unsafe,
                    "make it absolute",
                    Vec::from_iter((!path.is_empty() && path == word.text).then_some(edit)),
                );

                sink.report(
                    finding
                        .label("relative to the working directory of the base image")
                        .help(help)
                        .fix(fix),
                );
                absolute = true;
            }
        }
    }
}

fn is_absolute(path: &str) -> bool {
    let path = path.trim_matches(['"', '\'']);
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    path.starts_with(['/', '\\']) || drive
}

/// `invalid-port`
pub fn invalid_port(_: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    for port in dockerfile.stages.iter().flat_map(|stage| &stage.exposes) {
        let text = port.value.trim_matches(['"', '\'']);
        if text.contains(HOLE) || text.is_empty() {
            continue;
        }

        let Some((why, help)) = fault(text) else {
            continue;
        };

        sink.report(
            Finding::new(
                port.location,
                format!("`EXPOSE {text}` is not a valid port"),
            )
            .label(why)
            .help(help),
        );
    }
}

fn fault(text: &str) -> Option<(&'static str, String)> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    if !matches!(
        protocol.to_ascii_lowercase().as_str(),
        "tcp" | "udp" | "sctp"
    ) {
        return Some((
            "the protocol must be `tcp`, `udp` or `sctp`",
            format!("write `{ports}/tcp`"),
        ));
    }

    if ports.contains(':') {
        let inner = ports.rsplit(':').next().unwrap_or(ports);
        return Some((
            "an image cannot choose host addresses or ports",
            format!("write `{inner}`, and publish it when running the container"),
        ));
    }

    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));

    match (number(first), number(last)) {
        (Some(first), Some(last)) if first == 0 || last > 65_535 || first > 65_535 => Some((
            "ports range from 1 to 65535",
            "write the port that the server listens on".to_owned(),
        )),
        (Some(first), Some(last)) if first > last => {
            Some(("the range is reversed", format!("write `{last}-{first}`")))
        }
        (Some(_), Some(_)) => None,
        _ => Some((
            "a port must be a number",
            "write the port that the server listens on".to_owned(),
        )),
    }
}

fn number(port: &str) -> Option<u32> {
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }

    port.parse().ok()
}

/// `maintainer`
pub fn maintainer(_: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    for instruction in &dockerfile.tree.instructions {
        let Body::Maintainer(word) = &instruction.body else {
            continue;
        };

        let text = word
            .text
            .trim()
            .trim_matches(['"', '\''])
            .replace('\\', "\\\\")
            .replace('"', "\\\"");
        let label = format!("LABEL org.opencontainers.image.authors=\"{text}\"");
        let edit = Edit::replace(dockerfile.file, instruction.span, label);
        sink.report(
            Finding::new(
                Location::new(dockerfile.file, instruction.keyword.span),
                "MAINTAINER is deprecated",
            )
            .label("a label does the same and is readable by tools")
            .help("use `LABEL org.opencontainers.image.authors=…`")
            .fix(Fix::new(Applicability::Safe, "use a label", vec![edit])),
        );
    }
}

/// `legacy-env-format`
pub fn legacy_env(_: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    spaced_arguments(dockerfile, sink);

    for instruction in &dockerfile.tree.instructions {
        let (Body::Env(pairs) | Body::Label(pairs)) = &instruction.body else {
            continue;
        };

        let ([pair], true) = (pairs.pairs.as_slice(), pairs.legacy) else {
            continue;
        };

        let name = instruction.keyword.value.name();
        let fix = modern(pair).and_then(|text| {
            let edit = Edit::replace(dockerfile.file, pair.key.span.cover(pair.value.span), text);
            Fix::new(Applicability::Safe, "write it with `=`", vec![edit])
        });

        sink.report(
            Finding::new(
                Location::new(dockerfile.file, pair.key.span),
                format!(
                    "`{name} {} …` uses the legacy form without `=`",
                    pair.key.text
                ),
            )
            .label("takes the rest of the line as one value")
            .help(format!("write `{name} {}=…`", pair.key.text))
            .fix(fix),
        );
    }
}

/// `ARG name value` declares two arguments, and was meant to give one a default.
fn spaced_arguments(dockerfile: &Dockerfile, sink: &mut Sink) {
    for instruction in &dockerfile.tree.instructions {
        let Body::Arg(arguments) = &instruction.body else {
            continue;
        };

        let [first, second] = arguments.as_slice() else {
            continue;
        };

        let upper = second
            .name
            .value
            .bytes()
            .any(|byte| byte.is_ascii_uppercase());
        if first.default.is_some() || second.default.is_some() || upper {
            continue;
        }

        let (name, value) = (&first.name.value, &second.name.value);
        sink.report(
            Finding::new(
                Location::new(dockerfile.file, second.name.span),
                format!("`ARG {name} {value}` declares two arguments"),
            )
            .label("not a default for the first")
            .help(format!("write `ARG {name}={value}`")),
        );
    }
}

/// The pair with `=`; `None` where quotes or escapes would have to change too.
fn modern(pair: &Pair) -> Option<String> {
    let value = pair.value.text.as_str();
    let quoted = value.len() >= 2
        && value.starts_with('"')
        && value.ends_with('"')
        && !value[1..value.len() - 1].contains('"');
    if quoted {
        return Some(format!("{}={value}", pair.key.text));
    }

    if value.contains(['"', '\'', '\\', '`', '\n']) {
        return None;
    }

    let spaced = value.contains(char::is_whitespace) || value.is_empty();
    Some(if spaced {
        format!("{}=\"{value}\"", pair.key.text)
    } else {
        format!("{}={value}", pair.key.text)
    })
}

/// `platform-in-from`
pub fn platform(_: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    for instruction in &dockerfile.tree.instructions {
        let Body::From(from) = &instruction.body else {
            continue;
        };

        let Some(platform) = &from.platform else {
            continue;
        };

        let text = platform.value.trim_matches(['"', '\'']);
        let location = Location::new(dockerfile.file, platform.span);

        if matches!(text, "$TARGETPLATFORM" | "${TARGETPLATFORM}") {
            sink.report(
                Finding::new(location, "`--platform=$TARGETPLATFORM` is redundant")
                    .label("this is the default")
                    .help("remove it"),
            );
        } else if !text.contains('$') && !is_named_after_platform(from, text) {
            sink.report(
                Finding::new(location, format!("the image is always built for `{text}`"))
                    .label("the build should choose the platform")
                    .help(
                        "remove it and build with `--platform`, or use `$BUILDPLATFORM` for a \
                        stage that runs on the builder",
                    ),
            );
        }
    }
}

/// Whether a stage is one of several that a build chooses from by its platform: its name holds the
/// architecture, as `runtime-arm64` does.
fn is_named_after_platform(from: &From, platform: &str) -> bool {
    let Some(name) = &from.name else {
        return false;
    };

    let mut parts = platform.split('/');
    let system = parts.next().unwrap_or("");
    let architecture: String = parts.collect();
    let name = name.text.to_ascii_lowercase();

    !architecture.is_empty() && name.contains(&architecture)
        || architecture.is_empty() && !system.is_empty() && name.contains(system)
}

/// `duplicate-stage`
pub fn duplicate_stage(_: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    for (earlier, _, span) in dockerfile.named.duplicates() {
        let Some(first) = dockerfile.named.all[earlier].name.as_ref() else {
            continue;
        };

        sink.report(
            Finding::new(
                Location::new(dockerfile.file, span),
                format!("duplicate stage name `{}`", first.value),
            )
            .label("later references use this stage, earlier ones the other")
            .related(
                Location::new(dockerfile.file, first.span),
                "first defined here",
            )
            .help("give each stage a unique name"),
        );
    }

    for name in dockerfile
        .named
        .all
        .iter()
        .filter_map(|stage| stage.name.as_ref())
    {
        if matches!(name.value.as_str(), "scratch" | "context") {
            sink.report(
                Finding::new(
                    Location::new(dockerfile.file, name.span),
                    format!("stage name `{}` is reserved", name.value),
                )
                .label("has a special meaning in FROM and COPY")
                .help("rename the stage"),
            );
        }
    }
}

/// `unknown-stage`
pub fn unknown_stage(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let names: Vec<&str> = dockerfile
        .named
        .all
        .iter()
        .filter_map(|stage| stage.name.as_ref())
        .map(|name| name.value.as_str())
        .collect();
    for stage in &dockerfile.named.all {
        for stage_use in &stage.uses {
            let location = Location::new(dockerfile.file, stage_use.name.span);
            let name = &stage_use.name.value;
            let finding = match stage_use.target {
                Target::NotEarlier(other) if other == stage.index => Finding::new(
                    location,
                    format!("stage `{name}` cannot copy files from itself"),
                )
                .label("this is the current stage")
                .help("name an earlier stage"),
                Target::NotEarlier(other) => {
                    let from = dockerfile.tree.instructions[dockerfile.named.all[other].from]
                        .keyword
                        .span;
                    Finding::new(location, format!("stage `{name}` is not defined yet"))
                        .label("only earlier stages can be used")
                        .related(Location::new(dockerfile.file, from), "it is defined here")
                        .help("move that stage above this one")
                }
                Target::NoSuchIndex => Finding::new(
                    location,
                    format!("no stage has the index {name}"),
                )
                .label("stages are counted from 0")
                .help("use the name of the stage, which does not change when stages are added"),
                Target::Elsewhere if is_missing_stage(ctx, dockerfile, name, &names) => {
                    Finding::new(location, format!("no stage is named `{name}`"))
                        .label("the builder looks for an image of this name")
                        .help("name a stage of this file, or an image with its tag")
                }
                Target::Elsewhere => {
                    let Some(meant) = misspelt(ctx, dockerfile, name, &names) else {
                        continue;
                    };

                    Finding::new(
                        location,
                        format!("no stage is named `{name}`, so an image of that name is pulled"),
                    )
                    .label(format!("did you mean `{meant}`?"))
                    .help(format!("write `{meant}`"))
                }
                Target::Stage(_) | Target::Variable => continue,
            };

            sink.report(finding);
        }
    }
}

/// Words of which names of stages are made, and no names of images.
const STAGE_WORDS: &[&str] = &[
    "app",
    "assets",
    "backend",
    "base",
    "build",
    "builder",
    "client",
    "compile",
    "compiler",
    "dependencies",
    "deps",
    "dist",
    "frontend",
    "install",
    "installer",
    "prepare",
    "prod",
    "production",
    "pruner",
    "release",
    "runner",
    "runtime",
    "server",
    "source",
    "src",
    "ui",
    "vendor",
    "web",
];

/// Whether a name without tag and registry is one for a stage, and none has it.
fn is_missing_stage(ctx: &Analysis, dockerfile: &Dockerfile, name: &str, names: &[&str]) -> bool {
    let is_for_stage = name
        .split(['-', '_'])
        .any(|word| STAGE_WORDS.contains(&word.to_ascii_lowercase().as_str()));
    let is_image = name.contains(['/', ':', '.', '@', '$']) || crate::data::image(name).is_some();

    is_for_stage
        && !is_image
        && !ctx.graph.is_named_context(dockerfile.file, name)
        && nearest(&name.to_lowercase(), names.iter().copied()).is_none()
}

/// The stage that a name without tag and registry most likely means.
fn misspelt<'n>(
    ctx: &Analysis,
    dockerfile: &Dockerfile,
    name: &str,
    names: &[&'n str],
) -> Option<&'n str> {
    if name.contains(['/', ':', '.', '@', '$'])
        || crate::data::image(name).is_some()
        || dockerfile.stages.is_empty()
    {
        return None;
    }

    let near = nearest(&name.to_lowercase(), names.iter().copied())?;
    let is_context = ctx.graph.is_named_context(dockerfile.file, name);
    (!is_context).then_some(near)
}
