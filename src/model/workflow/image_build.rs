//! Container images that a workflow builds: from which folder and Dockerfile, under which tags,
//! pushed or not.

use super::build_command::{BuildCommand, CommandText, is_build_action};
use super::definition::Workflow;
use super::evidence::Purpose;
use super::jobs::{ImageBuild, Job, Step};
use super::purpose::{command_purposes, step_purposes};
use crate::model::env::EnvValue;
use crate::model::image::NamedContext;
use crate::model::{Code, Setting};
use crate::source::{Located, Location, join};

/// Every image that a workflow builds. Read once: rules about Dockerfiles ask every workflow.
pub fn image_builds(workflow: &Workflow) -> Vec<ImageBuild> {
    workflow
        .builds
        .get_or_init(|| read_builds(workflow))
        .clone()
}

fn read_builds(workflow: &Workflow) -> Vec<ImageBuild> {
    let mut builds = Vec::new();

    for job in &workflow.jobs {
        for step in &job.steps {
            let builder = StepBuilder {
                workflow,
                job,
                step,
            };

            builds.extend(builder.action());

            if let Some(code) = &step.run {
                let invocations = code.script().invocations();
                let commands = invocations.iter().filter_map(BuildCommand::parse);
                builds.extend(commands.map(|command| builder.locate(code, command)));
            }
        }
    }

    builds
}

/// A step that may build images, with what is around it.
#[derive(Clone, Copy)]
struct StepBuilder<'w> {
    workflow: &'w Workflow,
    job: &'w Job,
    step: &'w Step,
}

impl<'w> StepBuilder<'w> {
    /// The build of an action's inputs.
    fn action(self) -> Option<ImageBuild> {
        let uses = self.step.uses.as_ref()?;
        if !is_build_action(self.step.action()?.name()) {
            return None;
        }

        let context = self.action_context(uses.location);
        let file = self.input(&["file", "dockerfile", "containerfiles"]);

        Some(ImageBuild {
            location: uses.location,
            dockerfile: dockerfile("", context.as_ref(), file),
            context,
            target: self.input(&["target"]).map_or(Setting::Absent, known),
            tags: self.action_tags(),
            named_contexts: self
                .input(&["build-contexts"])
                .map_or_else(Vec::new, |contexts| {
                    entries(&contexts.value)
                        .filter_map(NamedContext::parse)
                        .collect()
                }),
            pushes: step_purposes(self.step).any(|evidence| evidence.purpose == Purpose::Push),
        })
    }

    fn action_context(self, uses: Location) -> Option<Located<String>> {
        let Some(path) = self.input(&["context", "path", "directory", "workdir"]) else {
            return folder("", &Located::new(".".to_owned(), uses));
        };

        // The default context is the repository itself, and a path may follow it.
        match path.value.strip_prefix("{{defaultContext}}") {
            Some(rest) => {
                let inside = format!("./{}", rest.trim_start_matches(':'));
                folder("", &Located::new(inside, path.location))
            }
            None => folder("", &path),
        }
    }

    /// The references of an action: its tags, which may be put after the name of an image.
    fn action_tags(self) -> Vec<Located<String>> {
        let tags = match self.input(&["tags"]) {
            Some(tags) => self.tags(&tags),
            None => Vec::new(),
        };

        let Some(image) = self.input(&["image", "name", "imageName"]) else {
            return tags;
        };

        if tags.is_empty() {
            return vec![image];
        }

        tags.into_iter()
            .map(|tag| {
                if tag.value.contains('/') {
                    tag
                } else {
                    tag.map(|tag| format!("{}:{tag}", image.value))
                }
            })
            .collect()
    }

    /// The build of a command, with its paths found in the repository.
    fn locate(self, code: &Code, command: BuildCommand<'_>) -> ImageBuild {
        let location = code.location(command.span);
        let directory = self.directory();
        let path = match command.context {
            Some(path) => self.filled(code, path),
            None => Located::new(".".to_owned(), location),
        };

        let context = directory.as_ref().and_then(|base| folder(base, &path));
        let file = command.file.map(|file| self.filled(code, file));
        let dockerfile = directory
            .as_ref()
            .and_then(|base| dockerfile(base, context.as_ref(), file));
        let tags = command
            .tags
            .into_iter()
            .map(|tag| self.filled(code, tag))
            .filter(|tag| !tag.value.is_empty());

        ImageBuild {
            location,
            context,
            dockerfile,
            target: command
                .target
                .map_or(Setting::Absent, |target| known(self.filled(code, target))),
            tags: tags.collect(),
            named_contexts: command
                .named_contexts
                .iter()
                .filter_map(|context| NamedContext::parse(context.value))
                .collect(),
            pushes: command.pushes || self.is_pushed(),
        }
    }

