//! Reads of the environment, language by language.

use super::code_facts::{CodeFacts, EnvRequirement};
use super::env_read::{
    add, add_optional, first_argument, is_assigned, is_otherwise, read_call, set,
};
use super::lex::{Language, Tokens};
use super::settings;
use crate::source::Span;

/// Variables that bundlers and package managers set themselves.
const BUILT_IN: &[&str] = &["MODE", "DEV", "PROD", "SSR", "BASE_URL", "NODE_ENV"];

/// Adds every read of the environment.
pub fn find(tokens: &Tokens, language: Language, facts: &mut CodeFacts) {
    match language {
        Language::Python => python(tokens, facts),
        Language::Script => script(tokens, facts),
        Language::Go => go(tokens, facts),
        Language::Rust => rust(tokens, facts),
        Language::Ruby => ruby(tokens, facts),
        Language::Java => java(tokens, facts),
        Language::Php => php(tokens, facts),
    }
}

fn python(tokens: &Tokens, facts: &mut CodeFacts) {
    let settings_calls = ["decouple", "environs", "environ.Env", "starlette.config"]
        .iter()
        .any(|name| tokens.source.contains(name));
    for index in 0..tokens.count() {
        match tokens.word(index) {
            "environ" if index > 0 && !matches!(tokens.word(index - 1), "import" | "def") => {
                environ(tokens, index, facts)
            }
            "getenv" if tokens.sign(index + 1) == b'(' => {
                read_call(tokens, index + 1, EnvRequirement::Optional, facts)
            }
            "config" | "env" if settings_calls => {
                let dotted = tokens.sign(index + 1) == b'.' && tokens.sign(index + 3) == b'(';
                let open = if dotted { index + 3 } else { index + 1 };
                let is_variable = tokens
                    .text(open + 1)
                    .is_some_and(|(name, _)| !name.bytes().any(|byte| byte.is_ascii_lowercase()));
                if tokens.sign(open) == b'(' && is_variable {
                    read_call(tokens, open, EnvRequirement::Required, facts);
                }
            }
            _ => {}
        }
    }

    if tokens.source.contains("BaseSettings") {
        settings::find(tokens, facts);
    }
}

fn environ(tokens: &Tokens, index: usize, facts: &mut CodeFacts) {
    let next = index + 1;

    match tokens.sign(next) {
        b'[' => match tokens.text(next + 1) {
            name if is_assigned(tokens, tokens.close(next) + 1) => set(facts, name),
            Some(name) if is_caught(tokens.source, name.1.start as usize) => {
                add(facts, name, EnvRequirement::Defaulted)
            }
            Some(name) => add(facts, name, EnvRequirement::Required),
            None => facts.reads_any = true,
        },
        b'.' if tokens.sign(index + 3) == b'(' => match tokens.word(index + 2) {
            "get" | "pop" => read_call(tokens, index + 3, EnvRequirement::Optional, facts),
            "setdefault" => read_call(tokens, index + 3, EnvRequirement::Defaulted, facts),
            "update" | "Env" => {}
            _ => facts.reads_any = true,
        },
        // `import environ` and the like.
        b'.' => {}
        _ => {
            // `"X" in os.environ`
            let is_test = index >= 4 && tokens.reads(index - 3, &["in", "os", "."]);

            if is_test && let Some(name) = tokens.text(index - 4) {
                add(facts, name, EnvRequirement::Optional);
            } else if tokens.sign(index - 1) == b'.' {
                facts.reads_any = true;
            }
        }
    }
}

/// How many lines around a read are looked at for its `try` and `except`.
const MAX_LINES: usize = 40;

