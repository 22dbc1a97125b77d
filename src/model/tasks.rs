//! Tasks that the files of task runners define: targets of a Makefile, recipes of a justfile,
//! scripts of package manifests, tasks of a Taskfile.
//!
//! Reads the text of one file. Which file a command means is for the caller to know.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::OnceLock;

use crate::source::{FileId, Repository, SourceFile};
use crate::syntax::yaml::{Node, Tree};

/// What a task runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    /// Its commands, as a shell script.
    pub script: String,
    /// Names of tasks of the same file that run before it.
    pub needs: Vec<String>,
}

/// The file formats in which tasks are defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskFormat {
    Make,
    Just,
    Taskfile,
    /// `package.json`, `composer.json`, `deno.json`, `devbox.json`
    Manifest,
    /// `pyproject.toml`, `mise.toml`, `pixi.toml`, `Makefile.toml`
    Toml,
}

impl TaskFormat {
    const ALL: [Self; 5] = [
        Self::Make,
        Self::Just,
        Self::Taskfile,
        Self::Manifest,
        Self::Toml,
    ];

    /// The paths of such files in their folder, the first that a runner looks for first.
    pub const fn paths(self) -> &'static [&'static str] {
        match self {
            Self::Make => &["GNUmakefile", "makefile", "Makefile"],
            Self::Just => &["justfile", "Justfile", ".justfile"],
            Self::Taskfile => &[
                "Taskfile.yml",
                "taskfile.yml",
                "Taskfile.yaml",
                "taskfile.yaml",
                "Taskfile.dist.yml",
            ],
            Self::Manifest => &[
                "package.json",
                "composer.json",
                "deno.json",
                "deno.jsonc",
                "devbox.json",
            ],
            Self::Toml => &[
                "pyproject.toml",
                "mise.toml",
                ".mise.toml",
                "pixi.toml",
                "Makefile.toml",
                "hatch.toml",
                ".cargo/config.toml",
            ],
        }
    }

    /// The format of a file, by its path.
    pub fn of_path(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| {
            let mut paths = format.paths().iter();
            paths.any(|known| is_path_below(path, known))
        })
    }
}

