//! The values that the arguments of a log call write.

use super::super::code_facts::LoggedKind;
use super::super::lex::{Language, Token, TokenKind, Tokens};
use super::call::LogCall;
use super::interpolation::{captures, cuts, expressions};
use super::name::{self, Certainty};
use super::object::Objects;
use crate::source::Span;

/// A value that may be a secret.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub name: String,
    /// In the text of the tokens.
    pub span: Span,
    pub kind: LoggedKind,
    pub certainty: Certainty,
}

/// Methods and functions whose result shows what they get.
const THROUGH: &[&str] = &[
    "toString",
    "to_string",
    "to_s",
    "to_str",
    "inspect",
    "trim",
    "strip",
    "chomp",
    "decode",
    "encode",
    "lower",
    "upper",
    "as_str",
    "as_ref",
    "as_deref",
    "clone",
    "to_owned",
    "unwrap",
    "unwrap_or_default",
    "expect",
    "get_secret_value",
    "getSecretValue",
    "expose_secret",
    "dict",
    "model_dump",
    "model_dump_json",
    "json",
    "to_json",
    "toJson",
    "to_h",
    "asdict",
    "vars",
    "str",
    "repr",
    "String",
    "stringify",
    "Sprintf",
    "Sprint",
    "Sprintln",
    "format",
    "concat",
    "join",
    "Any",
    "ByteString",
    "Reflect",
    "Str",
    "Interface",
    "Group",
    "dumps",
    "red",
    "green",
    "yellow",
    "blue",
    "cyan",
    "bold",
    "gray",
    "items",
    "Some",
    "valueOf",
    "replace",
];

/// Functions that read a value by its name.
const GETTERS: &[&str] = &[
    "get",
    "getenv",
    "Getenv",
    "LookupEnv",
    "env",
    "var",
    "fetch",
    "dig",
    "getString",
    "getProperty",
    "header",
    "Header",
    "Get",
    "getHeader",
    "GetString",
    "getOrDefault",
    "get_secret",
    "Require",
];

/// How deep strings in strings are read.
const DEPTH: u32 = 2;

/// The values that the arguments of a call write.
pub fn logged(
    tokens: &Tokens,
    call: &LogCall,
    language: Language,
    objects: &Objects,
) -> Vec<Candidate> {
    let is_cut = call.arguments.clone().any(|index| {
        tokens
            .get(index)
            .is_some_and(|token| is_string(token) && cuts(token.span.text(tokens.source)))
    });
    if is_cut {
        return Vec::new();
    }

    let mut arguments = Arguments {
        tokens,
        language,
        objects,
        base: 0,
        depth: DEPTH,
        values: Vec::new(),
    };
    arguments.read(call.arguments.start, call.arguments.end);

    arguments.values
}

const fn is_string(token: Token) -> bool {
    matches!(token.kind, TokenKind::Text | TokenKind::Mixed)
}

/// The name of a field or the words before a value, if they announce a secret.
#[derive(Clone, Copy)]
struct Label<'t> {
    name: &'t str,
    /// The index at which the value begins.
    value: usize,
    form: LabelForm,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LabelForm {
    /// `password=x`, `{ password: x }`
    Field,
    /// `"Password:", x`
    Words,
}

/// Names joined by dots, up to the one that says what the value is.
struct Chain<'t> {
    /// The index after it.
    end: usize,
    names: Vec<&'t str>,
    span: Span,
    /// Its value is not what its names say: it is cut, or the result of a function.
    is_opaque: bool,
}

struct Arguments<'c, 't> {
    tokens: &'c Tokens<'t>,
    language: Language,
    objects: &'c Objects,
    /// The offset of the tokens' text in the text of the call.
    base: u32,
    depth: u32,
    values: Vec<Candidate>,
}

