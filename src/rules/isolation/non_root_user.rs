//! `non-root-user`: the user that the shipped image, the service or the pod runs as.

use std::collections::HashSet;

use crate::analysis::cluster_program::is_node_agent;
use crate::analysis::{Ctx, Owner, shipped_stages, startup};
use crate::data;
use crate::finding::{Finding, Sink};
use crate::graph::{Use, User};
use crate::model::Setting;
use crate::model::container::{Container, ContainerRole};
use crate::model::dockerfile::{Base, Dockerfile};
use crate::model::image::{ImageUse, Reference};
use crate::model::kubernetes::{Object, Workload};
use crate::model::server::{ScriptFolders, script_files};
use crate::source::{Located, Location};
use crate::syntax::shell::{self, WrapperKind};

/// How many users of an image are shown; the rest are counted.
const SHOWN: usize = 4;

/// Each shipped stage of a Dockerfile.
pub fn dockerfile(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    // GitHub always runs an action as root, and development containers are not shipped.
    if shipped_stages::is_action(ctx, dockerfile)
        || ctx.facts.path(dockerfile.file).contains(".devcontainer/")
    {
        return;
    }

    for stage in ctx.graph.shipped(dockerfile) {
        let Some((location, label)) = root_of(dockerfile, stage) else {
            continue;
        };

        let foreign = foreign_base(dockerfile, stage);
        if foreign
            .as_deref()
            .is_some_and(|base| must_become_root(ctx, base))
            || is_covered(ctx, dockerfile, stage)
        {
            continue;
        }

        let unless = foreign
            .as_ref()
            .map_or("", |_| ", unless its base image sets a user");
        let mut finding = Finding::new(
            location,
            format!("{} runs as root{unless}", name(ctx, dockerfile, stage)),
        )
        .label(label)
        .help(help(dockerfile, stage))
        .aspect(aspect(dockerfile.user(stage).0))
        .anchor(dockerfile.stages[stage].location);
        if let Some(ended) = ended_user(dockerfile, stage) {
            finding = finding.related(ended.location, "this USER applies only to its own stage");
        }

        let mut seen = HashSet::new();
        for image_use in uses_of(ctx, dockerfile, stage).take(SHOWN) {
            // A base file and its override may have the same service.
            if let Some(text) = runs_here(&image_use.user)
                && seen.insert((image_use.location, text.clone()))
            {
                finding = finding.related(image_use.location, text);
            }
        }

        match drops_privileges(ctx, dockerfile, stage) {
            Some(program) => sink.report(
                finding
                    .label(format!(
                        "starts as root; `{program}` drops privileges later"
                    ))
                    .case("drops-privileges"),
            ),
            None if shipped_stages::is_for_development(ctx, dockerfile, stage) => {
                let is_used = uses_of(ctx, dockerfile, stage)
                    .any(|image_use| !matches!(image_use.user, User::Pipeline(_)));
                sink.report(finding.case("development").case_if(!is_used, "unused"));
            }
            // The user of an unknown base image is most likely root.
            None if foreign.is_some() => sink.report(
                finding
                    .label("no USER here, and the user of the base image is unknown")
                    .case("unknown-base"),
            ),
            None => sink.report(finding),
        }
    }
}

/// A user that is set somewhere is changed there; one that is absent is absent everywhere alike.
fn aspect(user: &Setting<String>) -> String {
    user.value().cloned().unwrap_or_default()
}

/// What runs a stage.
fn uses_of<'a>(
    ctx: &Ctx<'a>,
    dockerfile: &Dockerfile,
    stage: usize,
) -> impl Iterator<Item = &'a Use<'a>> {
    ctx.graph
        .uses(dockerfile.file)
        .iter()
        .filter(move |image_use| image_use.stage == stage)
}

/// The base image that sets the user, if it is not one of the known images.
fn foreign_base(dockerfile: &Dockerfile, stage: usize) -> Option<String> {
    if !dockerfile.user(stage).0.is_absent() {
        return None;
    }

    let Base::Image(image) = dockerfile.root(stage)? else {
        return None;
    };

    let name = image.reference.as_ref()?.repository();
    if data::image(&name).is_some() {
        return None;
    }

    Some(name)
}

/// Whether another Dockerfile starts with `USER root` on this base, which is not needed if the base
/// runs as root.
fn must_become_root(ctx: &Ctx, base: &str) -> bool {
    ctx.graph.first_users(base).iter().any(|user| is_root(user))
}

