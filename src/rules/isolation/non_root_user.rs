//! `non-root-user`: the user that the shipped image, the service or the pod runs as.

use std::collections::HashSet;

use crate::analysis::base_image::{self, EffectiveBase, EffectiveRoot};
use crate::analysis::cluster_program::is_node_agent;
use crate::analysis::privileges::{self, RootUse};
use crate::analysis::{Analysis, Owner, exits, shipped_stages};
use crate::data;
use crate::finding::{Finding, Sink};
use crate::graph::User;
use crate::model::Setting;
use crate::model::container::{Container, ContainerRole};
use crate::model::dockerfile::{Dockerfile, StageId};
use crate::model::image::Reference;
use crate::model::kubernetes::{Object, Workload};
use crate::source::{Located, Location};

/// How many users of an image are shown; the rest are counted.
const SHOWN: usize = 4;

/// Each shipped stage of a Dockerfile.
pub fn dockerfile(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    // GitHub always runs an action as root, and development containers are not shipped.
    if shipped_stages::is_action(ctx, dockerfile)
        || shipped_stages::is_placeholder(ctx, dockerfile)
        || ctx.facts.path(dockerfile.file).contains(".devcontainer/")
    {
        return;
    }

    for stage in ctx.graph.shipped(dockerfile) {
        let base = base_image::effective(ctx, dockerfile, stage);
        let Some((location, label)) = root_of(base, dockerfile, stage) else {
            continue;
        };

        let foreign = foreign_base(base);
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
        .help(help(base))
        .aspect(match foreign {
            Some(_) => "unknown base".to_owned(),
            None => aspect(&base.user),
        })
        .anchor(dockerfile.stages[stage].location);
        if let Some(ended) = ended_user(dockerfile, stage) {
            finding = finding.related(ended.location, "this USER applies only to its own stage");
        }

        let mut seen = HashSet::new();
        for image_use in ctx.graph.uses_of_stage(dockerfile.file, stage).take(SHOWN) {
            // A base file and its override may have the same service.
            if let Some(text) = runs_here(&image_use.user)
                && seen.insert((image_use.location, text.clone()))
            {
                finding = finding.related(image_use.location, text);
            }
        }

        let is_run = ctx
            .graph
            .uses_of_stage(dockerfile.file, stage)
            .any(|image_use| image_use.user.runs());
        let root_use = privileges::root_use(ctx, dockerfile, stage);
        if matches!(root_use, RootUse::Drops(_)) {
            continue;
        }

        if let RootUse::Needs(program) = root_use {
            finding = finding.label(format!("`{program}` may need root"));
        } else if foreign.is_some() {
            finding = finding.label("no USER here, and the user of the base image is unknown");
        }

        let is_development = shipped_stages::is_for_development(ctx, dockerfile, stage);
        let is_base = !is_run && starts_nothing(base, dockerfile, stage);
        sink.report(
            finding
                .case_if(matches!(root_use, RootUse::Needs(_)), "needs-root")
                .case_if(*root_use == RootUse::Unknown, "unknown-start")
                // The user of an unknown base image is most likely root.
                .case_if(foreign.is_some(), "unknown-base")
                .case_if(is_base, "not-started")
                .case_if(is_never_built(ctx, dockerfile), "never-built")
                .case_if(!is_run && is_in_unseen_pod(ctx), "unseen-pod")
                .case_if(is_development, "development")
                .case_if(is_development && !is_run, "unused"),
        );
    }
}

/// Whether an image starts no server: it has no start command and no port of its own, and its base
/// is a distribution or a language. It is the base of other images, or a toolbox.
fn starts_nothing(base: &EffectiveBase, dockerfile: &Dockerfile, stage: StageId) -> bool {
    let exposes = dockerfile
        .chain(stage)
        .any(|stage| !stage.exposes.is_empty());
    let starts = match dockerfile.start(stage) {
        (None, None) => false,
        (Some(command), None) | (None, Some(command)) => {
            !exits::is_prompt(command) && !exits::command(command)
        }
        (Some(_), Some(_)) => true,
    };
    // An image that is not known may start a server of its own.
    let is_plain_base = base.image().is_some_and(|reference| {
        data::image(&reference.repository())
            .is_some_and(|known| known.class.is_base() || known.class == data::Class::Tool)
    });

    !starts && !exposes && is_plain_base
}

