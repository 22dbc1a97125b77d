//! `incomplete-manifest-copy`: installs that need a file which is not in the image yet.

use crate::analysis::build_context::{BuildContext, contexts};
use crate::analysis::image_files::{ImageFiles, Presence, image_path};
use crate::analysis::{Analysis, shipped_stages, truncate};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::scope::VariableValue;
use crate::model::dockerfile::{Base, Dockerfile, Step};
use crate::model::manifest_needs::{
    Install, Need, NeedReason, ProjectFolder, manifests, needs, requirement_needs,
};
use crate::model::package::{Call, Verb, call};
use crate::source::{file_name, join, parent};
use crate::syntax::shell::{BlockKind, Invocation, Script};

/// Options that name the folder that a command works in.
const FOLDER_OPTIONS: &[&str] = &[
    "--prefix",
    "--cwd",
    "-C",
    "--dir",
    "--directory",
    "--project",
    "--working-dir",
];

pub fn check(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let built = shipped_stages::built(ctx, dockerfile);

    for step in dockerfile
        .steps()
        .filter(|step| built.contains(&step.stage.index) && !step.trigger)
    {
        let script = step.script();
        let invocations = script.invocations();

        for invocation in &invocations {
            let call = call(invocation);
            if !installs(invocation, call.as_ref()) {
                continue;
            }

            let contexts = contexts(ctx, dockerfile);
            let Some(folder) = folder_before(script, &invocations, invocation) else {
                continue;
            };

            let install = Install {
                invocation,
                call: call.as_ref(),
                is_frozen: call
                    .as_ref()
                    .is_some_and(|call| is_frozen(dockerfile, &step, invocation, call)),
            };
            let missing: Vec<Vec<Missing>> = contexts
                .iter()
                .map(|context| {
                    ImageFiles::before(ctx.facts.repository, dockerfile, context, &step)
                        .map(|files| missing(ctx, dockerfile, context, files, &folder, &install))
                        .unwrap_or_default()
                })
                .collect();

            // What one of several contexts brings may be the one that is built.
            if missing.iter().all(|missing| !missing.is_empty()) {
                report(
                    ctx,
                    dockerfile,
                    &step,
                    &install,
                    &contexts[0],
                    &missing[0],
                    sink,
                );
            }
        }
    }
}

/// Whether a command installs what a manifest lists, or builds it.
fn installs(invocation: &Invocation, call: Option<&Call>) -> bool {
    let Some(call) = call else {
        return invocation.is(&["mvn", "mvnw", "gradlew", "dotnet"]);
    };

    match (call.family(), call.verb) {
        ("pip", Verb::Install) | (_, Verb::Sync) => true,
        ("uv", Verb::Install) => call.word.text() == "install",
        ("cargo", Verb::Install) => invocation.option(&["--path"]).is_some(),
        ("go", Verb::Other) => invocation
            .args
            .first()
            .is_some_and(|word| matches!(word.text(), "build" | "test" | "vet" | "generate")),
        _ => false,
    }
}

/// The folder that a command runs in, relative to that of its step; `None` where it cannot be
/// known.
fn folder_before(
    script: &Script,
    invocations: &[Invocation],
    invocation: &Invocation,
) -> Option<String> {
    let mut folder = ".".to_owned();
    let earlier = invocations
        .iter()
        .take_while(|other| other.name.span.start < invocation.name.span.start)
        .filter(|other| other.is(&["cd", "pushd", "popd"]));

    for change in earlier {
        let target = change.args.first()?.literal()?;
        if !change.is(&["cd"]) || script.within(change.command, BlockKind::Subshell) {
            return None;
        }

        folder = image_path_text(&folder, target);
    }

    if invocation.is(&["go", "docker"]) {
        return Some(folder);
    }

    match invocation.option(FOLDER_OPTIONS) {
        Some(option) if option.value.contains(['$', '~']) => None,
        Some(option) => Some(image_path_text(&folder, option.value)),
        None => Some(folder),
    }
}

/// A folder of the image from another, as text.
fn image_path_text(folder: &str, target: &str) -> String {
    if target.starts_with('/') {
        target.to_owned()
    } else {
        format!("{folder}/{target}")
    }
}

/// Whether an install must follow its lock file.
fn is_frozen(dockerfile: &Dockerfile, step: &Step, invocation: &Invocation, call: &Call) -> bool {
    let is_on = |value: &str| !matches!(value, "" | "0" | "false" | "no");
    let flags: Vec<&str> = call.manager.frozen.iter().map(String::as_str).collect();
    if !flags.is_empty() && invocation.flag(&flags).is_some() {
        return true;
    }

    call.manager.frozen_env.iter().any(|name| {
        let in_image = dockerfile.chain(step.stage.index).any(|stage| {
            matches!(stage.scope.get(name), Some(VariableValue::Known { text, .. }) if is_on(text))
        });

        in_image
            || invocation
                .environment()
                .any(|(set, value, _)| set == name && is_on(value))
    })
}

