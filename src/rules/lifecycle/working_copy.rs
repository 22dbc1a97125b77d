//! source-bind-mount, interactive-tty: what belongs on a developer's machine. And what shows that a
//! file is for one.

use crate::analysis::non_production::{is_changed_over, is_for_developers};
use crate::analysis::{Ctx, Owner, workload};
use crate::finding::{Finding, Sink};
use crate::model::Command;
use crate::model::compose::{Project, Service};
use crate::model::container::{Container, Mount, MountSource};
use crate::model::context::contexts;
use crate::model::dockerfile::Dockerfile;
use crate::model::file_role::{is_development, is_sample};
use crate::rules::lifecycle::{dev_server, restart_policy};
use crate::source::{Location, file_name, is_inside, join};
use crate::syntax::dockerfile::{Body, Source};

/// Whether a service is not there to serve: started on demand, ending by itself, built for
/// development.
pub fn is_exempt(ctx: &Ctx, project: &Project, service: &Service) -> bool {
    dev_server::is_development_build(ctx, service)
        || !service.profiles.is_empty()
        || project.is_one_shot(service)
        || service.provided
}

/// A mount that hides what the image brings.
struct CodeMount<'a> {
    mount: &'a Mount,
    /// Where the image keeps its code, and the instruction that says so.
    home: String,
    said: Option<Location>,
}

pub fn source_bind_mount(ctx: &Ctx, project: &Project, sink: &mut Sink) {
    if is_for_developers(ctx, project) {
        return;
    }

    let serves =
        |service: &&Service| !is_exempt(ctx, project, service) && !is_tool(&service.container);
    let mut all: Vec<(&Service, Vec<CodeMount>)> = Vec::new();

    for service in project.services.iter().filter(serves) {
        let mut mounts = code_mounts(ctx, project, service);
        mounts.retain(|one| {
            let gone = |laid: &Service| {
                !laid
                    .container
                    .mounts
                    .iter()
                    .any(|mount| mount.location == one.mount.location)
            };

            project.reports(one.mount.location.file)
                && !is_changed_over(ctx, project, service, |_, laid| gone(laid))
        });

        if !mounts.is_empty() {
            all.push((service, mounts));
        }
    }
    // Services of one image that mount the same are one cause.
    let alike = |one: &(&Service, Vec<CodeMount>), other: &(&Service, Vec<CodeMount>)| {
        let built = |service: &Service| ctx.graph.built(&service.container);
        let target =
            |mounts: &[CodeMount]| Some(mounts.first()?.mount.target.as_ref()?.value.clone());
        built(one.0).is_some()
            && built(one.0) == built(other.0)
            && target(&one.1) == target(&other.1)
    };

    for (at, own) in all.iter().enumerate() {
        if all.iter().take(at).any(|earlier| alike(earlier, own)) {
            continue;
        }

        let (service, mounts) = own;
        let Some((first, more)) = mounts.split_first() else {
            continue;
        };

        let mut finding = Finding::new(
            first.mount.location,
            format!(
                "`{}` runs the code of this checkout instead of its image",
                service.name()
            ),
        )
        .label(format!("hides the image's files in `{}`", first.home));
        if let Some(location) = first.said {
            finding = finding.related(location, "the image keeps its code here");
        }

        for other in more {
            finding = finding.related(other.mount.location, "and this one");
        }

        for (other, mounts) in all.iter().skip(at + 1).filter(|other| alike(own, other)) {
            for one in mounts
                .iter()
                .take(1)
                .filter(|one| one.mount.location != first.mount.location)
            {
                finding =
                    finding.related(one.mount.location, format!("so does `{}`", other.name()));
            }
        }

        let sample = is_sample(ctx.facts.path(first.mount.location.file));
        sink.report(
            finding
                .help("remove the mount; keep it in a `compose.override.yaml` for development")
                .case_if(sample, "sample"),
        );
    }
}

/// Places where images keep their code by custom, for an image whose Dockerfile is not here.
const CUSTOM: &[&str] = &[
    "/app",
    "/code",
    "/opt/app",
    "/src",
    "/srv/app",
    "/usr/src/app",
    "/var/www/html",
    "/workspace",
];

