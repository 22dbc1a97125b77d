//! Calls that log or print.

use std::ops::Range;

use super::super::lex::{Language, Token, TokenKind, Tokens};

/// A call that logs or prints.
#[derive(Clone, Debug)]
pub struct LogCall {
    /// The tokens of its arguments.
    pub arguments: Range<usize>,
    /// It writes to the terminal of the one who runs the program.
    pub is_print: bool,
}

/// What a function does with its arguments.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Output {
    Log,
    Print,
}

/// The largest number of tokens of a chain before a method.
const CHAIN: usize = 60;

impl LogCall {
    /// The call whose name is at an index.
    pub fn at(tokens: &Tokens, index: usize, language: Language) -> Option<Self> {
        let word = tokens.word(index);
        if word.is_empty() || is_declaration(tokens, index) {
            return None;
        }

        if language == Language::Rust {
            return macro_call(tokens, index, word);
        }

        let output = if is_member(tokens, index) {
            method(tokens, index, word)?
        } else {
            function(tokens, index, word, language)?
        };
        let arguments = if tokens.sign(index + 1) == b'(' {
            index + 2..tokens.close(index + 1)
        } else if matches!(language, Language::Ruby | Language::Php) {
            index + 1..statement_end(tokens, index)
        } else {
            return None;
        };

        (!arguments.is_empty()).then_some(Self {
            arguments,
            is_print: output == Output::Print,
        })
    }
}

/// `info!(…)`
fn macro_call(tokens: &Tokens, index: usize, word: &str) -> Option<LogCall> {
    let output = match word {
        "println" | "eprintln" | "print" | "eprint" => Output::Print,
        "dbg" | "info" | "debug" | "warn" | "error" | "trace" | "event" | "log" => Output::Log,
        _ => return None,
    };
    if tokens.sign(index + 1) != b'!' || !matches!(tokens.sign(index + 2), b'(' | b'[' | b'{') {
        return None;
    }

    Some(LogCall {
        arguments: index + 3..tokens.close(index + 2),
        is_print: output == Output::Print,
    })
}

fn is_declaration(tokens: &Tokens, index: usize) -> bool {
    let before = index
        .checked_sub(1)
        .map_or("", |before| tokens.word(before));

    matches!(
        before,
        "def" | "function" | "func" | "fn" | "fun" | "class" | "import" | "new"
    )
}

/// Whether a word is a member of what is before it.
fn is_member(tokens: &Tokens, index: usize) -> bool {
    let sign = |back: usize| index.checked_sub(back).map_or(0, |at| tokens.sign(at));

    matches!((sign(2), sign(1)), (_, b'.') | (b'-', b'>') | (b':', b':'))
}

/// The index after the last token of a statement without parentheses.
fn statement_end(tokens: &Tokens, index: usize) -> usize {
    let is_end = |at: &usize| {
        tokens.get(*at).is_none_or(|token: Token| {
            token.first && tokens.sign(at - 1) != b','
                || matches!(tokens.sign(*at), b';' | b'}')
                || matches!(tokens.word(*at), "if" | "unless" | "end")
        })
    };

    (index + 1..).find(is_end).unwrap_or_else(|| tokens.count())
}

/// What a function that is no method does.
fn function(tokens: &Tokens, index: usize, word: &str, language: Language) -> Option<Output> {
    let is_call = tokens.sign(index + 1) == b'(';
    let begins = tokens.get(index).is_some_and(|token| token.first)
        || index == 0
        || matches!(tokens.sign(index - 1), b';' | b'{' | b'|' | b'}')
        || matches!(tokens.word(index - 1), "then" | "do" | "else" | "and");
    let is_argument = tokens.get(index + 1).is_some_and(|token| {
        !token.first
            && (token.kind != TokenKind::Sign
                || matches!(tokens.sign(index + 1), b'[' | b':' | b'@' | b'$'))
    });

    match (language, word) {
        (Language::Python, "print" | "pprint" | "pp") if is_call => Some(Output::Print),
        (Language::Script, "log" | "print") if is_call => Some(Output::Log),
        (Language::Go | Language::Java, "println" | "print" | "printf") if is_call => {
            Some(Output::Print)
        }
        (Language::Ruby, "puts" | "p" | "pp" | "print" | "warn")
            if begins && (is_call || is_argument) =>
        {
            Some(Output::Print)
        }
        (Language::Php, "error_log" | "syslog") if is_call => Some(Output::Log),
        (Language::Php, "var_dump" | "print_r" | "var_export" | "dump" | "dd") if is_call => {
            Some(Output::Print)
        }
        _ => None,
    }
}

