//! Programs that run another program: the words of each.

use super::word::{PartKind, Word};

/// A program that runs another one.
#[derive(Clone, Copy, Debug)]
pub struct Wrapper<'s> {
    pub kind: WrapperKind,
    /// The file name of the program, without its folders.
    pub program: &'s str,
    /// The word that names it.
    pub name: &'s Word,
    /// Its arguments, up to the program that it runs. For a shell, all of them.
    pub args: &'s [Word],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrapperKind {
    /// `sudo`, `doas`
    Elevate,
    /// `gosu`, `su-exec`, `setpriv`, `su`: runs it as another user.
    User,
    /// `tini`, `dumb-init`: reaps and forwards signals.
    Init,
    /// `exec`: replaces the shell.
    Exec,
    /// `env` and similar programs.
    Environment,
    /// `xargs`: runs it once for each input.
    Xargs,
    /// `timeout`
    Timeout,
    /// `uv run`, `bundle exec`, `python -m`: the launcher of a language or a vendor.
    Runner,
    /// `sh -c`, `eval`: another shell.
    Shell,
    /// `nice`, `nohup`, `time`, …
    Other,
}

/// The end of the words of a wrapper.
enum Form {
    /// Options, `--`, then this many words.
    Words {
        with_value: &'static [&'static str],
        positionals: usize,
    },
    /// Everything up to `--`.
    Dashes,
    /// The word after `-m`.
    Module { with_value: &'static [&'static str] },
}

struct WrapperSpec {
    name: &'static str,
    subcommand: Option<&'static str>,
    kind: WrapperKind,
    form: Form,
}

const fn words(
    name: &'static str,
    kind: WrapperKind,
    positionals: usize,
    with_value: &'static [&'static str],
) -> WrapperSpec {
    WrapperSpec {
        name,
        subcommand: None,
        kind,
        form: Form::Words {
            with_value,
            positionals,
        },
    }
}

const fn runner(
    name: &'static str,
    subcommand: &'static str,
    with_value: &'static [&'static str],
) -> WrapperSpec {
    let form = Form::Words {
        with_value,
        positionals: 0,
    };

    WrapperSpec {
        name,
        subcommand: Some(subcommand),
        kind: WrapperKind::Runner,
        form,
    }
}

const fn dashes(name: &'static str, kind: WrapperKind) -> WrapperSpec {
    WrapperSpec {
        name,
        subcommand: None,
        kind,
        form: Form::Dashes,
    }
}

const fn module(name: &'static str) -> WrapperSpec {
    WrapperSpec {
        name,
        subcommand: None,
        kind: WrapperKind::Runner,
        form: Form::Module {
            with_value: &["-W", "-X"],
        },
    }
}

use WrapperKind::{Elevate, Environment, Exec, Init, Other, Runner, Timeout, User, Xargs};

const SUDO: &[&str] = &[
    "-u",
    "-g",
    "-h",
    "-p",
    "-C",
    "-r",
    "-t",
    "-U",
    "-D",
    "-R",
    "-T",
    "--user",
    "--group",
    "--host",
    "--prompt",
    "--chdir",
    "--chroot",
    "--role",
    "--type",
    "--close-from",
    "--command-timeout",
    "--other-user",
];
const SETPRIV: &[&str] = &[
    "--reuid",
    "--regid",
    "--ruid",
    "--rgid",
    "--euid",
    "--egid",
    "--groups",
    "--inh-caps",
    "--ambient-caps",
    "--bounding-set",
    "--securebits",
    "--pdeathsig",
    "--selinux-label",
    "--apparmor-profile",
];
const XARGS: &[&str] = &[
    "-I",
    "-n",
    "-P",
    "-L",
    "-d",
    "-a",
    "-E",
    "-s",
    "--max-args",
    "--max-procs",
    "--max-lines",
    "--delimiter",
    "--arg-file",
    "--max-chars",
];
const UV: &[&str] = &[
    "--with",
    "--with-editable",
    "--with-requirements",
    "--extra",
    "--no-extra",
    "--group",
    "--no-group",
    "--only-group",
    "--env-file",
    "-p",
    "--python",
    "--project",
    "--directory",
    "--package",
    "--index-url",
    "--index",
    "--default-index",
    "--extra-index-url",
    "--config-file",
    "--cache-dir",
];
const CONDA: &[&str] = &["-n", "--name", "-p", "--prefix", "--cwd"];

