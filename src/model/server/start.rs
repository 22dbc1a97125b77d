//! What a start command leads to: the scripts of the repository that it runs, through `npm run`,
//! `make`, `just` and `task`, shell scripts, Procfiles, supervisord and s6; and the servers that it
//! and they start.

use std::collections::HashSet;

use super::program::{ListenAddress, Server, host_variables, server, variables};
use crate::model::task_call::{TaskCall, script_text};
use crate::model::tasks::{TaskFile, TaskFiles, TaskFormat};
use crate::source::{FileId, Location, Repository, SourceFile, Span, file_name, join, parent};
use crate::syntax::shell::{self, Invocation, Script};

/// How many scripts may call each other.
const MAX_DEPTH: u32 = 4;

/// How many scripts of one command are followed.
const MAX_SCRIPTS: usize = 40;

/// How many bytes of a script are read.
const MAX_SCRIPT: usize = 64 * 1024;

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
    /// Folders in the repository, the likeliest first.
    pub folders: &'f [String],
    pub tasks: &'f TaskFiles,
}

/// A script of the repository that a start command runs, directly or through others.
#[derive(Debug)]
pub struct FollowedScript {
    pub script: Script,
    text: String,
    file: FileId,
    /// The name of the task, where the script is not the whole file.
    name: Option<Span>,
}

impl FollowedScript {
    /// The place of a span of the script: itself, or the name of the task.
    pub fn location(&self, span: Span) -> Location {
        Location::new(self.file, self.name.unwrap_or(span))
    }

    /// What is written at a span of the script; of a task, the whole line.
    fn text(&self, span: Span) -> &str {
        if self.name.is_none() {
            return span.text(&self.text);
        }

        let start = span.start as usize;
        let (before, after) = self
            .text
            .split_at_checked(start)
            .unwrap_or((&self.text, ""));
        let begin = before.rfind('\n').map_or(0, |end| end + 1);
        let end = after.find('\n').map_or(self.text.len(), |end| start + end);

        self.text[begin..end].trim()
    }

    fn via(&self, span: Span) -> Via {
        Via {
            location: self.location(span),
            text: self.text(span).to_owned(),
        }
    }
}

/// The servers that a script starts, in order.
pub fn command_servers(script: &Script, folders: ScriptFolders) -> Vec<CommandServer> {
    let mut all = Vec::new();
    let mut followed_count = 0;

    for invocation in script.invocations() {
        if let Some(server) = server_of(script, &invocation) {
            all.push(CommandServer {
                span: server.span,
                server,
                via: None,
            });
            continue;
        }

        if followed_count >= MAX_SCRIPTS {
            continue;
        }

        let span = invocation.span();
        for followed in followed_scripts(&invocation, folders) {
            followed_count += 1;

            for invocation in followed.script.invocations() {
                if let Some(server) = server_of(&followed.script, &invocation) {
                    let via = Some(followed.via(server.span));
                    all.push(CommandServer { server, span, via });
                }
            }
        }
    }

    all
}

/// The server that an invocation starts; a variable that the script sets may give its address.
fn server_of(script: &Script, invocation: &Invocation) -> Option<Server> {
    let mut server = server(invocation)?;

    if server.address == ListenAddress::LoopbackByDefault {
        let prefixes = variables(&server).iter().chain(host_variables(&server));
        let is_set = prefixes
            .into_iter()
            .any(|prefix| sets_variable(script, prefix));
        if is_set {
            server.address = ListenAddress::Other;
        }
    }

    Some(server)
}

/// Whether a script sets a variable whose name begins so.
fn sets_variable(script: &Script, prefix: &str) -> bool {
    script.commands.iter().any(|command| {
        let is_assigned = command
            .assignments
            .iter()
            .any(|assignment| assignment.name.starts_with(prefix));

        is_assigned
            || matches!(command.name(), "export" | "declare" | "readonly")
                && command
                    .words
                    .iter()
                    .any(|word| word.text().starts_with(prefix))
    })
}

/// The scripts that an invocation runs, and those that they run in turn.
pub fn followed_scripts(invocation: &Invocation, folders: ScriptFolders) -> Vec<FollowedScript> {
    let mut search = ScriptSearch {
        folders,
        seen: Vec::new(),
        found: Vec::new(),
    };
    search.follow(invocation, 0);

    search.found
}

