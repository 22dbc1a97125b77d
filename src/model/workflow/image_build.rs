//! Container images that a workflow builds: from which folder and Dockerfile, under which tags,
//! pushed or not.

use super::super::Setting;
use super::super::env::EnvValue;
use super::evidence::Purpose;
use super::jobs::{ImageBuild, Job, Step, Workflow};
use super::purpose::{command_purposes, step_purposes};
use crate::source::{Located, Location, join};
use crate::syntax::shell::Invocation;

/// Every image that a workflow builds. Read once: rules about Dockerfiles ask every workflow.
pub fn image_builds(workflow: &Workflow) -> Vec<ImageBuild> {
    workflow
        .builds
        .get_or_init(|| read_builds(workflow))
        .clone()
}

fn read_builds(workflow: &Workflow) -> Vec<ImageBuild> {
    let mut found = Vec::new();

    for job in &workflow.jobs {
        for step in &job.steps {
            let scope = Scope {
                workflow,
                job,
                step,
            };

            found.extend(scope.action());
            let Some(code) = &step.run else { continue };

            let script = code.script();
            found.extend(
                script
                    .invocations()
                    .iter()
                    .filter_map(|invocation| scope.command(invocation)),
            );
        }
    }

    found
}

/// A step and what is around it.
#[derive(Clone, Copy)]
struct Scope<'w> {
    workflow: &'w Workflow,
    job: &'w Job,
    step: &'w Step,
}

const BUILDERS: &[&str] = &[
    "docker/build-push-action",
    "depot/build-push-action",
    "useblacksmith/build-push-action",
    "redhat-actions/buildah-build",
    "mr-smithers-excellent/docker-build-push",
    "elgohr/Publish-Docker-Github-Action",
    "int128/kaniko-action",
    "aevea/action-kaniko",
];