/// Whether nothing builds the Dockerfile, although builds of others are known.
fn is_never_built(ctx: &Analysis, dockerfile: &Dockerfile) -> bool {
    ctx.graph.uses(dockerfile.file).is_empty()
        && ctx
            .facts
            .dockerfiles()
            .any(|other| !ctx.graph.uses(other.file).is_empty())
}

/// Whether a container that sets a user runs an image which is not known: it may be any image that is
/// built here.
fn is_in_unseen_pod(ctx: &Analysis) -> bool {
    let files = ctx.facts.repository.files().iter();
    let files = files.filter(|source| ctx.facts.is_production(source.id));
    let mut containers = files
        .flat_map(|source| ctx.facts.file(source.id).workloads())
        .flat_map(|(_, workload)| &workload.pod.containers);

    containers.any(|container| {
        let image = container.image.as_ref();
        let is_unknown = image.is_some_and(|image| image.reference.is_none());
        is_unknown && !container.security.user.is_absent() && may_set_user(container)
    })
}

/// A user that is set somewhere is changed there; one that is absent is absent everywhere alike.
fn aspect(user: &Setting<String>) -> String {
    user.value().cloned().unwrap_or_default()
}

/// The base image that sets the user, if it is not one of the known images.
fn foreign_base(base: &EffectiveBase) -> Option<String> {
    if !base.user.is_absent() {
        return None;
    }

    let name = base.image()?.repository();

    data::image(&name).is_none().then_some(name)
}

/// Whether another Dockerfile starts with `USER root` on this base, which is not needed if the base
/// runs as root.
fn must_become_root(ctx: &Analysis, base: &str) -> bool {
    ctx.graph.first_users(base).iter().any(|user| is_root(user))
}

