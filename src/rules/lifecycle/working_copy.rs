//! source-bind-mount, interactive-tty: settings that belong on a developer's machine.

use crate::analysis::build_context::contexts;
use crate::analysis::roles::{is_changed_over, is_development_build};
use crate::analysis::{Analysis, Owner, workload};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::container::{Container, Mount, MountSource};
use crate::model::dockerfile::{Dockerfile, Stage, StageId};
use crate::model::{Command, Setting};
use crate::rules::block_edits::remove_line;
use crate::rules::lifecycle::restart_policy::is_shell;
use crate::source::{Location, file_name, is_inside, join};
use crate::syntax::dockerfile::{Body, Source, Transfer, Word};

/// Whether a service is not meant to serve: started on demand, ending by itself, built for
/// development.
pub fn is_exempt(ctx: &Analysis, project: &Project, service: &Service) -> bool {
    is_development_build(ctx, service)
        || !service.profiles.is_empty()
        || project.is_one_shot(service)
        || service.provided
}

/// A mount that hides what the image brings.
struct CodeMount<'a> {
    mount: &'a Mount,
    /// Where the image keeps its code.
    home: Home,
}

/// A folder where an image keeps its code.
#[derive(Clone)]
struct Home {
    path: String,
    /// The instruction that says so.
    said: Option<Location>,
}

/// A service, and its mounts over code.
struct CodeMounts<'a> {
    service: &'a Service,
    first: CodeMount<'a>,
    more: Vec<CodeMount<'a>>,
}

impl CodeMounts<'_> {
    /// Whether two services of one image mount the same: that is one cause.
    fn is_like(&self, ctx: &Analysis, other: &CodeMounts) -> bool {
        let built = ctx.graph.built(&self.service.container);

        built.is_some()
            && built == ctx.graph.built(&other.service.container)
            && self.target() == other.target()
    }

    fn target(&self) -> Option<&str> {
        let target = self.first.mount.target.as_ref()?;
        Some(&target.value)
    }
}

pub fn source_bind_mount(ctx: &Analysis, project: &Project, sink: &mut Sink) {
    if project.development {
        return;
    }

    let all: Vec<CodeMounts> = project
        .services
        .iter()
        .filter(|service| !is_exempt(ctx, project, service) && !is_tool(&service.container))
        .filter_map(|service| mounts_to_report(ctx, project, service))
        .collect();

    for (index, mounts) in all.iter().enumerate() {
        let (earlier, later) = (&all[..index], &all[index + 1..]);
        if earlier.iter().any(|earlier| earlier.is_like(ctx, mounts)) {
            continue;
        }

        let like = later.iter().filter(|later| mounts.is_like(ctx, later));
        let sample = ctx.facts.is_practice(mounts.first.mount.location.file);
        sink.report(code_finding(mounts, like).case_if(sample, "sample"));
    }
}

/// The mounts of a service over its code that a file for production does not take back.
fn mounts_to_report<'a>(
    ctx: &Analysis<'a>,
    project: &Project,
    service: &'a Service,
) -> Option<CodeMounts<'a>> {
    let mut mounts = code_mounts(ctx, project, service);
    mounts.retain(|mount| {
        let location = mount.mount.location;
        project.reports(location.file)
            && !is_changed_over(ctx, project, service, |_, laid| !has_mount(laid, location))
    });

    let mut mounts = mounts.into_iter();
    Some(CodeMounts {
        service,
        first: mounts.next()?,
        more: mounts.collect(),
    })
}

fn has_mount(service: &Service, location: Location) -> bool {
    service
        .container
        .mounts
        .iter()
        .any(|mount| mount.location == location)
}