/// What a method does, by its name and what it is called on.
fn method(tokens: &Tokens, index: usize, word: &str) -> Option<Output> {
    let receivers = receivers(tokens, index);
    let lower = word.to_ascii_lowercase();
    let has = |names: &[&str]| receivers.iter().any(|receiver| names.contains(receiver));

    if has(&["fmt"]) {
        let to_terminal = ["Stdout", "Stderr"]
            .iter()
            .any(|stream| tokens.reads(index + 2, &["os", ".", stream]));

        return match word {
            "Print" | "Println" | "Printf" => Some(Output::Print),
            "Fprint" | "Fprintln" | "Fprintf" if to_terminal => Some(Output::Print),
            _ => None,
        };
    }

    if has(&["stdout", "stderr", "STDOUT", "STDERR", "$stdout", "$stderr"])
        || has(&["System"]) && has(&["out", "err"])
    {
        let writes = [
            "write", "writeln", "puts", "print", "println", "printf", "format",
        ];
        return writes.contains(&lower.as_str()).then_some(Output::Print);
    }

    if has(&[
        "click", "typer", "rich", "tqdm", "pprint", "builtins", "cprint",
    ]) {
        let writes = ["echo", "secho", "print", "write", "pprint"];
        return writes.contains(&lower.as_str()).then_some(Output::Print);
    }

    if has(&["console"]) {
        let writes = [
            "log", "info", "warn", "error", "debug", "trace", "dir", "table", "print",
        ];
        return writes.contains(&lower.as_str()).then_some(Output::Log);
    }

    let is_logger = receivers.iter().any(|receiver| is_logger(receiver));

    (is_logger && is_log_method(&lower)).then_some(Output::Log)
}

/// The words before a method, nearest first: `log`, `req` for `req.log.info`.
fn receivers<'t>(tokens: &Tokens<'t>, index: usize) -> Vec<&'t str> {
    let mut receivers = Vec::new();
    let mut depth = 0u32;

    for at in (index.saturating_sub(CHAIN)..index).rev() {
        match tokens.sign(at) {
            b')' | b']' | b'}' => depth += 1,
            b'(' | b'[' | b'{' if depth == 0 => break,
            b'(' | b'[' | b'{' => depth -= 1,
            b'.' | b'?' | b'!' | b':' | b'>' | b'-' | b'@' if depth == 0 => {}
            0 if depth == 0 && !tokens.word(at).is_empty() => {
                let follows = matches!(
                    tokens.sign(at + 1),
                    b'.' | b'(' | b'?' | b'-' | b':' | b'[' | b'!'
                );
                if !follows {
                    break;
                }

                receivers.push(tokens.word(at));
            }
            _ if depth == 0 => break,
            _ => {}
        }
    }

    receivers
}

fn is_logger(word: &str) -> bool {
    let lower = word.trim_matches(['_', '$', '@']).to_ascii_lowercase();

    matches!(
        lower.as_str(),
        "log"
            | "logging"
            | "logs"
            | "slog"
            | "klog"
            | "glog"
            | "zlog"
            | "winston"
            | "pino"
            | "logrus"
            | "sugar"
            | "structlog"
            | "loguru"
            | "timber"
            | "zap"
            | "getlogger"
            | "lgr"
            | "l"
    ) || lower.ends_with("logger")
        || lower.ends_with("_log")
}

/// Whether a method of a logger writes its arguments, now or with the next entry.
fn is_log_method(lower: &str) -> bool {
    const METHODS: &[&str] = &[
        "debug",
        "info",
        "warn",
        "warning",
        "error",
        "critical",
        "exception",
        "fatal",
        "panic",
        "log",
        "trace",
        "verbose",
        "silly",
        "success",
        "notice",
        "alert",
        "emergency",
        "severe",
        "fine",
        "finer",
        "finest",
        "print",
        "println",
        "printf",
        "msg",
        "write",
        "withfield",
        "withfields",
        "bind",
        "with",
        "child",
        "addkeyvalue",
        "str",
        "interface",
        "output",
        "http",
    ];
    let stem = ["context", "ctx", "ln", "f", "w", "s"]
        .iter()
        .find_map(|end| {
            lower
                .strip_suffix(end)
                .filter(|stem| METHODS.contains(stem))
        });

    METHODS.contains(&lower) || stem.is_some()
}
