//! Servers of a start command: its own, and those that it starts through `npm run` and through shell
//! scripts of the repository.

use super::program::{Server, server};
use crate::source::{Location, Repository, SourceFile, Span, file_name, join, parent};
use crate::syntax::shell::{self, Invocation, Script};

/// How many scripts may call each other.
const MAX_DEPTH: u32 = 4;

/// A server that a start command starts.
#[derive(Clone, Debug)]
pub struct CommandServer {
    pub server: Server,
    /// The words of the start command itself that lead to it.
    pub span: Span,
    /// The script that starts it, where it is not the command itself: the place in it and its text
    /// there.
    pub via: Option<Via>,
}

#[derive(Clone, Debug)]
pub struct Via {
    pub location: Location,
    pub text: String,
}

/// The folders in which scripts and manifests are searched.
#[derive(Clone, Copy, Debug)]
pub struct ScriptFolders<'f> {
    pub repository: Repository<'f>,
    /// ScriptFolders in the repository, the likeliest first.
    pub folders: &'f [String],
}

/// The servers that a script starts, in order.
pub fn command_servers(script: &Script, folders: ScriptFolders) -> Vec<CommandServer> {
    let mut all = Vec::new();

    for invocation in script.invocations() {
        if let Some(server) = server(&invocation) {
            all.push(CommandServer {
                span: server.span,
                server,
                via: None,
            });
        } else {
            follow(&invocation, folders, &mut all);
        }
    }

    all
}

fn follow(invocation: &Invocation, folders: ScriptFolders, all: &mut Vec<CommandServer>) {
    let span = invocation.span();
    let mut servers = Vec::new();
    if let Some((name, folder)) = task(invocation) {
        run_task(&name, folder.as_deref(), folders, 0, &mut servers);
    } else if let Some(file) = script_file(invocation, folders) {
        run_file(file, folders, 0, &mut servers);
    }

    all.extend(servers.into_iter().map(|(server, via)| CommandServer {
        server,
        span,
        via: Some(via),
    }));
}

/// The script of `package.json` that an invocation runs, and the folder it is told to run it in.
pub fn task(invocation: &Invocation) -> Option<(String, Option<String>)> {
    let valued = [
        "--prefix",
        "-C",
        "--cwd",
        "--dir",
        "--filter",
        "-F",
        "-w",
        "--workspace",
        "--loglevel",
    ];
    let folder = invocation
        .option(&["--prefix", "-C", "--cwd", "--dir"])
        .map(|option| option.value.to_owned());
    let words = invocation.positionals(&valued);
    let first = words.first()?.text();
    let second = words.get(1).map(|word| word.text().to_owned());
    let name = match (invocation.program, first) {
        ("npm" | "pnpm" | "yarn" | "bun", "run" | "run-script") => second?,
        ("node", "--run") => second?,
        ("npm" | "pnpm", "start" | "test") => first.to_owned(),
        ("pnpm" | "yarn", name) if !PACKAGE_MANAGER_COMMANDS.contains(&name) => name.to_owned(),
        ("bun", "dev" | "start") => first.to_owned(),
        _ => return None,
    };

    Some((name, folder))
}

/// Subcommands of package managers, which no script of a manifest is called by.
const PACKAGE_MANAGER_COMMANDS: &[&str] = &[
    "add",
    "audit",
    "cache",
    "ci",
    "config",
    "create",
    "dlx",
    "exec",
    "global",
    "i",
    "init",
    "install",
    "link",
    "prune",
    "remove",
    "set",
    "store",
    "up",
    "upgrade",
    "version",
    "why",
    "workspace",
    "workspaces",
];

fn run_task(
    name: &str,
    folder: Option<&str>,
    folders: ScriptFolders,
    depth: u32,
    servers: &mut Vec<(Server, Via)>,
) {
    let script = folders.folders.iter().find_map(|base| {
        let file = folders
            .repository
            .find(&join(&join(base, folder.unwrap_or("."))?, "package.json")?)?;
        Some((file, script_text(&file.text, name)?))
    });

    let Some((file, (text, span))) = script else {
        return;
    };

    if depth > MAX_DEPTH {
        return;
    }

    let script = shell::parse(&text);

    for invocation in script.invocations() {
        if let Some(server) = server(&invocation) {
            servers.push((
                server,
                Via {
                    location: file.location(span),
                    text: text.clone(),
                },
            ));
        } else if let Some((name, folder)) = task(&invocation) {
            run_task(&name, folder.as_deref(), folders, depth + 1, servers);
        }
    }
}

/// A script of a `package.json`: its text and the place of its name.
pub fn script_text(manifest: &str, name: &str) -> Option<(String, Span)> {
    let json: serde_json::Value = serde_json::from_str(manifest).ok()?;
    let text = json.get("scripts")?.get(name)?.as_str()?.to_owned();
    let begin = manifest.find("\"scripts\"")?;
    let key = format!("\"{name}\"");
    let start = begin + manifest[begin..].find(&key)?;
    let span = Span::of(start, start + key.len());

    Some((text, span))
}

/// The shell script of the repository that an invocation runs; `None` where several of its name
/// cannot be told apart.
pub fn script_file<'f>(
    invocation: &Invocation,
    folders: ScriptFolders<'f>,
) -> Option<&'f SourceFile> {
    match script_files(invocation, folders).as_slice() {
        [file] => Some(file),
        _ => None,
    }
}

/// The shell scripts of the repository that an invocation may run: those of its name, of which one
/// may be in a folder of the right name too.
pub fn script_files<'f>(
    invocation: &Invocation,
    folders: ScriptFolders<'f>,
) -> Vec<&'f SourceFile> {
    let shell = invocation.is(&["sh", "bash", "ash", "dash"]);
    let takes_script = shell || invocation.is(&["tini", "dumb-init"]);
    let word = match invocation
        .args
        .iter()
        .find(|word| !word.text().starts_with('-'))
    {
        Some(word) if takes_script => word,
        _ => invocation.name,
    };

    let name = file_name(word.text());
    let is_script = shell
        || name.ends_with(".sh")
        || name.contains("entrypoint")
        || matches!(name, "start" | "run" | "boot" | "prestart");
    if !is_script || word.text().contains('$') {
        return Vec::new();
    }

    let mut files: Vec<&SourceFile> = Vec::new();
    for file in folders
        .folders
        .iter()
        .flat_map(|folder| folders.repository.below(folder))
    {
        if file.path.ends_with(name)
            && file.name() == name
            && !file.text.is_empty()
            && files.iter().all(|other| other.id != file.id)
        {
            files.push(file);
        }
    }

    let wanted = file_name(parent(word.text()));

    match files.iter().find(|file| file_name(file.folder()) == wanted) {
        Some(file) => vec![*file],
        None => files,
    }
}

fn run_file(
    file: &SourceFile,
    folders: ScriptFolders,
    depth: u32,
    servers: &mut Vec<(Server, Via)>,
) {
    if depth > MAX_DEPTH || file.text.len() > 64 * 1024 {
        return;
    }

    let script = shell::parse(&file.text);

    for invocation in script.invocations() {
        if let Some(server) = server(&invocation) {
            let via = Via {
                location: file.location(server.span),
                text: server.span.text(&file.text).to_owned(),
            };

            servers.push((server, via));
        } else if let Some((name, folder)) = task(&invocation) {
            run_task(&name, folder.as_deref(), folders, depth + 1, servers);
        } else if let Some(next) =
            script_file(&invocation, folders).filter(|next| next.id != file.id)
        {
            run_file(next, folders, depth + 1, servers);
        }
    }
}