/// Sorted by name.
const SPECS: &[WrapperSpec] = &[
    dashes("aws-vault", Environment),
    words("builtin", Other, 0, &[]),
    runner("bundle", "exec", &[]),
    words("busybox", Other, 0, &[]),
    words("catatonit", Init, 0, &[]),
    words("catchsegv", Other, 0, &[]),
    dashes("chamber", Environment),
    words(
        "chpst",
        User,
        0,
        &[
            "-u", "-U", "-b", "-e", "-/", "-n", "-l", "-L", "-m", "-d", "-o", "-p", "-f", "-c",
            "-r", "-t",
        ],
    ),
    words("chroot", Other, 1, &["--userspec", "--groups"]),
    words("command", Other, 0, &[]),
    runner("conda", "run", CONDA),
    dashes("dbus-run-session", Other),
    words("ddtrace-run", Runner, 0, &[]),
    words("doas", Elevate, 0, &["-u", "-C", "-a"]),
    words(
        "dockerize",
        Other,
        0,
        &[
            "-wait",
            "-timeout",
            "-template",
            "-stdout",
            "-stderr",
            "-wait-retry-interval",
            "-env",
        ],
    ),
    dashes("doppler", Environment),
    dashes("dotenv", Environment),
    dashes("dotenvx", Environment),
    words("dumb-init", Init, 0, &["-r", "--rewrite"]),
    words("eatmydata", Other, 0, &[]),
    words("env", Environment, 0, &["-u", "--unset", "-C", "--chdir"]),
    words("exec", Exec, 0, &["-a"]),
    words("fakeroot", Other, 0, &[]),
    words("gosu", User, 1, &[]),
    words(
        "gtimeout",
        Timeout,
        1,
        &["-s", "--signal", "-k", "--kill-after"],
    ),
    runner("hatch", "run", &[]),
    dashes("infisical", Environment),
    words(
        "ionice",
        Other,
        0,
        &["-c", "-n", "-p", "--class", "--classdata"],
    ),
    runner("mamba", "run", CONDA),
    runner("micromamba", "run", CONDA),
    runner("newrelic-admin", "run-program", &[]),
    words("nice", Other, 0, &["-n", "--adjustment"]),
    words("nohup", Other, 0, &[]),
    dashes("op", Environment),
    words(
        "opentelemetry-instrument",
        Runner,
        0,
        &[
            "--traces_exporter",
            "--metrics_exporter",
            "--logs_exporter",
            "--service_name",
        ],
    ),
    runner("pdm", "run", &["-p", "--project"]),
    runner("pipenv", "run", &[]),
    runner("pixi", "run", &["-e", "--environment", "--manifest-path"]),
    runner("poetry", "run", &["-C", "--directory", "-P", "--project"]),
    module("python"),
    module("python3"),
    words(
        "runuser",
        User,
        0,
        &["-u", "-g", "-G", "--user", "--group", "--supp-group"],
    ),
    runner("rye", "run", &[]),
    words("s6-setuidgid", User, 1, &[]),
    words("setpriv", User, 0, SETPRIV),
    words("setsid", Other, 0, &[]),
    words("setuidgid", User, 1, &[]),
    words(
        "stdbuf",
        Other,
        0,
        &["-i", "-o", "-e", "--input", "--output", "--error"],
    ),
    words("su-exec", User, 1, &[]),
    words("sudo", Elevate, 0, SUDO),
    words("taskset", Other, 1, &[]),
    words("time", Other, 0, &["-f", "--format", "-o", "--output"]),
    words(
        "timeout",
        Timeout,
        1,
        &["-s", "--signal", "-k", "--kill-after"],
    ),
    words("tini", Init, 0, &["-p", "-e"]),
    words("tini-static", Init, 0, &["-p", "-e"]),
    words("unbuffer", Other, 0, &[]),
    runner("uv", "run", UV),
    dashes("wait-for", Other),
    dashes("wait-for-it", Other),
    dashes("wait-for-it.sh", Other),
    dashes("wait-for.sh", Other),
    words("with-contenv", Environment, 0, &[]),
    words("xargs", Xargs, 0, XARGS),
    words(
        "xvfb-run",
        Other,
        0,
        &[
            "-s",
            "--server-args",
            "-n",
            "--server-num",
            "-e",
            "--error-file",
            "-f",
            "-w",
            "-p",
        ],
    ),
];

