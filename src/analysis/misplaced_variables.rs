//! Variables that Compose replaces although they are meant for the container: those that a script
//! sets itself, parts of hashes and of template literals, and names that only the service's own
//! environment sets.

use std::collections::{HashMap, HashSet};

pub use super::answers::{MisplacedReason, MisplacedVariable};
use crate::analysis::{Analysis, env_names};
use crate::model::compose::{
    Project, Service, WrittenService, WrittenText, written_configs, written_services,
};
use crate::model::container::EnvFromKind;
use crate::model::env::{EnvValue, EnvVar};
use crate::source::{FileId, Location, Span, join, slice};
use crate::syntax::interpolate::{self, Dialect, VariableUse};

/// The misplaced variables of a project, in the order of their places.
pub fn of_project<'c>(ctx: &'c Analysis, project: &Project) -> &'c [MisplacedVariable] {
    ctx.misplaced_variables
        .answer(project.id, || find_misplaced(ctx, project))
}

fn find_misplaced(ctx: &Analysis, project: &Project) -> Vec<MisplacedVariable> {
    let mut found = Vec::new();

    for file in project.files.iter().filter(|file| project.reports(**file)) {
        if !ctx.facts.source(*file).text.contains('$') {
            continue;
        }

        for written in written_services(ctx.facts.file(*file)) {
            let reader = ServiceReader {
                ctx,
                project,
                file: *file,
                name: written.name,
                service: project.service(written.name),
            };
            reader.read(written, &mut found);
        }
    }

    find_in_configs(ctx, project, &mut found);
    found.sort_by_key(|variable| variable.locations.first().copied());
    // An anchor is read with each service that uses it.
    found.dedup_by(|a, b| a.locations == b.locations && a.name == b.name);

    found
}

/// The variables of nginx in the contents of configs: Compose replaces them before nginx reads them.
fn find_in_configs(ctx: &Analysis, project: &Project, found: &mut Vec<MisplacedVariable>) {
    for file in project.files.iter().filter(|file| project.reports(**file)) {
        for (config, content) in written_configs(ctx.facts.file(*file)) {
            for used in content.variables() {
                let is_of_nginx = used.operator.is_none()
                    && NGINX_VARIABLES
                        .iter()
                        .any(|known| used.name.starts_with(known));
                if !is_of_nginx {
                    continue;
                }

                found.push(MisplacedVariable {
                    service: config.to_owned(),
                    locations: vec![content.place_of(used.span)],
                    name: used.name,
                    reason: MisplacedReason::Nginx,
                });
            }
        }
    }
}

/// Variables of nginx, and what others begin with.
/// <https://nginx.org/en/docs/varindex.html>, 2026-11.
const NGINX_VARIABLES: &[&str] = &[
    "args",
    "binary_remote_addr",
    "connection_upgrade",
    "host",
    "http_",
    "is_args",
    "proxy_add_x_forwarded_for",
    "query_string",
    "remote_addr",
    "remote_user",
    "request_",
    "scheme",
    "server_",
    "uri",
    "upstream_",
];

/// The places of all uses of misplaced variables.
pub fn locations(ctx: &Analysis, project: &Project) -> HashSet<Location> {
    of_project(ctx, project)
        .iter()
        .flat_map(|variable| variable.locations.iter().copied())
        .collect()
}

/// Reads the mapping of one service in one file.
struct ServiceReader<'r> {
    ctx: &'r Analysis<'r>,
    project: &'r Project,
    file: FileId,
    name: &'r str,
    service: Option<&'r Service>,
}

