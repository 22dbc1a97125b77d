//! Reads of the environment, language by language.

use super::code_facts::{CodeFacts, EnvRead, EnvRequirement};
use super::lex::{Kind, Language, Tokens};
use crate::source::{Span, Spanned};

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

fn add(facts: &mut CodeFacts, (name, span): (&str, Span), need: EnvRequirement) {
    let valid = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if valid && !name.as_bytes()[0].is_ascii_digit() {
        facts.reads.push(EnvRead {
            name: Spanned::new(name.to_owned(), span),
            need,
        });
    }
}

/// Notes that the program sets a variable itself.
fn set(facts: &mut CodeFacts, name: Option<(&str, Span)>) {
    facts.sets.extend(name.map(|(name, _)| name.to_owned()));
}

/// Whether an assignment (and not a comparison) stands at an index.
fn is_assigned(tokens: &Tokens, at: usize) -> bool {
    tokens.sign(at) == b'=' && !matches!(tokens.sign(at + 1), b'=' | b'~')
}

/// A call whose first argument is a name: the name, and whether more arguments follow. `open` is
/// its parenthesis.
fn call<'t>(tokens: &Tokens<'t>, open: usize) -> Option<((&'t str, Span), bool)> {
    let name = tokens.text(open + 1)?;
    let more = tokens.sign(open + 2) == b',' && tokens.close(open) > open + 3;
    matches!(tokens.sign(open + 2), b',' | b')').then_some((name, more))
}

/// A call that reads; `without` is what it means for the program if nothing else is given.
fn read_call(tokens: &Tokens, open: usize, without: EnvRequirement, facts: &mut CodeFacts) {
    match call(tokens, open) {
        Some((name, more)) => {
            let otherwise = more || is_otherwise(tokens, tokens.close(open) + 1);
            add(
                facts,
                name,
                if otherwise {
                    EnvRequirement::Defaulted
                } else {
                    without
                },
            );
        }
        None => facts.reads_any = true,
    }
}

/// Whether what follows gives another value: `or x`, `|| x`, `?? x`, `?: x`.
fn is_otherwise(tokens: &Tokens, at: usize) -> bool {
    tokens.word(at) == "or"
        || matches!(
            (tokens.sign(at), tokens.sign(at + 1)),
            (b'|', b'|') | (b'?', b'?' | b':')
        )
}

fn python(tokens: &Tokens, facts: &mut CodeFacts) {
    let settings_calls = ["decouple", "environs", "environ.Env", "starlette.config"]
        .iter()
        .any(|name| tokens.source.contains(name));
    for at in 0..tokens.count() {
        match tokens.word(at) {
            "environ" if at > 0 && !matches!(tokens.word(at - 1), "import" | "def") => {
                environ(tokens, at, facts)
            }
            "getenv" if tokens.sign(at + 1) == b'(' => {
                read_call(tokens, at + 1, EnvRequirement::Optional, facts)
            }
            "config" | "env" if settings_calls => {
                let dotted = tokens.sign(at + 1) == b'.' && tokens.sign(at + 3) == b'(';
                let open = if dotted { at + 3 } else { at + 1 };
                let names =
                    |(name, _): (&str, Span)| name.bytes().all(|byte| !byte.is_ascii_lowercase());
                if tokens.sign(open) == b'(' && tokens.text(open + 1).is_some_and(names) {
                    read_call(tokens, open, EnvRequirement::Required, facts);
                }
            }
            _ => {}
        }
    }

    if tokens.source.contains("BaseSettings") {
        settings(tokens, facts);
    }
}

fn environ(tokens: &Tokens, at: usize, facts: &mut CodeFacts) {
    let next = at + 1;

    match tokens.sign(next) {
        b'[' => match tokens.text(next + 1) {
            name if is_assigned(tokens, tokens.close(next) + 1) => set(facts, name),
            Some(name) => add(facts, name, EnvRequirement::Required),
            None => facts.reads_any = true,
        },
        b'.' if tokens.sign(at + 3) == b'(' => match tokens.word(at + 2) {
            "get" | "pop" => read_call(tokens, at + 3, EnvRequirement::Optional, facts),
            "setdefault" => read_call(tokens, at + 3, EnvRequirement::Defaulted, facts),
            "update" | "Env" => {}
            _ => facts.reads_any = true,
        },
        // `import environ` and the like.
        b'.' => {}
        _ => {
            // `"X" in os.environ`
            let test = at >= 4 && tokens.reads(at - 3, &["in", "os", "."]);

            match test.then(|| tokens.text(at - 4)).flatten() {
                Some(name) => add(facts, name, EnvRequirement::Optional),
                None if tokens.sign(at - 1) == b'.' => facts.reads_any = true,
                None => {}
            }
        }
    }
}

/// Fields of classes that derive from pydantic's `BaseSettings`, in this file's order.
fn settings(tokens: &Tokens, facts: &mut CodeFacts) {
    let mut known: Vec<(&str, String)> = vec![("BaseSettings", String::new())];
    let mut at = 0;

    while at < tokens.count() {
        let (name, open) = (tokens.word(at + 1), at + 2);
        if tokens.word(at) != "class"
            || tokens.sign(open) != b'('
            || !tokens.get(at).is_some_and(|token| token.first)
        {
            at += 1;
            continue;
        }

        let close = tokens.close(open);
        let bases = open + 1..close;
        let base = bases
            .clone()
            .find_map(|base| known.iter().find(|(known, _)| *known == tokens.word(base)));
        let Some((_, inherited)) = base.cloned() else {
            at = close.max(at + 1);
            continue;
        };

        let margin = indent(tokens, at);
        let begin = close + 1;
        let outside = |at: &usize| {
            tokens
                .get(*at)
                .is_some_and(|token| token.first && token.kind != Kind::Text)
                && indent(tokens, *at) <= margin
        };

        let end = (begin..tokens.count())
            .find(outside)
            .unwrap_or(tokens.count());
        let prefix = (open..end)
            .find(|&at| tokens.reads(at, &["env_prefix", "="]))
            .and_then(|at| tokens.text(at + 2));
        let prefix = prefix.map_or(inherited, |(prefix, _)| prefix.to_owned());
        fields(tokens, begin, end, &prefix, facts);
        // A file has a handful of them; a hostile one must not cost the square of its length.
        if known.len() < 64 {
            known.push((name, prefix));
        }

        at = end.max(at + 1);
    }
}

fn indent(tokens: &Tokens, at: usize) -> usize {
    let start = tokens.get(at).map_or(0, |token| token.span.start as usize);
    start
        - tokens.source[..start]
            .rfind('\n')
            .map_or(0, |line| line + 1)
}

/// The annotated fields of a class body.
fn fields(tokens: &Tokens, begin: usize, end: usize, prefix: &str, facts: &mut CodeFacts) {
    let first = |at: &usize| tokens.get(*at).is_some_and(|token| token.first);
    // The body's own margin; what stands further in belongs to methods.
    let Some(margin) = (begin..end).find(first).map(|at| indent(tokens, at)) else {
        return;
    };

    let starts: Vec<usize> = (begin..end)
        .filter(|at| first(at) && indent(tokens, *at) == margin)
        .collect();
    for (index, &at) in starts.iter().enumerate() {
        let stop = starts.get(index + 1).copied().unwrap_or(end);
        let name = tokens.word(at);
        if name.is_empty()
            || name.starts_with('_')
            || tokens.sign(at + 1) != b':'
            || name == "model_config"
        {
            continue;
        }

        let value = (at + 2..stop).find(|&at| is_assigned(tokens, at) && !inside(tokens, at, stop));
        let annotation = at + 2..value.unwrap_or(stop);
        if annotation.clone().any(|at| tokens.word(at) == "ClassVar") {
            continue;
        }

        let none = annotation
            .clone()
            .any(|at| matches!(tokens.word(at), "Optional" | "None"));
        let names: Vec<(&str, Span)> = aliases(tokens, at + 2, stop);
        let defaulted = match value {
            None => none,
            Some(value) if tokens.word(value + 1) == "Field" => {
                let given = (value + 3..stop).any(|at| {
                    matches!(tokens.word(at), "default" | "default_factory")
                        && is_assigned(tokens, at + 1)
                });

                let leading = tokens.sign(value + 3) != b'.'
                    && tokens.sign(value + 3) != b')'
                    && !is_assigned(tokens, value + 4);
                given || leading || none
            }
            Some(value) => tokens.sign(value + 1) != b'.',
        };

        let need = if defaulted {
            EnvRequirement::Defaulted
        } else {
            EnvRequirement::Required
        };

        if names.is_empty() {
            let Some(token) = tokens.get(at) else {
                continue;
            };

            let variable = format!("{prefix}{name}").to_ascii_uppercase();
            add(facts, (&variable, token.span), need);
        }

        for (alias, span) in names {
            add(facts, (&alias.to_ascii_uppercase(), span), need);
        }
    }
}

/// Whether a token stands in brackets that opened on the way: `x: Annotated[str, Field(a=1)]`.
fn inside(tokens: &Tokens, at: usize, stop: usize) -> bool {
    let start = tokens.get(at).map_or(0, |token| token.span.start);
    let mut back = at;

    while back > 0 && at - back < 64 {
        back -= 1;
        if matches!(tokens.sign(back), b'(' | b'[' | b'{')
            && tokens.close(back) > at
            && tokens.close(back) <= stop
        {
            return true;
        }

        if tokens
            .get(back)
            .is_some_and(|token| token.first && token.span.start < start)
        {
            return false;
        }
    }

    false
}

/// The names that a field's `alias`, `validation_alias` or `env` gives.
fn aliases<'t>(tokens: &Tokens<'t>, begin: usize, end: usize) -> Vec<(&'t str, Span)> {
    let key = |at: &usize| {
        matches!(tokens.word(*at), "alias" | "validation_alias" | "env")
            && is_assigned(tokens, *at + 1)
    };

    let Some(at) = (begin..end)
        .filter(key)
        .max_by_key(|&at| tokens.word(at) == "validation_alias")
    else {
        return Vec::new();
    };

    if let Some(name) = tokens.text(at + 2) {
        return vec![name];
    }

    let open = if tokens.sign(at + 2) == b'[' {
        at + 2
    } else {
        at + 3
    };

    (open + 1..tokens.close(open).min(end))
        .filter_map(|at| tokens.text(at))
        .collect()
}

