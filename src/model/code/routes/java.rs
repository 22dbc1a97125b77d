//! Routes in Java and Kotlin: Spring, JAX-RS, Micronaut, Ktor.

use super::collector::RouteCollector;
use crate::model::code::call::{CodeCall, Literal};
use crate::model::code::lex::Tokens;
use crate::source::Span;

const MAPPINGS: &[&str] = &[
    "GetMapping",
    "PostMapping",
    "PutMapping",
    "DeleteMapping",
    "PatchMapping",
    "RequestMapping",
    "Path",
    "Get",
    "Post",
    "Put",
    "Delete",
];

/// Parameters of an annotation whose strings are no paths.
const OTHER_PARAMETERS: &[&str] = &[
    "produces", "consumes", "method", "name", "params", "headers",
];

/// How many tokens may be between an annotation and its class.
const MAX_DISTANCE: usize = 60;

pub fn find(tokens: &Tokens, routes: &mut RouteCollector<'_>) {
    let is_ktor = tokens.source.contains("routing");
    // The path of the class that is read.
    let mut class = String::new();

    for index in 0..tokens.count() {
        match CodeCall::new(tokens, index) {
            Some(call)
                if is_ktor
                    && matches!(call.name(), "get" | "post" | "put" | "delete" | "route") =>
            {
                ktor_route(call, routes)
            }
            _ => {
                if let Some(mapping) = Mapping::new(tokens, index) {
                    mapping.collect(&mut class, routes);
                }
            }
        }
    }
}

fn ktor_route(call: CodeCall<'_, '_>, routes: &mut RouteCollector<'_>) {
    let Some(path) = call.first().filter(|(text, _)| text.starts_with('/')) else {
        return;
    };

    if call.name() == "route" {
        routes.add_mount(Some(path));
    } else {
        routes.add(Some(path));
    }
}

/// An annotation that maps a path: `@GetMapping("/x")`, or bare `@GetMapping`.
struct Mapping<'c, 't> {
    tokens: &'c Tokens<'t>,
    name: &'t str,
    span: Span,
    /// The index after the name, and that of the closing parenthesis if there is one.
    open: usize,
    end: usize,
}

impl<'c, 't> Mapping<'c, 't> {
    fn new(tokens: &'c Tokens<'t>, index: usize) -> Option<Self> {
        let name = tokens.word(index);
        let is_mapping = MAPPINGS.contains(&name) || name == "Controller";
        if !is_mapping || tokens.sign(index.wrapping_sub(1)) != b'@' {
            return None;
        }

        let open = index + 1;
        Some(Self {
            tokens,
            name,
            span: tokens
                .get(index)
                .map_or(Span::default(), |token| token.span),
            open,
            end: if tokens.sign(open) == b'(' {
                tokens.close(open)
            } else {
                open
            },
        })
    }

    fn collect(&self, class: &mut String, routes: &mut RouteCollector<'_>) {
        let paths = self.paths();

        if is_on_class(self.tokens, self.end) {
            *class = paths
                .first()
                .map_or(String::new(), |(text, _)| (*text).to_owned());
        } else if self.name == "Controller" {
            // It maps nothing but a class.
        } else if !paths.is_empty() {
            for path in paths {
                routes.add_under(class, path, false);
            }
        } else if self.has_constant() {
            routes.any();
        } else if !class.is_empty() {
            // No path at all is the class's own.
            routes.add_under(class, ("", self.span), false);
        }
    }

    fn paths(&self) -> Vec<Literal<'t>> {
        (self.open..self.end)
            .filter(|&index| !OTHER_PARAMETERS.contains(&self.tokens.word(index.wrapping_sub(2))))
            .filter_map(|index| self.tokens.text(index))
            .filter(|(text, _)| !text.contains("application/"))
            .collect()
    }

    /// Whether a path is a constant, which cannot be read.
    fn has_constant(&self) -> bool {
        (self.open + 1..self.end)
            .map(|index| self.tokens.word(index))
            .any(|word| !word.is_empty() && !word.starts_with("RequestMethod") && word != "method")
    }
}

/// Whether an annotation that ends here belongs to a class: the word comes before any brace or
/// semicolon.
fn is_on_class(tokens: &Tokens, end: usize) -> bool {
    let mut index = end;

    for _ in 0..MAX_DISTANCE {
        match (tokens.word(index), tokens.sign(index)) {
            ("class" | "interface" | "object", _) => return true,
            (_, b'{' | b';') => return false,
            (_, b'(') => index = tokens.close(index),
            _ => {}
        }

        index += 1;
    }

    false
}