    fn filled(self, code: &Code, text: CommandText<'_>) -> Located<String> {
        Located::new(self.fill(text.value), code.location(text.span))
    }

    /// Whether some command of the job pushes images.
    fn is_pushed(self) -> bool {
        self.job
            .steps
            .iter()
            .filter_map(|step| step.run.as_ref())
            .flat_map(|code| code.script().invocations())
            .any(|invocation| command_purposes(&invocation).contains(&(Purpose::Push, false)))
    }

    /// The folder that commands of the step run in; `None` if it cannot be known.
    fn directory(self) -> Option<String> {
        let script = self.step.run.as_ref()?.script();
        if script
            .commands
            .iter()
            .any(|command| matches!(command.name(), "cd" | "pushd"))
        {
            return None;
        }

        match &self.step.working_directory {
            Setting::Absent => Some(String::new()),
            Setting::Set(folder) => join("", &self.fill(&folder.value)),
            Setting::Unknown(_) => None,
        }
    }

    /// The first of these inputs, with variables filled in; `None` where it is empty.
    fn input(self, names: &[&str]) -> Option<Located<String>> {
        let input = names.iter().find_map(|name| self.step.input(name))?;
        let written = match &input.value {
            EnvValue::Literal(text) => text.clone(),
            EnvValue::Template { written, .. } => written.clone(),
            EnvValue::Reference(location) => Located::new(self.reference(*location)?, *location),
            EnvValue::Inherited => return None,
        };

        let filled = written.as_ref().map(|text| self.fill(text));

        (!filled.value.is_empty()).then_some(filled)
    }

    /// The text of an expression at a place, braces included.
    fn reference(self, location: Location) -> Option<String> {
        let expression = self
            .workflow
            .expressions
            .iter()
            .find(|expression| expression.location == location)?;
        Some(format!("${{{{{}}}}}", expression.text))
    }

    /// The references of a `tags` input.
    fn tags(self, tags: &Located<String>) -> Vec<Located<String>> {
        let mut references = Vec::new();

        for tag in entries(&tags.value) {
            match self.metadata_step(tag) {
                // The action makes the tags; which ones cannot be known from here.
                Some(metadata) => {
                    let images = StepBuilder {
                        step: metadata,
                        ..self
                    }
                    .input(&["images"])
                    .map_or_else(String::new, |images| images.value);
                    references.extend(
                        entries(&images)
                            .map(|image| Located::new(format!("{image}:{tag}"), tags.location)),
                    );
                }
                None => references.push(Located::new(tag.to_owned(), tags.location)),
            }
        }

        references
    }

    /// The step of the metadata action whose output a tag is: `${{ steps.meta.outputs.tags }}`.
    fn metadata_step(self, tag: &str) -> Option<&'w Step> {
        let expression = tag.strip_prefix("${{")?.trim();
        let (id, _) = expression.strip_prefix("steps.")?.split_once('.')?;
        let step = self
            .job
            .steps
            .iter()
            .find(|step| step.id.as_ref().is_some_and(|step_id| step_id.value == id))?;

        step.runs_action("docker/metadata-action").then_some(step)
    }

    /// Fills in `${{ env.X }}`, `$X` and `${X}` where `env` has a literal.
    fn fill(self, text: &str) -> String {
        let mut out = text.to_owned();

        for env in [&self.step.env, &self.job.env, &self.workflow.env] {
            for variable in env {
                let (name, Some(value)) = (&variable.name.value, variable.value.literal()) else {
                    continue;
                };

                if !out.contains(name.as_str()) || value.value.contains(name.as_str()) {
                    continue;
                }

                let forms = [
                    format!("${{{{ env.{name} }}}}"),
                    format!("${{{{env.{name}}}}}"),
                    format!("${{{name}}}"),
                ];
                for form in forms {
                    out = out.replace(&form, &value.value);
                }

                out = replace_variable(&out, name, &value.value);
            }
        }

        out
    }
}