/// Whether a path ends in another one.
fn is_path_below(path: &str, end: &str) -> bool {
    path.strip_suffix(end)
        .is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

/// The tasks of one file, read once: pipelines run many tasks of one file.
#[derive(Debug)]
pub enum TaskFile {
    Make(Makefile),
    /// By name, and the first of them.
    Recipes(HashMap<String, Task>, Option<String>),
    Scripts(JsonTasks),
    Toml(toml::Table),
    /// It is too large, or of another format.
    Unreadable,
}

impl TaskFile {
    pub fn parse(format: TaskFormat, text: &str) -> Self {
        let is_large = text.len() > MAX_TEXT;

        match format {
            TaskFormat::Make | TaskFormat::Just | TaskFormat::Taskfile if is_large => {
                Self::Unreadable
            }
            TaskFormat::Make => Self::Make(Makefile::parse(text)),
            TaskFormat::Just => just_recipes(text),
            TaskFormat::Taskfile => taskfile_tasks(text),
            TaskFormat::Manifest => Self::Scripts(JsonTasks::parse(text)),
            TaskFormat::Toml => text.parse().map_or(Self::Unreadable, Self::Toml),
        }
    }

    /// A task by its name; without a name, the default one.
    pub fn task(&self, name: Option<&str>) -> Option<Task> {
        match self {
            Self::Make(makefile) => makefile.target(name),
            Self::Recipes(tasks, first) => tasks.get(name.or(first.as_deref())?).cloned(),
            Self::Scripts(tasks) => tasks.task(name?),
            Self::Toml(toml) => toml_task(toml, name?),
            Self::Unreadable => None,
        }
    }
}

/// The files of task runners of a repository, each parsed when it is first asked for.
#[derive(Debug)]
pub struct TaskFiles(HashMap<FileId, (TaskFormat, OnceLock<TaskFile>)>);

impl TaskFiles {
    pub fn new(repository: Repository) -> Self {
        let files = repository.files().iter();

        Self(
            files
                .filter_map(|file| {
                    let format = TaskFormat::of_path(&file.path)?;
                    Some((file.id, (format, OnceLock::new())))
                })
                .collect(),
        )
    }

    /// The tasks that a file defines; `None` if it is not a file of a task runner.
    pub fn of(&self, file: &SourceFile) -> Option<&TaskFile> {
        let (format, tasks) = self.0.get(&file.id)?;

        Some(tasks.get_or_init(|| TaskFile::parse(*format, &file.text)))
    }
}

/// How many bytes of a file are read for its tasks.
const MAX_TEXT: usize = 256 * 1024;

/// How often variables of a Makefile are filled in, one inside of the other.
const MAX_EXPANSIONS: usize = 3;

/// The variables and the targets of a Makefile.
#[derive(Debug, Default)]
pub struct Makefile {
    variables: HashMap<String, String>,
    targets: HashMap<String, Task>,
    first: Option<String>,
}

impl Makefile {
    fn parse(text: &str) -> Self {
        let mut makefile = Self::default();
        let mut open: Vec<String> = Vec::new();

        for line in joined_lines(text) {
            if let Some(recipe) = line.strip_prefix('\t') {
                makefile.add_recipe(&open, recipe);
            } else if let Some((name, value)) = variable(&line) {
                makefile
                    .variables
                    .entry(name.to_owned())
                    .or_insert_with(|| value.to_owned());
            } else if let Some((names, rest)) = rule(&line) {
                open = makefile.add_rule(names, rest);
            }
        }

        makefile
    }

    /// A target; without a name, the first one.
    fn target(&self, name: Option<&str>) -> Option<Task> {
        let mut task = self.targets.get(name.or(self.first.as_deref())?)?.clone();
        task.script = self.expand(&task.script);

        Some(task)
    }

    fn add_rule(&mut self, names: &str, rest: &str) -> Vec<String> {
        let names = self.expand(names);
        let (needs, recipe) = match rest.split_once(';') {
            Some((needs, recipe)) => (needs, Some(recipe)),
            None => (rest, None),
        };
        let needs = self.expand(needs);
        let names: Vec<String> = names.split_whitespace().map(str::to_owned).collect();

        for name in &names {
            if self.first.is_none() && !name.starts_with('.') && !name.contains('%') {
                self.first = Some(name.clone());
            }

            let task = self.targets.entry(name.clone()).or_default();
            let added = needs
                .split_whitespace()
                .take_while(|need| !need.starts_with('#'))
                .filter(|need| *need != "|");
            task.needs.extend(added.map(str::to_owned));
        }

        if let Some(recipe) = recipe {
            self.add_recipe(&names, recipe);
        }

        names
    }

    fn add_recipe(&mut self, names: &[String], recipe: &str) {
        let command = recipe.trim_start().trim_start_matches(['@', '-', '+']);

        for name in names {
            let task = self.targets.entry(name.clone()).or_default();
            task.script.push_str(command);
            task.script.push('\n');
        }
    }

    /// A text with the variables of the file filled in. Others stay as they are.
    fn expand(&self, text: &str) -> String {
        let mut text = text.replace("$(MAKE)", "make").replace("${MAKE}", "make");

        for _ in 0..MAX_EXPANSIONS {
            if !text.contains("$(") && !text.contains("${") {
                break;
            }

            text = self.expand_once(&text);
        }

        text.replace("$$", "$")
    }

    fn expand_once(&self, text: &str) -> String {
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;

        while let Some(start) = rest.find('$') {
            expanded.push_str(&rest[..start]);
            rest = &rest[start..];

            match self.reference(rest) {
                Some((length, value)) => {
                    expanded.push_str(value);
                    rest = &rest[length..];
                }
                None => {
                    expanded.push('$');
                    rest = &rest[1..];
                }
            }
        }

        expanded.push_str(rest);
        expanded
    }

    /// The length of the reference at the start of a text, and the value of its variable.
    fn reference(&self, text: &str) -> Option<(usize, &str)> {
        let close = match text.as_bytes().get(1)? {
            b'(' => ')',
            b'{' => '}',
            _ => return None,
        };
        let end = text.find(close)?;
        let value = self.variables.get(&text[2..end])?;

        Some((end + 1, value))
    }
}

/// The lines of a text without comments; a line that ends in `\` goes on in the next one.
fn joined_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = String::new();

    for line in text.lines() {
        if open.is_empty() && line.trim_start().starts_with('#') {
            continue;
        }

        match line.strip_suffix('\\') {
            Some(start) => {
                open.push_str(start);
                open.push(' ');
            }
            None => {
                open.push_str(line);
                lines.push(std::mem::take(&mut open));
            }
        }
    }

    if !open.is_empty() {
        lines.push(open);
    }

    lines
}