/// The file name of the program in a word, without its folders and without `.exe`.
pub(super) fn program(word: &Word) -> &str {
    let name = from_name(word);
    name.strip_suffix(".exe").unwrap_or(name)
}

/// The text of a word from the file name of the program on.
pub(super) fn from_name(word: &Word) -> &str {
    let text = word.text();
    let begin = match text.rfind('/') {
        // A slash inside an expansion is not part of the path.
        Some(slash) if slash + 1 < text.len() && !is_in_expansion(word, slash) => slash + 1,
        _ => 0,
    };
    &text[begin..]
}

fn is_in_expansion(word: &Word, offset: usize) -> bool {
    let index = word
        .parts
        .partition_point(|part| part.offset as usize <= offset);
    index > 0 && !matches!(word.parts[index - 1].kind, PartKind::Literal)
}

/// The wrapper at the start of `words`, and the words of the program that it runs. `None` when the
/// first word is not a wrapper or runs nothing.
pub(super) fn unwrap(words: &[Word]) -> Option<(Wrapper<'_>, &[Word])> {
    let (name, rest) = words.split_first()?;
    let program = program(name);
    let spec = &SPECS[SPECS
        .binary_search_by_key(&program, |spec| spec.name)
        .ok()?];
    let mut index = 0;

    if let Some(subcommand) = spec.subcommand {
        if rest.first()?.text() != subcommand {
            return None;
        }

        index = 1;
    }

    index += match spec.form {
        Form::Words {
            with_value,
            positionals,
        } => wrapper_words(spec, &rest[index..], with_value, positionals)?,
        Form::Dashes => rest[index..].iter().position(|word| word.text() == "--")? + 1,
        Form::Module { with_value } => module_at(&rest[index..], with_value)?,
    };

    let run = rest.get(index..)?;
    if run.is_empty() {
        return None;
    }

    Some((
        Wrapper {
            kind: spec.kind,
            program,
            name,
            args: &rest[..index],
        },
        run,
    ))
}

/// The number of words of a wrapper before the program that it runs.
fn wrapper_words(
    spec: &WrapperSpec,
    words: &[Word],
    with_value: &[&str],
    positionals: usize,
) -> Option<usize> {
    let mut index = 0;

    while let Some(word) = words.get(index) {
        let text = word.text();

        if text == "--" {
            index += 1;
            break;
        }

        if text.len() > 1 && text.starts_with('-') {
            // `command -v x` finds a program but does not run it.
            if spec.name == "command" && text.contains(['v', 'V']) {
                return None;
            }

            index += if with_value.contains(&text) { 2 } else { 1 };
        } else if matches!(spec.kind, Elevate | Environment) && word.assignment().is_some() {
            index += 1;
        } else {
            break;
        }
    }

    index += positionals;
    let dashes = positionals > 0 && words.get(index).is_some_and(|word| word.text() == "--");

    Some(index + usize::from(dashes))
}

fn module_at(words: &[Word], with_value: &[&str]) -> Option<usize> {
    let mut index = 0;

    loop {
        let text = words.get(index)?.text();
        if text == "-m" {
            return Some(index + 1);
        }

        if !text.starts_with('-') || text == "-c" || text == "-" {
            return None;
        }

        index += if with_value.contains(&text) { 2 } else { 1 };
    }
}

#[cfg(test)]
#[test]
fn the_table_is_sorted() {
    assert!(SPECS.is_sorted_by(|a, b| a.name < b.name));
}