struct ScriptSearch<'f> {
    folders: ScriptFolders<'f>,
    /// Each script once: its file, and the name of the task in it.
    seen: Vec<(FileId, String)>,
    found: Vec<FollowedScript>,
}

impl<'f> ScriptSearch<'f> {
    fn follow(&mut self, invocation: &Invocation, depth: u32) {
        if depth > MAX_DEPTH || self.found.len() >= MAX_SCRIPTS {
            return;
        }

        if let Some(call) = TaskCall::of(invocation).filter(|call| !call.is_everywhere) {
            for name in &call.names {
                self.task(&call, name.as_deref(), depth);
            }
        }

        match invocation.program {
            "concurrently" | "npm-run-all" | "run-p" | "run-s" => {
                self.several(invocation, depth);
            }
            "foreman" | "honcho" | "goreman" | "forego" | "overmind" | "hivemind" => {
                self.procfile(invocation, depth);
            }
            "supervisord" => self.supervisor(invocation, depth),
            "s6-svscan" | "runsvdir" => self.services(depth),
            "init" if invocation.name.text() == "/init" => self.services(depth),
            _ => {
                if let Some(file) = script_file(invocation, self.folders) {
                    self.file(file, depth);
                }
            }
        }
    }

    fn add(&mut self, file: &SourceFile, name: Option<(&str, Span)>, text: &str, depth: u32) {
        let key = (file.id, name.map_or("", |(name, _)| name).to_owned());
        if text.len() > MAX_SCRIPT || self.seen.contains(&key) {
            return;
        }

        self.seen.push(key);
        let script = shell::parse(text);
        let invocations: Vec<Invocation> = script.invocations();

        // What follows a server that runs is not followed.
        for invocation in &invocations {
            if server(invocation).is_none() {
                self.follow(invocation, depth + 1);
            }
        }

        self.found.push(FollowedScript {
            text: text.to_owned(),
            file: file.id,
            name: name.map(|(_, span)| span),
            script,
        });
    }

    fn file(&mut self, file: &SourceFile, depth: u32) {
        self.add(file, None, &file.text, depth);
    }

    /// The task of a name, where a folder of the scripts defines it.
    fn task(&mut self, call: &TaskCall, name: Option<&str>, depth: u32) {
        let inner = call.folder.unwrap_or(".");
        let folders = self.folders;

        for base in folders.folders {
            let Some(folder) = join(base, inner) else {
                continue;
            };

            for path in call.format.paths() {
                let file = join(&folder, path).and_then(|path| folders.repository.find(&path));
                let Some(file) = file else { continue };

                let tasks = folders.tasks.of(file);
                let text = tasks.and_then(|tasks| task_script(tasks, name, &mut HashSet::new()));
                if let Some(text) = text {
                    let span = task_span(call.format, file, name);
                    self.add(file, Some((name.unwrap_or("default"), span)), &text, depth);
                    return;
                }
            }
        }
    }

    /// Commands that run beside each other, each in one argument: `concurrently "npm:dev" "api"`.
    fn several(&mut self, invocation: &Invocation, depth: u32) {
        let runs_names = !invocation.is(&["concurrently"]);

        for word in invocation
            .args
            .iter()
            .filter(|word| !word.text().starts_with('-'))
        {
            let text = match word.text().strip_prefix("npm:") {
                Some(name) => format!("npm run {name}"),
                None if runs_names => format!("npm run {}", word.text()),
                None => word.text().to_owned(),
            };

            for invocation in shell::parse(&text).invocations() {
                self.follow(&invocation, depth + 1);
            }
        }
    }

    fn procfile(&mut self, invocation: &Invocation, depth: u32) {
        let name = invocation
            .option(&["-f", "--procfile"])
            .map_or("Procfile", |option| file_name(option.value));

        if let Some(file) = self.named(name) {
            for (span, text) in procfile_lines(&file.text) {
                let process = span.text(&file.text).to_owned();
                self.add(file, Some((&process, span)), text, depth);
            }
        }
    }

