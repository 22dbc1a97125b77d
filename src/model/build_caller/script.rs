//! Commands that build images in Makefiles, justfiles, task files and scripts, and the functions
//! of a Tiltfile.

use super::caller::{BuildCaller, CallerTool, DockerfilePath, is_unknown, locate};
use crate::model::Setting;
use crate::model::image::NamedContext;
use crate::model::workflow::BuildCommand;
use crate::source::{Repository, SourceFile, Span};
use crate::syntax::shell;

/// Words of a line that may build an image.
const BUILDERS: &[&str] = &[
    "docker",
    "podman",
    "buildah",
    "nerdctl",
    "CONTAINER",
    "DOCKER",
];

/// Whether a file holds commands by its name, in small letters.
pub(super) fn is_script(name: &str) -> bool {
    name.ends_with(".sh")
        || name.ends_with(".mk")
        || name.ends_with(".bash")
        || matches!(name, "makefile" | "gnumakefile" | "justfile" | ".justfile")
        || name.starts_with("makefile.")
        || (name.starts_with("taskfile") && (name.ends_with(".yml") || name.ends_with(".yaml")))
}

/// The commands of a file that build images.
pub(super) fn callers(repository: Repository<'_>, file: &SourceFile) -> Vec<BuildCaller> {
    lines(&file.text)
        .into_iter()
        .filter(|(line, _)| {
            line.contains("build") && BUILDERS.iter().any(|builder| line.contains(builder))
        })
        .flat_map(|(line, span)| line_callers(repository, file, &line, span))
        .collect()
}

/// The lines of a file, those that a backslash continues joined.
fn lines(text: &str) -> Vec<(String, Span)> {
    let mut lines = Vec::new();
    let mut joined = String::new();
    let mut start = 0;
    let mut offset = 0;

    for line in text.split_inclusive('\n') {
        if joined.is_empty() {
            start = offset;
        }

        offset += line.len();

        match line.trim_end().strip_suffix('\\') {
            Some(head) => {
                joined.push_str(head);
                joined.push(' ');
            }
            None => {
                joined.push_str(line.trim_end());
                let end = start + text[start..offset].trim_end().len();
                lines.push((std::mem::take(&mut joined), Span::of(start, end)));
            }
        }
    }

    lines
}

fn line_callers(
    repository: Repository<'_>,
    file: &SourceFile,
    line: &str,
    span: Span,
) -> Vec<BuildCaller> {
    // Recipes of make may begin with `@` or `-`, and write variables as `$(NAME)`.
    let command = line
        .trim_start()
        .trim_start_matches(['@', '-', ' '])
        .replace("$(", "${")
        .replace(')', "}");
    let command = [
        "${DOCKER}",
        "${CONTAINER_TOOL}",
        "${CONTAINER_ENGINE}",
        "${CONTAINER_RUNTIME}",
    ]
    .iter()
    .fold(command, |command, variable| {
        command.replace(variable, "docker")
    });
    let script = shell::parse(&command);

    script
        .invocations()
        .iter()
        .filter_map(BuildCommand::parse)
        .filter_map(|build| {
            let context = build.context.map_or(".", |context| context.value);
            let path = match build.file {
                Some(path) if is_unknown(path.value) => return None,
                Some(path) => DockerfilePath::FromHere(path.value),
                None => DockerfilePath::InContext("Dockerfile"),
            };
            let (context, dockerfile) = locate(repository, file, context, &path)?;
            let location = file.location(span);
            let target = match build.target {
                None => Setting::Absent,
                Some(target) if is_unknown(target.value) => Setting::Unknown(Some(location)),
                Some(target) => Setting::set(target.value.to_owned(), location),
            };

            Some(BuildCaller {
                tool: CallerTool::Script,
                name: String::new(),
                location,
                context: Some(context),
                dockerfile: Some(dockerfile),
                target,
                images: build.tags.iter().map(|tag| tag.value.to_owned()).collect(),
                named_contexts: build
                    .named_contexts
                    .iter()
                    .filter_map(|context| NamedContext::parse(context.value))
                    .collect(),
                ships: !build.writes_files,
            })
        })
        .collect()
}

/// Whether a file is a Tiltfile by its name, in small letters.
pub(super) fn is_tiltfile(name: &str) -> bool {
    name == "tiltfile" || name.ends_with(".tiltfile") || name.starts_with("tiltfile.")
}

/// The images that a Tiltfile builds: `docker_build('name', 'context', dockerfile='…')`.
pub(super) fn tilt(repository: Repository<'_>, file: &SourceFile) -> Vec<BuildCaller> {
    let mut callers = Vec::new();

    for function in [
        "docker_build(",
        "docker_build_with_restart(",
        "custom_build(",
        "ko_build(",
    ] {
        for (start, _) in file.text.match_indices(function) {
            let arguments = &file.text[start + function.len()..];
            let Some(image) = quoted(arguments.trim_start()) else {
                continue;
            };

            let span = Span::of(start, start + function.len() + image.len());
            let mut caller = BuildCaller {
                tool: CallerTool::Tilt,
                name: String::new(),
                location: file.location(span),
                context: None,
                dockerfile: None,
                target: Setting::Unknown(None),
                images: vec![image.to_owned()],
                named_contexts: Vec::new(),
                ships: false,
            };

            let after = arguments.trim_start()[image.len() + 2..].trim_start();
            let context = after
                .strip_prefix(',')
                .map(str::trim_start)
                .and_then(quoted);
            if let Some(context) = context
                && function.starts_with("docker_build")
            {
                let located = locate(
                    repository,
                    file,
                    context,
                    &DockerfilePath::InContext("Dockerfile"),
                );
                if let Some((context, dockerfile)) = located {
                    caller.context = Some(context);
                    caller.dockerfile = Some(dockerfile);
                }
            }

            callers.push(caller);
        }
    }

    callers
}

/// The string that a text begins with.
fn quoted(text: &str) -> Option<&str> {
    let quote = text
        .chars()
        .next()
        .filter(|first| matches!(first, '"' | '\''))?;
    let rest = &text[1..];

    Some(&rest[..rest.find(quote)?])
}
