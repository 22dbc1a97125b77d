//! Lowering of a Dockerfile's tree to facts: variables resolved, names joined to stages.

use std::cell::Cell;
use std::collections::HashSet;

use super::scope::{Expanded, VariableScope, VariableValue};
use super::stage::{Base, Dockerfile, Stage, StageId};
use crate::model::container::HealthCheck;
use crate::model::env::{EnvOrigin, EnvValue, EnvVar, Fallback};
use crate::model::id::IdVec;
use crate::model::image::{HOLE, ImageRole, ImageSource, ImageSourceKind, ImageUse, Reference};
use crate::model::{Code, Command, Item, Setting};
use crate::source::{FileId, Located, Location, OffsetMap, SourceFile, Span, Spanned};
use crate::syntax::dockerfile::stages::{Stages, Target};
use crate::syntax::dockerfile::{
    self as tree, Body, FaultKind, Healthcheck, Instruction, ModifierKind, Pairs, Piece, Word,
};

/// Lowers a parsed Dockerfile.
pub fn lower(source: &SourceFile, tree: tree::Dockerfile) -> Dockerfile {
    let named = Stages::of(&tree);
    let mut lowering = Lowering {
        source,
        global: VariableScope::default(),
        declared: VariableScope::default(),
        ends: IdVec::default(),
        own_env: HashSet::new(),
        expanded: Cell::new(0),
    };

    let first = named
        .all
        .first()
        .map_or(tree.instructions.len(), |stage| stage.from);
    for instruction in &tree.instructions[..first] {
        lowering.global_argument(instruction);
    }

    let mut stages: IdVec<Stage> = IdVec::default();

    for syntactic in &named.all {
        if let Some(stage) = lowering.stage(&tree, &named, syntactic) {
            stages.push(stage);
        }
    }

    Dockerfile {
        file: source.id,
        stages,
        tree,
        named,
        ..Dockerfile::default()
    }
}

/// How many bytes the words of one Dockerfile may come to whose variables are filled in. The words
/// after that are unknown: each line of a file may repeat a value that is hundreds of times as
/// long.
const MAX_EXPANDED: usize = 1 << 24;

struct Lowering<'s> {
    source: &'s SourceFile,
    /// ARGs before the first FROM.
    global: VariableScope,
    /// Every ARG seen so far. The builder does not see those of stages in FROM; their defaults
    /// still show what was meant.
    declared: VariableScope,
    /// The scope at the end of each stage.
    ends: IdVec<Stage, VariableScope>,
    /// The names that ENV sets in the stage that is read.
    own_env: HashSet<String>,
    /// Bytes of all words so far that variables were put into.
    expanded: Cell<usize>,
}