impl ServiceReader<'_> {
    fn read(&self, written: WrittenService<'_>, found: &mut Vec<MisplacedVariable>) {
        let mut seen: HashSet<Location> = HashSet::new();

        for text in written.texts() {
            self.read_errors(text, &mut seen, found);
            self.read_hash(text, &mut seen, found);
        }

        for command in written.commands() {
            self.read_command(&command, &mut seen, found);
        }

        self.read_environment(written, &mut seen, found);
    }

    /// Adds the uses of one variable in one value, without those that have a reason already.
    fn add(
        &self,
        name: &str,
        reason: MisplacedReason,
        locations: Vec<Location>,
        seen: &mut HashSet<Location>,
        found: &mut Vec<MisplacedVariable>,
    ) {
        let locations: Vec<Location> = locations
            .into_iter()
            .filter(|location| seen.insert(*location))
            .collect();
        if locations.is_empty() {
            return;
        }

        found.push(MisplacedVariable {
            service: self.name.to_owned(),
            name: name.to_owned(),
            reason,
            locations,
        });
    }

    /// `${process.env.PORT}`, `${#list}`: Compose knows no such form.
    fn read_errors(
        &self,
        text: WrittenText<'_>,
        seen: &mut HashSet<Location>,
        found: &mut Vec<MisplacedVariable>,
    ) {
        let expansion = interpolate::expand(text.text, Dialect::Compose, &|_| None);

        for error in expansion.errors {
            let written = error.span.text(text.text);
            let location = text.place_of(error.span);
            self.add(
                written,
                MisplacedReason::Invalid,
                vec![location],
                seen,
                found,
            );
        }
    }

    /// The variables in a password hash: all from its mark to the end of its word.
    fn read_hash(
        &self,
        text: WrittenText<'_>,
        seen: &mut HashSet<Location>,
        found: &mut Vec<MisplacedVariable>,
    ) {
        let Some(hash) = hash_span(text.text) else {
            return;
        };

        let locations: Vec<Location> = text
            .variables()
            .iter()
            .filter(|used| hash.contains(used.span))
            .map(|used| text.place_of(used.span))
            .collect();

        self.add(
            hash_mark(&text.text[hash.start as usize..]).unwrap_or_default(),
            MisplacedReason::Hash,
            locations,
            seen,
            found,
        );
    }

    /// The variables of a command, whose items belong together.
    fn read_command(
        &self,
        command: &[WrittenText<'_>],
        seen: &mut HashSet<Location>,
        found: &mut Vec<MisplacedVariable>,
    ) {
        let texts: Vec<&str> = command.iter().map(|text| text.text).collect();
        let script = texts.join(" ");
        let script = CommandScript::new(&script);
        let mut names: Vec<(String, MisplacedReason, Vec<Location>)> = Vec::new();
        let mut index_of: HashMap<String, usize> = HashMap::new();

        for text in command {
            let backticks: Vec<usize> = text.text.match_indices('`').map(|(at, _)| at).collect();

            for used in text.variables() {
                let is_in_literal = is_braced(text.text, used.span.start as usize)
                    && is_between_pair(&backticks, used.span.start as usize);
                let Some(reason) = self.command_reason(&script, is_in_literal, &used) else {
                    continue;
                };

                let location = text.place_of(used.span);
                match index_of.get(&used.name) {
                    Some(index) => names[*index].2.push(location),
                    None => {
                        index_of.insert(used.name.clone(), names.len());
                        names.push((used.name, reason, vec![location]));
                    }
                }
            }
        }

        for (name, reason, locations) in names {
            self.add(&name, reason, locations, seen, found);
        }
    }

    fn command_reason(
        &self,
        script: &CommandScript,
        is_in_literal: bool,
        used: &VariableUse,
    ) -> Option<MisplacedReason> {
        if script.set.contains(used.name.as_str()) {
            return Some(MisplacedReason::Script);
        }

        if is_in_literal && script.is_javascript {
            return Some(MisplacedReason::TemplateLiteral);
        }

        if used.operator.is_some() || self.may_be_known(&used.name) {
            return None;
        }

        let service = self.service?;
        let own = service.container.env.iter().find(|var| is_own(var, used));
        if let Some(var) = own {
            return Some(MisplacedReason::Environment(var.name.location));
        }

        let set_at = self.set_by_env_file(service, &used.name)?;
        Some(MisplacedReason::EnvFile {
            set_at,
            is_same: false,
        })
    }

    /// `X: ${X}` where only an env file of the service sets X.
    fn read_environment(
        &self,
        written: WrittenService<'_>,
        seen: &mut HashSet<Location>,
        found: &mut Vec<MisplacedVariable>,
    ) {
        let Some(service) = self.service else {
            return;
        };

        for variable in written.environment() {
            for used in variable.text.variables() {
                let is_value = used.span.start as usize >= variable.value_start;
                if !is_value || used.operator.is_some() || self.may_be_known(&used.name) {
                    continue;
                }

                let Some(set_at) = self.set_by_env_file(service, &used.name) else {
                    continue;
                };

                let reason = MisplacedReason::EnvFile {
                    set_at,
                    is_same: variable.name == used.name,
                };
                let location = variable.text.place_of(used.span);
                self.add(&used.name, reason, vec![location], seen, found);
            }
        }
    }

    /// Whether Compose may know the variable: from the project's `.env`, which may be on other
    /// machines only, from the user's shell, or because some document says to set it.
    fn may_be_known(&self, name: &str) -> bool {
        let files = &self.ctx.facts.env_files;
        let documented = files.documented.contains(name) || files.described.contains(name);

        env_names::is_of_shell(name) || documented || self.is_in_env_of_project(name)
    }

    fn is_in_env_of_project(&self, name: &str) -> bool {
        let Some(path) = join(self.project.folder_of(self.file), ".env") else {
            return true;
        };

        match self.ctx.facts.repository.find(&path) {
            Some(source) => {
                let env = &self.ctx.facts.file(source.id).env;
                env.iter().any(|var| var.name.value == name)
            }
            // One that git ignores is on the machines that deploy. An example says what it sets.
            None => {
                let has_example = !self.ctx.facts.env_files.examples.is_empty();
                self.ctx.is_ignored(&path) && !has_example
            }
        }
    }

    /// Where an env file of the service sets a variable. That of the project counts as Compose's.
    fn set_by_env_file(&self, service: &Service, name: &str) -> Option<Location> {
        let files = service.container.env_from.iter();

        files
            .filter(|from| from.kind == EnvFromKind::File)
            .filter_map(|from| {
                let folder = self.project.folder_of(from.name.location.file);
                let path = join(folder, &from.name.value)?;
                self.ctx.facts.repository.find(&path)
            })
            .filter(|source| source.name() != ".env")
            .flat_map(|source| &self.ctx.facts.file(source.id).env)
            .find(|var| var.name.value == name)
            .map(|var| var.name.location)
    }
}

