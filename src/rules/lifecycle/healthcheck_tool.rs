//! `healthcheck-tool`: checks that call a program the image does not have.

use crate::analysis::Analysis;
use crate::data;
use crate::finding::{Finding, Sink};
use crate::model::Command;
use crate::model::compose::{Project, Service};
use crate::model::container::HealthCheck;
use crate::model::dockerfile::{Base, Dockerfile, StageId};
use crate::model::image::{ImageUse, Reference};
use crate::model::package::{Verb, call};
use crate::source::Location;
use crate::syntax::dockerfile::{Body, Source, Transfer};
use crate::syntax::shell::{Invocation, Script, Word as ShellWord};

/// Programs that checks call and that images often lack.
const TOOLS: &[&str] = &[
    "curl",
    "wget",
    "nc",
    "ncat",
    "netcat",
    "http",
    "jq",
    "bash",
    "grpc_health_probe",
    // Clients that images of a database have in some versions only.
    "mongo",
    "mongosh",
    "mysql",
    "mysqladmin",
    "mysqlcheck",
    "mysqlshow",
];

/// Packages under other names than their program.
const PACKAGES: &[(&str, &[&str])] = &[
    (
        "nc",
        &[
            "netcat",
            "netcat-openbsd",
            "netcat-traditional",
            "nmap-ncat",
            "ncat",
            "busybox",
            "busybox-extras",
        ],
    ),
    (
        "netcat",
        &["netcat", "netcat-openbsd", "netcat-traditional"],
    ),
    ("wget", &["wget", "busybox"]),
    ("mongo", &["mongodb-org-shell", "mongodb-clients"]),
    ("mysql", &["mariadb-client", "mariadb-client-compat"]),
    ("mysqladmin", MYSQL_CLIENTS),
    ("mysqlcheck", MYSQL_CLIENTS),
    ("mysqlshow", MYSQL_CLIENTS),
    ("http", &["httpie"]),
];

const MYSQL_CLIENTS: &[&str] = &[
    "default-mysql-client",
    "mysql-client",
    "mariadb-client",
    "mariadb-client-compat",
];

/// HEALTHCHECK.
pub fn dockerfile(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let mut seen: Vec<Location> = Vec::new();

    for stage in ctx.graph.shipped(dockerfile) {
        let check = dockerfile.health(stage).value();
        let Some(test) = check.and_then(HealthCheck::active_test) else {
            continue;
        };

        if dockerfile.is_windows(stage) {
            continue;
        }

        let Some((location, tool)) = first_missing(test, |tool| lacks(dockerfile, stage, tool))
        else {
            continue;
        };

        if seen.contains(&location) {
            continue;
        }

        seen.push(location);
        sink.report(
            finding(location, &tool, "the shipped image")
                .related(dockerfile.stages[stage].location, "shipped without it"),
        );
    }
}

/// Compose's `healthcheck`, against the image that the service really runs.
pub fn service(ctx: &Analysis, _: &Project, service: &Service, sink: &mut Sink) {
    let container = &service.container;
    let check = container.health.value();
    let Some(test) = check.and_then(HealthCheck::active_test) else {
        return;
    };

    let who = format!("`{}`", service.name());

    if let Some((dockerfile, stage)) = ctx.graph.build_of(container) {
        if dockerfile.is_windows(stage) {
            return;
        }

        if let Some((location, tool)) = first_missing(test, |tool| lacks(dockerfile, stage, tool)) {
            sink.report(finding(location, &tool, &who).related(
                dockerfile.stages[stage].location,
                "its image is built here without it",
            ));
        }

        return;
    }

    if service.build.is_some() {
        return;
    }

    let Some(image) = &container.image else {
        return;
    };

    let Some(reference) = &image.reference else {
        return;
    };

    if let Some((location, tool)) =
        first_missing(test, |tool| carries(reference, tool) == Some(false))
    {
        sink.report(
            finding(location, &tool, &who)
                .related(image.location, "this image does not include it"),
        );
    }
}

fn finding(location: Location, tool: &str, who: &str) -> Finding {
    Finding::new(
        location,
        format!("{who} has no `{tool}`, so its health check always fails"),
    )
    .label("not in the image")
    .help(advice(tool))
}

/// What to write instead of a program that is not in the image.
fn advice(tool: &str) -> &'static str {
    match tool {
        "mongo" => "call `mongosh`, which replaces it",
        "mongosh" => "call `mongo`, the shell of this version",
        "mysqladmin" => "call `mariadb-admin`, or the `healthcheck.sh` of the image",
        "mysql" => "call `mariadb`, or the `healthcheck.sh` of the image",
        "mysqlcheck" => "call `mariadb-check`",
        "mysqlshow" => "call `mariadb-show`",
        _ => {
            "use a tool that is in the image (`python -c`, `node -e`, the server's own client), \
             or install this one"
        }
    }
}