impl Lowering<'_> {
    fn location(&self, span: Span) -> Location {
        self.source.location(span)
    }

    /// A word with its variables filled in. Unknown as a whole once the file's budget is spent.
    fn expand(&self, scope: &VariableScope, word: &Word) -> Expanded {
        let expanded = scope.expand(word, self.source.id);
        if expanded.sources.is_empty() {
            return expanded;
        }

        let spent = self.expanded.get();
        self.expanded.set(spent + expanded.text.len());

        if spent > MAX_EXPANDED {
            Expanded {
                text: HOLE.to_string(),
                ..expanded
            }
        } else {
            expanded
        }
    }

    fn global_argument(&mut self, instruction: &Instruction) {
        let Body::Arg(arguments) = &instruction.body else {
            return;
        };

        for argument in arguments {
            let known = match &argument.default {
                Some(word) => value_of(&self.expand(&self.global, word), self.location(word.span)),
                None => VariableValue::Unknown,
            };

            self.global.set(&argument.name.value, known.clone());
            self.declared.set(&argument.name.value, known);
        }
    }

    fn stage(
        &mut self,
        tree: &tree::Dockerfile,
        named: &Stages,
        syntactic: &tree::stages::Stage,
    ) -> Option<Stage> {
        let Body::From(from) = &tree.instructions[syntactic.from].body else {
            return None;
        };

        let index = syntactic.index;
        let mut base = self.base(from, named, index);
        let span = tree.instructions[syntactic.from].span;
        let is_refused = tree
            .faults
            .iter()
            .any(|fault| fault.kind == FaultKind::Arguments && span.contains(fault.span));
        if let Base::Image(image) = &mut base
            && is_refused
        {
            // It is not known which of the words is the image.
            image.reference = None;
        }

        let scope = match base {
            Base::Stage(earlier) => self.ends.get(earlier).cloned().unwrap_or_default(),
            Base::Image(_) | Base::Scratch(_) => VariableScope::default(),
        };

        self.own_env.clear();
        let mut stage = Stage {
            index: StageId::new(index),
            name: from
                .name
                .as_ref()
                .map(|name| Located::new(name.text.clone(), self.location(name.span))),
            location: self.location(from.image.span),
            base,
            user: Setting::Absent,
            entrypoint: None,
            cmd: None,
            health: Setting::Absent,
            shell: None,
            env: Vec::new(),
            exposes: Vec::new(),
            side_images: Vec::new(),
            copies_from: Vec::new(),
            runs: Vec::new(),
            scope,
        };

        for index in syntactic.instructions.clone() {
            self.instruction(&tree.instructions[index], index, &mut stage);
        }

        self.references(tree, syntactic, &mut stage);
        self.ends.push(stage.scope.clone());

        Some(stage)
    }

    /// The stages and images that a stage copies or mounts from.
    fn references(
        &self,
        tree: &tree::Dockerfile,
        syntactic: &tree::stages::Stage,
        stage: &mut Stage,
    ) {
        for reference in &syntactic.uses {
            match reference.target {
                Target::Stage(earlier) => stage.copies_from.push(StageId::new(earlier)),
                Target::Elsewhere => {
                    let role = match tree.instructions[reference.instruction].body {
                        Body::Copy(_) => ImageRole::CopyFrom,
                        _ => ImageRole::MountFrom,
                    };

                    stage.side_images.push(ImageUse {
                        role,
                        location: self.location(reference.name.span),
                        written: reference.name.value.clone(),
                        reference: Some(Reference::parse(&reference.name.value)),
                        sources: Vec::new(),
                    });
                }
                Target::NotEarlier(_) | Target::NoSuchIndex | Target::Variable => {}
            }
        }
    }

    fn base(&self, from: &tree::From, named: &Stages, index: usize) -> Base {
        let mut expanded = self.expand(&self.global, &from.image);
        if !expanded.undeclared.is_empty() {
            expanded = self.expand(&self.declared, &from.image);
        }

        if let Some(text) = expanded.known() {
            if let Some(earlier) = named.base(text, index) {
                return Base::Stage(StageId::new(earlier));
            }

            if text == "scratch" {
                return Base::Scratch(self.location(from.image.span));
            }
        } else if let Some(earlier) = named.base(&expanded.text.replace(HOLE, ""), index) {
            // What has no value is empty in a build without arguments.
            return Base::Stage(StageId::new(earlier));
        }

        Base::Image(ImageUse {
            role: ImageRole::From,
            location: self.location(from.image.span),
            written: from.image.text.clone(),
            reference: Reference::parse_holed(&expanded.text),
            sources: image_sources(&expanded),
        })
    }

    fn instruction(&mut self, instruction: &Instruction, index: usize, stage: &mut Stage) {
        match &instruction.body {
            Body::Arg(arguments) => {
                for argument in arguments {
                    self.argument(argument, stage);
                }
            }
            Body::Env(pairs) => self.pairs(pairs, EnvOrigin::DockerEnv, stage),
            Body::Label(pairs) => self.pairs(pairs, EnvOrigin::DockerLabel, stage),
            Body::User(word) => {
                let location = self.location(inner(word));
                stage.user = match self.expand(&stage.scope, word).known() {
                    Some(text) => Setting::set(text.to_owned(), location),
                    None => Setting::Unknown(Some(location)),
                };
            }
            Body::Cmd(command) => stage.cmd = Some(self.command(command, instruction)),
            Body::Entrypoint(command) => {
                stage.entrypoint = Some(self.command(command, instruction))
            }
            Body::Healthcheck(check) => stage.health = self.health(check, instruction),
            Body::Shell(words) => {
                stage.shell = Some(
                    words
                        .iter()
                        .map(|word| Located::new(word.value.clone(), self.location(word.span)))
                        .collect(),
                );
            }
            Body::Expose(words) => {
                for word in words {
                    let text = self.expand(&stage.scope, word).text;
                    stage
                        .exposes
                        .push(Located::new(text, self.location(word.span)));
                }
            }
            Body::Run(run) => stage
                .runs
                .push((index, self.command(&run.command, instruction))),
            // A trigger runs in the build that uses the image.
            Body::Onbuild(trigger) => {
                if let Body::Run(run) = &trigger.body {
                    let with_bodies = Instruction {
                        heredocs: instruction.heredocs.clone(),
                        ..(**trigger).clone()
                    };

                    stage
                        .runs
                        .push((index, self.command(&run.command, &with_bodies)));
                }
            }
            _ => {}
        }
    }

    fn health(&self, check: &Healthcheck, instruction: &Instruction) -> Setting<HealthCheck> {
        match check {
            Healthcheck::None(span) => Setting::set(
                HealthCheck {
                    disabled: true,
                    test: None,
                    stray: Vec::new(),
                },
                self.location(*span),
            ),
            Healthcheck::Command(command) => Setting::set(
                HealthCheck {
                    disabled: false,
                    test: Some(self.command(command, instruction)),
                    stray: Vec::new(),
                },
                self.location(instruction.keyword.span),
            ),
        }
    }

    fn argument(&mut self, argument: &tree::Argument, stage: &mut Stage) {
        let name = &argument.name.value;
        let mut value = EnvValue::Inherited;
        let known = match &argument.default {
            Some(word) => {
                let expanded = self.expand(&stage.scope, word);
                value = env_value(word, &expanded, self.source.id);
                value_of(&expanded, self.location(word.span))
            }
            None => self
                .global
                .get(name)
                .cloned()
                .unwrap_or(VariableValue::Unknown),
        };

        let location = self.location(argument.name.span);
        stage.env.push(EnvVar {
            name: Located::new(name.clone(), location),
            value,
            origin: EnvOrigin::DockerArg,
        });

        self.declared.set(name, known.clone());
        // ENV of the same name wins, before the ARG or after it.
        if !self.own_env.contains(name) {
            stage.scope.set(name, known);
        }
    }

    fn pairs(&mut self, pairs: &Pairs, origin: EnvOrigin, stage: &mut Stage) {
        // All values of one instruction see the state before it.
        let before = stage.scope.clone();

        for pair in &pairs.pairs {
            let name = self.expand(&before, &pair.key).text;
            let expanded = self.expand(&before, &pair.value);

            if origin == EnvOrigin::DockerEnv {
                stage
                    .scope
                    .assign(&name, &expanded, self.location(pair.value.span));
                self.own_env.insert(name.clone());
            }

            let value = env_value(&pair.value, &expanded, self.source.id);
            stage.env.push(EnvVar {
                name: Located::new(name, self.location(inner(&pair.key))),
                value,
                origin,
            });
        }
    }

    fn command(&self, command: &tree::Command, instruction: &Instruction) -> Command {
        match command {
            tree::Command::Exec(items) => Command::exec(
                self.location(instruction.arguments),
                items.iter().map(|item| self.item(item)).collect(),
            ),
            tree::Command::Shell(shell) => self.shell(shell, instruction),
        }
    }

    /// A shell form with its heredocs' bodies: `RUN <<EOF` runs the body itself, anything else
    /// reads it.
    fn shell(&self, shell: &tree::ShellText, instruction: &Instruction) -> Command {
        let location = self.location(instruction.arguments);
        let source = &self.source.text;
        let (Some(first), Some(last)) = (instruction.heredocs.first(), instruction.heredocs.last())
        else {
            return Command::Shell {
                location,
                code: Code::new(self.source.id, shell.text.clone(), shell.offsets()),
            };
        };

        let code = if first.word.text(source) == shell.trimmed() {
            let body = first.body.text(source);
            // A shebang passes the body to another interpreter.
            let foreign = body.strip_prefix("#!").is_some_and(|rest| {
                let line = rest.lines().next().unwrap_or("");
                !line.split_whitespace().any(|word| word.ends_with("sh"))
            });
            let text = if foreign { "" } else { body };

            Code::new(self.source.id, text, OffsetMap::verbatim(first.body.start))
        } else {
            let bodies = Span::new(first.body.start, last.terminator.end.max(last.body.end));
            let mut offsets = shell.offsets();
            offsets.push(shell.text.len() as u32 + 1, bodies.start);
            Code::new(
                self.source.id,
                format!("{}\n{}", shell.text, bodies.text(source)),
                offsets,
            )
        };

        Command::Shell { location, code }
    }

    fn item(&self, item: &Spanned<String>) -> Item {
        Item {
            value: item.value.clone(),
            location: self.location(item.span),
            offsets: None,
        }
    }
}