/// A file that an install needs and does not find.
struct Missing {
    need: Need,
    /// Its path in the context.
    path: String,
    /// Its path from the folder of the install.
    local: String,
    is_ignored: bool,
    /// The path of the manifest in the context.
    manifest: String,
}

/// The files that an install needs and that are not in the image.
fn missing(
    ctx: &Analysis,
    dockerfile: &Dockerfile,
    context: &BuildContext,
    mut files: ImageFiles,
    folder: &str,
    install: &Install,
) -> Vec<Missing> {
    let Some(workdir) = image_path(&files.workdir, folder) else {
        return Vec::new();
    };
    files.workdir = workdir;

    let of_others = missing_of_absolute(ctx, context, &mut files, install);
    if !of_others.is_empty() {
        return of_others;
    }

    let names = manifests(install);
    let mut origins = if names.is_empty() {
        files.origins(&files.workdir)
    } else {
        manifest_folder(&files, names).into_iter().collect()
    };
    let is_nothing_copied = origins.is_empty();
    if is_nothing_copied {
        origins.push(String::new());
    }

    for origin in &origins {
        let Some(path) = join(&context.folder, origin) else {
            continue;
        };

        let project = ProjectFolder {
            repository: ctx.facts.repository,
            folder: &path,
        };
        let needs = if is_nothing_copied {
            own_manifest(dockerfile, &files, project, install)
        } else {
            needs(project, install)
        };
        let missing: Vec<Missing> = needs
            .into_iter()
            .filter_map(|need| missing_file(&files, origin, need, install))
            .collect();

        if !missing.is_empty() {
            return missing;
        }
    }

    Vec::new()
}

/// What files of requirements in another folder name: `pip install -r /tmp/requirements.txt`.
fn missing_of_absolute(
    ctx: &Analysis,
    context: &BuildContext,
    files: &mut ImageFiles,
    install: &Install,
) -> Vec<Missing> {
    if !install
        .call
        .is_some_and(|call| matches!(call.family(), "pip" | "uv"))
    {
        return Vec::new();
    }

    let named = install
        .invocation
        .options(&["-r", "--requirement", "--requirements"]);
    for argument in named.filter(|argument| argument.value.starts_with('/')) {
        let Presence::Present(from) = files.presence(argument.value) else {
            continue;
        };
        let origin = parent(&from).to_owned();
        let Some(folder) = join(&context.folder, &origin) else {
            continue;
        };

        let project = ProjectFolder {
            repository: ctx.facts.repository,
            folder: &folder,
        };
        let workdir = std::mem::replace(&mut files.workdir, parent(argument.value).to_owned());
        let missing: Vec<Missing> = requirement_needs(project, file_name(&from))
            .into_iter()
            .filter(|need| need.reason != NeedReason::Named("a package"))
            .filter_map(|need| missing_file(files, &origin, need, install))
            .collect();
        files.workdir = workdir;

        if !missing.is_empty() {
            return missing;
        }
    }

    Vec::new()
}

/// The folder of the context whose manifest is in the folder of the install.
fn manifest_folder(files: &ImageFiles, names: &[&str]) -> Option<String> {
    names.iter().find_map(
        |name| match files.presence(&image_path(&files.workdir, name)?) {
            Presence::Present(from) => Some(parent(&from).to_owned()),
            _ => None,
        },
    )
}

/// The manifest of an install before anything is copied, upon an image that has no project in it.
fn own_manifest(
    dockerfile: &Dockerfile,
    files: &ImageFiles,
    project: ProjectFolder,
    install: &Install,
) -> Vec<Need> {
    let is_plain = dockerfile
        .stages
        .iter()
        .all(|stage| match dockerfile.root(stage.index) {
            Some(Base::Image(image)) => image
                .reference
                .as_ref()
                .is_some_and(|reference| is_official(&reference.path)),
            _ => true,
        });
    if !is_plain {
        return Vec::new();
    }

    let names = manifests(install);
    let starts_empty = install
        .call
        .is_some_and(|call| matches!(call.word.text(), "install" | "i" | ""))
        && install.invocation.is(&["npm", "yarn", "bun"]);
    if names.is_empty() {
        return needs(project, install);
    }

    let all_absent = names.iter().all(|name| {
        image_path(&files.workdir, name)
            .is_some_and(|path| matches!(files.presence(&path), Presence::Absent))
    });
    if !all_absent || starts_empty {
        return Vec::new();
    }

    let Some(name) = names.last() else {
        return Vec::new();
    };

    vec![Need {
        manifest: String::new(),
        any_of: vec![(*name).to_owned()],
        reason: NeedReason::Manifest,
        declared: None,
    }]
}

/// Whether an image is one of Docker's own, which hold no project.
fn is_official(path: &str) -> bool {
    !path.contains('/') || path.starts_with("library/")
}