impl<'t> Arguments<'_, 't> {
    fn read(&mut self, from: usize, to: usize) {
        let to = to.min(self.tokens.count());
        let mut index = from;
        let mut label: Option<Label<'t>> = None;

        while index < to {
            let Some(token) = self.tokens.get(index) else {
                return;
            };

            index = match token.kind {
                TokenKind::Word => match self.field(index) {
                    Some(field) => {
                        label = Some(field);
                        index + 1
                    }
                    None => self.value(index, to, label.take()),
                },
                TokenKind::Text | TokenKind::Mixed => {
                    label = self.words(index, token);
                    self.string(token);
                    index + 1
                }
                TokenKind::Sign => index + 1,
            };
        }
    }

    /// The name of a field before its value: `password=`, `{ password:`.
    fn field(&self, index: usize) -> Option<Label<'t>> {
        let tokens = self.tokens;
        let before = index
            .checked_sub(1)
            .map_or(b'(', |before| tokens.sign(before));
        let opens = matches!(before, b'(' | b',' | b'{') || self.language == Language::Ruby;
        let is_named = match (tokens.sign(index + 1), tokens.sign(index + 2)) {
            (b'=', second) => !matches!(second, b'=' | b'~' | b'>'),
            (b':', second) => second != b':',
            _ => false,
        };

        (opens && is_named).then(|| Label {
            name: tokens.word(index),
            value: index + 2,
            form: LabelForm::Field,
        })
    }

    /// A string before a value that it names: `"password": x`, `"Password:", x`.
    fn words(&self, index: usize, token: Token) -> Option<Label<'t>> {
        let text = token.span.text(self.tokens.source);
        let is_name = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
        let form = match self.tokens.sign(index + 1) {
            b':' if is_name => LabelForm::Field,
            b',' if is_name && !matches!(self.language, Language::Python | Language::Script) => {
                LabelForm::Field
            }
            b',' | b'+' => LabelForm::Words,
            _ => return None,
        };
        let name = match form {
            LabelForm::Field => text,
            LabelForm::Words => name::label(text)?,
        };

        Some(Label {
            name,
            value: index + 2,
            form,
        })
    }

    /// The expressions in a string.
    fn string(&mut self, token: Token) {
        let source = self.tokens.source;
        let text = token.span.text(source);
        let spans = match (token.kind, self.language) {
            (TokenKind::Mixed, language) => expressions(text, language),
            (_, Language::Rust) => captures(text),
            _ => return,
        };
        if self.depth == 0 {
            return;
        }

        for span in spans {
            let tokens = Tokens::of(span.text(text), self.language);
            let mut inner = Arguments {
                tokens: &tokens,
                language: self.language,
                objects: self.objects,
                base: self.base + token.span.start + span.start,
                depth: self.depth - 1,
                values: Vec::new(),
            };
            let label = name::label(&text[..span.start as usize]).map(|name| Label {
                name,
                value: 0,
                form: LabelForm::Words,
            });
            let first = inner.value(0, tokens.count(), label);
            inner.read(first, tokens.count());
            self.values.append(&mut inner.values);
        }
    }

    /// Reads the value at an index, and returns the index after it.
    fn value(&mut self, index: usize, to: usize, label: Option<Label>) -> usize {
        if self.tokens.word(index).is_empty() {
            return index;
        }

        let mut chain = self.chain(index, to);
        // Ruby and Kotlin call methods without parentheses.
        while chain.names.len() > 1
            && chain
                .names
                .last()
                .is_some_and(|last| THROUGH.contains(last))
        {
            chain.names.pop();
        }

        let end = chain.end.max(index + 1);
        if chain.is_opaque || self.is_tested(index, end) {
            return end;
        }

        let Some((name, owners)) = chain.names.split_last() else {
            return end;
        };

        let label = label.filter(|label| (label.value..label.value + 2).contains(&index));
        if let Some(kind) = self.whole(&chain.names) {
            let shown = chain.names.join(".");
            self.add(shown, chain.span, kind, Certainty::Certain);
        } else if let Some(certainty) = name::certainty(name, owners) {
            self.add(
                (*name).to_owned(),
                chain.span,
                LoggedKind::Secret,
                certainty,
            );
        } else if let Some(label) = label.filter(|label| announces(label, name)) {
            self.add(
                label.name.to_owned(),
                chain.span,
                LoggedKind::Secret,
                Certainty::Certain,
            );
        }

        end
    }

    fn add(&mut self, name: String, span: Span, kind: LoggedKind, certainty: Certainty) {
        self.values.push(Candidate {
            name,
            span: Span::new(span.start + self.base, span.end + self.base),
            kind,
            certainty,
        });
    }

    /// The environment or an object of settings as a whole.
    fn whole(&self, names: &[&str]) -> Option<LoggedKind> {
        let last = names.last()?;
        let is_environment = matches!(
            names,
            ["os", "environ"]
                | ["os", "Environ"]
                | ["process", "env"]
                | ["env", "vars"]
                | ["std", "env", "vars"]
                | ["System", "getenv"]
        );
        if is_environment {
            return Some(LoggedKind::Environment);
        }

        (names.len() == 1 && self.objects.holds(last)).then_some(LoggedKind::Settings)
    }

    /// Whether a value is only tested: `if token`, `!token`, `token ? "set" : "missing"`.
    fn is_tested(&self, start: usize, end: usize) -> bool {
        let tokens = self.tokens;
        let before = start.checked_sub(1);
        let word_before = before.map_or("", |before| tokens.word(before));
        let sign_before = before.map_or(0, |before| tokens.sign(before));
        if matches!(
            word_before,
            "if" | "not"
                | "typeof"
                | "elif"
                | "unless"
                | "while"
                | "for"
                | "in"
                | "delete"
                | "void"
        ) || sign_before == b'!'
        {
            return true;
        }

        let (first, second) = (tokens.sign(end), tokens.sign(end + 1));
        match first {
            b'?' => name::has_ternary(self.language) && !matches!(second, b'?' | b':' | b'.'),
            b'=' => second == b'=',
            b'!' => second == b'=',
            b'&' => second == b'&',
            b'<' | b'>' => true,
            _ => matches!(tokens.word(end), "is" | "and" | "in" | "instanceof" | "not"),
        }
    }

    /// The names from an index on.
    fn chain(&mut self, index: usize, to: usize) -> Chain<'t> {
        let tokens = self.tokens;
        let span = |index: usize| {
            tokens
                .get(index)
                .map_or(Span::default(), |token| token.span)
        };
        let mut chain = Chain {
            end: index + 1,
            names: vec![tokens.word(index)],
            span: span(index),
            is_opaque: false,
        };

        while chain.end < to {
            let end = chain.end;
            let accessor = match (tokens.sign(end), tokens.sign(end + 1)) {
                (b'.', b'.') => 0,
                (b'.', _) => 1,
                (b'?' | b'!', b'.') | (b'-', b'>') | (b':', b':') => 2,
                _ => 0,
            };
            let next = tokens.word(end + accessor);

            if accessor > 0 && !next.is_empty() {
                chain.names.push(next);
                chain.span = chain.span.cover(span(end + accessor));
                chain.end = end + accessor + 1;
            } else if tokens.sign(end) == b'(' {
                self.call(&mut chain, tokens.close(end).min(to));
            } else if tokens.sign(end) == b'!' && tokens.sign(end + 1) == b'(' {
                // A macro: `format!(…)`
                chain.end = end + 1;
            } else if tokens.sign(end) == b'[' {
                self.index(&mut chain, tokens.close(end).min(to));
            } else {
                break;
            }
        }

        chain
    }

    /// A call of the last name of a chain, whose parenthesis closes at an index.
    fn call(&mut self, chain: &mut Chain<'t>, close: usize) {
        let tokens = self.tokens;
        let open = chain.end;
        let function = chain.names.last().copied().unwrap_or("");
        chain.end = close + 1;

        if GETTERS.contains(&function)
            && let Some((literal, span)) = tokens.text(open + 1)
        {
            chain.names.push(literal);
            chain.span = span;
            return;
        }

        let is_environment = matches!(function, "Environ" | "vars" | "getenv") && close == open + 1;
        if is_environment {
            return;
        }

        if !THROUGH.contains(&function) {
            chain.is_opaque = true;
            return;
        }

        let is_of_value = close == open + 1 || matches!(function, "decode" | "encode" | "expect");
        if chain.names.len() > 1 && is_of_value {
            chain.names.pop();
            return;
        }

        self.read(open + 1, close);
        chain.is_opaque = true;
    }

    /// An index after a chain, whose bracket closes at an index.
    fn index(&mut self, chain: &mut Chain<'t>, close: usize) {
        let tokens = self.tokens;
        let open = chain.end;
        chain.end = close + 1;

        match tokens.text(open + 1) {
            Some((literal, span)) if close == open + 2 => {
                chain.names.push(literal);
                chain.span = span;
            }
            _ if tokens.sign(open + 1) == b':' && close == open + 3 => {
                chain.names.push(tokens.word(open + 2));
                chain.span = tokens.get(open + 2).map_or(chain.span, |token| token.span);
            }
            _ => chain.is_opaque = true,
        }
    }
}

/// Whether a label announces that a value of this name is a secret.
fn announces(label: &Label, name: &str) -> bool {
    match label.form {
        LabelForm::Words => name::is_plain_value(name),
        LabelForm::Field => {
            name::certainty(label.name, &["config"]) == Some(Certainty::Certain)
                && name::is_field_value(name)
        }
    }
}
