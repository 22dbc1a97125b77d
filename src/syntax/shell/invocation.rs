//! The programs that commands run, and their arguments.
//!
//! The methods on arguments follow `getopt`. Callers pass the options of a program that take a
//! value.

use super::script::{BlockKind, Command, ProgramWords, Script, StoredInvocation};
use super::word::Word;
use super::wrapper::{self, Wrapper, WrapperKind};
use crate::source::Span;

/// A program that runs.
#[derive(Clone, Debug)]
pub struct Invocation<'s> {
    /// The file name of the program, without its folders. Where it is not literal, the text as
    /// written (`$CMD`).
    pub program: &'s str,
    /// The word that names it.
    pub name: &'s Word,
    pub args: &'s [Word],
    /// The programs that run it, outermost first: `sudo`, `env`, a shell, …
    pub wrappers: Vec<Wrapper<'s>>,
    /// Its simple command.
    pub command: &'s Command,
}

/// The value of an option.
#[derive(Clone, Copy, Debug)]
pub struct Argument<'s> {
    /// The word that names the option.
    pub option: &'s Word,
    /// The word with the value; for `--name=value` the same word.
    pub word: &'s Word,
    pub value: &'s str,
    /// The span of the value.
    pub span: Span,
}

impl ProgramWords {
    fn new(command: u32, word: &Word, name: usize, args: usize) -> Self {
        let begin = word.text().len() - wrapper::from_name(word).len();
        let end = begin + wrapper::program(word).len();
        Self {
            command,
            name: name as u32,
            end: (name + 1 + args) as u32,
            text: (begin as u32, end as u32),
        }
    }

    /// The program, the word that names it, and its arguments.
    fn resolve(self, script: &Script) -> (&str, &Word, &[Word]) {
        let words = &script.commands[self.command as usize].words;
        let name = &words[self.name as usize];
        (
            &name.text()[self.text.0 as usize..self.text.1 as usize],
            name,
            &words[self.name as usize + 1..self.end as usize],
        )
    }
}

impl StoredInvocation {
    fn new(index: u32, command: &Command) -> Option<Self> {
        let invocation = Invocation::of(command)?;
        let mut wrappers = Vec::with_capacity(invocation.wrappers.len());
        let mut next = 0;

        for wrapper in &invocation.wrappers {
            let words = ProgramWords::new(index, wrapper.name, next, wrapper.args.len());
            next = words.end as usize;
            wrappers.push((wrapper.kind, words));
        }

        let program = ProgramWords::new(index, invocation.name, next, invocation.args.len());

        Some(Self { wrappers, program })
    }

    /// The invocation with the words of its script.
    fn resolve<'s>(&self, script: &'s Script) -> Invocation<'s> {
        let (program, name, args) = self.program.resolve(script);
        let wrappers = self.wrappers.iter().map(|&(kind, words)| {
            let (program, name, args) = words.resolve(script);
            Wrapper {
                kind,
                program,
                name,
                args,
            }
        });

        let command = &script.commands[self.program.command as usize];
        Invocation {
            program,
            name,
            args,
            wrappers: wrappers.collect(),
            command,
        }
    }
}

/// The invocations of a script, in the order of its commands.
fn find_invocations(script: &Script) -> Vec<StoredInvocation> {
    let mut all: Vec<StoredInvocation> = Vec::with_capacity(script.commands.len());
    // Only hosts of nested shell text are looked up again, and they precede the commands in it.
    let mut index_of: Vec<Option<u32>> = Vec::with_capacity(script.commands.len());

    for (index, command) in script.commands.iter().enumerate() {
        let Some(mut invocation) = StoredInvocation::new(index as u32, command) else {
            index_of.push(None);
            continue;
        };

        let shell = script
            .ancestors(command)
            .find(|block| block.kind == BlockKind::Shell);
        if let Some(host) = shell.and_then(|shell| *index_of.get(shell.host? as usize)?) {
            let host = &all[host as usize];
            let kind = match host.program.resolve(script).0 {
                "su" | "runuser" => WrapperKind::User,
                _ => WrapperKind::Shell,
            };

            let mut wrappers = host.wrappers.clone();
            wrappers.push((kind, host.program));
            wrappers.append(&mut invocation.wrappers);
            invocation.wrappers = wrappers;
        }

        index_of.push(Some(all.len() as u32));
        all.push(invocation);
    }

    all
}

impl Script {
    /// The programs that run: one for each command that has a name, with `sudo`, `env`, `exec` and
    /// other wrappers resolved. Computed once, because many rules need them.
    pub fn invocations(&self) -> Vec<Invocation<'_>> {
        self.invocations
            .get_or_init(|| find_invocations(self))
            .iter()
            .map(|stored| stored.resolve(self))
            .collect()
    }
}

