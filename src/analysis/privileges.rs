//! Whether what an image starts has to be root, or gives root up: its start command, the scripts
//! that it runs, the services of a supervisor.

use std::collections::HashSet;

pub use super::answers::RootUse;
use crate::analysis::{Analysis, startup};
use crate::graph::User;
use crate::model::container::{Mount, MountSource};
use crate::model::dockerfile::{Base, Dockerfile, StageId};
use crate::model::package::{Verb, call};
use crate::model::server::{ScriptFolders, followed_scripts, script_files};
use crate::source::{SourceFile, file_name};
use crate::syntax::dockerfile::{Body, Source};
use crate::syntax::shell::{self, Invocation, Script, WrapperKind};

/// Programs that have to be root to do their work.
const ROOT_PROGRAMS: &[&str] = &[
    "cron",
    "crond",
    "sshd",
    "systemd",
    "my_init",
    "dockerd",
    "tailscaled",
    "openvpn",
    "wg-quick",
    "keepalived",
    "dnsmasq",
    "rsyslogd",
    "ipsec",
    "charon",
    "smbd",
    "runsvdir",
    "udevd",
];

/// Packages of such programs, and of clients that ask the container engine.
const ROOT_PACKAGES: &[&str] = &[
    "cron",
    "cronie",
    "dcron",
    "openssh-server",
    "docker.io",
    "docker-ce",
    "docker-ce-cli",
    "docker-cli",
    "docker",
    "docker-engine",
    "wireguard-tools",
    "openvpn",
];

/// Programs that run another one as a given user, besides those that the shell parser knows.
const DROPPING: &[&str] = &["setuser", "s6-applyuidgid", "s6-envuidgid", "userspec"];

/// How many scripts may call each other.
const MAX_DEPTH: u32 = 3;

/// How many commands of a script are followed to tasks and services.
const MAX_FOLLOWED: usize = 20;

/// What a stage does with root.
pub fn root_use<'c>(ctx: &'c Analysis, dockerfile: &Dockerfile, stage: StageId) -> &'c RootUse {
    let part = (stage, dockerfile.stages.len());

    ctx.stage_root_uses
        .answer(dockerfile.id, part, || {
            find_root_use(ctx, dockerfile, stage)
        })
        .unwrap_or(&RootUse::Unknown)
}

fn find_root_use(ctx: &Analysis, dockerfile: &Dockerfile, stage: StageId) -> RootUse {
    let mut search = Search {
        folders: ctx.script_folders(startup::folders(ctx, dockerfile)),
        seen: HashSet::new(),
        needs: None,
        is_supervised: false,
        misses_script: false,
    };

    let (entrypoint, cmd) = dockerfile.start(stage);

    for command in [entrypoint, cmd].into_iter().flatten() {
        if let Some(program) = search.script(command.script(), 0) {
            return RootUse::Drops(program);
        }
    }

    if search.is_supervised
        && let Some(program) = search.supervised()
    {
        return RootUse::Drops(program);
    }

    if let Some(program) = search.needs.or_else(|| needs_root(ctx, dockerfile, stage)) {
        return RootUse::Needs(program);
    }

    if search.misses_script || search.is_supervised {
        return RootUse::Unknown;
    }

    RootUse::Keeps
}

struct Search<'f> {
    folders: ScriptFolders<'f>,
    seen: HashSet<&'f str>,
    /// The first program that has to be root.
    needs: Option<String>,
    /// A supervisor starts the services that its own files name.
    is_supervised: bool,
    /// A script that is started is not in the repository.
    misses_script: bool,
}

impl<'f> Search<'f> {
    /// The program with which a script, or one that it runs, switches to another user.
    fn script(&mut self, script: &Script, depth: u32) -> Option<String> {
        for (index, invocation) in script.invocations().into_iter().enumerate() {
            if let Some(program) = dropping_program(&invocation) {
                return Some(program);
            }

            self.note(&invocation);

            let files = script_files(&invocation, self.folders);
            if files.is_empty() && is_script_call(&invocation) && depth == 0 {
                self.misses_script = true;
            }

            for file in files {
                if let Some(program) = self.file(file, depth) {
                    return Some(program);
                }
            }

            // Tasks, processes and services.
            let followed = if index < MAX_FOLLOWED {
                followed_scripts(&invocation, self.folders)
            } else {
                Vec::new()
            };
            for followed in followed {
                let program = followed
                    .script
                    .invocations()
                    .iter()
                    .find_map(dropping_program);
                if program.is_some() {
                    return program;
                }
            }
        }

        None
    }

    fn file(&mut self, file: &'f SourceFile, depth: u32) -> Option<String> {
        if depth >= MAX_DEPTH || !self.seen.insert(file.path.as_str()) {
            return None;
        }

        self.script(&shell::parse(&file.text), depth + 1)
    }

    fn note(&mut self, invocation: &Invocation) {
        let program = invocation.program;

        if self.needs.is_none() && ROOT_PROGRAMS.contains(&program) {
            self.needs = Some(program.to_owned());
        }

        let is_init = matches!(invocation.name.text(), "/init" | "/sbin/init");
        self.is_supervised |= is_init
            || matches!(
                program,
                "supervisord"
                    | "s6-svscan"
                    | "s6-overlay-suexec"
                    | "runit"
                    | "runsvdir"
                    | "circusd"
                    | "honcho"
            );
    }