/// The first program of a check that is missing, unless another is tried instead.
fn first_missing(test: &Command, lacks: impl Fn(&str) -> bool) -> Option<(Location, String)> {
    let script: &Script = test.script();
    let invocations = script.invocations();
    let tools: Vec<&Invocation> = invocations
        .iter()
        .filter(|invocation| invocation.is(TOOLS))
        .collect();
    // `curl … || wget …` needs one of them.
    if !tools.iter().all(|invocation| lacks(invocation.program)) {
        return None;
    }

    let first = tools.first()?;

    Some((test.place_of(first.name.span), first.program.to_owned()))
}

/// Whether a stage is known not to carry a program.
fn lacks(dockerfile: &Dockerfile, stage: StageId, tool: &str) -> bool {
    let base = match dockerfile.root(stage) {
        Some(Base::Scratch(_)) => Some(false),
        Some(Base::Image(ImageUse {
            reference: Some(reference),
            ..
        })) => carries(reference, tool),
        _ => None,
    };

    base == Some(false) && !may_add(dockerfile, stage, tool)
}

/// Whether some layer of the stage may bring the program.
pub(super) fn may_add(dockerfile: &Dockerfile, stage: StageId, tool: &str) -> bool {
    let chain = dockerfile.layers(stage);
    let is_installed = dockerfile
        .steps()
        .filter(|step| chain.contains(&step.stage.index))
        .any(|step| {
            let script = step.script();
            script
                .invocations()
                .iter()
                .any(|invocation| may_install(invocation, tool))
        });

    is_installed
        || dockerfile
            .instructions()
            .filter(|position| chain.contains(&position.stage.index))
            .any(|position| match &position.instruction.body {
                Body::Copy(transfer) | Body::Add(transfer) => may_copy(transfer, tool),
                _ => false,
            })
}

/// Whether an invocation may install the program.
fn may_install(invocation: &Invocation, tool: &str) -> bool {
    match call(invocation) {
        Some(call) if call.manager.system && call.verb == Verb::Install => {
            // Without a package, a file lists them, and may name any.
            call.packages.is_empty() || call.packages.iter().any(|word| may_name(word, tool))
        }
        Some(_) => false,
        // It is used in the build, or something unknown is run that may install it.
        None => {
            invocation.program == tool
                || runs_file(invocation)
                || invocation.args.iter().any(|word| {
                    word.text().ends_with(&format!("bin/{tool}")) || word.text().contains(".sh")
                })
        }
    }
}

/// Whether a word may name a package that brings the program.
fn may_name(word: &ShellWord, tool: &str) -> bool {
    let name = word.text().split(['=', '~', ':']).next().unwrap_or("");
    let is_package = PACKAGES
        .iter()
        .any(|(program, packages)| *program == tool && packages.contains(&name));

    is_package || word.is_expanded() || name.contains(tool)
}

/// Whether a COPY or ADD may bring the program.
fn may_copy(transfer: &Transfer, tool: &str) -> bool {
    const FOLDERS: &[&str] = &[
        "",
        "/bin",
        "/usr",
        "/usr/bin",
        "/usr/local",
        "/usr/local/bin",
    ];
    let destination = transfer.destination.text.as_str();
    let is_into_programs =
        transfer.from.is_some() && FOLDERS.contains(&destination.trim_end_matches('/'));
    let is_from_folder =
        |text: &str| is_into_programs && (text.ends_with('/') || text.contains("bin"));

    destination.contains(tool)
        || transfer.sources.iter().any(|source| match source {
            Source::Path(word) => word.text.contains(tool) || is_from_folder(&word.text),
            Source::Heredoc(..) => false,
        })
}

/// Whether an invocation runs a script or a program of its own, which may do anything.
fn runs_file(invocation: &Invocation) -> bool {
    let text = invocation.name.text();
    let system = [
        "/bin/",
        "/usr/bin/",
        "/sbin/",
        "/usr/sbin/",
        "/usr/local/bin/",
    ]
    .iter()
    .any(|folder| text.starts_with(folder));

    text.ends_with(".sh") || (text.contains('/') && !system && !text.contains('$'))
}

fn carries(reference: &Reference, tool: &str) -> Option<bool> {
    if reference.path.contains('?') {
        return None;
    }
    let known = data::image(&reference.repository())?;
    known.carries(reference.tag.as_deref(), tool)
}
