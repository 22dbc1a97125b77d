//! Evidence about images: their users, versions, dependencies, sizes and contexts.

use crate::analysis::Analysis;
use crate::analysis::base_image::{self, EffectiveRoot};
use crate::analysis::build_context::contexts;
use crate::analysis::privileges::{self, RootUse};
use crate::checklist::answer::Answer;
use crate::checklist::places::start_of;
use crate::checklist::service::{Service, Services, charted_image};
use crate::data::{self, Class, User};
use crate::finding::{Confidence, Level, Sink};
use crate::model::Setting;
use crate::model::container::Container;
use crate::model::dockerfile::{Base, Dockerfile, StageId};
use crate::model::image::{ImageUse, Reference};
use crate::model::kubernetes::Object;
use crate::model::package::{Pin, Verb, call, pin};
use crate::rules::dockerfile::{dockerignore, frozen_install};
use crate::rules::images::pinned_image;
use crate::source::{Location, SourceFile, Span};
use crate::syntax::dockerfile::{Body, Source};

pub fn non_root(ctx: &Analysis, _: &Services, service: &Service) -> Answer {
    let composed = service
        .composed
        .iter()
        .map(|(_, service)| container_user(ctx, &service.container));
    let pods = service.workloads.iter().flat_map(|(_, workload)| {
        let windows = workload.pod.windows;
        workload.pod.containers.iter().map(move |container| {
            if windows {
                Answer::not_applicable("Windows has no root user")
            } else {
                container_user(ctx, container)
            }
        })
    });
    let mut answers: Vec<Answer> = composed.chain(pods).collect();

    if answers.is_empty() {
        answers = service
            .builds
            .iter()
            .map(|(dockerfile, stage)| stage_user(ctx, dockerfile, *stage))
            .collect();
    }

    Answer::all(answers)
}

fn container_user(ctx: &Analysis, container: &Container) -> Answer {
    let security = &container.security;

    match &security.user {
        Setting::Set(user) if is_root(&user.value) => {
            return Answer::broken(user.location, format!("runs as `{}`", user.value));
        }
        Setting::Set(user) => {
            return Answer::proven(user.location, format!("runs as user `{}`", user.value));
        }
        Setting::Unknown(Some(place)) => {
            return Answer::unknown_at(*place, "the value of this user is not known here");
        }
        Setting::Unknown(None) | Setting::Absent => {}
    }

    match &security.run_as_non_root {
        Setting::Set(setting) if setting.value => {
            return Answer::proven(setting.location, "Kubernetes refuses to run it as root");
        }
        Setting::Unknown(_) => {
            return Answer::unknown_at(
                container.anchor,
                "its security context is set where it cannot be seen",
            );
        }
        Setting::Set(_) | Setting::Absent => {}
    }

    if let Some((dockerfile, stage)) = ctx.graph.build_of(container) {
        return stage_user(ctx, dockerfile, stage);
    }

    let Some(image) = &container.image else {
        return Answer::unknown_at(container.anchor, "what its image is built from");
    };

    match &image.reference {
        Some(reference) => base_user(reference, image.location, container.open),
        None => Answer::unknown_at(image.location, "its image is not known here"),
    }
}

/// The user of a public image.
fn base_user(reference: &Reference, place: Location, is_open: bool) -> Answer {
    let name = reference.repository();
    let Some(known) = data::image(&name) else {
        return Answer::unknown_at(place, format!("the user of the image `{name}`"));
    };

    match known.user(reference.tag.as_deref()) {
        User::NonRoot => Answer::proven(place, format!("`{name}` does not run as root")),
        User::Drops => Answer::proven(
            place,
            format!("the entry point of `{name}` switches to another user"),
        ),
        User::Root if is_open => {
            Answer::unknown_at(place, "a user may be set where it cannot be seen")
        }
        User::Root => Answer::lacking(place, format!("`{name}` runs as root, and no user is set")),
    }
}

