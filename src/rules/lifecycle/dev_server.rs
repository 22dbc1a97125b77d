//! `dev-server`: servers made for a developer's machine that are about to serve users.

use crate::analysis::roles::is_development_build;
use crate::analysis::startup::{self, Started};
use crate::analysis::{Analysis, Owner, shipped_stages, truncate};
use crate::finding::{Finding, Sink};
use crate::model::Command;
use crate::model::container::Container;
use crate::model::dockerfile::Dockerfile;
use crate::model::server::Mode;
use crate::model::task_call;
use crate::source::{Location, join};

/// Scripts for development by their name, where no manifest defines them.
const TASKS: &[&str] = &[
    "dev",
    "develop",
    "development",
    "start:dev",
    "serve:dev",
    "watch",
    "start:debug",
    "hot",
];

/// What the shipped stage starts.
pub fn dockerfile(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let folders = startup::folders(ctx, dockerfile);
    let mut seen: Vec<Location> = Vec::new();

    for stage in shipped_stages::serving(ctx, dockerfile) {
        let (entrypoint, cmd) = dockerfile.start(stage);
        let mut findings = servers(startup::stage(ctx, dockerfile, stage), "the shipped image");
        for command in [entrypoint, cmd].into_iter().flatten() {
            findings.extend(tasks(ctx, command, folders, "the shipped image"));
        }

        for finding in findings {
            if !seen.contains(&finding.location) {
                seen.push(finding.location);
                sink.report(finding);
            }
        }
    }
}

/// What a service or a pod starts instead.
pub fn container(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    if let Owner::Compose(project, service) = owner
        && (project.development || is_development_build(ctx, service))
    {
        return;
    }

    let folders = startup::folders_of(ctx, owner, container);
    let who = format!("`{}`", container.name.value);
    let mut findings = servers(startup::container(ctx, owner, container), &who);
    for command in [&container.entrypoint, &container.command]
        .into_iter()
        .flatten()
    {
        findings.extend(tasks(ctx, command, folders, &who));
    }

    findings
        .into_iter()
        .for_each(|finding| sink.report(finding));
}

fn servers(started: &[Started], title: &str) -> Vec<Finding> {
    started
        .iter()
        .filter(|started| started.found.server.mode == Mode::Development)
        .map(|started| server_finding(started, title))
        .collect()
}

fn server_finding(started: &Started, title: &str) -> Finding {
    let server = &started.found.server;
    let (message, label) = match &server.flag {
        Some(flag) if server.name != "php -S" => (
            format!("{title} reloads itself when a file changes"),
            format!("`{flag}` is for development"),
        ),
        _ => (
            format!("{title} is started with {}", server_title(server.name)),
            "a development server".to_owned(),
        ),
    };

    let finding = Finding::new(started.location, message)
        .label(label)
        .help(advice(server.name, server.flag.is_some()));
    match &started.found.via {
        Some(via) => finding.related(via.location, format!("runs `{}`", shortened(&via.text))),
        None => finding,
    }
}

/// `npm run dev` where no manifest defines the script.
fn tasks(ctx: &Analysis, command: &Command, folders: &[String], title: &str) -> Vec<Finding> {
    let script = command.script();
    let mut findings = Vec::new();

    for invocation in script.invocations() {
        let Some((name, folder)) = task_call::task(&invocation) else {
            continue;
        };

        let folder = folder.as_deref().unwrap_or(".");
        if !TASKS.contains(&name.as_str())
            || folders.iter().any(|base| defines(ctx, base, folder, &name))
        {
            continue;
        }

        findings.push(
            Finding::new(
                command.place_of(invocation.span()),
                format!("{title} runs the development script `{name}`"),
            )
            .label("intended for a developer's machine")
            .help(
                "build the application and start the result: `npm run build`, then `node …` or a \
                 web server",
            ),
        );
    }

    findings
}

/// Whether the manifest of a folder, relative to a base, defines a script.
fn defines(ctx: &Analysis, base: &str, folder: &str, name: &str) -> bool {
    let manifest = join(base, folder)
        .and_then(|folder| join(&folder, "package.json"))
        .and_then(|path| ctx.facts.repository.find(&path));
    manifest.is_some_and(|file| task_call::script_text(&file.text, name).is_some())
}

fn server_title(name: &str) -> String {
    if name.starts_with("a ") {
        name.to_owned()
    } else {
        format!("`{name}`")
    }
}

fn shortened(text: &str) -> String {
    truncate(text.lines().next().unwrap_or(""), 60)
}

fn advice(name: &str, flagged: bool) -> &'static str {
    match name {
        "flask run" | "manage.py runserver" => {
            "serve it with gunicorn, uvicorn, or another production server"
        }
        "fastapi dev" => "use `fastapi run` or another production server",
        "next dev" => "run `next build` in the image and `next start` here",
        "php -S" | "artisan serve" | "symfony serve" => {
            "serve it with php-fpm behind a web server, or FrankenPHP"
        }
        "python -m http.server" => "serve files with a web server such as nginx or Caddy",
        _ if flagged => "remove the option, and keep it for a development override",
        _ => "build the application and serve the result, and keep this for a development override",
    }
}