impl Scope<'_> {
    fn action(self) -> Option<ImageBuild> {
        let uses = self.step.uses.as_ref()?;
        let action = self.step.action()?;
        if !BUILDERS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(action.name()))
        {
            return None;
        }

        let here = Located::new(".".to_owned(), uses.location);
        let context = match self.input(&["context", "path", "directory", "workdir"]) {
            // The default context is the repository itself, and a path may follow it.
            Some(at) => match at.value.strip_prefix("{{defaultContext}}") {
                Some(rest) => folder(
                    "",
                    &Located::new(format!("./{}", rest.trim_start_matches(':')), at.location),
                ),
                None => folder("", &at),
            },
            None => folder("", &here),
        };

        let file = self.input(&["file", "dockerfile", "containerfiles"]);
        let dockerfile = dockerfile("", context.as_ref(), file);
        let image = self.input(&["image", "name", "imageName"]);
        let tags = match self.input(&["tags"]) {
            Some(tags) => self.tags(&tags),
            None => Vec::new(),
        };

        Some(ImageBuild {
            location: uses.location,
            context,
            dockerfile,
            target: self.input(&["target"]).map_or(Setting::Absent, known),
            tags: match image {
                Some(image) if tags.is_empty() => vec![image],
                Some(image) => tags
                    .into_iter()
                    .map(|tag| {
                        if tag.value.contains('/') {
                            tag
                        } else {
                            tag.map(|tag| format!("{}:{tag}", image.value))
                        }
                    })
                    .collect(),
                None => tags,
            },
            pushes: step_purposes(self.step).any(|evidence| evidence.purpose == Purpose::Push),
        })
    }

    fn command(self, invocation: &Invocation<'_>) -> Option<ImageBuild> {
        let code = self.step.run.as_ref()?;
        let values = [
            "-t",
            "--tag",
            "-f",
            "--file",
            "--build-arg",
            "--target",
            "--platform",
            "--cache-from",
            "--cache-to",
            "-o",
            "--output",
            "--secret",
            "--ssh",
            "--label",
            "--network",
            "--progress",
            "--builder",
            "--iidfile",
            "--metadata-file",
            "--add-host",
            "--build-context",
            "-r",
            "--registry",
            "--image",
            "-m",
            "--memory",
            "--shm-size",
            "--provenance",
            "--sbom",
            "--destination",
        ];
        let words = invocation.positionals(&values);
        let texts: Vec<&str> = words.iter().map(|word| word.text()).collect();
        let location = code.location(invocation.span());
        let rest = match (invocation.program, texts.as_slice()) {
            ("docker" | "podman" | "nerdctl" | "depot" | "img", ["build", ..]) => 1,
            (
                "docker" | "podman" | "nerdctl",
                ["buildx" | "image" | "builder", "build" | "b", ..],
            ) => 2,
            ("buildah", ["bud" | "build" | "build-using-dockerfile", ..]) => 1,
            ("gcloud", ["builds", "submit", ..]) => 2,
            ("az", ["acr", "build", ..]) => 2,
            ("executor" | "kaniko", _) => 0,
            _ => return None,
        };

        let text = |value: &str, span| {
            let written = Located::new(value.to_owned(), code.location(span));
            written.as_ref().map(|value| self.fill(value))
        };

        let context = match invocation.option(&["--context"]).filter(|_| rest == 0) {
            Some(option) => Some(text(option.value.trim_start_matches("dir://"), option.span)),
            None => words.get(rest).map(|word| text(word.text(), word.span)),
        };

        let folders = self.directory();
        let context = match (&folders, context) {
            (Some(base), Some(context)) => folder(base, &context),
            (Some(base), None) => folder(base, &Located::new(".".to_owned(), location)),
            (None, _) => None,
        };

        let file = invocation
            .option(&["-f", "--file", "--dockerfile"])
            .map(|option| text(option.value, option.span));
        let dockerfile = folders
            .as_ref()
            .and_then(|base| dockerfile(base, context.as_ref(), file));
        let tags = invocation
            .options(&["-t", "--tag", "--destination", "-d"])
            .map(|option| text(option.value, option.span))
            .filter(|tag| !tag.value.is_empty());
        let pushes = invocation.flag(&["--push"]).is_some()
            || matches!(invocation.program, "gcloud" | "az" | "executor");
        Some(ImageBuild {
            location,
            context,
            dockerfile,
            target: invocation
                .option(&["--target"])
                .map_or(Setting::Absent, |option| {
                    known(text(option.value, option.span))
                }),
            tags: tags.collect(),
            pushes: pushes || self.is_pushed(),
        })
    }

    /// Whether some command of the job pushes images.
    fn is_pushed(self) -> bool {
        let scripts = self.job.steps.iter().filter_map(|step| step.run.as_ref());
        scripts
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
            Setting::Set(at) => join("", &self.fill(&at.value)),
            Setting::Unknown(_) => None,
        }
    }

    fn input(self, names: &[&str]) -> Option<Located<String>> {
        let input = names.iter().find_map(|name| self.step.input(name))?;
        let at = match &input.value {
            EnvValue::Literal(at) => at.clone(),
            EnvValue::Template { written, .. } => written.clone(),
            EnvValue::Reference(location) => Located::new(self.reference(*location)?, *location),
            EnvValue::Inherited => return None,
        };

        let filled = at.as_ref().map(|text| self.fill(text));

        (!filled.value.is_empty()).then_some(filled)
    }

    /// The text of an expression at a place, braces included.
    fn reference(self, location: Location) -> Option<String> {
        let found = self
            .workflow
            .expressions
            .iter()
            .find(|expression| expression.location == location)?;
        Some(format!("${{{{{}}}}}", found.text))
    }

    /// The references of a `tags` input: one a line, or between commas.
    fn tags(self, tags: &Located<String>) -> Vec<Located<String>> {
        let mut found = Vec::new();
        for tag in tags
            .value
            .split(['\n', ','])
            .map(str::trim)
            .filter(|tag| !tag.is_empty())
        {
            let step = tag
                .strip_prefix("${{")
                .and_then(|rest| rest.trim().strip_prefix("steps."));
            let meta = step
                .and_then(|rest| rest.split_once('.'))
                .and_then(|(id, _)| {
                    self.job
                        .steps
                        .iter()
                        .find(|step| step.id.as_ref().is_some_and(|at| at.value == id))
                });
            match meta.filter(|step| step.runs_action("docker/metadata-action")) {
                Some(meta) => {
                    let scope = Scope { step: meta, ..self };
                    let images = scope
                        .input(&["images"])
                        .map(|images| images.value)
                        .unwrap_or_default();
                    let images = images
                        .split(['\n', ','])
                        .map(str::trim)
                        .filter(|image| !image.is_empty());
                    // The action makes the tags; which ones cannot be known from here.
                    found.extend(
                        images.map(|image| Located::new(format!("{image}:{tag}"), tags.location)),
                    );
                }
                None => found.push(Located::new(tag.to_owned(), tags.location)),
            }
        }

        found
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

/// Replaces `$NAME` where no further letter of a name follows.
fn replace_variable(text: &str, name: &str, value: &str) -> String {
    let form = format!("${name}");
    let mut out = String::with_capacity(text.len());
    let mut rest = text;

    while let Some(at) = rest.find(&form) {
        let after = &rest[at + form.len()..];
        let ends = !after.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
        out.push_str(&rest[..at]);
        out.push_str(if ends { value } else { &form });
        rest = after;
    }

    out + rest
}

/// A value without variables is known.
fn known(at: Located<String>) -> Setting<String> {
    if at.value.contains('$') {
        Setting::Unknown(Some(at.location))
    } else {
        Setting::Set(at)
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
