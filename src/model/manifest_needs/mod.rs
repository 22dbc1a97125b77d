//! What an install needs beside the manifest that it reads: files that `package.json`,
//! `pyproject.toml`, `Cargo.toml` … name, and without which the install fails. Facts only; whether
//! the files are in an image is for others to say.
//!
//! Listed is only what fails for certain, and only files that are in the repository.

mod compiled;
mod javascript;
mod need;
mod python;
mod scripting;

pub use need::{Install, Need, NeedReason, ProjectFolder};

/// What an install needs in the folder of its project.
pub fn needs(project: ProjectFolder, install: &Install) -> Vec<Need> {
    let family = install.call.map_or("", |call| call.family());

    match (family, install.invocation.program) {
        ("npm" | "pnpm" | "yarn" | "bun", _) => javascript::needs(project, install, family),
        ("pip", _) => python::pip(project, install),
        ("uv", _) => python::uv(project, install),
        ("poetry", _) => python::poetry(project, install),
        ("pipenv", _) => python::pipenv(project, install),
        ("cargo", _) => compiled::cargo(project, install),
        ("go", _) => compiled::go(project),
        ("composer", _) => scripting::composer(project, install),
        ("bundler", _) => scripting::bundler(project, install),
        (_, "mvn" | "mvnw") => compiled::maven(project, install),
        (_, "gradlew") => compiled::gradle(project),
        (_, "dotnet") => compiled::dotnet(project, install),
        _ => Vec::new(),
    }
}

/// The manifests that show where the project of an install is.
pub fn manifests(install: &Install) -> &'static [&'static str] {
    let family = install.call.map_or("", |call| call.family());

    match (family, install.invocation.program) {
        ("npm" | "pnpm" | "yarn" | "bun", _) => &["package.json"],
        ("uv" | "poetry", _) => &["pyproject.toml"],
        ("pipenv", _) => &["Pipfile"],
        ("cargo", _) => &["Cargo.toml"],
        ("go", _) => &["go.work", "go.mod"],
        ("composer", _) => &["composer.json"],
        ("bundler", _) => &["Gemfile"],
        (_, "mvn" | "mvnw") => &["pom.xml"],
        (_, "gradlew") => &["gradlew"],
        _ => &[],
    }
}

/// What a file of requirements in the folder of a project names.
pub fn requirement_needs(project: ProjectFolder, name: &str) -> Vec<Need> {
    let mut needs = Vec::new();
    python::requirements(project, name, &mut Vec::new(), &mut needs);

    needs
}
