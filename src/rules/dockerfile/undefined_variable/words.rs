//! Which words of an instruction the builder expands, which names an instruction declares, and
//! which a base image may.

use crate::syntax::dockerfile::{Body, Instruction, Source, Word};

/// How the names begin that base images set.
pub(super) const BASES: &[&str] = &[
    "ANDROID_",
    "APACHE_",
    "ASPNET",
    "BUN_",
    "CARGO_",
    "CATALINA_",
    "CONDA_",
    "CUDA_",
    "DEBIAN_FRONTEND",
    "DENO_",
    "DOTNET_",
    "ELIXIR_",
    "ERLANG_",
    "GEM_",
    "GO",
    "GRADLE_",
    "HOME",
    "HOSTNAME",
    "JAVA_",
    "JDK_",
    "JETTY_",
    "JULIA_",
    "LANG",
    "LANGUAGE",
    "LC_",
    "LD_LIBRARY_PATH",
    "LIBRARY_PATH",
    "MAVEN_",
    "NCCL_",
    "NGINX_",
    "NODE_",
    "NV",
    "OTP_",
    "PG",
    "PHP_",
    "PIP_",
    "POETRY_",
    "POSTGRES_",
    "PYPY_",
    "PYTHON_",
    "RUBY_",
    "RUST",
    "SHELL",
    "SPARK_",
    "SWIFT_",
    "TERM",
    "TOMCAT_",
    "USER",
    "YARN_",
    "_JAVA",
];

/// The words of an instruction that the builder expands.
pub(super) fn expanded(instruction: &Instruction) -> Vec<&Word> {
    match &instruction.body {
        Body::Add(transfer) | Body::Copy(transfer) => {
            let sources = transfer.sources.iter().filter_map(|source| match source {
                Source::Path(word) => Some(word),
                Source::Heredoc(..) => None,
            });

            sources.chain([&transfer.destination]).collect()
        }
        Body::Env(pairs) | Body::Label(pairs) => {
            pairs.pairs.iter().map(|pair| &pair.value).collect()
        }
        Body::Arg(arguments) => arguments
            .iter()
            .filter_map(|argument| argument.default.as_ref())
            .collect(),
        Body::Expose(words) | Body::Volume(words) => words.iter().collect(),
        Body::User(word) | Body::Workdir(word) | Body::Stopsignal(word) => vec![word],
        _ => Vec::new(),
    }
}

/// The names that an instruction declares.
pub(super) fn declared(instruction: &Instruction) -> Vec<String> {
    match &instruction.body {
        Body::Arg(arguments) => arguments
            .iter()
            .map(|argument| argument.name.value.clone())
            .collect(),
        Body::Env(pairs) => pairs
            .pairs
            .iter()
            .filter_map(|pair| Some(pair.key.literal()?.into_owned()))
            .collect(),
        _ => Vec::new(),
    }
}