fn stage_user(ctx: &Analysis, dockerfile: &Dockerfile, stage: StageId) -> Answer {
    let anchor = dockerfile.stages[stage].location;
    let base = base_image::effective(ctx, dockerfile, stage);

    match &base.user {
        Setting::Set(user) if !is_root(&user.value) => {
            return Answer::proven(user.location, format!("`USER {}` is in effect", user.value));
        }
        Setting::Unknown(_) => {
            return Answer::unknown_at(anchor, "the value of `USER` is not known here");
        }
        Setting::Set(_) | Setting::Absent => {}
    }

    match privileges::root_use(ctx, dockerfile, stage) {
        RootUse::Drops(program) => {
            let (entrypoint, cmd) = dockerfile.start(stage);
            let start = entrypoint
                .or(cmd)
                .map_or(anchor, |command| command.location());
            return Answer::proven(start, format!("`{program}` switches to another user"));
        }
        RootUse::Unknown => {
            return Answer::unknown_at(anchor, "its start script is not in the repository");
        }
        RootUse::Needs(_) | RootUse::Keeps => {}
    }

    if let Setting::Set(user) = &base.user {
        return Answer::broken(user.location, format!("`USER {}` is in effect", user.value));
    }

    match &base.root {
        EffectiveRoot::Image(reference) => base_user(reference, anchor, false),
        EffectiveRoot::Scratch => Answer::lacking(anchor, "no `USER`: it runs as root"),
        EffectiveRoot::Unknown => Answer::unknown_at(anchor, "the user of its base image"),
    }
}

fn is_root(user: &str) -> bool {
    let name = user.split(':').next().unwrap_or(user);

    matches!(name, "root" | "0")
}

pub fn pinned(ctx: &Analysis, _: &Services, service: &Service) -> Answer {
    let mut answers = Vec::new();

    for (dockerfile, stage) in &service.builds {
        for index in dockerfile.reachable([*stage]) {
            let stage = &dockerfile.stages[index];
            if let Base::Image(image) = &stage.base {
                answers.push(image_pin(ctx, image));
            }

            answers.extend(stage.side_images.iter().map(|image| image_pin(ctx, image)));
        }
    }

    for (_, composed) in &service.composed {
        if composed.build.is_none()
            && let Some(image) = &composed.container.image
        {
            answers.push(image_pin(ctx, image));
        }
    }

    for (object, workload) in &service.workloads {
        let images = workload.pod.containers.iter();
        answers.extend(images.map(|container| match &container.image {
            Some(image) if image.reference.is_none() => charted_pin(ctx, object, container, image),
            Some(image) => image_pin(ctx, image),
            None => Answer::unknown_at(container.anchor, "its image is not known here"),
        }));
    }

    if answers.is_empty() && service.is_built() {
        return Answer::not_applicable("it is built from nothing else");
    }

    Answer::all(answers)
}

/// Of a template, the default values of the chart may say which image it is.
fn charted_pin(ctx: &Analysis, object: &Object, container: &Container, image: &ImageUse) -> Answer {
    let Some(filled) = charted_image(ctx, object, container) else {
        return image_pin(ctx, image);
    };

    let reference = &filled.value;
    let name = reference.short_name();

    match reference.tag.as_deref() {
        _ if reference.digest.is_some() => {
            Answer::proven(filled.location, format!("`{name}` has a digest"))
        }
        None | Some("") => image_pin(ctx, image),
        Some(tag) if pinned_image::moves(reference, tag) => {
            Answer::broken(filled.location, format!("`{name}:{tag}` moves"))
        }
        Some(tag) => Answer::proven(filled.location, format!("`{name}:{tag}` by default")),
    }
}

fn image_pin(ctx: &Analysis, image: &ImageUse) -> Answer {
    let Some(reference) = &image.reference else {
        return Answer::unknown_at(image.location, "the tag is not known here");
    };

    let place = image.location;
    if reference.digest.is_some() {
        return Answer::proven(place, format!("`{}` has a digest", reference.short_name()));
    }

    if pinned_image::is_tagged_later(ctx, image, reference) {
        return Answer::proven(place, "the deploy writes the tag");
    }

    if pinned_image::is_context(ctx, image, reference)
        || pinned_image::is_local(ctx, image, reference)
    {
        return Answer::not_applicable("the image is built here");
    }

    let name = reference.short_name();

    match reference.tag.as_deref() {
        None => Answer::lacking(place, format!("`{name}` has no tag")),
        Some(tag)
            if pinned_image::moves(reference, tag) && !pinned_image::is_windows_base(reference) =>
        {
            Answer::broken(place, format!("`{name}:{tag}` moves"))
        }
        Some(tag) => Answer::proven(place, format!("`{name}:{tag}`")),
    }
}

/// The answers for what a service is built from.
fn of_builds(service: &Service, answer: impl Fn(&Dockerfile, StageId) -> Answer) -> Answer {
    if !service.is_built() {
        return Answer::not_applicable("its image is not built here");
    }

    let builds = service.builds.iter();
    Answer::all(builds.map(|(dockerfile, stage)| answer(dockerfile, *stage)))
}

pub fn reproducible(ctx: &Analysis, _: &Services, service: &Service) -> Answer {
    of_builds(service, |dockerfile, stage| {
        reproducible_build(ctx, dockerfile, stage)
    })
}