/// The name and the value in `NAME = value`, `NAME := value` or `NAME ?= value`.
fn variable(line: &str) -> Option<(&str, &str)> {
    let (before, value) = line.split_once('=')?;
    let name = before
        .trim_end_matches([':', '?', '+', '!'])
        .trim()
        .trim_start_matches("export ")
        .trim_start_matches("override ");
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));

    is_name.then(|| (name, value.trim()))
}

/// The targets and the prerequisites in `target: prerequisites`.
fn rule(line: &str) -> Option<(&str, &str)> {
    if line.starts_with([' ', '.']) || line.trim().is_empty() {
        return None;
    }

    let (names, rest) = line.split_once(':')?;
    if rest.starts_with('=') {
        return None;
    }

    Some((names, rest.trim_start_matches(':')))
}

/// The recipes of a justfile.
fn just_recipes(text: &str) -> TaskFile {
    let mut recipes: HashMap<String, Task> = HashMap::new();
    let mut first = None;
    // The recipe that lines are added to; none while the text is of no recipe, or of one that is
    // repeated.
    let mut open: Option<String> = None;

    for line in text.lines() {
        if line.starts_with([' ', '\t']) || line.trim().is_empty() {
            if let Some(task) = open.as_ref().and_then(|name| recipes.get_mut(name)) {
                let command = line.trim_start().trim_start_matches(['@', '-']);
                task.script.push_str(command);
                task.script.push('\n');
            }
            continue;
        }

        open = None;
        let Some((name, needs)) = recipe_header(line) else {
            continue;
        };

        if let Entry::Vacant(vacant) = recipes.entry(name.to_owned()) {
            vacant.insert(Task {
                script: String::new(),
                needs: needs.split_whitespace().map(recipe_name).collect(),
            });
            open = Some(name.to_owned());
        }

        first.get_or_insert_with(|| name.to_owned());
    }

    TaskFile::Recipes(recipes, first)
}

/// The name of a recipe and what it needs: `test` and `build` in `test *args: build`.
fn recipe_header(line: &str) -> Option<(&str, &str)> {
    if line.starts_with(['#', '[']) || line.contains(":=") {
        return None;
    }

    let (signature, needs) = line.rsplit_once(':')?;
    let name = signature.split_whitespace().next()?.trim_start_matches('@');

    Some((name, needs))
}

fn recipe_name(word: &str) -> String {
    word.trim_matches(['(', ')', '&']).to_owned()
}

/// The tasks of a Taskfile, of which `default` is the first.
fn taskfile_tasks(text: &str) -> TaskFile {
    let tree = Tree::parse(FileId::default(), text).tree;
    let tasks = tree.root().and_then(|root| root.get("tasks"));
    let mut by_name = HashMap::new();

    for entry in tasks.into_iter().flat_map(Node::entries) {
        if let Some(name) = entry.key.str() {
            by_name
                .entry(name.to_owned())
                .or_insert_with(|| taskfile_task(entry.value));
        }
    }

    TaskFile::Recipes(by_name, Some("default".to_owned()))
}

fn taskfile_task(node: Node<'_>) -> Task {
    let mut task = Task::default();

    let commands = node
        .items()
        .chain(node.get("cmds").into_iter().flat_map(Node::items))
        .chain(node.get("cmd"));
    for command in commands {
        match command.str().or_else(|| command.get("cmd")?.str()) {
            Some(text) => {
                task.script.push_str(text);
                task.script.push('\n');
            }
            None => task.needs.extend(task_name(command)),
        }
    }

    if let Some(text) = node.str() {
        task.script.push_str(text);
    }

    for needed in node.get("deps").into_iter().flat_map(Node::items) {
        let name = needed.str().map(str::to_owned);
        task.needs.extend(name.or_else(|| task_name(needed)));
    }

    task
}