/// Explicit root: compose `user`, Kubernetes `runAsUser` and `runAsNonRoot: false`.
pub fn container(_: &Ctx, owner: Owner, container: &Container, sink: &mut Sink) {
    if matches!(owner, Owner::Kubernetes(_, workload) if workload.pod.windows) {
        return;
    }

    let name = container.title();

    match &container.security.user {
        Setting::Set(user) if is_root(&user.value) => {
            let mut finding = Finding::new(user.location, format!("{name} runs as root"))
                .label(format!("`{}` is root", user.value))
                .aspect(user.value.clone())
                .help("set an unprivileged numeric user, such as 10001");
            if let Setting::Set(Located {
                value: true,
                location,
            }) = container.security.run_as_non_root
            {
                finding = finding.related(location, "this setting prevents it from starting");
            }
            // A step that changes the owner of a volume has to be root, and ends before the services
            // start.
            let is_one_shot =
                matches!(owner, Owner::Compose(project, service) if project.is_one_shot(service));
            sink.report(
                finding
                    .case_if(is_one_shot, "one-shot")
                    .case_if(is_node_agent(owner), "node-agent"),
            );
        }
        Setting::Absent => {
            if let Setting::Set(Located {
                value: false,
                location,
            }) = container.security.run_as_non_root
            {
                sink.report(
                    Finding::new(location, format!("{name} may run as root"))
                        .label("allows root, and `runAsUser` is not set")
                        .help(
                            "set `runAsNonRoot: true`, and `runAsUser` if the image sets no user",
                        ),
                );
            }
        }
        Setting::Set(_) | Setting::Unknown(_) => {}
    }
}

/// Pods without a setting for their user.
pub fn workload(ctx: &Ctx, object: &Object, workload: &Workload, sink: &mut Sink) {
    if workload.pod.windows || object.is_hook() {
        return;
    }

    let silent: Vec<&Container> = workload
        .pod
        .containers
        .iter()
        .filter(|container| may_be_root(ctx, container))
        .collect();
    let Some(first) = silent.first() else { return };

    sink.report(
        Finding::new(
            first.anchor,
            format!("{} of {} may run as root", first.title(), object.title()),
        )
        .label("neither `runAsNonRoot` nor `runAsUser` is set")
        .help(
            "set `securityContext.runAsNonRoot: true` on the pod, and `runAsUser` if the \
                 image has no numeric user",
        )
        .anchor(object.anchor)
        .also_at(silent.iter().skip(1).map(|container| container.anchor))
        .aspect("no user")
        .case_if(
            is_node_agent(Owner::Kubernetes(object, workload)),
            "node-agent",
        )
        .case_if(
            silent.iter().all(|container| has_unknown_image(container)),
            "unknown-base",
        ),
    );
}

/// Whether the user of a container's image is unknown.
fn has_unknown_image(container: &Container) -> bool {
    container
        .image
        .as_ref()
        .and_then(|image| image.reference.as_ref())
        .is_some_and(|reference| data::image(&reference.repository()).is_none())
}

/// Whether a container without a setting runs an image that runs as root.
fn may_be_root(ctx: &Ctx, container: &Container) -> bool {
    let security = &container.security;
    let has_setting = !security.user.is_absent() || !security.run_as_non_root.is_absent();
    if has_setting || container.role == ContainerRole::Ephemeral {
        return false;
    }

    // An image that is built here is reported at its Dockerfile.
    if ctx.graph.built(container).is_some() {
        return false;
    }

    match container
        .image
        .as_ref()
        .and_then(|image| image.reference.as_ref())
    {
        Some(reference) => default_user(reference) == data::User::Root,
        None => container.image.is_none(),
    }
}

/// Whether a user is root: by name, or by a number that is zero, whatever the group.
pub fn is_root(user: &str) -> bool {
    let user = user.trim().split(':').next().unwrap_or("");
    user == "root" || (!user.is_empty() && user.bytes().all(|byte| byte == b'0'))
}

/// Where the stage is set to run as root, and why; `None` if it is not, or if that is unknown.
fn root_of(dockerfile: &Dockerfile, stage: usize) -> Option<(Location, String)> {
    let (user, _) = dockerfile.user(stage);

    match user {
        Setting::Set(user) if is_root(&user.value) => {
            Some((user.location, "the last USER in effect".to_owned()))
        }
        Setting::Set(_) | Setting::Unknown(_) => None,
        Setting::Absent => {
            let location = dockerfile.stages[stage].location;

            match dockerfile.root(stage)? {
                // An empty image that starts nothing holds files for others to copy.
                Base::Scratch(_) if matches!(dockerfile.start(stage), (None, None)) => None,
                Base::Scratch(_) => Some((
                    location,
                    "a `scratch` image without USER runs as uid 0".to_owned(),
                )),
                Base::Image(ImageUse {
                    reference: Some(reference),
                    ..
                }) if is_plain_root(reference) && !dockerfile.is_windows(stage) => {
                    Some((location, "the shipped stage never sets a user".to_owned()))
                }
                Base::Image(_) | Base::Stage(_) => None,
            }
        }
    }
}

fn is_plain_root(reference: &Reference) -> bool {
    !reference.path.contains('?') && default_user(reference) == data::User::Root
}

fn default_user(reference: &Reference) -> data::User {
    match data::image(&reference.repository()) {
        Some(known) => known.user(reference.tag.as_deref()),
        None => data::User::Root,
    }
}