fn script(tokens: &Tokens, facts: &mut CodeFacts) {
    for at in 0..tokens.count() {
        let after = match tokens.word(at) {
            "process" | "Bun" => environment(tokens, at + 1),
            "import" if tokens.reads(at, &["import", ".", "meta", "."]) => {
                environment(tokens, at + 3)
            }
            "Deno" if tokens.reads(at, &["Deno", ".", "env", ".", "get", "("]) => {
                read_call(tokens, at + 5, EnvRequirement::Optional, facts);
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
            _ if at >= 2 && tokens.sign(at - 1) == b'=' && tokens.sign(at - 2) == b'}' => {
                destructured(tokens, at - 2, facts)
            }
            _ => facts.reads_any = true,
        }
    }
}

/// The index after `.env`, where that stands.
fn environment(tokens: &Tokens, at: usize) -> Option<usize> {
    let dot = if tokens.sign(at) == b'?' { at + 1 } else { at };
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

    add(
        facts,
        name,
        if is_otherwise(tokens, after) {
            EnvRequirement::Defaulted
        } else {
            EnvRequirement::Optional
        },
    );
}

/// `const { A, B = 1, C: c } = process.env`; `close` is its closing brace.
fn destructured(tokens: &Tokens, close: usize, facts: &mut CodeFacts) {
    let Some(open) = (close.saturating_sub(400)..close)
        .rev()
        .find(|&at| tokens.sign(at) == b'{' && tokens.close(at) == close)
    else {
        facts.reads_any = true;
        return;
    };

    for at in open + 1..close {
        if !(at == open + 1 || tokens.sign(at - 1) == b',') || tokens.word(at).is_empty() {
            facts.reads_any |= tokens.sign(at) == b'.' && tokens.sign(at + 1) == b'.';
            continue;
        }

        let renamed = tokens.sign(at + 1) == b':' && is_assigned(tokens, at + 3);
        let need = if is_assigned(tokens, at + 1) || renamed {
            EnvRequirement::Defaulted
        } else {
            EnvRequirement::Optional
        };

        let span = tokens.get(at).map_or(Span::default(), |token| token.span);
        if !BUILT_IN.contains(&tokens.word(at)) {
            add(facts, (tokens.word(at), span), need);
        }
    }
}

fn go(tokens: &Tokens, facts: &mut CodeFacts) {
    for at in 0..tokens.count() {
        match tokens.word(at) {
            "Getenv" | "LookupEnv" if tokens.sign(at + 1) == b'(' => {
                read_call(tokens, at + 1, EnvRequirement::Optional, facts)
            }
            "BindEnv" | "AutomaticEnv" | "Environ" if tokens.sign(at + 1) == b'(' => {
                facts.reads_any = true
            }
            _ => {}
        }
        // Struct tags: `env:"X,required" envDefault:"y"`.
        let Some((text, span)) = tokens.text(at) else {
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
    for at in 0..tokens.count() {
        if tokens.word(at) != "env"
            && tokens.word(at) != "option_env"
            && tokens.word(at) != "dotenvy"
        {
            continue;
        }

        let function = tokens.word(at + 3);
        if tokens.reads(at + 1, &[":", ":"])
            && matches!(function, "var" | "var_os")
            && tokens.sign(at + 4) == b'('
        {
            rust_var(tokens, at + 4, facts);
        } else if tokens.reads(at + 1, &[":", ":"]) && matches!(function, "vars" | "vars_os") {
            facts.reads_any = true;
        } else if tokens.sign(at + 1) == b'!' && tokens.sign(at + 2) == b'(' {
            if let Some(name) = tokens
                .text(at + 3)
                .filter(|(name, _)| !name.starts_with("CARGO_"))
            {
                add(
                    facts,
                    name,
                    if tokens.word(at) == "env" {
                        EnvRequirement::Required
                    } else {
                        EnvRequirement::Optional
                    },
                );
            }
        } else if is_assigned(tokens, at + 1) {
            // Clap: `#[arg(env = "X", default_value = "y")]`
            let Some(name) = tokens.text(at + 2) else {
                continue;
            };

            let near = at.saturating_sub(24)..at + 24;
            let default = near
                .into_iter()
                .any(|at| tokens.word(at).starts_with("default_value"));
            add(
                facts,
                name,
                if default {
                    EnvRequirement::Defaulted
                } else {
                    EnvRequirement::Optional
                },
            );
        }
    }
}

fn rust_var(tokens: &Tokens, open: usize, facts: &mut CodeFacts) {
    let Some((name, _)) = call(tokens, open) else {
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
            let later = (after..after + 24)
                .any(|at| tokens.word(at).starts_with("unwrap_or") || tokens.word(at) == "map_or");
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
    for at in 0..tokens.count() {
        if tokens.word(at) != "ENV" {
            continue;
        }

        match tokens.sign(at + 1) {
            b'[' => {
                let after = tokens.close(at + 1) + 1;

                match tokens.text(at + 2) {
                    name if is_assigned(tokens, after) => set(facts, name),
                    Some(name) => add(
                        facts,
                        name,
                        if is_otherwise(tokens, after) {
                            EnvRequirement::Defaulted
                        } else {
                            EnvRequirement::Optional
                        },
                    ),
                    None => facts.reads_any = true,
                }
            }
            b'.' if tokens.word(at + 2) == "fetch" && tokens.sign(at + 3) == b'(' => {
                let after = tokens.close(at + 3) + 1;
                let block = tokens.sign(after) == b'{' || tokens.word(after) == "do";
                read_call(
                    tokens,
                    at + 3,
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
    for at in 0..tokens.count() {
        if tokens.word(at) == "getenv" && tokens.sign(at + 1) == b'(' {
            read_call(tokens, at + 1, EnvRequirement::Optional, facts);
        }
        // `@Value("${NAME:default}")`: the text counts as mixed, for `$` computes in Kotlin.
        let written = tokens
            .get(at + 3)
            .filter(|_| tokens.reads(at, &["@", "Value", "("]));
        let Some(token) = written else { continue };

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
    for at in 0..tokens.count() {
        match tokens.word(at) {
            "env" | "getenv" if tokens.sign(at + 1) == b'(' => {
                read_call(tokens, at + 1, EnvRequirement::Optional, facts)
            }
            "$_ENV" if tokens.sign(at + 1) == b'[' => {
                let after = tokens.close(at + 1) + 1;

                match tokens.text(at + 2) {
                    _ if is_assigned(tokens, after) => {}
                    Some(name) => add(
                        facts,
                        name,
                        if is_otherwise(tokens, after) {
                            EnvRequirement::Defaulted
                        } else {
                            EnvRequirement::Optional
                        },
                    ),
                    None => facts.reads_any = true,
                }
            }
            _ => {}
        }
    }
}