fn value_of(expanded: &Expanded, location: Location) -> VariableValue {
    match expanded.known() {
        Some(text) => VariableValue::Known {
            text: text.into(),
            location,
        },
        None => VariableValue::Unknown,
    }
}

fn image_sources(expanded: &Expanded) -> Vec<ImageSource> {
    let sources = expanded.sources.iter();
    sources
        .map(|(name, location)| ImageSource {
            location: *location,
            kind: ImageSourceKind::DockerVariable { name: name.clone() },
        })
        .collect()
}

/// The span of a word without the quotes around all of it.
fn inner(word: &Word) -> Span {
    let text = word.text.as_str();
    let quoted = text.len() >= 2
        && ["\"", "'"]
            .iter()
            .any(|quote| text.starts_with(quote) && text.ends_with(quote));
    if quoted {
        Span::new(word.span.start + 1, word.span.end - 1)
    } else {
        word.span
    }
}

fn env_value(word: &Word, expanded: &Expanded, file: FileId) -> EnvValue {
    let location = Location {
        file,
        span: inner(word),
    };

    if let Some(literal) = word.literal() {
        return EnvValue::Literal(Located::new(literal.into_owned(), location));
    }

    let fallbacks = word.variables().into_iter().filter_map(|variable| {
        let modifier = variable
            .modifier
            .as_ref()
            .filter(|modifier| modifier.kind == ModifierKind::Default)?;
        let literal: Option<String> = modifier
            .word
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => Some(text.as_str()),
                Piece::Variable(_) => None,
            })
            .collect();
        let location = Location {
            file,
            span: word.span_of(variable.local),
        };

        Some(Fallback {
            variable: variable.name,
            literal: Located::new(literal?, location),
        })
    });

    EnvValue::Template {
        written: Located::new(word.text.clone(), location),
        resolved: expanded.known().map(str::to_owned),
        fallbacks: fallbacks.collect(),
    }
}