fn code_mounts<'a>(ctx: &Ctx<'a>, project: &Project, service: &'a Service) -> Vec<CodeMount<'a>> {
    let Some(build) = &service.build else {
        return Vec::new();
    };

    let built = ctx.graph.build_of(&service.container);
    let homes = built.map_or_else(
        || {
            CUSTOM
                .iter()
                .map(|path| ((*path).to_owned(), None))
                .collect()
        },
        |(dockerfile, stage)| homes(dockerfile, stage),
    );
    let Some(context) = build
        .context
        .as_ref()
        .map(|context| context.value.trim_matches('/'))
    else {
        return Vec::new();
    };

    let kept_out = |path: &str| {
        let contexts =
            built.map_or_else(Vec::new, |(dockerfile, _)| contexts(ctx.facts, dockerfile));
        contexts.iter().any(|one| {
            one.folder == context && one.relative(path).is_some_and(|path| one.ignores(path))
        })
    };

    let mut found = Vec::new();

    for mount in &service.container.mounts {
        let (MountSource::Host(source), Some(target)) = (&mount.source, &mount.target) else {
            continue;
        };

        let Some(path) = join(project.folder_of(source.location.file), &source.value) else {
            continue;
        };

        let target = target.value.trim_end_matches('/');
        // The mount stands for a part of what is built, or for all of it and more.
        if !(is_inside(&path, context) || is_inside(context, &path)) || !target.starts_with('/') {
            continue;
        }

        let home = homes
            .iter()
            .find(|(home, _)| is_inside(home, target) || is_inside(target, home));
        let Some((home, said)) = home else { continue };
        // All that is built stands for the home itself, a part of it for what is in there.
        let whole = is_inside(context, &path);
        let fits = is_inside(home, target) || (!whole && !kept_out(&path));

        if fits && (whole || holds_code(ctx, &path)) {
            found.push(CodeMount {
                mount,
                home: home.clone(),
                said: *said,
            });
        }
    }

    found
}

/// The folders and files into which a stage puts what it is built from: its working directory and
/// where COPY leads.
fn homes(dockerfile: &Dockerfile, stage: usize) -> Vec<(String, Option<Location>)> {
    let mut chain: Vec<_> = dockerfile.chain(stage).collect();
    chain.reverse();
    let mut found: Vec<(String, Option<Location>)> = Vec::new();
    let mut folder = String::new();
    let mut folder_place = None;

    for stage in chain {
        for instruction in
            &dockerfile.tree.instructions[dockerfile.named.all[stage.index].instructions.clone()]
        {
            let absolute = |word| {
                let text = stage
                    .scope
                    .expand(word, dockerfile.file)
                    .known()?
                    .to_owned();
                let text = text.trim_matches(['"', '\'']);
                if text.starts_with('/') {
                    join("", text.trim_start_matches('/'))
                } else {
                    join(&folder, text)
                }
            };

            match &instruction.body {
                Body::Workdir(word) => {
                    if let Some(path) = absolute(word) {
                        folder = path;
                        folder_place = Some(Location::new(dockerfile.file, word.span));
                    }
                }
                Body::Copy(copy) | Body::Add(copy) => {
                    let local = copy
                        .sources
                        .iter()
                        .any(|source| matches!(source, Source::Path(_)));
                    if let Some(path) = absolute(&copy.destination).filter(|_| local) {
                        let keyword = Location::new(dockerfile.file, copy.destination.span);
                        found.push((path, Some(keyword)));
                    }
                }
                _ => {}
            }
        }
    }

    found.insert(0, (folder, folder_place));
    let mut homes: Vec<(String, Option<Location>)> = Vec::new();
    for (path, location) in found
        .into_iter()
        .map(|(path, location)| (format!("/{path}"), location))
    {
        if is_home(&path) && !homes.iter().any(|(home, _)| *home == path) {
            homes.push((path, location));
        }
    }

    homes
}

/// Whether code may be at home here: not where the system keeps its own.
fn is_home(path: &str) -> bool {
    let system = [
        "/bin", "/etc", "/lib", "/proc", "/run", "/sbin", "/sys", "/tmp", "/usr", "/var/lib",
        "/var/log",
    ];
    let own = [
        "/usr/src",
        "/usr/share/nginx/html",
        "/usr/local/apache2/htdocs",
        "/usr/app",
    ];
    path != "/"
        && (own.iter().any(|folder| is_inside(path, folder))
            || !system.iter().any(|folder| is_inside(path, folder)))
}

/// Whether a path of the repository is source code or a folder of it, by what is in there or by its
/// name.
fn holds_code(ctx: &Ctx, path: &str) -> bool {
    const ENDINGS: &str =
        "cjs cs ex exs go java js jsx kt mjs php py rb rs scala svelte ts tsx vue";
    const MANIFESTS: &str = "Cargo.toml Gemfile composer.json go.mod package.json pom.xml \
        pyproject.toml requirements.txt";
    const NAMES: &str = "api app backend client code frontend lib server source src web www";
    // What users bring along may be code, and is theirs to change.
    const OTHER: &str = "addons backups cache certs conf config configs data db examples extensions logs media notebooks plugins \
        secrets storage themes tmp uploads volumes";
    let is_one = |name: &str, list: &str| list.split(' ').any(|one| one == name);
    let is_code = |path: &str| {
        let name = file_name(path);
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        is_one(ending, ENDINGS) && !name.contains("config") && !name.contains("settings")
    };

    if ctx.facts.repository.find(path).is_some() {
        return is_code(path);
    }

    let folder = file_name(path);
    let inside = || {
        ctx.facts
            .repository
            .below(path)
            .iter()
            .map(|file| file.path.as_str())
    };

    !is_one(folder, OTHER)
        && (is_one(folder, NAMES)
            || inside().any(|file| is_code(file) || is_one(file_name(file), MANIFESTS)))
}