impl<'s> Invocation<'s> {
    /// The invocation of a command; `None` when it has no words.
    pub fn of(command: &'s Command) -> Option<Self> {
        let mut words = &command.words[..];
        let mut wrappers = Vec::new();

        while let Some((wrapper, run)) = wrapper::unwrap(words) {
            wrappers.push(wrapper);
            words = run;
        }

        let (name, args) = words.split_first()?;
        Some(Self {
            program: wrapper::program(name),
            name,
            args,
            wrappers,
            command,
        })
    }

    /// Whether the program is one of these.
    pub fn is(&self, programs: &[&str]) -> bool {
        programs.contains(&self.program)
    }

    /// The wrapper of this kind nearest to the program.
    pub fn wrapper(&self, kind: WrapperKind) -> Option<&Wrapper<'s>> {
        self.wrappers
            .iter()
            .rev()
            .find(|wrapper| wrapper.kind == kind)
    }

    /// From the program's name to its last argument.
    pub fn span(&self) -> Span {
        self.args
            .last()
            .map_or(self.name.span, |last| self.name.span.cover(last.span))
    }

    /// Each `NAME=value` for this program: before the command, or as arguments of `env` or `sudo`.
    pub fn environment(&self) -> impl Iterator<Item = (&'s str, &'s str, Span)> {
        let command = self.command;
        let before = command.assignments.iter().map(|assignment| {
            (
                &*assignment.name,
                assignment.value.text(),
                assignment.name_span.cover(assignment.value.span),
            )
        });

        let args = self
            .wrappers
            .iter()
            .flat_map(|wrapper| wrapper.args)
            .filter_map(|word| {
                let (name, value) = word.assignment()?;
                Some((name, value, word.span))
            });
        before.chain(args)
    }

    /// The arguments before a bare `--`.
    fn options_part(&self) -> &'s [Word] {
        let end = self
            .args
            .iter()
            .position(|word| word.text() == "--")
            .unwrap_or(self.args.len());
        &self.args[..end]
    }

    /// The first argument that sets one of these flags: as written, as `--name=…`, or as a letter
    /// in `-qy`.
    pub fn flag(&self, names: &[&str]) -> Option<&'s Word> {
        self.options_part().iter().find(|word| {
            let text = word.text();
            names.iter().any(|name| {
                let rest = text.strip_prefix(name);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
                    || cluster_has(text, name)
            })
        })
    }

    /// The value of the first of these options: `--name value`, `--name=value`, `-n value`,
    /// `-nvalue`, `-qn value`.
    pub fn option(&self, names: &[&str]) -> Option<Argument<'s>> {
        self.options(names).next()
    }

    /// The values of all of these options.
    pub fn options(&self, names: &[&str]) -> impl Iterator<Item = Argument<'s>> {
        let words = self.options_part();
        words.iter().enumerate().filter_map(move |(index, option)| {
            let next = words.get(index + 1);
            names
                .iter()
                .find_map(|name| option_argument(name, option, next))
        })
    }

    /// The arguments that are not options. `with_value` names the options whose value is the next
    /// word. After `--`, every argument counts.
    pub fn positionals(&self, with_value: &[&str]) -> Vec<&'s Word> {
        let mut positionals = Vec::new();
        let mut words = self.args.iter();

        while let Some(word) = words.next() {
            let text = word.text();

            if text == "--" {
                positionals.extend(words);
                break;
            }

            if text.len() < 2 || !text.starts_with('-') {
                positionals.push(word);
            } else if with_value
                .iter()
                .any(|name| text == *name || cluster_has(text, name) && text.ends_with(&name[1..]))
            {
                words.next();
            }
        }

        positionals
    }

    /// The first argument that is not an option: `install` of `apt-get -y install`.
    pub fn subcommand(&self, with_value: &[&str]) -> Option<&'s str> {
        self.positionals(with_value).first().map(|word| word.text())
    }
}

/// The value of the option `name` if `option` sets it; `next` is the word after it.
fn option_argument<'s>(
    name: &str,
    option: &'s Word,
    next: Option<&'s Word>,
) -> Option<Argument<'s>> {
    let text = option.text();
    let takes_next = match text.strip_prefix(name) {
        Some(rest) => rest.is_empty(),
        None => cluster_has(text, name) && text.ends_with(&name[1..]),
    };

    if takes_next {
        let word = next?;
        return Some(Argument {
            option,
            word,
            value: word.text(),
            span: word.span,
        });
    }

    let rest = text.strip_prefix(name)?;
    let value = match rest.strip_prefix('=') {
        Some(value) => value,
        None if is_letter(name) => rest,
        None => return None,
    };

    let begin = text.len() - value.len();
    Some(Argument {
        option,
        word: option,
        value,
        span: option.source(begin..text.len()),
    })
}

fn is_letter(name: &str) -> bool {
    name.len() == 2 && name.starts_with('-') && name != "--"
}

/// Whether `text` is several one-letter flags in one word, `name` among them.
fn cluster_has(text: &str, name: &str) -> bool {
    is_letter(name)
        && text.len() > 2
        && text.strip_prefix('-').is_some_and(|letters| {
            letters.bytes().all(|byte| byte.is_ascii_alphanumeric()) && letters.contains(&name[1..])
        })
}