/// The finding of a service's mounts, and of later services that mount the same.
fn code_finding<'a>(
    mounts: &CodeMounts,
    like: impl Iterator<Item = &'a CodeMounts<'a>>,
) -> Finding {
    let location = mounts.first.mount.location;
    let home = &mounts.first.home;
    let message = format!(
        "`{}` runs the code of this checkout instead of its image",
        mounts.service.name()
    );
    let mut finding = Finding::new(location, message)
        .label(format!("hides the image's files in `{}`", home.path))
        .help("remove the mount; keep it in a `compose.override.yaml` for development");

    if let Some(location) = home.said {
        finding = finding.related(location, "the image keeps its code here");
    }

    for mount in &mounts.more {
        finding = finding.related(mount.mount.location, "and this one");
    }

    for other in like {
        let same = other.first.mount.location;
        if same != location {
            finding = finding.related(same, format!("so does `{}`", other.service.name()));
        }
    }

    finding
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

fn code_mounts<'a>(
    ctx: &Analysis<'a>,
    project: &Project,
    service: &'a Service,
) -> Vec<CodeMount<'a>> {
    let Some(context) = service
        .build
        .as_ref()
        .and_then(|build| build.context.as_ref())
    else {
        return Vec::new();
    };

    let context = context.value.trim_matches('/');
    let built = ctx.graph.build_of(&service.container);
    let homes = match built {
        Some((dockerfile, stage)) => homes(dockerfile, stage),
        None => customary_homes(),
    };

    let mut mounts = Vec::new();

    for mount in &service.container.mounts {
        let (MountSource::Host(source), Some(target)) = (&mount.source, &mount.target) else {
            continue;
        };

        let Some(path) = join(project.folder_of(source.location.file), &source.value) else {
            continue;
        };

        // The mount brings a part of what is built, or all of it and more.
        let target = target.value.trim_end_matches('/');
        if !(is_inside(&path, context) || is_inside(context, &path)) || !target.starts_with('/') {
            continue;
        }

        let Some(home) = homes
            .iter()
            .find(|home| is_inside(&home.path, target) || is_inside(target, &home.path))
        else {
            continue;
        };

        // All that is built covers the home itself, a part of it something in there.
        let is_whole = is_inside(context, &path);
        let is_kept_out =
            || built.is_some_and(|(dockerfile, _)| is_ignored(ctx, dockerfile, context, &path));
        let covers = is_inside(&home.path, target) || (!is_whole && !is_kept_out());

        if covers && (is_whole || holds_code(ctx, &path)) {
            mounts.push(CodeMount {
                mount,
                home: home.clone(),
            });
        }
    }

    mounts
}

/// Whether the ignore file of a build context keeps a path from the builder.
fn is_ignored(ctx: &Analysis, dockerfile: &Dockerfile, folder: &str, path: &str) -> bool {
    contexts(ctx, dockerfile)
        .iter()
        .filter(|context| context.folder == folder)
        .any(|context| {
            context
                .relative(path)
                .is_some_and(|path| context.ignores(path))
        })
}

fn customary_homes() -> Vec<Home> {
    CUSTOM
        .iter()
        .map(|path| Home {
            path: (*path).to_owned(),
            said: None,
        })
        .collect()
}

/// The folders and files into which a stage puts what it is built from: its working directory and
/// the destinations of COPY.
fn homes(dockerfile: &Dockerfile, stage: StageId) -> Vec<Home> {
    let mut chain: Vec<_> = dockerfile.chain(stage).collect();
    chain.reverse();
    let mut destinations: Vec<Home> = Vec::new();
    let mut folder = Home {
        path: String::new(),
        said: None,
    };

    for stage in chain {
        for position in dockerfile.instructions_of(stage.index) {
            match &position.instruction.body {
                Body::Workdir(word) => {
                    if let Some(home) = home_at(dockerfile, stage, word, &folder) {
                        folder = home;
                    }
                }
                Body::Copy(transfer) | Body::Add(transfer) if has_paths(transfer) => {
                    destinations.extend(home_at(dockerfile, stage, &transfer.destination, &folder))
                }
                _ => {}
            }
        }
    }

    let mut homes: Vec<Home> = Vec::new();

    for home in std::iter::once(folder).chain(destinations) {
        let path = format!("/{}", home.path);
        if is_home(&path) && !homes.iter().any(|known| known.path == path) {
            homes.push(Home { path, ..home });
        }
    }

    homes
}