/// Explicit root: compose `user`, Kubernetes `runAsUser` and `runAsNonRoot: false`.
pub fn container(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
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
pub fn workload(ctx: &Analysis, object: &Object, workload: &Workload, sink: &mut Sink) {
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
            first.absence("securityContext.runAsNonRoot"),
            format!("{} of {} may run as root", first.title(), object.title()),
        )
        .label("neither `runAsNonRoot` nor `runAsUser` is set")
        .help(
            "set `securityContext.runAsNonRoot: true` on the pod, and `runAsUser` if the \
                 image has no numeric user",
        )
        .anchor(object.anchor)
        .also_at(
            silent
                .iter()
                .skip(1)
                .map(|container| container.absence("securityContext.runAsNonRoot")),
        )
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
fn may_be_root(ctx: &Analysis, container: &Container) -> bool {
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
fn root_of(
    base: &EffectiveBase,
    dockerfile: &Dockerfile,
    stage: StageId,
) -> Option<(Location, String)> {
    let location = dockerfile.stages[stage].location;

    match &base.user {
        Setting::Set(user) if is_root(&user.value) => {
            if user.location.file == dockerfile.file {
                Some((user.location, "the last USER in effect".to_owned()))
            } else {
                let label = "the base image, built here, runs as root";
                Some((location, label.to_owned()))
            }
        }
        Setting::Set(_) | Setting::Unknown(_) => None,
        Setting::Absent => match &base.root {
            // An empty image that starts nothing holds files for others to copy.
            EffectiveRoot::Scratch if matches!(dockerfile.start(stage), (None, None)) => None,
            EffectiveRoot::Scratch => Some((
                location,
                "a `scratch` image without USER runs as uid 0".to_owned(),
            )),
            EffectiveRoot::Image(reference)
                if is_plain_root(reference) && !dockerfile.is_windows(stage) =>
            {
                Some((location, "the shipped stage never sets a user".to_owned()))
            }
            EffectiveRoot::Image(_) | EffectiveRoot::Unknown => None,
        },
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
fn is_covered(ctx: &Analysis, dockerfile: &Dockerfile, stage: StageId) -> bool {
    let mut covered = ctx
        .graph
        .uses_of_stage(dockerfile.file, stage)
        .filter_map(|image_use| match image_use.user {
            User::Service(project, _) if project.development => None,
            // A service that never starts runs as no user.
            User::Service(_, service) => {
                Some(service.never_starts() || may_set_user(&service.container))
            }
            User::Container(_, workload, container) => {
                Some(workload.pod.windows || may_set_user(container))
            }
            User::Pipeline(_) | User::Caller(_) => None,
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
        User::Pipeline(_) | User::Caller(_) => None,
    }
}

/// The name of the image in messages: the services and containers that run it.
fn name(ctx: &Analysis, dockerfile: &Dockerfile, stage: StageId) -> String {
    let mut names: Vec<&str> = Vec::new();
    for image_use in ctx.graph.uses_of_stage(dockerfile.file, stage) {
        let name = match image_use.user {
            User::Service(_, service) => service.name(),
            User::Container(_, _, container) => &container.name.value,
            User::Pipeline(_) | User::Caller(_) => continue,
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

/// What to write, by what the base image provides.
fn help(base: &EffectiveBase) -> String {
    const NUMERIC: &str = "set a numeric user after the last RUN that needs root: `USER 10001`";
    let user = match &base.root {
        EffectiveRoot::Scratch => {
            return "set `USER 65532:65532`; a numeric user needs no passwd file".to_owned();
        }
        EffectiveRoot::Unknown => return NUMERIC.to_owned(),
        EffectiveRoot::Image(reference) => ProvidedUser::of(reference),
    };

    match user {
        ProvidedUser::Named(name) => format!(
            "set `USER {name}` after the last RUN that needs root; the base image provides this \
             unprivileged user"
        ),
        ProvidedUser::NonRootTag => {
            "use the `:nonroot` tag of this image, or set `USER 65532:65532`".to_owned()
        }
        ProvidedUser::OtherImage(image) => {
            format!("build on `{image}`, which listens on port 8080 as an unprivileged user")
        }
        ProvidedUser::Adduser => {
            "create a user in this stage and switch to it after the last RUN that needs \
             root:\n  RUN adduser -D -H -u 10001 app\n  USER 10001"
                .to_owned()
        }
        ProvidedUser::Useradd => {
            "create a user in this stage and switch to it after the last RUN that needs \
             root:\n  RUN useradd --system --uid 10001 app\n  USER 10001"
                .to_owned()
        }
        ProvidedUser::None => NUMERIC.to_owned(),
    }
}

/// How an image without root is made upon a base image.
enum ProvidedUser {
    /// The base has an unprivileged user, by this word.
    Named(&'static str),
    /// The base has a tag whose user is not root.
    NonRootTag,
    /// The same server is published as an image that runs without root.
    OtherImage(&'static str),
    /// The base has busybox's `adduser`.
    Adduser,
    /// The base has `useradd`.
    Useradd,
    /// The base may have neither.
    None,
}

impl ProvidedUser {
    fn of(reference: &Reference) -> Self {
        let name = reference.repository();
        let tag = reference.tag.as_deref().unwrap_or("");

        match name.as_str() {
            "node" => return ProvidedUser::Named("node"),
            "oven/bun" => return ProvidedUser::Named("bun"),
            "denoland/deno" => return ProvidedUser::Named("deno"),
            "nginx" => return ProvidedUser::OtherImage("nginxinc/nginx-unprivileged"),
            _ => {}
        }

        // The images of .NET have the user `app` since version 8, and its number in a variable.
        let major = tag.split(['.', '-']).next().unwrap_or("").parse::<u32>();
        if name.starts_with("mcr.microsoft.com/dotnet/") && major.map_or(true, |major| major >= 8) {
            return ProvidedUser::Named("$APP_UID");
        }

        if name.contains("distroless") {
            return ProvidedUser::NonRootTag;
        }

        let known = data::image(&name);
        let is_busybox = name.contains("alpine")
            || name == "busybox"
            || tag.contains("alpine")
            || known.is_some_and(data::KnownImage::is_alpine);
        if is_busybox {
            return ProvidedUser::Adduser;
        }

        let is_minimal = name.contains("minimal") || name.contains("micro");
        if known.is_some() && !is_minimal {
            ProvidedUser::Useradd
        } else {
            ProvidedUser::None
        }
    }
}

/// The user of an earlier stage that this one does not inherit.
fn ended_user(dockerfile: &Dockerfile, stage: StageId) -> Option<&Located<String>> {
    if !dockerfile.user(stage).0.is_absent() {
        return None;
    }

    let inherited: Vec<StageId> = dockerfile.chain(stage).map(|stage| stage.index).collect();
    let others = dockerfile
        .stages
        .iter()
        .take(stage.number())
        .filter(|other| !inherited.contains(&other.index));
    others
        .rev()
        .find_map(|other| other.user.known().filter(|user| !is_root(&user.value)))
}