fn task_name(node: Node<'_>) -> Option<String> {
    node.get("task")?.str().map(str::to_owned)
}

/// Where a JSON manifest has scripts by name.
const JSON_TABLES: &[&str] = &["scripts", "tasks"];

/// The scripts of a JSON manifest: `scripts` of `package.json` and `composer.json`, `tasks` of
/// `deno.json`, `shell.scripts` of `devbox.json`.
#[derive(Debug, Default)]
pub struct JsonTasks {
    /// By name; `None` for one in an unknown form.
    scripts: HashMap<String, Option<String>>,
}

impl JsonTasks {
    /// The scripts of a text; none where it is not JSON.
    fn parse(text: &str) -> Self {
        let json: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        let of_shell = json.get("shell").and_then(|shell| shell.get("scripts"));
        let tables = JSON_TABLES
            .iter()
            .filter_map(|table| json.get(*table))
            .chain(of_shell)
            .filter_map(|table| table.as_object());
        let mut scripts = HashMap::new();

        for (name, script) in tables.flatten() {
            scripts
                .entry(name.clone())
                .or_insert_with(|| json_script(script));
        }

        Self { scripts }
    }

    fn script(&self, name: &str) -> Option<&str> {
        self.scripts.get(name)?.as_deref()
    }

    /// A script with those that package managers run before and after it.
    fn task(&self, name: &str) -> Option<Task> {
        let script = self.script(name)?;
        let around = [format!("pre{name}"), format!("post{name}")];
        let parts: Vec<&str> = around
            .iter()
            .filter_map(|around| self.script(around))
            .chain([script])
            .collect();

        Some(Task {
            script: parts.join("\n"),
            needs: Vec::new(),
        })
    }
}

fn json_script(script: &serde_json::Value) -> Option<String> {
    match script {
        serde_json::Value::String(script) => Some(script.clone()),
        serde_json::Value::Array(lines) => {
            let lines: Vec<&str> = lines.iter().filter_map(|line| line.as_str()).collect();
            Some(lines.join("\n"))
        }
        other => other.get("command")?.as_str().map(str::to_owned),
    }
}

/// Where TOML files have tasks by name.
const TOML_TABLES: &[&[&str]] = &[
    &["tasks"],
    &["tool", "poe", "tasks"],
    &["tool", "pdm", "scripts"],
    &["tool", "rye", "scripts"],
    &["tool", "pixi", "tasks"],
    &["tool", "taskipy", "tasks"],
];

/// The task of a TOML file: of `pyproject.toml` for poe, pdm, rye, pixi, taskipy and hatch, of
/// `mise.toml`, `pixi.toml`, `Makefile.toml` and `.cargo/config.toml`.
fn toml_task(toml: &toml::Table, name: &str) -> Option<Task> {
    if let Some(alias) = toml.get("alias").and_then(|aliases| aliases.get(name)) {
        return Some(Task {
            script: format!("cargo {}", toml_script(alias).replace('\n', " ")),
            needs: Vec::new(),
        });
    }

    let value = toml_value(toml, name)?;

    Some(Task {
        script: toml_script(value),
        needs: ["depends", "depends-on", "dependencies", "deps"]
            .iter()
            .filter_map(|key| value.get(key)?.as_array())
            .flatten()
            .filter_map(|need| need.as_str().map(str::to_owned))
            .collect(),
    })
}

fn toml_value<'t>(toml: &'t toml::Table, name: &str) -> Option<&'t toml::Value> {
    for keys in TOML_TABLES {
        let (first, rest) = keys.split_first()?;
        let table = rest
            .iter()
            .try_fold(toml.get(*first), |value, key| Some(value?.get(key)));
        if let Some(value) = table.flatten().and_then(|table| table.get(name)) {
            return Some(value);
        }
    }

    // `hatch run test` or `hatch run dev:test`.
    let environments = toml.get("tool")?.get("hatch")?.get("envs")?.as_table()?;
    let script = name.rsplit(':').next().unwrap_or(name);
    environments
        .values()
        .find_map(|environment| environment.get("scripts")?.get(script))
}

