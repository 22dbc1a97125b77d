//! Commands that run inside of something else: a container, a Nix shell, a developer environment.

/// The command that `docker run` and its like run in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerCommand<'w> {
    /// The program that the container runs by itself, as far as the name of its image says it:
    /// `trivy` of `aquasec/trivy:0.66.0`, or the name of the service. Empty for a running container.
    pub tool: &'w str,
    /// The words after the image, the service or the container.
    pub args: Vec<&'w str>,
}

/// Options of `run` and `exec` without a value.
const SWITCHES: &[&str] = &[
    "--rm",
    "--detach",
    "--init",
    "--interactive",
    "--tty",
    "--privileged",
    "--read-only",
    "--quiet",
    "--publish-all",
    "--no-deps",
    "--no-TTY",
    "--service-ports",
    "--use-aliases",
    "--build",
    "--no-healthcheck",
    "--oom-kill-disable",
    "--remove-orphans",
    "--sig-proxy",
];

/// The command that these arguments of `docker`, `podman` or `docker-compose` run.
pub fn container_command<'w>(program: &str, words: &[&'w str]) -> Option<ContainerCommand<'w>> {
    let is_engine = matches!(program, "docker" | "podman" | "nerdctl");
    let is_compose = program == "docker-compose" || is_engine && words.contains(&"compose");
    if !is_engine && !is_compose {
        return None;
    }

    let verb = words
        .iter()
        .position(|word| matches!(*word, "run" | "exec"))
        .filter(|verb| is_compose || *verb <= 1)?;
    let mut rest = words[verb + 1..].iter().copied();
    let mut entrypoint = None;

    let subject = loop {
        let word = rest.next()?;
        if !word.starts_with('-') {
            break word;
        }

        if let Some(value) = word.strip_prefix("--entrypoint=") {
            entrypoint = Some(value);
        } else if word == "--entrypoint" {
            entrypoint = rest.next();
        } else if takes_value(word) {
            rest.next();
        }
    };

    let is_running = words[verb] == "exec";
    let tool = match entrypoint {
        Some(program) => program,
        None if is_running => "",
        None if is_compose => subject,
        None => image_tool(subject),
    };

    Some(ContainerCommand {
        tool,
        args: rest.collect(),
    })
}

/// Whether the word after an option is its value.
fn takes_value(option: &str) -> bool {
    let is_cluster = !option.starts_with("--")
        && option[1..]
            .bytes()
            .all(|letter| matches!(letter, b'i' | b't' | b'd' | b'P' | b'q' | b'T'));

    !is_cluster && !option.contains('=') && !SWITCHES.contains(&option)
}

/// The last part of an image's name.
pub(super) fn image_tool(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    let name = name.rsplit('/').next().unwrap_or(name);

    name.split(':').next().unwrap_or(name)
}

/// The script that a launcher runs in an environment of its own: `nix develop -c`, `devbox run`,
/// `mise exec --`, `ssh host`.
pub fn nested_script(program: &str, words: &[&str]) -> Option<String> {
    let start = match (program, words.first().copied()) {
        ("ssh", _) => remote_start(words),
        ("nix", Some("develop" | "shell" | "run")) => {
            after(words, &["-c", "--command"]).or_else(|| after(words, &["--"]))?
        }
        ("nix-shell", _) => after(words, &["--run", "--command"])?,
        ("devbox", Some("run")) => after(words, &["--"]).unwrap_or(1),
        ("mise" | "rtx", Some("exec" | "x")) => after(words, &["--"])?,
        ("direnv", Some("exec")) => 2,
        ("asdf", Some("exec")) => 1,
        ("corepack", Some("pnpm" | "yarn" | "npm")) => 0,
        ("devcontainer", Some("exec")) => after(words, &["--"])?,
        _ => return None,
    };

    let rest = words.get(start..).filter(|rest| !rest.is_empty())?;
    Some(rest.join(" "))
}

/// The index after the first of these words.
fn after(words: &[&str], marks: &[&str]) -> Option<usize> {
    let mark = words.iter().position(|word| marks.contains(word))?;

    Some(mark + 1)
}

/// The index of the command that `ssh` runs on another host.
fn remote_start(words: &[&str]) -> usize {
    let values = ["-i", "-p", "-o", "-l", "-F", "-J"];
    let mut index = 0;

    while let Some(word) = words.get(index) {
        index += 1;

        if values.contains(word) {
            index += 1;
        } else if !word.starts_with('-') {
            break;
        }
    }

    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_run_commands() {
        for (line, tool, args) in [
            (
                "run --rm -v /a:/a acme/scanner:1 image x",
                "scanner",
                "image x",
            ),
            ("run -it --name a ghcr.io/acme/app@sha256:0 sh", "app", "sh"),
            ("run --entrypoint pytest app:ci -q", "pytest", "-q"),
            ("exec -T db psql", "", "psql"),
            (
                "compose -f a.yaml run --rm api pytest -q",
                "api",
                "pytest -q",
            ),
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            let expected = ContainerCommand {
                tool,
                args: args.split(' ').collect(),
            };
            assert_eq!(
                container_command("docker", &words),
                Some(expected),
                "{line}"
            );
        }

        assert_eq!(container_command("docker", &["build", "run"]), None);
        assert_eq!(container_command("git", &["run", "x"]), None);
    }

    #[test]
    fn launchers_run_scripts() {
        for (program, line, script) in [
            ("nix", "develop .#ci -c make test", Some("make test")),
            ("nix", "build .#app", None),
            ("devbox", "run test", Some("test")),
            ("ssh", "-i key host uptime", Some("uptime")),
            ("mise", "x -- cargo test", Some("cargo test")),
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(nested_script(program, &words).as_deref(), script, "{line}");
        }
    }
}
