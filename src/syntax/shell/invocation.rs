//! Which program really runs, and how its arguments read.
//!
//! The methods on arguments follow `getopt`: they cannot know which options of a program take a
//! value, so callers say.

use super::wrapper::{self, Wrapper, WrapperKind};
use super::{BlockKind, Command, Script, Word};
use crate::source::Span;

/// One program that runs.
#[derive(Clone, Debug)]
pub struct Invocation<'s> {
    /// File name of the program, without its folders. Where it is not literal, the text as written
    /// (`$CMD`).
    pub program: &'s str,
    /// The word that names it.
    pub name: &'s Word,
    pub args: &'s [Word],
    /// What runs it, outermost first: `sudo`, `env`, a shell that was given its text, …
    pub wrappers: Vec<Wrapper<'s>>,
    /// The simple command it was found in.
    pub command: &'s Command,
}

/// The value of an option.
#[derive(Clone, Copy, Debug)]
pub struct Argument<'s> {
    /// The word that names the option.
    pub option: &'s Word,
    /// The word that holds the value; the option's own for `--name=value`.
    pub word: &'s Word,
    pub value: &'s str,
    /// Where the value stands.
    pub span: Span,
}

/// An invocation by the numbers of its commands and words, for a script to keep beside them.
#[derive(Clone, Debug)]
pub(super) struct Found {
    program: Named,
    /// What runs it, outermost first.
    wrappers: Vec<(WrapperKind, Named)>,
}

/// The name of a program and its arguments.
#[derive(Clone, Copy, Debug)]
struct Named {
    command: u32,
    /// The word that names it, and the end of its arguments.
    name: u32,
    end: u32,
    /// Where the name begins and ends in the word's text, without its folders.
    text: (u32, u32),
}

impl Named {
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

    fn of(self, script: &Script) -> (&str, &Word, &[Word]) {
        let words = &script.commands[self.command as usize].words;
        let name = &words[self.name as usize];
        (
            &name.text()[self.text.0 as usize..self.text.1 as usize],
            name,
            &words[self.name as usize + 1..self.end as usize],
        )
    }
}

impl Found {
    fn new(at: u32, command: &Command) -> Option<Self> {
        let own = Invocation::of(command)?;
        let mut next = 0;
        let mut named = |word: &Word, args: usize| {
            let named = Named::new(at, word, next, args);
            next = named.end as usize;
            named
        };

        let wrappers = own.wrappers.iter();
        let wrappers = wrappers
            .map(|wrapper| (wrapper.kind, named(wrapper.name, wrapper.args.len())))
            .collect();
        Some(Self {
            wrappers,
            program: named(own.name, own.args.len()),
        })
    }

    /// The invocation in the script that it was found in.
    pub(super) fn of<'s>(&self, script: &'s Script) -> Invocation<'s> {
        let (program, name, args) = self.program.of(script);
        let wrappers = self.wrappers.iter().map(|&(kind, named)| {
            let (program, name, args) = named.of(script);
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

/// Every invocation of a script, in the order of its commands.
pub(super) fn find(script: &Script) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::with_capacity(script.commands.len());
    // Only hosts of nested shell text are looked up again, and they come before what they host.
    let mut index_of: Vec<Option<u32>> = Vec::with_capacity(script.commands.len());

    for (at, command) in script.commands.iter().enumerate() {
        let Some(mut found) = Found::new(at as u32, command) else {
            index_of.push(None);
            continue;
        };

        let shell = script
            .ancestors(command)
            .find(|block| block.kind == BlockKind::Shell);
        if let Some(host) = shell.and_then(|shell| *index_of.get(shell.host? as usize)?) {
            let host = &all[host as usize];
            let switches = matches!(host.program.of(script).0, "su" | "runuser");
            let mut around = host.wrappers.clone();
            around.push((
                if switches {
                    WrapperKind::User
                } else {
                    WrapperKind::Shell
                },
                host.program,
            ));
            around.append(&mut found.wrappers);
            found.wrappers = around;
        }

        index_of.push(Some(all.len() as u32));
        all.push(found);
    }

    all
}

impl<'s> Invocation<'s> {
    /// What a command runs; `None` when it has no words.
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

    /// `NAME=value` given to this program alone: before the command, or as arguments of `env` or
    /// `sudo`.
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
        words.iter().enumerate().filter_map(move |(at, option)| {
            let next = || {
                words.get(at + 1).map(|word| Argument {
                    option,
                    word,
                    value: word.text(),
                    span: word.span,
                })
            };

            let text = option.text();
            names.iter().find_map(|name| {
                let Some(rest) = text.strip_prefix(name) else {
                    return if cluster_has(text, name) && text.ends_with(&name[1..]) {
                        next()
                    } else {
                        None
                    };
                };

                if rest.is_empty() {
                    return next();
                }

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
            })
        })
    }

    /// The arguments that are no options. `with_value` names the options whose value is the next
    /// word. After `--`, every argument counts.
    pub fn positionals(&self, with_value: &[&str]) -> Vec<&'s Word> {
        let mut found = Vec::new();
        let mut words = self.args.iter();

        while let Some(word) = words.next() {
            let text = word.text();

            if text == "--" {
                found.extend(words);
                break;
            }

            if text.len() < 2 || !text.starts_with('-') {
                found.push(word);
            } else if with_value
                .iter()
                .any(|name| text == *name || cluster_has(text, name) && text.ends_with(&name[1..]))
            {
                words.next();
            }
        }

        found
    }

    /// The first argument that is no option: `install` of `apt-get -y install`.
    pub fn subcommand(&self, with_value: &[&str]) -> Option<&'s str> {
        self.positionals(with_value).first().map(|word| word.text())
    }
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
