//! `non-root-user`: who the shipped image, the service or the pod runs as.

use crate::analysis::{Ctx, Owner, shipped_stages, startup};
use crate::data;
use crate::finding::{Finding, Sink};
use crate::graph::{Use, User};
use crate::model::Setting;
use crate::model::container::{Container, ContainerRole};
use crate::model::dockerfile::{Base, Dockerfile};
use crate::model::image::{ImageUse, Reference};
use crate::model::kubernetes::{Object, Workload};
use crate::model::server::{Folders, script_files};
use crate::source::{Located, Location};
use crate::syntax::shell::{self, WrapperKind};

/// How many users of an image are shown; the rest are counted.
const SHOWN: usize = 4;

/// Each shipped stage of a Dockerfile.
pub fn dockerfile(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    // GitHub runs an action as root whatever it says, and development containers are not shipped.
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

        let drops = drops_privileges(ctx, dockerfile, stage);
        let unless = foreign
            .as_ref()
            .map_or("", |_| ", unless its base image sets a user");
        let mut finding = Finding::new(
            location,
            format!("{} runs as root{unless}", name(ctx, dockerfile, stage)),
        )
        .label(label)
        .help(help(dockerfile, stage))
        .anchor(dockerfile.stages[stage].location);
        if let Some(ended) = ended_user(dockerfile, stage) {
            finding = finding.related(ended.location, "this USER applies only to its own stage");
        }

        for one in ctx
            .graph
            .uses(dockerfile.file)
            .iter()
            .filter(|one| one.stage == stage)
            .take(SHOWN)
        {
            // A base file and its override say the same of one service.
            let told = |text: &String| {
                finding
                    .related
                    .iter()
                    .any(|own| own.location == one.location && own.text == *text)
            };

            if let Some(text) = runs_here(&one.user).filter(|text| !told(text)) {
                finding = finding.related(one.location, text);
            }
        }

        match drops {
            Some(program) => sink.report(
                finding
                    .label(format!(
                        "starts as root; `{program}` drops privileges later"
                    ))
                    .case("drops-privileges"),
            ),
            None if shipped_stages::is_for_development(ctx, dockerfile, stage) => {
                let runs = |one: &Use| one.stage == stage && !matches!(one.user, User::Pipeline(_));
                let used = ctx.graph.uses(dockerfile.file).iter().any(runs);
                sink.report(finding.case("development").case_if(!used, "unused"));
            }
            // What an image of somebody else's runs as is a guess, if a good one.
            None if foreign.is_some() => sink.report(
                finding
                    .label("no USER here, and the user of the base image is unknown")
                    .case("unknown-base"),
            ),
            None => sink.report(finding),
        }
    }
}

/// The base image that decides about the user, where the table does not know it.
fn foreign_base(dockerfile: &Dockerfile, stage: usize) -> Option<String> {
    let decides = dockerfile.user(stage).0.is_absent();

    match dockerfile.root(stage).filter(|_| decides)? {
        Base::Image(ImageUse {
            reference: Some(reference),
            ..
        }) => Some(reference.repository()).filter(|name| data::image(name).is_none()),
        _ => None,
    }
}

/// Whether another Dockerfile begins with `USER root` on this base: it would not if the base were
/// root.
fn must_become_root(ctx: &Ctx, base: &str) -> bool {
    ctx.graph.first_users(base).iter().any(|user| is_root(user))
}