/// Whether all services and pods that run this stage set another user, or may do so.
fn is_covered(ctx: &Ctx, dockerfile: &Dockerfile, stage: usize) -> bool {
    let mut covered = uses_of(ctx, dockerfile, stage)
        .filter_map(|image_use| match image_use.user {
            User::Service(project, _) if project.development => None,
            // A service that never starts runs as no user.
            User::Service(_, service) => {
                Some(service.never_starts() || may_set_user(&service.container))
            }
            User::Container(_, workload, container) => {
                Some(workload.pod.windows || may_set_user(container))
            }
            User::Pipeline(_) => None,
        })
        .peekable();

    covered.peek().is_some() && covered.all(|is_covered| is_covered)
}

/// Whether a container sets a user other than root, or may do so.
fn may_set_user(container: &Container) -> bool {
    match &container.security.user {
        Setting::Set(user) => !is_root(&user.value),
        Setting::Unknown(_) => true,
        Setting::Absent => false,
    }
}

fn runs_here(user: &User) -> Option<String> {
    match user {
        User::Service(_, service) => Some(format!("`{}` runs it", service.name())),
        User::Container(_, _, container) if container.security.run_as_non_root.is(true) => {
            Some("`runAsNonRoot` prevents it from starting here".to_owned())
        }
        User::Container(object, ..) => {
            Some(format!("{} runs it without `runAsNonRoot`", object.title()))
        }
        User::Pipeline(_) => None,
    }
}

/// The name of the image in messages: the services and containers that run it.
fn name(ctx: &Ctx, dockerfile: &Dockerfile, stage: usize) -> String {
    let mut names: Vec<&str> = Vec::new();
    for image_use in uses_of(ctx, dockerfile, stage) {
        let name = match image_use.user {
            User::Service(_, service) => service.name(),
            User::Container(_, _, container) => &container.name.value,
            User::Pipeline(_) => continue,
        };

        if !names.contains(&name) {
            names.push(name);
        }
    }

    match names.as_slice() {
        [] => "the shipped image".to_owned(),
        [name] => format!("`{name}`"),
        [first, second] => format!("the image of `{first}` and `{second}`"),
        [first, rest @ ..] => format!("the image of `{first}` and {} others", rest.len()),
    }
}

fn help(dockerfile: &Dockerfile, stage: usize) -> String {
    let reference = match dockerfile.root(stage) {
        Some(Base::Image(image)) => image.reference.as_ref(),
        _ => None,
    };
    let base = reference.map(Reference::repository);
    let tag = reference
        .and_then(|reference| reference.tag.as_deref())
        .unwrap_or("");

    match base.as_deref() {
        None => "set `USER 65532:65532`; a numeric user needs no passwd file".to_owned(),
        Some(base) if base.contains("distroless") => "use the `:nonroot` tag of this image, or \
            set `USER 65532:65532`".to_owned(),
        Some("node") => "set `USER node` after the last RUN that needs root; the base image \
            provides this unprivileged user".to_owned(),
        Some(base) if base.contains("alpine") || tag.contains("alpine") => {
            "create a user in this stage and switch to it after the last RUN that needs root:\n  RUN adduser -S -u 10001 app\n  USER 10001".to_owned()
        }
        Some(_) => "create a user in this stage and switch to it after the last RUN that needs root:\n  RUN useradd --system --uid 10001 app\n  USER 10001".to_owned(),
    }
}

/// The user of an earlier stage that this one does not inherit.
fn ended_user(dockerfile: &Dockerfile, stage: usize) -> Option<&Located<String>> {
    if !dockerfile.user(stage).0.is_absent() {
        return None;
    }

    let inherited: Vec<usize> = dockerfile.chain(stage).map(|stage| stage.index).collect();
    let others = dockerfile
        .stages
        .iter()
        .take(stage)
        .filter(|other| !inherited.contains(&other.index));
    others
        .rev()
        .find_map(|other| other.user.known().filter(|user| !is_root(&user.value)))
}

/// The program that drops root privileges in the start command, or in the script that it runs.
fn drops_privileges(ctx: &Ctx, dockerfile: &Dockerfile, stage: usize) -> Option<String> {
    let (entrypoint, cmd) = dockerfile.start(stage);
    let folders = startup::folders(ctx, dockerfile);
    let folders = ScriptFolders {
        repository: ctx.facts.repository,
        folders: &folders,
    };

    [entrypoint, cmd].into_iter().flatten().find_map(|command| {
        let script = command.script();
        user_wrapper(script).or_else(|| {
            script
                .invocations()
                .into_iter()
                .flat_map(|invocation| script_files(&invocation, folders))
                .find_map(|file| user_wrapper(&shell::parse(&file.text)))
        })
    })
}

/// The first program of a script that runs another one as a different user.
fn user_wrapper(script: &shell::Script) -> Option<String> {
    script
        .invocations()
        .iter()
        .find_map(|invocation| invocation.wrapper(WrapperKind::User))
        .map(|wrapper| wrapper.program.to_owned())
}