fn has_paths(transfer: &Transfer) -> bool {
    transfer
        .sources
        .iter()
        .any(|source| matches!(source, Source::Path(_)))
}

/// What a word of an instruction names, from the root without its slash.
fn home_at(dockerfile: &Dockerfile, stage: &Stage, word: &Word, folder: &Home) -> Option<Home> {
    let expanded = stage.scope.expand(word, dockerfile.file);
    let text = expanded.known()?.trim_matches(['"', '\'']);
    let path = match text.strip_prefix('/') {
        Some(_) => join("", text.trim_start_matches('/'))?,
        None => join(&folder.path, text)?,
    };

    Some(Home {
        path,
        said: Some(Location::new(dockerfile.file, word.span)),
    })
}

/// Whether an image may keep its code here: not where the system keeps its own.
fn is_home(path: &str) -> bool {
    const SYSTEM: &[&str] = &[
        "/bin", "/etc", "/lib", "/proc", "/run", "/sbin", "/sys", "/tmp", "/usr", "/var/lib",
        "/var/log",
    ];
    const OF_CODE: &[&str] = &[
        "/usr/src",
        "/usr/share/nginx/html",
        "/usr/local/apache2/htdocs",
        "/usr/app",
    ];
    let is_in = |folders: &[&str]| folders.iter().any(|folder| is_inside(path, folder));

    path != "/" && (is_in(OF_CODE) || !is_in(SYSTEM))
}

/// Whether a path of the repository is source code or a folder of it, by what is in there or by its
/// name.
fn holds_code(ctx: &Analysis, path: &str) -> bool {
    const MANIFESTS: &[&str] = &[
        "Cargo.toml",
        "Gemfile",
        "composer.json",
        "go.mod",
        "package.json",
        "pom.xml",
        "pyproject.toml",
        "requirements.txt",
    ];
    const NAMES: &[&str] = &[
        "api", "app", "backend", "client", "code", "frontend", "lib", "server", "source", "src",
        "web", "www",
    ];
    // Files that users bring along may be code, and are theirs to change.
    const OTHER: &[&str] = &[
        "addons",
        "backups",
        "cache",
        "certs",
        "conf",
        "config",
        "configs",
        "data",
        "db",
        "examples",
        "extensions",
        "logs",
        "media",
        "notebooks",
        "plugins",
        "secrets",
        "storage",
        "themes",
        "tmp",
        "uploads",
        "volumes",
    ];

    if ctx.facts.repository.find(path).is_some() {
        return is_code(path);
    }

    let folder = file_name(path);
    if OTHER.contains(&folder) {
        return false;
    }

    NAMES.contains(&folder)
        || ctx
            .facts
            .repository
            .below(path)
            .iter()
            .any(|file| is_code(&file.path) || MANIFESTS.contains(&file.name()))
}

/// Whether a file is source code, by its ending.
fn is_code(path: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "cjs", "cs", "ex", "exs", "go", "java", "js", "jsx", "kt", "mjs", "php", "py", "rb", "rs",
        "scala", "svelte", "ts", "tsx", "vue",
    ];
    let name = file_name(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);

    ENDINGS.contains(&ending) && !name.contains("config") && !name.contains("settings")
}

/// Whether a container is meant for an interactive shell: by its name, by an option, or because it
/// starts nothing but a shell, or waits.
fn is_tool(container: &Container) -> bool {
    let image = container
        .image
        .as_ref()
        .and_then(|image| image.reference.as_ref());
    let image = image.map_or("", |reference| reference.short_name());
    let mut commands = [&container.entrypoint, &container.command]
        .into_iter()
        .flatten();

    is_tool_name(&container.name.value) || is_tool_name(image) || commands.any(is_idle)
}