/// Root in so many words: compose `user`, Kubernetes `runAsUser` and `runAsNonRoot: false`.
pub fn container(_: &Ctx, owner: Owner, container: &Container, sink: &mut Sink) {
    if matches!(owner, Owner::Kubernetes(_, workload) if workload.pod.windows) {
        return;
    }

    let name = container.title();

    match &container.security.user {
        Setting::Set(user) if is_root(&user.value) => {
            let mut finding = Finding::new(user.location, format!("{name} runs as root"))
                .label(format!("`{}` is root", user.value))
                .help("set an unprivileged numeric user, such as 10001");
            if let Setting::Set(Located {
                value: true,
                location,
            }) = container.security.run_as_non_root
            {
                finding = finding.related(location, "this setting prevents it from starting");
            }
            // A step that gives a volume to the service's user has to be root, and ends before
            // anybody can talk to it.
            let is_one_shot =
                matches!(owner, Owner::Compose(project, service) if project.is_one_shot(service));
            sink.report(finding.case_if(is_one_shot, "one-shot"));
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

/// Pods that say nothing about their user.
pub fn workload(ctx: &Ctx, object: &Object, workload: &Workload, sink: &mut Sink) {
    if workload.pod.windows || object.is_hook() {
        return;
    }

    let silent: Vec<&Container> = workload
        .pod
        .containers
        .iter()
        .filter(|container| says_nothing(ctx, container))
        .collect();
    let Some(first) = silent.first() else { return };

    let more = match silent.len() - 1 {
        0 => String::new(),
        1 => " and one more container".to_owned(),
        count => format!(" and {count} more containers"),
    };

    sink.report(
        Finding::new(
            first.anchor,
            format!(
                "{}{more} of {} may run as root",
                first.title(),
                object.title()
            ),
        )
        .label("neither `runAsNonRoot` nor `runAsUser` is set")
        .help(
            "set `securityContext.runAsNonRoot: true` on the pod, and `runAsUser` if the \
                 image has no numeric user",
        )
        .anchor(object.anchor)
        .others(silent.len() as u32 - 1),
    );
}

fn says_nothing(ctx: &Ctx, container: &Container) -> bool {
    let security = &container.security;
    let asked = security.user.is_absent() && security.run_as_non_root.is_absent();
    if !asked || container.role == ContainerRole::Ephemeral {
        return false;
    }
    // An image built here is reported where it is built, or is known to be sound.
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

/// Where the stage turns out to run as root, and why; `None` if it does not, or if that cannot be
/// known.
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
                // An empty image that starts nothing carries files for others to copy.
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
    let known = data::image(&reference.repository());
    known.map_or(data::User::Root, |known| {
        known.user(reference.tag.as_deref())
    })
}

/// Whether everything that runs this stage sets a user of its own, or may do so.
fn is_covered(ctx: &Ctx, dockerfile: &Dockerfile, stage: usize) -> bool {
    let sets = |container: &Container| match &container.security.user {
        Setting::Set(user) => !is_root(&user.value),
        Setting::Unknown(_) => true,
        Setting::Absent => false,
    };

    let mut runs = 0;
    for one in ctx
        .graph
        .uses(dockerfile.file)
        .iter()
        .filter(|one| one.stage == stage)
    {
        let covered = match one.user {
            User::Service(project, _) if project.development => continue,
            User::Service(_, service) => sets(&service.container),
            User::Container(_, workload, container) => workload.pod.windows || sets(container),
            User::Pipeline(_) => continue,
        };

        if !covered {
            return false;
        }

        runs += 1;
    }

    runs > 0
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

/// What the image is called by those who run it.
fn name(ctx: &Ctx, dockerfile: &Dockerfile, stage: usize) -> String {
    let mut names: Vec<&str> = Vec::new();
    for one in ctx
        .graph
        .uses(dockerfile.file)
        .iter()
        .filter(|one| one.stage == stage)
    {
        let name = match one.user {
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
        [one] => format!("`{one}`"),
        [one, two] => format!("the image of `{one}` and `{two}`"),
        [one, rest @ ..] => format!("the image of `{one}` and {} others", rest.len()),
    }
}

fn help(dockerfile: &Dockerfile, stage: usize) -> String {
    let base = match dockerfile.root(stage) {
        Some(Base::Image(image)) => image
            .reference
            .as_ref()
            .map(|reference| reference.repository()),
        _ => None,
    };

    let tag = match dockerfile.root(stage) {
        Some(Base::Image(ImageUse {
            reference: Some(reference),
            ..
        })) => reference.tag.clone().unwrap_or_default(),
        _ => String::new(),
    };

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

/// A user that an earlier stage sets and that this one does not inherit.
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

/// The program that gives root up in the start command, or in the script of the repository that it
/// runs.
fn drops_privileges(ctx: &Ctx, dockerfile: &Dockerfile, stage: usize) -> Option<String> {
    let (entrypoint, cmd) = dockerfile.start(stage);
    let folders = startup::folders(ctx, dockerfile);
    let folders = Folders {
        repository: ctx.facts.repository,
        folders: &folders,
    };

    [entrypoint, cmd].into_iter().flatten().find_map(|command| {
        let script = command.script();
        let scripts = || {
            script
                .invocations()
                .into_iter()
                .flat_map(|one| script_files(&one, folders))
        };

        dropper(script).or_else(|| scripts().find_map(|file| dropper(&shell::parse(&file.text))))
    })
}

fn dropper(script: &shell::Script) -> Option<String> {
    let invocations = script.invocations();
    let found = invocations
        .iter()
        .find_map(|one| one.wrapper(WrapperKind::User));
    found.map(|wrapper| wrapper.program.to_owned())
}