/// A need whose file is not in the image, for certain.
fn missing_file(
    files: &ImageFiles,
    origin: &str,
    need: Need,
    install: &Install,
) -> Option<Missing> {
    let script_offset = install.invocation.name.span.start;
    let mut is_ignored = false;

    if !need.manifest.is_empty() {
        let path = image_path(&files.workdir, &need.manifest)?;
        let expected = join(origin, &need.manifest)?;
        if files.presence(&path) != Presence::Present(expected) {
            return None;
        }
    }

    for local in &need.any_of {
        let path = image_path(&files.workdir, local)?;
        match files.presence(&path) {
            Presence::Absent => {}
            Presence::Ignored(_) => is_ignored = true,
            Presence::Present(_) | Presence::Unknown => return None,
        }

        if files.may_be_written_before(&path, script_offset) {
            return None;
        }
    }

    let local = need.any_of.first()?.clone();

    Some(Missing {
        path: join(origin, &local)?,
        manifest: join(origin, &need.manifest)?,
        local,
        is_ignored,
        need,
    })
}

fn report(
    ctx: &Analysis,
    dockerfile: &Dockerfile,
    step: &Step,
    install: &Install,
    context: &BuildContext,
    missing: &[Missing],
    sink: &mut Sink,
) {
    let Some(first) = missing.first() else {
        return;
    };
    let invocation = install.invocation;
    // An existing file whose path the repository does not have would be another one.
    let exists = join(&context.folder, &first.path)
        .is_some_and(|path| ctx.facts.repository.find(&path).is_some());
    if !exists {
        return;
    }

    let title = install.call.map_or_else(
        || invocation.program.to_owned(),
        |call| call.title(invocation),
    );
    let span = install
        .call
        .map_or(invocation.name.span, |call| call.span(invocation));
    let name = truncate(&first.path, 40);
    let more = match missing.len() {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let message = if first.is_ignored {
        format!("`{title}` needs `{name}`{more}, which `.dockerignore` excludes")
    } else {
        format!("`{title}` needs `{name}`{more}, which is not copied before it")
    };

    let beside_dockerfile = parent(ctx.facts.path(dockerfile.file)) == context.folder;
    let mut finding = Finding::new(step.location(span), message)
        .label(label(&first.need.reason))
        .help(help(first, install))
        .case_if(!context.certain && !beside_dockerfile, "likely-context");

    if let Some(files) = ImageFiles::before(ctx.facts.repository, dockerfile, context, step)
        && !first.need.manifest.is_empty()
        && let Some(location) = files.copy_of(&first.manifest)
    {
        finding = finding.related(location, "this copies the manifest");
    }

    for other in missing.iter().take(3) {
        if let Some(location) = other.need.declared {
            finding = finding.related(location, format!("needs `{}`", truncate(&other.path, 40)));
        }
    }

    sink.report(finding);
}

fn label(reason: &NeedReason) -> String {
    match reason {
        NeedReason::Manifest => "the install reads it, and fails without it".to_owned(),
        NeedReason::Argument => "the command names it: not found".to_owned(),
        NeedReason::Lock => "a frozen install fails without its lock file".to_owned(),
        NeedReason::Recorded(key) if key.starts_with("its") => {
            format!("the lock file records {key}: a frozen install fails")
        }
        NeedReason::Recorded(key) => {
            format!("the lock file records `{key}`: a frozen install fails")
        }
        NeedReason::Named(kind) => format!("the manifest names it as {kind}"),
        NeedReason::Script(name) => format!("the script `{name}` runs it, and fails"),
        NeedReason::Member => "a member of the workspace".to_owned(),
        NeedReason::Package => "the package that is built here".to_owned(),
        NeedReason::Wrapper => "the wrapper cannot start without it".to_owned(),
    }
}

fn help(missing: &Missing, install: &Install) -> String {
    if missing.is_ignored {
        return format!("let it in: add `!{}` to `.dockerignore`", missing.path);
    }

    let target = match parent(&missing.local) {
        "" => "./".to_owned(),
        folder => format!("{folder}/"),
    };
    let family = install.call.map_or("", |call| call.family());
    let without = match (&missing.need.reason, family) {
        (NeedReason::Script(_), "composer") => Some("--no-scripts"),
        (NeedReason::Script(_), _) => Some("--ignore-scripts"),
        (NeedReason::Package, "uv") => Some("--no-install-project"),
        (NeedReason::Package, "poetry") => Some("--no-root"),
        (NeedReason::Member, "uv") => Some("--frozen --no-install-workspace"),
        _ => None,
    };
    let copy = match missing.need.reason {
        NeedReason::Package => "copy the sources before this step".to_owned(),
        _ => format!("add `COPY {} {target}` before this step", missing.path),
    };

    match without {
        Some(flag) => format!("{copy}, or add `{flag}`"),
        None => copy,
    }
}