/// Whether the line at an offset is in a `try` that goes on without the variable: `except KeyError`,
/// `except Exception`, `except`. One that raises or exits does not.
fn is_caught(source: &str, offset: usize) -> bool {
    let (before, after) = source.split_at(offset);
    let mut lines = before.rsplit('\n');
    let mut depth = lines.next().map_or(0, indent);
    let mut try_depth = None;

    for line in lines.take(MAX_LINES).filter(|line| !line.trim().is_empty()) {
        let line_depth = indent(line);
        if line_depth >= depth {
            continue;
        }

        depth = line_depth;
        if line.trim_start().starts_with("try:") {
            try_depth = Some(line_depth);
            break;
        }
    }

    let Some(try_depth) = try_depth else {
        return false;
    };

    let mut lines = after.split('\n').skip(1).take(MAX_LINES);
    let Some(except) = lines.find(|line| {
        !line.trim().is_empty() && indent(line) <= try_depth && !line.trim_start().starts_with('#')
    }) else {
        return false;
    };

    let catches = except
        .trim_start()
        .strip_prefix("except")
        .is_some_and(|rest| {
            rest.trim_start().starts_with(':')
                || ["KeyError", "LookupError", "Exception"]
                    .iter()
                    .any(|name| rest.contains(name))
        });
    let mut handler = lines.take_while(|line| line.trim().is_empty() || indent(line) > try_depth);
    let fails = handler.any(|line| line.contains("raise") || line.contains("exit("));

    catches && !fails
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn script(tokens: &Tokens, facts: &mut CodeFacts) {
    for index in 0..tokens.count() {
        let after = match tokens.word(index) {
            "process" | "Bun" => environment(tokens, index + 1),
            "import" if tokens.reads(index, &["import", ".", "meta", "."]) => {
                environment(tokens, index + 3)
            }
            "Deno" if tokens.reads(index, &["Deno", ".", "env", ".", "get", "("]) => {
                read_call(tokens, index + 5, EnvRequirement::Optional, facts);
                continue;
            }
            _ => continue,
        };

        let Some(after) = after else { continue };
        // `?.` reads like `.`.
        let dot = if tokens.sign(after) == b'?' && tokens.sign(after + 1) == b'.' {
            after + 1
        } else {
            after
        };

        match tokens.sign(dot) {
            b'.' if !tokens.word(dot + 1).is_empty() => {
                let name = tokens.word(dot + 1);
                let span = tokens
                    .get(dot + 1)
                    .map_or(Span::default(), |token| token.span);
                script_read(tokens, (name, span), dot + 2, facts);
            }
            b'[' => match tokens.text(dot + 1) {
                Some(name) => script_read(tokens, name, tokens.close(dot) + 1, facts),
                None if is_assigned(tokens, tokens.close(dot) + 1) => {}
                None => facts.reads_any = true,
            },
            _ if index >= 2 && tokens.sign(index - 1) == b'=' && tokens.sign(index - 2) == b'}' => {
                destructured(tokens, index - 2, facts)
            }
            _ => facts.reads_any = true,
        }
    }
}

/// The index after `.env`, if that follows.
fn environment(tokens: &Tokens, index: usize) -> Option<usize> {
    let dot = if tokens.sign(index) == b'?' {
        index + 1
    } else {
        index
    };
    tokens.reads(dot, &[".", "env"]).then_some(dot + 2)
}

fn script_read(tokens: &Tokens, name: (&str, Span), after: usize, facts: &mut CodeFacts) {
    if BUILT_IN.contains(&name.0) {
        return;
    }

    if is_assigned(tokens, after) && tokens.sign(after + 1) != b'>' {
        return set(facts, Some(name));
    }

    let after = if tokens.sign(after) == b'!' && tokens.sign(after + 1) != b'=' {
        after + 1
    } else {
        after
    };

    add_optional(facts, name, is_otherwise(tokens, after));
}

/// `const { A, B = 1, C: c } = process.env`; `close` is its closing brace.
fn destructured(tokens: &Tokens, close: usize, facts: &mut CodeFacts) {
    let Some(open) = (close.saturating_sub(400)..close)
        .rev()
        .find(|&index| tokens.sign(index) == b'{' && tokens.close(index) == close)
    else {
        facts.reads_any = true;
        return;
    };

    for index in open + 1..close {
        if !(index == open + 1 || tokens.sign(index - 1) == b',') || tokens.word(index).is_empty() {
            facts.reads_any |= tokens.sign(index) == b'.' && tokens.sign(index + 1) == b'.';
            continue;
        }

        let renamed = tokens.sign(index + 1) == b':' && is_assigned(tokens, index + 3);
        let need = if is_assigned(tokens, index + 1) || renamed {
            EnvRequirement::Defaulted
        } else {
            EnvRequirement::Optional
        };

        let span = tokens
            .get(index)
            .map_or(Span::default(), |token| token.span);
        if !BUILT_IN.contains(&tokens.word(index)) {
            add(facts, (tokens.word(index), span), need);
        }
    }
}

fn go(tokens: &Tokens, facts: &mut CodeFacts) {
    for index in 0..tokens.count() {
        match tokens.word(index) {
            "Getenv" | "LookupEnv" if tokens.sign(index + 1) == b'(' => {
                read_call(tokens, index + 1, EnvRequirement::Optional, facts)
            }
            "BindEnv" | "AutomaticEnv" | "Environ" if tokens.sign(index + 1) == b'(' => {
                facts.reads_any = true
            }
            _ => {}
        }
        // Struct tags: `env:"X,required" envDefault:"y"`.
        let Some((text, span)) = tokens.text(index) else {
            continue;
        };

        for key in ["env:\"", "envconfig:\""] {
            let Some(from) = text.find(key).map(|from| from + key.len()) else {
                continue;
            };

            let Some(len) = text[from..].find('"') else {
                continue;
            };

            let (name, options) = text[from..from + len]
                .split_once(',')
                .unwrap_or((&text[from..from + len], ""));
            let default = text.contains("efault:\"");
            let required = options.contains("required")
                || options.contains("notEmpty")
                || text.contains("required:\"true\"");
            let need = if default {
                EnvRequirement::Defaulted
            } else if required {
                EnvRequirement::Required
            } else {
                EnvRequirement::Optional
            };

            let start = span.start + from as u32;
            add(
                facts,
                (name, Span::new(start, start + name.len() as u32)),
                need,
            );
        }
    }
}

fn rust(tokens: &Tokens, facts: &mut CodeFacts) {
    for index in 0..tokens.count() {
        if tokens.word(index) != "env"
            && tokens.word(index) != "option_env"
            && tokens.word(index) != "dotenvy"
        {
            continue;
        }

        let function = tokens.word(index + 3);
        if tokens.reads(index + 1, &[":", ":"])
            && matches!(function, "var" | "var_os")
            && tokens.sign(index + 4) == b'('
        {
            rust_var(tokens, index + 4, facts);
        } else if tokens.reads(index + 1, &[":", ":"]) && matches!(function, "vars" | "vars_os") {
            facts.reads_any = true;
        } else if tokens.sign(index + 1) == b'!' && tokens.sign(index + 2) == b'(' {
            if let Some(name) = tokens
                .text(index + 3)
                .filter(|(name, _)| !name.starts_with("CARGO_"))
            {
                add(
                    facts,
                    name,
                    if tokens.word(index) == "env" {
                        EnvRequirement::Required
                    } else {
                        EnvRequirement::Optional
                    },
                );
            }
        } else if is_assigned(tokens, index + 1) {
            // Clap: `#[arg(env = "X", default_value = "y")]`
            let Some(name) = tokens.text(index + 2) else {
                continue;
            };

            let near = index.saturating_sub(24)..index + 24;
            let default = near
                .into_iter()
                .any(|index| tokens.word(index).starts_with("default_value"));
            add_optional(facts, name, default);
        }
    }
}

fn rust_var(tokens: &Tokens, open: usize, facts: &mut CodeFacts) {
    let Some((name, _)) = first_argument(tokens, open) else {
        facts.reads_any = true;
        return;
    };

    let after = tokens.close(open) + 1;
    let method = if tokens.sign(after) == b'.' {
        tokens.word(after + 1)
    } else {
        ""
    };

    let need = match method {
        "unwrap" | "expect" | "context" | "with_context" | "map_err" | "ok_or" | "ok_or_else" => {
            EnvRequirement::Required
        }
        method if method.starts_with("unwrap_or") => EnvRequirement::Defaulted,
        _ if tokens.sign(after) == b'?' => EnvRequirement::Required,
        _ => {
            // `.ok().unwrap_or(…)`, `.map(…).unwrap_or(…)`
            let later = (after..after + 24).any(|index| {
                tokens.word(index).starts_with("unwrap_or") || tokens.word(index) == "map_or"
            });
            if later && !method.is_empty() {
                EnvRequirement::Defaulted
            } else {
                EnvRequirement::Optional
            }
        }
    };

    add(facts, name, need);
}

fn ruby(tokens: &Tokens, facts: &mut CodeFacts) {
    for index in 0..tokens.count() {
        if tokens.word(index) != "ENV" {
            continue;
        }

        match tokens.sign(index + 1) {
            b'[' => {
                let after = tokens.close(index + 1) + 1;

                match tokens.text(index + 2) {
                    name if is_assigned(tokens, after) => set(facts, name),
                    Some(name) => add_optional(facts, name, is_otherwise(tokens, after)),
                    None => facts.reads_any = true,
                }
            }
            b'.' if tokens.word(index + 2) == "fetch" && tokens.sign(index + 3) == b'(' => {
                let after = tokens.close(index + 3) + 1;
                let block = tokens.sign(after) == b'{' || tokens.word(after) == "do";
                read_call(
                    tokens,
                    index + 3,
                    if block {
                        EnvRequirement::Defaulted
                    } else {
                        EnvRequirement::Required
                    },
                    facts,
                );
            }
            _ => facts.reads_any = true,
        }
    }
}

fn java(tokens: &Tokens, facts: &mut CodeFacts) {
    for index in 0..tokens.count() {
        if tokens.word(index) == "getenv" && tokens.sign(index + 1) == b'(' {
            read_call(tokens, index + 1, EnvRequirement::Optional, facts);
        }
        // `@Value("${NAME:default}")`: the text counts as mixed, for `$` computes in Kotlin.
        if !tokens.reads(index, &["@", "Value", "("]) {
            continue;
        }

        let Some(token) = tokens.get(index + 3) else {
            continue;
        };

        let text = token.span.text(tokens.source);
        let Some(body) = text
            .strip_prefix("${")
            .or_else(|| text.strip_prefix("\\${"))
            .and_then(|body| body.strip_suffix('}'))
        else {
            continue;
        };

        let name = body.split(':').next().unwrap_or(body);
        if name
            .bytes()
            .any(|byte| byte.is_ascii_lowercase() || byte == b'.')
        {
            continue;
        }

        let start = token.span.end - body.len() as u32 - 1;
        let need = if body.contains(':') {
            EnvRequirement::Defaulted
        } else {
            EnvRequirement::Required
        };

        add(
            facts,
            (name, Span::new(start, start + name.len() as u32)),
            need,
        );
    }
}

fn php(tokens: &Tokens, facts: &mut CodeFacts) {
    for index in 0..tokens.count() {
        match tokens.word(index) {
            "env" | "getenv" if tokens.sign(index + 1) == b'(' => {
                read_call(tokens, index + 1, EnvRequirement::Optional, facts)
            }
            "$_ENV" if tokens.sign(index + 1) == b'[' => {
                let after = tokens.close(index + 1) + 1;

                match tokens.text(index + 2) {
                    _ if is_assigned(tokens, after) => {}
                    Some(name) => add_optional(facts, name, is_otherwise(tokens, after)),
                    None => facts.reads_any = true,
                }
            }
            _ => {}
        }
    }
}