/// Whether `environment` gives the variable a value of its own, and not one that Compose knows.
fn is_own(var: &EnvVar, used: &VariableUse) -> bool {
    var.name.value == used.name && matches!(var.value, EnvValue::Literal(_))
}

/// How much of a script before a word decides what the word is, in bytes.
const NEAR: usize = 1_000;

/// What the variables of a command are judged by.
struct CommandScript<'s> {
    /// The variables that the script sets.
    set: HashSet<&'s str>,
    is_javascript: bool,
}

impl<'s> CommandScript<'s> {
    fn new(script: &'s str) -> Self {
        Self {
            set: set_in_script(script),
            is_javascript: is_javascript(script),
        }
    }
}

/// The variables that a shell script sets: `X=…`, `for X in`, `read X`.
fn set_in_script(script: &str) -> HashSet<&str> {
    let mut set = HashSet::new();
    let mut offset = 0;

    for part in script.split_inclusive(|c: char| !is_of_name(c)) {
        let word = part.trim_end_matches(|c: char| !is_of_name(c));
        let start = offset;
        offset += part.len();

        if word.is_empty() {
            continue;
        }

        let before = slice(script, start.saturating_sub(NEAR)..start);
        let after = &script[start + word.len()..];
        if sets_word(before, after) {
            set.insert(word);
        }
    }

    set
}

/// Whether a word between two parts of a shell script is a variable that is set there.
fn sets_word(before: &str, after: &str) -> bool {
    if after.starts_with('=') {
        let begins_command = before
            .trim_end_matches(' ')
            .ends_with(['\n', ';', '&', '|', '(', '{', '`']);

        if begins_command || follows_keyword(before) {
            return true;
        }
    }

    let is_loop = after.starts_with(' ')
        && slice(after, 0..NEAR).trim_start().starts_with("in ")
        && last_word(before) == "for";

    is_loop || is_argument_of_read(before)
}

/// Whether the text before an assignment is the beginning of a script or a word after which an
/// assignment is a command: `-c`, `do`, `export`.
fn follows_keyword(before: &str) -> bool {
    matches!(
        last_word(before),
        "" | "-c"
            | "-ec"
            | "-lc"
            | "-exc"
            | "do"
            | "then"
            | "else"
            | "export"
            | "local"
            | "declare"
    )
}