fn is_tool_name(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "cli",
        "console",
        "sh",
        "shell",
        "terminal",
        "tool",
        "toolbox",
        "tools",
        "workspace",
    ];

    name.split(['-', '_', '.'])
        .any(|part| WORDS.contains(&part))
}

/// Whether a command waits, or opens a prompt.
fn is_idle(command: &Command) -> bool {
    let script = command.script();
    let Some(last) = script.invocations().pop() else {
        return false;
    };

    let mut words = last.args.iter().map(|word| word.text());
    if words.clone().any(|word| word == "--interactive") {
        return true;
    }

    match last.program {
        "bash" | "sh" | "zsh" | "ash" | "fish" => words.all(|word| word.starts_with('-')),
        "sleep" => words.next() == Some("infinity"),
        "tail" => words.any(|word| word == "/dev/null"),
        _ => false,
    }
}

pub fn interactive_tty(ctx: &Analysis, project: &Project, sink: &mut Sink) {
    if project.development {
        return;
    }

    for service in &project.services {
        let mut flags = set_flags([(&service.tty, "tty"), (&service.stdin_open, "stdin_open")]);
        let Some((location, key)) = flags.next() else {
            continue;
        };

        let is_interactive = is_exempt(ctx, project, service)
            || is_shell(service)
            || is_tool(&service.container)
            || service.speaks_over_stdio();
        if is_interactive
            || is_changed_over(ctx, project, service, |_, laid| {
                !laid.tty.is(true) && !laid.stdin_open.is(true)
            })
        {
            continue;
        }

        let title = format!("`{}`", service.name());
        let sample = ctx.facts.is_practice(location.file);
        sink.report(terminal(ctx, location, key, flags.next(), &title).case_if(sample, "sample"));
    }
}

/// The flags that are set to true, with their keys.
fn set_flags<'a>(
    flags: [(&'a Setting<bool>, &'static str); 2],
) -> impl Iterator<Item = (Location, &'static str)> + 'a {
    flags.into_iter().filter_map(|(flag, key)| {
        let flag = flag.known()?;
        flag.value.then_some((flag.location, key))
    })
}

/// `tty` and `stdin` of a pod's container.
pub fn interactive_container(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let (Owner::Kubernetes(object, workload), Some(kube)) = (owner, &container.kube) else {
        return;
    };

    let reference = container
        .image
        .as_ref()
        .and_then(|image| image.reference.as_ref());
    let is_base = reference
        .and_then(|reference| crate::data::image(&reference.repository()))
        .is_some_and(|known| known.class.is_base());
    if !workload::is_long_running(object, workload)
        || object.kind.value == "Pod"
        || is_base
        || is_tool(container)
        || ctx.facts.is_development(object.file)
    {
        return;
    }

    let mut flags = set_flags([(&kube.tty, "tty"), (&kube.stdin, "stdin")]);
    let Some((location, key)) = flags.next() else {
        return;
    };

    let title = workload::container_title(object, container);
    let sample = ctx.facts.is_practice(object.file);
    sink.report(
        terminal(ctx, location, key, flags.next(), &title)
            .anchor(object.anchor)
            .case_if(sample, "sample"),
    );
}

fn terminal(
    ctx: &Analysis,
    location: Location,
    key: &str,
    other: Option<(Location, &str)>,
    who: &str,
) -> Finding {
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

    let finding = Finding::new(location, message)
        .label(label)
        .help("remove it; `exec -it` provides a terminal when you need one");
    let places = [Some(location), other.map(|(location, _)| location)];
    let edits = places
        .into_iter()
        .flatten()
        .map(|place| remove_line(ctx.facts.source(place.file), place));
    let fix = edits
        .collect::<Option<Vec<_>>>()
        .and_then(|edits| Fix::new(Applicability::Unsafe, "remove it", edits));
    let finding = finding.fix(fix);

    match other {
        Some((location, key)) => finding.related(location, format!("`{key}` is set as well")),
        None => finding,
    }
}