fn reproducible_build(ctx: &Analysis, dockerfile: &Dockerfile, stage: StageId) -> Answer {
    let anchor = dockerfile.stages[stage].location;
    let mut sink = Sink::new("frozen-install", Level::Warning, Confidence::High);
    frozen_install::check(ctx, dockerfile, &mut sink);
    let drifting: Vec<Location> = sink
        .into_findings()
        .iter()
        .flat_map(|finding| finding.places().collect::<Vec<_>>())
        .collect();
    let reachable = dockerfile.reachable([stage]);
    let files = ctx.graph.context(dockerfile);
    let mut answers = Vec::new();

    for step in dockerfile
        .steps()
        .filter(|step| reachable.contains(&step.stage.index))
    {
        for invocation in &step.script().invocations() {
            let Some(call) = call(invocation) else {
                continue;
            };

            if call.manager.system
                || !matches!(call.verb, Verb::Install | Verb::Sync | Verb::Upgrade)
            {
                continue;
            }

            let place = step.location(call.span(invocation));
            let title = call.title(invocation);
            if drifting.contains(&place) {
                answers.push(Answer::broken(
                    place,
                    format!("`{title}` may drift from the lock"),
                ));
                continue;
            }

            let lists: Vec<&str> = invocation
                .options(&["-r", "--requirement", "-c", "--constraint"])
                .map(|argument| argument.value)
                .collect();
            if call.packages.is_empty() || !lists.is_empty() {
                answers.push(locked(&call.manager.locks, files, place, &title, &lists));
                continue;
            }

            for word in &call.packages {
                match pin(&call, invocation, word) {
                    Pin::Pinned => {
                        answers.push(Answer::proven(place, format!("`{}`", word.text())));
                    }
                    Pin::Open => answers.push(Answer::lacking(
                        place,
                        format!("`{}` has no version", word.text()),
                    )),
                    Pin::Other => {
                        answers.push(locked(&call.manager.locks, files, place, &title, &[]));
                    }
                }
            }
        }
    }

    if answers.is_empty() {
        return match lock_of(files) {
            Some(lock) => {
                Answer::proven(start_of(lock.id), format!("`{}` is the lock", lock.name()))
            }
            None if has_manifest(files) => {
                Answer::lacking(anchor, "a manifest of dependencies has no lock file")
            }
            None => Answer::not_applicable("the build installs no packages of a language"),
        };
    }

    Answer::all(answers)
}

/// Names of lock files.
const LOCKS: &[&str] = &[
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "Pipfile.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "bun.lock",
    "bun.lockb",
    "Cargo.lock",
    "go.sum",
    "Gemfile.lock",
    "composer.lock",
    "mix.lock",
    "packages.lock.json",
    "gradle.lockfile",
    "pubspec.lock",
];

fn lock_of(files: &[SourceFile]) -> Option<&SourceFile> {
    files.iter().find(|file| LOCKS.contains(&file.name()))
}

fn has_manifest(files: &[SourceFile]) -> bool {
    files.iter().any(|file| {
        matches!(
            file.name(),
            "package.json"
                | "pyproject.toml"
                | "requirements.txt"
                | "Cargo.toml"
                | "Gemfile"
                | "composer.json"
        )
    })
}

/// Whether an install of what a manifest lists follows a lock.
fn locked(
    locks: &[String],
    files: &[SourceFile],
    place: Location,
    title: &str,
    lists: &[&str],
) -> Answer {
    let lock = files
        .iter()
        .find(|file| locks.iter().any(|lock| file.name() == lock));
    if let Some(lock) = lock {
        return Answer::proven(place, format!("`{title}` follows the lock"))
            .and(start_of(lock.id), format!("`{}`", lock.name()));
    }

    let list = files.iter().find(|file| {
        let wanted = lists
            .iter()
            .any(|list| file.path.ends_with(list.trim_start_matches("./")));
        wanted && !file.text.is_empty()
    });
    if let Some(list) = list {
        return match open_requirement(list) {
            None => Answer::proven(place, format!("`{title}` installs exact versions")).and(
                start_of(list.id),
                format!("`{}` pins every package", list.name()),
            ),
            Some((span, name)) => Answer::lacking(
                list.location(span),
                format!("`{name}` in `{}` has no exact version", list.name()),
            ),
        };
    }

    if files.is_empty() || !lists.is_empty() {
        return Answer::unknown_at(place, "what it installs is not in the repository");
    }

    Answer::lacking(place, format!("`{title}` has no lock file to follow"))
}