/// The last word, without the quote that a script begins with.
fn last_word(text: &str) -> &str {
    text.trim_end()
        .trim_end_matches(['\'', '"'])
        .trim_end()
        .rsplit(char::is_whitespace)
        .next()
        .unwrap_or("")
        .trim_start_matches(['\'', '"'])
}

/// Whether a name is an argument of `read` in the same command.
fn is_argument_of_read(before: &str) -> bool {
    let command = before
        .rsplit(['\n', ';', '|', '&'])
        .next()
        .unwrap_or(before);
    let mut words = command
        .split_whitespace()
        .map(|word| word.trim_start_matches(['\'', '"']));
    let mut is_read = false;

    // What precedes `read` begins a script or a part of one.
    for word in words.by_ref() {
        let begins = matches!(
            word,
            "while" | "until" | "IFS=" | "do" | "then" | "if" | "sh" | "bash"
        ) || word.starts_with('-') && word.ends_with('c')
            || word.ends_with("/sh")
            || word.ends_with("/bash");

        if word == "read" {
            is_read = true;
            break;
        } else if !begins {
            break;
        }
    }

    is_read && !command.contains(['$', '"', '<']) && before.ends_with(' ')
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_braced(text: &str, start: usize) -> bool {
    text[start..].starts_with("${")
}

/// Whether a command runs JavaScript that is written in it.
fn is_javascript(script: &str) -> bool {
    let mut words = script.split_whitespace();

    words.any(|word| {
        matches!(
            word.rsplit('/').next(),
            Some("node" | "bun" | "deno" | "nodejs")
        )
    })
}

/// Whether an offset is after an odd number of backticks and before another one: a template literal
/// is open there.
fn is_between_pair(backticks: &[usize], offset: usize) -> bool {
    let before = backticks.partition_point(|at| *at < offset);

    before % 2 == 1 && before < backticks.len()
}

/// The marks of password hashes, between two dollar signs.
const HASHES: &[&str] = &[
    "apr1", "2a", "2b", "2x", "2y", "argon2i", "argon2d", "argon2id", "1", "5", "6", "y", "scrypt",
    "pbkdf2", "bcrypt", "sha1",
];

/// The mark of the hash that a text begins with.
fn hash_mark(text: &str) -> Option<&str> {
    let (mark, rest) = text.strip_prefix('$')?.split_once('$')?;
    let is_long = rest.len() >= 16;

    (HASHES.contains(&mark) && is_long).then_some(mark)
}

/// The span of the first hash in a text whose dollar signs are not doubled.
fn hash_span(text: &str) -> Option<Span> {
    let (start, _) = text.match_indices('$').find(|(start, _)| {
        !text[..*start].ends_with('$') && hash_mark(&text[*start..]).is_some()
    })?;
    let length = text[start..]
        .find(|c: char| c.is_whitespace() || matches!(c, ',' | '"' | '\'' | '`'))
        .unwrap_or(text.len() - start);

    Some(Span::of(start, start + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_set_their_variables() {
        for (script, expected) in [
            ("sh -c n=1; echo $n", true),
            ("for n in a b; do echo $n; done", true),
            ("ls | while read -r n; do echo $n; done", true),
            ("a && export n=2", true),
            ("sh -c 'n=$(date); echo $n'", true),
            ("bash -c \"for n in a b; do echo $n; done\"", true),
            ("sh -c while read n; do echo $n; done", true),
            ("serve 'n' in", false),
            ("{ n=2; }", true),
            ("serve --n=$n", false),
            ("env n $n", false),
            ("wait-for-n=1 $n", false),
            ("x?n=$n", false),
        ] {
            assert_eq!(set_in_script(script).contains("n"), expected, "{script}");
        }
    }

    #[test]
    fn hashes_end_with_their_word() {
        let text = "a:$apr1$Qx7wLk2v$9RtYbZq8Lw2Xn5Kd3Hf1Js,b";
        assert_eq!(
            hash_span(text).map(|span| span.text(text)),
            Some("$apr1$Qx7wLk2v$9RtYbZq8Lw2Xn5Kd3Hf1Js")
        );
        assert_eq!(hash_span("a:$$apr1$$Qx7wLk2v$$9RtYbZq8Lw2Xn5Kd"), None);
        assert_eq!(hash_span("$HOME$USER"), None);
    }
}
