//! `multi-stage-build`: compilers and build tools in the image that is shipped.

use crate::analysis::{Analysis, shipped_stages};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::{Base, Dockerfile, Stage};
use crate::model::image::{ImageUse, Reference};
use crate::model::package::{Verb, call};
use crate::source::{Located, Location, file_name, parent};
use crate::syntax::shell::Invocation;

/// Packages that compile or that only compiling needs.
const TOOLS: &[&str] = &[
    "autoconf",
    "automake",
    "bison",
    "build-base",
    "build-essential",
    "cargo",
    "clang",
    "cmake",
    "default-jdk",
    "default-jdk-headless",
    "dpkg-dev",
    "flex",
    "g++",
    "gcc",
    "gcc-c++",
    "gfortran",
    "go",
    "golang",
    "golang-go",
    "gradle",
    "libtool",
    "linux-headers",
    "llvm",
    "make",
    "maven",
    "meson",
    "musl-dev",
    "ninja-build",
    "node-gyp",
    "pkg-config",
    "pkgconf",
    "python-dev",
    "python3-dev",
    "python3-devel",
    "rust",
    "rustc",
];

/// Packages that alone are no evidence: scripts call `make`, and much depends on `pkg-config`.
const WEAK: &[&str] = &[
    "python-dev",
    "python3-dev",
    "python3-devel",
    "make",
    "pkg-config",
    "pkgconf",
    "linux-headers",
    "dpkg-dev",
    "autoconf",
    "automake",
    "libtool",
    "bison",
    "flex",
];

pub fn check(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    if is_builder(ctx.facts.path(dockerfile.file)) {
        return;
    }

    for stage in shipped_stages::serving(ctx, dockerfile)
        .into_iter()
        .filter(|&stage| !dockerfile.is_windows(stage))
    {
        let chain: Vec<&Stage> = dockerfile.chain(stage).collect();

        if let Some((build, toolchain)) = toolchain(dockerfile, &chain) {
            sink.report(
                Finding::new(
                    dockerfile.stages[stage].location,
                    format!("the shipped image contains {toolchain}"),
                )
                .label("ships everything the build needs")
                .related(build, "built here")
                .help(
                    "build in a separate stage and `COPY --from=` the result into a small \
                        final stage",
                )
                .anchor(dockerfile.stages[stage].location),
            );
            continue;
        }

        let tools = installed(dockerfile, &chain);

        if let Some((first, rest)) = tools.split_first() {
            let mut names: Vec<&str> = tools.iter().map(|tool| tool.value.as_str()).collect();
            names.dedup();
            let mut finding = Finding::new(
                first.location,
                format!("the shipped image contains build tools: {}", quoted(&names)),
            )
            .label("stays in the image")
            .help(
                "build in an earlier stage and `COPY --from=` the result, or remove the \
                         tools in the same RUN",
            );
            for tool in rest
                .iter()
                .filter(|tool| tool.location.span.start != first.location.span.start)
                .take(4)
            {
                finding = finding.related(tool.location, "and this");
            }
            // An image that starts nothing is to build upon or to work in.
            let base = matches!(dockerfile.start(stage), (None, None));
            sink.report(finding.case_if(base, "base-image"));
        }
    }
}

/// Whether a Dockerfile says by its name that it makes a place to build or to check in.
fn is_builder(path: &str) -> bool {
    const FILES: &[&str] = &[
        "build",
        "builder",
        "check",
        "docs",
        "lint",
        "sdk",
        "toolchain",
        "wheel",
        "wheels",
    ];
    const FOLDERS: &[&str] = &["builder", "builders", "sdk", "toolchain", "wheel", "wheels"];
    let file = file_name(path).to_ascii_lowercase();
    file.split(['.', '-', '_'])
        .any(|word| FILES.contains(&word))
        || parent(path)
            .split(['/', '-', '_'])
            .any(|word| FOLDERS.contains(&word))
}

/// A toolchain's own image that something is built in: the place of the build, and what the image
/// contains.
fn toolchain(dockerfile: &Dockerfile, chain: &[&Stage]) -> Option<(Location, &'static str)> {
    let Some(Base::Image(ImageUse {
        reference: Some(reference),
        ..
    })) = chain.last().map(|stage| &stage.base)
    else {
        return None;
    };

    dockerfile
        .steps()
        .filter(|step| chain.iter().any(|stage| stage.index == step.stage.index))
        .find_map(|step| {
            let script = step.script();
            script.invocations().iter().find_map(|invocation| {
                let toolchain = toolchain_of(invocation, reference)?;
                Some((step.location(invocation.span()), toolchain))
            })
        })
}

/// The toolchain that a build uses, if an invocation is a build.
fn toolchain_of(invocation: &Invocation, base: &Reference) -> Option<&'static str> {
    let task = invocation.subcommand(&["-f", "--file", "-C"]).unwrap_or("");

    match invocation.program {
        "go" if matches!(task, "build" | "install") => Some("the Go toolchain"),
        "cargo" if matches!(task, "build" | "install") => Some("the Rust toolchain"),
        "mvn" | "mvnw" if matches!(task, "package" | "install" | "verify") => {
            Some("Maven and a JDK")
        }
        "gradle" | "gradlew"
            if task.contains("ar") || task.contains("build") || task.contains("install") =>
        {
            Some("Gradle and a JDK")
        }
        "dotnet" if matches!(task, "publish" | "build") && is_sdk(base) => Some("the .NET SDK"),
        "gcc" | "g++" | "clang" | "cmake" if matches!(base.short_name(), "gcc" | "clang") => {
            Some("a C compiler")
        }
        _ => None,
    }
}

fn is_sdk(reference: &Reference) -> bool {
    reference.path.contains("dotnet/sdk") || reference.path.contains("dotnet/core/sdk")
}

/// Build tools that a RUN of the chain installs and does not remove.
fn installed(dockerfile: &Dockerfile, chain: &[&Stage]) -> Vec<Located<String>> {
    let mut tools = Vec::new();
    for step in dockerfile
        .steps()
        .filter(|step| chain.iter().any(|stage| stage.index == step.stage.index))
    {
        let script = step.script();
        let invocations = script.invocations();
        let calls: Vec<_> = invocations
            .iter()
            .filter_map(|invocation| Some((invocation, call(invocation)?)))
            .collect();
        let removes = calls
            .iter()
            .any(|(_, call)| call.manager.system && call.verb == Verb::Remove);
        if removes {
            continue;
        }

        for (_, call) in calls
            .iter()
            .filter(|(_, call)| call.manager.system && call.verb == Verb::Install)
        {
            for word in &call.packages {
                let name = word.text().split(['=', ':', '~']).next().unwrap_or("");
                let name = file_name(name);
                let versioned = name
                    .trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
                    .trim_end_matches('-');
                if TOOLS.contains(&name) || matches!(versioned, "gcc" | "g++" | "clang" | "llvm") {
                    tools.push(Located::new(name.to_owned(), step.location(word.span)));
                }
            }
        }
    }

    let strong = tools
        .iter()
        .any(|tool| !WEAK.contains(&tool.value.as_str()));
    if strong { tools } else { Vec::new() }
}

/// The first four of some names, each once.
fn quoted(names: &[&str]) -> String {
    let mut unique: Vec<&str> = Vec::new();
    for name in names {
        if !unique.contains(name) {
            unique.push(name);
        }
    }

    let shown: Vec<String> = unique
        .iter()
        .take(4)
        .map(|name| format!("`{name}`"))
        .collect();
    match unique.len() {
        0..=4 => shown.join(", "),
        many => format!("{} and {} more", shown.join(", "), many - 4),
    }
}