    /// The program with which a service of a supervisor switches to another user.
    fn supervised(&mut self) -> Option<String> {
        let files = self
            .folders
            .folders
            .iter()
            .flat_map(|folder| self.folders.repository.below(folder));

        for file in files {
            if is_service_script(&file.path) {
                let script = shell::parse(&file.text);
                let program = script.invocations().iter().find_map(dropping_program);
                if program.is_some() {
                    return program;
                }
            }

            if file_name(&file.path).contains("supervisor") && has_user_setting(&file.text) {
                return Some("supervisord".to_owned());
            }
        }

        None
    }
}

/// The scripts of services under s6, runit and the init system of phusion.
fn is_service_script(path: &str) -> bool {
    let is_run = matches!(file_name(path), "run" | "up" | "finish");

    (is_run
        && ["s6-rc.d/", "services.d/", "etc/service/", "s6/", "/sv/"]
            .iter()
            .any(|folder| path.contains(folder)))
        || path.contains("cont-init.d/")
}

/// Whether a section of a program in a configuration of supervisord names a user.
fn has_user_setting(text: &str) -> bool {
    let mut is_program = false;

    text.lines().map(str::trim).any(|line| {
        if line.starts_with('[') {
            is_program = line.starts_with("[program:");
        }

        let user = line.split_once('=').filter(|(key, _)| key.trim() == "user");

        is_program && user.is_some_and(|(_, user)| !matches!(user.trim(), "root" | "0" | ""))
    })
}

/// The program with which a command runs another one as a different user.
fn dropping_program(invocation: &Invocation) -> Option<String> {
    if let Some(wrapper) = invocation.wrapper(WrapperKind::User) {
        return Some(wrapper.program.to_owned());
    }

    let sudo = invocation
        .wrapper(WrapperKind::Elevate)
        .filter(|wrapper| wrapper.args.iter().any(|word| names_user(word.text())));
    if let Some(wrapper) = sudo {
        return Some(wrapper.program.to_owned());
    }

    let chroot = invocation
        .wrapper(WrapperKind::Other)
        .filter(|wrapper| wrapper.program == "chroot")
        .filter(|wrapper| {
            wrapper
                .args
                .iter()
                .any(|word| word.text().starts_with("--userspec"))
        });
    let is_plain = invocation.is(DROPPING)
        || (invocation.is(&["start-stop-daemon"])
            && invocation
                .flag(&["--chuid", "-c", "--user", "-u"])
                .is_some())
        || (invocation.is(&["capsh"])
            && invocation
                .args
                .iter()
                .any(|word| word.text().starts_with("--user=")));

    if chroot.is_some() {
        Some("chroot".to_owned())
    } else {
        is_plain.then(|| invocation.program.to_owned())
    }
}

fn names_user(word: &str) -> bool {
    word.starts_with("-u") || word.starts_with("--user")
}

/// Whether a command starts a script, by its name.
fn is_script_call(invocation: &Invocation) -> bool {
    let name = file_name(invocation.name.text());

    name.ends_with(".sh") || name.contains("entrypoint")
}

fn is_engine_socket(mount: &Mount) -> bool {
    match &mount.source {
        MountSource::Host(path) => path.value.ends_with("docker.sock"),
        _ => false,
    }
}

/// What in the image or in its users shows that it has to be root.
fn needs_root(ctx: &Analysis, dockerfile: &Dockerfile, stage: StageId) -> Option<String> {
    let asks_engine = ctx
        .graph
        .uses_of_stage(dockerfile.file, stage)
        .any(|image_use| {
            let container = match image_use.user {
                User::Service(_, service) => &service.container,
                User::Container(_, _, container) => container,
                User::Pipeline(_) | User::Caller(_) => return false,
            };

            container.mounts.iter().any(is_engine_socket)
        });
    if asks_engine {
        return Some("the container engine's socket".to_owned());
    }

    let is_engine = |name: &str| name == "docker" || name.starts_with("docker/");
    if let Some(Base::Image(image)) = dockerfile.root(stage)
        && let Some(reference) = &image.reference
        && (is_engine(&reference.repository()) || reference.repository() == "phusion/baseimage")
    {
        return Some(reference.repository());
    }

    let layers = dockerfile.layers(stage);
    let installed = dockerfile
        .steps()
        .filter(|step| layers.contains(&step.stage.index))
        .find_map(|step| {
            step.script().invocations().iter().find_map(|invocation| {
                let call = call(invocation)?;
                if call.verb != Verb::Install || !call.manager.system {
                    return None;
                }

                call.packages
                    .iter()
                    .map(|word| word.text().split('=').next().unwrap_or(""))
                    .find(|package| ROOT_PACKAGES.contains(package))
                    .map(str::to_owned)
            })
        });

    installed.or_else(|| {
        let copies = dockerfile
            .instructions()
            .filter(|position| layers.contains(&position.stage.index))
            .filter_map(|position| match &position.instruction.body {
                Body::Copy(transfer) if transfer.from.is_some() => Some(transfer),
                _ => None,
            });

        copies
            .flat_map(|transfer| &transfer.sources)
            .any(|source| matches!(source, Source::Path(word) if word.text.ends_with("bin/docker")))
            .then(|| "docker".to_owned())
    })
}