/// Whether a container is there to be typed at: by its name, by an option, or because it starts
/// nothing but a shell, or waits.
fn is_tool(container: &Container) -> bool {
    const WORDS: [&str; 9] = [
        "tool",
        "tools",
        "toolbox",
        "cli",
        "shell",
        "console",
        "sh",
        "terminal",
        "workspace",
    ];
    let image = container
        .image
        .as_ref()
        .and_then(|image| image.reference.as_ref());
    let image = image.map_or("", |reference| reference.short_name());
    let named = |name: &str| {
        name.split(['-', '_', '.'])
            .any(|part| WORDS.contains(&part))
    };

    let idle = |command: &Command| {
        let script = command.script();
        let last = script.invocations().pop();
        last.is_some_and(|last| match last.program {
            _ if last.args.iter().any(|word| word.text() == "--interactive") => true,
            "bash" | "sh" | "zsh" | "ash" | "fish" => {
                last.args.iter().all(|word| word.text().starts_with('-'))
            }
            "sleep" => last
                .args
                .first()
                .is_some_and(|word| word.text() == "infinity"),
            "tail" => last.args.iter().any(|word| word.text() == "/dev/null"),
            _ => false,
        })
    };

    let commands = [&container.entrypoint, &container.command];

    named(&container.name.value) || named(image) || commands.into_iter().flatten().any(idle)
}

pub fn interactive_tty(ctx: &Ctx, project: &Project, sink: &mut Sink) {
    if is_for_developers(ctx, project) {
        return;
    }

    for service in &project.services {
        let set = [(&service.tty, "tty"), (&service.stdin_open, "stdin_open")];
        let mut set = set.into_iter().filter_map(|(flag, key)| {
            Some((flag.known().filter(|flag| flag.value)?.location, key))
        });

        let Some((location, key)) = set.next() else {
            continue;
        };

        let quiet = is_exempt(ctx, project, service)
            || restart_policy::is_shell(service)
            || is_tool(&service.container);
        if quiet
            || is_changed_over(ctx, project, service, |_, laid| {
                !laid.tty.is(true) && !laid.stdin_open.is(true)
            })
        {
            continue;
        }

        let sample = is_sample(ctx.facts.path(location.file));
        sink.report(
            terminal(location, key, set.next(), &format!("`{}`", service.name()))
                .case_if(sample, "sample"),
        );
    }
}

/// `tty` and `stdin` of a pod's container.
pub fn interactive_container(ctx: &Ctx, owner: Owner, container: &Container, sink: &mut Sink) {
    let (Owner::Kubernetes(object, workload), Some(own)) = (owner, &container.kube) else {
        return;
    };

    let known = container
        .image
        .as_ref()
        .and_then(|image| image.reference.as_ref());
    let base = known
        .and_then(|reference| crate::data::image(&reference.repository()))
        .is_some_and(|one| one.class.is_base());
    if !workload::is_long_running(object, workload)
        || object.kind.value == "Pod"
        || base
        || is_tool(container)
        || is_development(ctx.facts.path(object.file))
    {
        return;
    }

    let set = [(&own.tty, "tty"), (&own.stdin, "stdin")];
    let mut set = set
        .into_iter()
        .filter_map(|(flag, key)| Some((flag.known().filter(|flag| flag.value)?.location, key)));
    let Some((location, key)) = set.next() else {
        return;
    };

    let finding = terminal(
        location,
        key,
        set.next(),
        &workload::container_title(object, container),
    )
    .anchor(object.anchor);
    let sample = is_sample(ctx.facts.path(object.file));
    sink.report(finding.case_if(sample, "sample"));
}

fn terminal(location: Location, key: &str, other: Option<(Location, &str)>, who: &str) -> Finding {
    let (message, label) = if key == "tty" {
        (
            format!("{who} allocates a TTY that nothing uses"),
            "logs are colored, wrapped and merged into one stream",
        )
    } else {
        (
            format!("{who} waits for input that never comes"),
            "stdin is kept open",
        )
    };

    let finding = Finding::new(location, message).label(label);
    let finding = match other {
        Some((location, key)) => finding.related(location, format!("`{key}` is set as well")),
        None => finding,
    };

    finding.help("remove it; `exec -it` provides a terminal when you need one")
}