/// The commands of a task: a string, a list of them, or a table that has one.
fn toml_script(value: &toml::Value) -> String {
    match value {
        toml::Value::String(script) => script.clone(),
        toml::Value::Array(parts) => {
            let lines: Vec<String> = parts.iter().map(toml_script).collect();
            lines.join("\n")
        }
        toml::Value::Table(table) => ["cmd", "run", "shell", "command", "script", "sequence"]
            .iter()
            .find_map(|key| table.get(*key))
            .map(toml_script)
            .unwrap_or_default(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: TaskFormat, text: &str, name: Option<&str>) -> Option<Task> {
        TaskFile::parse(format, text).task(name)
    }

    fn task(script: &str, needs: &[&str]) -> Option<Task> {
        Some(Task {
            script: script.to_owned(),
            needs: needs.iter().map(|need| (*need).to_owned()).collect(),
        })
    }

    #[test]
    fn makefiles_have_targets() {
        let text = concat!(
            "GO ?= go\nPKG := ./...\n.PHONY: all test\n\n",
            "all: lint test ## everything\n\n",
            "test: build | folder\n\t@$(GO) test \\\n\t  $(PKG)\n\t-echo $$HOME\n\n",
            "lint: ; golangci-lint run\n",
        );
        assert_eq!(
            read(TaskFormat::Make, text, Some("test")),
            task("go test  \t  ./...\necho $HOME\n", &["build", "folder"])
        );
        assert_eq!(
            read(TaskFormat::Make, text, Some("lint")),
            task("golangci-lint run\n", &[])
        );
        assert_eq!(
            read(TaskFormat::Make, text, None).map(|task| task.needs),
            Some(["lint", "test"].map(str::to_owned).to_vec())
        );
        assert_eq!(read(TaskFormat::Make, text, Some("deploy")), None);
    }

    #[test]
    fn justfiles_have_recipes() {
        let text = "x := 'y'\n\n# all\ndefault: lint\n\n@test *args: build (fetch 'a')\n    cargo test {{args}}\n\nlint:\n  @cargo clippy\n";
        assert_eq!(
            read(TaskFormat::Just, text, Some("lint")),
            task("cargo clippy\n", &[])
        );
        assert_eq!(
            read(TaskFormat::Just, text, None).map(|task| task.needs),
            Some(vec!["lint".to_owned()])
        );
        assert!(
            read(TaskFormat::Just, text, Some("test")).is_some_and(|task| {
                task.script.starts_with("cargo test") && task.needs[..2] == ["build", "fetch"]
            })
        );
    }

    #[test]
    fn other_files_have_tasks() {
        let taskfile = "version: '3'\ntasks:\n  ci:\n    deps: [lint]\n    cmds:\n      - go test ./...\n      - task: sub\n";
        assert_eq!(
            read(TaskFormat::Taskfile, taskfile, Some("ci")),
            task("go test ./...\n", &["sub", "lint"])
        );
        assert_eq!(
            read(
                TaskFormat::Manifest,
                r#"{"scripts": {"ci": ["a", "b"]}}"#,
                Some("ci")
            ),
            task("a\nb", &[])
        );
        assert_eq!(
            read(
                TaskFormat::Toml,
                "[tool.poe.tasks]\ncheck = {shell = 'mypy .'}\n",
                Some("check")
            ),
            task("mypy .", &[])
        );
        assert_eq!(
            read(
                TaskFormat::Toml,
                "[tool.hatch.envs.dev.scripts]\nt = ['a', 'b']\n",
                Some("dev:t")
            ),
            task("a\nb", &[])
        );
        assert_eq!(
            read(
                TaskFormat::Toml,
                "[tasks.x]\nrun = 'z'\ndepends = ['y']\n",
                Some("x")
            ),
            task("z", &["y"])
        );
    }
}