/// The entries of an input: one a line, or between commas.
fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', ','])
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
}

/// Replaces `$NAME` where no further letter of a name follows.
fn replace_variable(text: &str, name: &str, value: &str) -> String {
    let form = format!("${name}");
    let mut out = String::with_capacity(text.len());
    let mut rest = text;

    while let Some(start) = rest.find(&form) {
        let after = &rest[start + form.len()..];
        let ends = !after.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
        out.push_str(&rest[..start]);
        out.push_str(if ends { value } else { &form });
        rest = after;
    }

    out + rest
}

/// A value without variables is known.
fn known(text: Located<String>) -> Setting<String> {
    if text.value.contains('$') {
        Setting::Unknown(Some(text.location))
    } else {
        Setting::Set(text)
    }
}

/// A folder of the repository.
fn folder(base: &str, path: &Located<String>) -> Option<Located<String>> {
    if path.value.contains('$')
        || path.value.contains("://")
        || path.value == "-"
        || path.value.starts_with("git@")
    {
        return None;
    }

    Some(Located::new(join(base, &path.value)?, path.location))
}

/// The Dockerfile that `-f` names, or the one in the context.
fn dockerfile(
    base: &str,
    context: Option<&Located<String>>,
    file: Option<Located<String>>,
) -> Option<Located<String>> {
    match file {
        Some(file) => folder(base, &file),
        None => {
            let context = context?;
            Some(Located::new(
                join(&context.value, "Dockerfile")?,
                context.location,
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, SourceFile};
    use crate::syntax::yaml::Tree;

    type Build = (Option<String>, Option<String>, Vec<String>, bool);

    fn builds(steps: &str) -> Vec<Build> {
        let text = format!("on: push\nenv:\n  REGISTRY: ghcr.io\njobs:\n  a:\n    steps:\n{steps}");
        let source = SourceFile::new(FileId(0), "x.yml", text);
        let parsed = Tree::parse(source.id, &source.text);
        let workflow = super::super::lower::workflow(&parsed.tree, &source);
        let value = |at: Option<Located<String>>| at.map(|at| at.value);
        image_builds(&workflow)
            .into_iter()
            .map(|build| {
                let tags = build.tags.into_iter().map(|tag| tag.value).collect();
                (
                    value(build.context),
                    value(build.dockerfile),
                    tags,
                    build.pushes,
                )
            })
            .collect()
    }

    #[test]
    fn commands_and_actions_build_images() {
        let some = |text: &str| Some(text.to_owned());
        for (steps, context, dockerfile, tags, pushes) in [
            (
                "      - run: docker build -t $REGISTRY/app:1 api\n",
                some("api"),
                some("api/Dockerfile"),
                vec!["ghcr.io/app:1"],
                false,
            ),
            (
                "      - run: docker buildx build --push -f x/Dockerfile -t a .\n        working-directory: svc\n",
                some("svc"),
                some("svc/x/Dockerfile"),
                vec!["a"],
                true,
            ),
            (
                "      - uses: docker/build-push-action@v6\n        with:\n          context: web\n          push: true\n          tags: |\n            a:1\n            ${{ env.REGISTRY }}/b:2\n",
                some("web"),
                some("web/Dockerfile"),
                vec!["a:1", "ghcr.io/b:2"],
                true,
            ),
            (
                "      - id: meta\n        uses: docker/metadata-action@v5\n        with: {images: 'x/y'}\n      - uses: docker/build-push-action@v6\n        with:\n          tags: ${{ steps.meta.outputs.tags }}\n          file: d/Dockerfile\n",
                some(""),
                some("d/Dockerfile"),
                vec!["x/y:${{ steps.meta.outputs.tags }}"],
                false,
            ),
            (
                "      - run: cd x && docker build -t a .\n",
                None,
                None,
                vec!["a"],
                false,
            ),
        ] {
            let tags = tags.into_iter().map(str::to_owned).collect();
            assert_eq!(
                builds(steps),
                [(context, dockerfile, tags, pushes)],
                "{steps}"
            );
        }
    }
}
