//! `multi-stage-build`: compilers and build tools in the image that is shipped.

use crate::analysis::{Ctx, shipped_stages};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::{Base, Dockerfile, Stage};
use crate::model::image::{ImageUse, Reference};
use crate::model::package::{Verb, call};
use crate::source::{Located, Location, file_name, parent};

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

/// Of these one alone says little: scripts call `make`, and `pkg-config` comes with much.
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

pub fn check(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    if is_builder(ctx.facts.path(dockerfile.file)) {
        return;
    }

    for stage in shipped_stages::serving(ctx, dockerfile)
        .into_iter()
        .filter(|&stage| !dockerfile.is_windows(stage))
    {
        let chain: Vec<&Stage> = dockerfile.chain(stage).collect();

        if let Some((at, why)) = toolchain(dockerfile, &chain) {
            sink.report(
                Finding::new(
                    dockerfile.stages[stage].location,
                    format!(
                        "the shipped image \
                    contains {why}"
                    ),
                )
                .label("ships everything the build needs")
                .related(at, "built here")
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
            // What starts nothing of its own is there to build upon or to work in.
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
/// carries.
fn toolchain(dockerfile: &Dockerfile, chain: &[&Stage]) -> Option<(Location, &'static str)> {
    let Some(Base::Image(ImageUse {
        reference: Some(reference),
        ..
    })) = chain.last().map(|stage| &stage.base)
    else {
        return None;
    };

    let steps = dockerfile
        .steps()
        .filter(|step| chain.iter().any(|stage| stage.index == step.stage.index));
    for step in steps {
        let script = step.script();

        for invocation in script.invocations() {
            let task = invocation.subcommand(&["-f", "--file", "-C"]).unwrap_or("");
            let what = match invocation.program {
                "go" if matches!(task, "build" | "install") => "the Go toolchain",
                "cargo" if matches!(task, "build" | "install") => "the Rust toolchain",
                "mvn" | "mvnw" if matches!(task, "package" | "install" | "verify") => {
                    "Maven and a JDK"
                }

                "gradle" | "gradlew"
                    if task.contains("ar")
                        || task.contains("build")
                        || task.contains("install") =>
                {
                    "Gradle and a JDK"
                }
                "dotnet" if matches!(task, "publish" | "build") && is_sdk(reference) => {
                    "the .NET SDK"
                }

                "gcc" | "g++" | "clang" | "cmake"
                    if matches!(reference.short_name(), "gcc" | "clang") =>
                {
                    "a C compiler"
                }
                _ => continue,
            };

            return Some((step.location(invocation.span()), what));
        }
    }

    None
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

fn quoted(names: &[&str]) -> String {
    let mut seen: Vec<&str> = Vec::new();
    names.iter().for_each(|name| {
        if !seen.contains(name) {
            seen.push(name)
        }
    });

    let shown: Vec<String> = seen
        .iter()
        .take(4)
        .map(|name| format!("`{name}`"))
        .collect();
    match seen.len() {
        0..=4 => shown.join(", "),
        many => format!("{} and {} more", shown.join(", "), many - 4),
    }
}