/// The first line of a list of requirements without an exact version.
fn open_requirement(list: &SourceFile) -> Option<(Span, &str)> {
    let mut offset = 0;

    for line in list.text.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let text = line.split('#').next().unwrap_or("").trim();
        if text.is_empty() || text.starts_with('-') || text.starts_with('\\') {
            continue;
        }

        let is_exact = ["==", " @ ", "--hash"]
            .iter()
            .any(|mark| text.contains(mark));
        if !is_exact {
            return Some((Span::of(start, start + line.trim_end().len()), text));
        }
    }

    None
}

pub fn small(ctx: &Analysis, _: &Services, service: &Service) -> Answer {
    of_builds(service, |dockerfile, stage| {
        small_stage(ctx, dockerfile, stage)
    })
}

fn small_stage(ctx: &Analysis, dockerfile: &Dockerfile, index: StageId) -> Answer {
    /// Parts of the names and tags of small images.
    const SMALL: &[&str] = &[
        "slim",
        "alpine",
        "distroless",
        "chiseled",
        "busybox",
        "micro",
        "minimal",
        "static",
        "wolfi",
        "chainguard",
    ];
    let stage = &dockerfile.stages[index];
    let copies = dockerfile
        .chain(index)
        .find(|stage| !stage.copies_from.is_empty())
        .map(|stage| stage.location);
    let base = base_image::effective(ctx, dockerfile, index);
    let answer = match &base.root {
        EffectiveRoot::Scratch => Answer::proven(stage.location, "starts from nothing"),
        EffectiveRoot::Unknown => Answer::unknown_at(stage.location, "the size of its base image"),
        EffectiveRoot::Image(reference) => {
            let name = reference.repository();
            let tag = reference.tag.as_deref().unwrap_or("");
            let shown = if tag.is_empty() {
                name.clone()
            } else {
                format!("{name}:{tag}")
            };
            let known = data::image(&name);
            let is_small = SMALL
                .iter()
                .any(|part| tag.contains(part) || name.contains(part))
                || known.is_some_and(|known| known.is_alpine() || known.is_bare(Some(tag)));

            match known.map(|known| known.class) {
                _ if is_small => Answer::proven(stage.location, format!("`{shown}` is small")),
                Some(Class::Language) => {
                    Answer::lacking(stage.location, format!("`{shown}` is a full-size base"))
                }
                Some(Class::Os) if copies.is_none() => Answer::lacking(
                    stage.location,
                    format!("one stage on `{shown}`, build tools included"),
                ),
                Some(_) => Answer::proven(
                    stage.location,
                    format!("`{shown}` has no toolchain of a language"),
                ),
                None => Answer::unknown_at(stage.location, format!("the size of `{shown}`")),
            }
        }
    };

    match copies {
        Some(place) => answer.and(place, "copies from a build stage"),
        None => answer,
    }
}

pub fn build_context(ctx: &Analysis, _: &Services, service: &Service) -> Answer {
    of_builds(service, |dockerfile, stage| {
        context_of(ctx, dockerfile, stage)
    })
}

fn context_of(ctx: &Analysis, dockerfile: &Dockerfile, stage: StageId) -> Answer {
    let reachable = dockerfile.reachable([stage]);
    let copies: Vec<(Location, bool)> = dockerfile
        .instructions()
        .filter(|position| reachable.contains(&position.stage.index))
        .filter_map(|position| match &position.instruction.body {
            Body::Copy(transfer) if transfer.from.is_none() => {
                let is_whole = transfer.sources.iter().any(|source| {
                    matches!(source, Source::Path(word) if matches!(&*word.text, "." | "./" | "/"))
                });
                let location = Location::new(dockerfile.file, position.instruction.span);
                Some((location, is_whole))
            }
            _ => None,
        })
        .collect();
    let Some((first, _)) = copies.first() else {
        return Answer::not_applicable("the build copies nothing from its context");
    };

    let Some((whole, _)) = copies.iter().find(|(_, is_whole)| *is_whole) else {
        return Answer::proven(*first, "every COPY names its files");
    };

    let mut sink = Sink::new("dockerignore", Level::Warning, Confidence::High);
    dockerignore::check(ctx, dockerfile, &mut sink);
    if let Some(finding) = sink.into_findings().into_iter().next() {
        return Answer::broken(finding.location, finding.message);
    }

    let ignore = contexts(ctx, dockerfile)
        .iter()
        .find_map(|context| context.ignore.as_ref().map(|(file, _)| *file));

    match ignore {
        Some(file) => Answer::proven(
            start_of(file),
            "keeps secrets and histories out of the build",
        )
        .and(*whole, "copies the rest of the context"),
        None => Answer::unknown_at(*whole, "the `.dockerignore` of its build context"),
    }
}