    fn supervisor(&mut self, invocation: &Invocation, depth: u32) {
        let named = invocation
            .option(&["-c", "--configuration"])
            .map(|option| file_name(option.value).to_owned());
        let file = self.named(named.as_deref().unwrap_or("supervisord.conf"));

        if let Some(file) = file {
            for (span, text) in supervisor_commands(&file.text) {
                let key = span.text(&file.text).to_owned();
                self.add(file, Some((&key, span)), text, depth);
            }
        }
    }

    /// The scripts of services of s6 and runit.
    fn services(&mut self, depth: u32) {
        let folders = self.folders;
        let files: Vec<&SourceFile> = folders
            .folders
            .iter()
            .flat_map(|folder| folders.repository.below(folder))
            .filter(|file| is_service_script(&file.path))
            .take(MAX_SCRIPTS)
            .collect();

        for file in files {
            self.file(file, depth);
        }
    }

    /// The file of a name in the folders of the scripts: the only one, or the only one that is
    /// directly in such a folder.
    fn named(&self, name: &str) -> Option<&'f SourceFile> {
        let mut files: Vec<&SourceFile> = Vec::new();

        for file in self
            .folders
            .folders
            .iter()
            .flat_map(|folder| self.folders.repository.below(folder))
        {
            if file.name() == name && files.iter().all(|other| other.id != file.id) {
                files.push(file);
            }
        }

        if files.len() > 1 {
            files.retain(|file| {
                self.folders
                    .folders
                    .iter()
                    .any(|folder| folder == file.folder())
            });
        }

        match files.as_slice() {
            [file] => Some(file),
            _ => None,
        }
    }
}

/// The script of a task behind those of the tasks that it needs.
fn task_script(tasks: &TaskFile, name: Option<&str>, seen: &mut HashSet<String>) -> Option<String> {
    // Each task once: the needs of a task are a graph.
    if seen.len() >= MAX_SCRIPTS || !seen.insert(name.unwrap_or_default().to_owned()) {
        return None;
    }

    let task = tasks.task(name)?;
    let mut parts: Vec<String> = task
        .needs
        .iter()
        .filter_map(|need| task_script(tasks, Some(need), seen))
        .collect();
    parts.push(task.script);

    Some(parts.join("\n"))
}

/// The name of a task where it is defined; the start of the file for the default one.
fn task_span(format: TaskFormat, file: &SourceFile, name: Option<&str>) -> Span {
    let Some(name) = name else {
        return Span::of(0, 0);
    };

    if format == TaskFormat::Manifest
        && let Some((_, span)) = script_text(&file.text, name)
    {
        return span;
    }

    let mut start = 0;

    for line in file.text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        let rest = line[indent..].strip_prefix(name).unwrap_or("");
        if rest.trim_start().starts_with([':', '=']) {
            return Span::of(start + indent, start + indent + name.len());
        }

        start += line.len();
    }

    Span::of(0, 0)
}

/// The processes of a Procfile: the place of each name, and its command.
fn procfile_lines(text: &str) -> Vec<(Span, &str)> {
    let mut start = 0;
    let mut lines = Vec::new();

    for line in text.split_inclusive('\n') {
        if let Some((name, command)) = line.split_once(':')
            && !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        {
            lines.push((Span::of(start, start + name.len()), command.trim()));
        }

        start += line.len();
    }

    lines
}

/// The programs of a configuration of supervisord: the place of each command, and the command.
fn supervisor_commands(text: &str) -> Vec<(Span, &str)> {
    let mut start = 0;
    let mut commands = Vec::new();
    let mut in_program = false;

    for line in text.split_inclusive('\n') {
        let content = line.trim();
        if content.starts_with('[') {
            in_program = content.starts_with("[program:") || content.starts_with("[fcgi-program:");
        } else if in_program
            && let Some((key, command)) = content.split_once('=')
            && key.trim() == "command"
            && let Some(offset) = line.find(command)
        {
            let command = command.trim();
            let begin = start + offset + line[offset..].find(command).unwrap_or(0);
            commands.push((Span::of(begin, begin + command.len()), command));
        }

        start += line.len();
    }

    commands
}

/// The script that starts a service of s6 or runit.
fn is_service_script(path: &str) -> bool {
    let folder = parent(parent(path));

    file_name(path) == "run"
        && ["services.d", "s6-rc.d", "service", "sv", "svc", "services"]
            .iter()
            .any(|name| file_name(folder) == *name)
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
