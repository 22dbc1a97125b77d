//! A compose file's values after interpolation: what merging and lowering work on. Each keeps the
//! place it has in its own file, through anchors, `extends`, `include` and overrides.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::model::Setting;
use crate::model::env::{EnvOrigin, EnvValue, EnvVar, Fallback};
use crate::model::spec_reader::SpecReader;
use crate::source::{Located, Location, OffsetMap, SourceFile, Span};
use crate::syntax::dotenv;
use crate::syntax::interpolate::{self, Dialect, Lookup, VariableUse};
use crate::syntax::yaml::{Kind, Node};

/// The longest value of an env file that is put into other strings, in bytes; a longer one is unknown
/// there.
const MAX_VALUE: usize = 1 << 16;

/// How many bytes the strings of one project may come to whose variables are filled in. The strings
/// after that are unknown: each line of a file may repeat a value that is hundreds of times as
/// long.
const MAX_EXPANDED: usize = 1 << 25;

/// The variables that interpolation knows: those of a `.env` file.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    known: HashMap<String, Lookup>,
    /// Bytes of all strings so far that variables were put into; those of an included file count with
    /// the others.
    expanded: Rc<Cell<usize>>,
    /// The places of their values.
    locations: HashMap<String, Location>,
}

impl Variables {
    /// These, and beneath them those of env files, of which the last one counts.
    #[must_use]
    pub fn over<'f>(&self, files: impl IntoIterator<Item = &'f SourceFile>) -> Self {
        let mut all = self.clone();

        for file in files {
            for entry in dotenv::parse(&file.text).tree.entries {
                if self.known.contains_key(&entry.key) {
                    continue;
                }

                let value = match entry.value {
                    None => Lookup::Unknown,
                    Some(value) if entry.quote == Some(dotenv::Quote::Single) => {
                        Lookup::Value(value)
                    }
                    Some(value) => all
                        .expand(&value)
                        .text
                        .map_or(Lookup::Unknown, Lookup::Value),
                };

                let too_long = matches!(&value, Lookup::Value(value) if value.len() > MAX_VALUE);
                let value = if too_long { Lookup::Unknown } else { value };
                all.locations
                    .insert(entry.key.clone(), file.location(entry.value_span));
                all.known.insert(entry.key, value);
            }
        }

        all
    }

    /// The known value of one variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        match self.known.get(name)? {
            Lookup::Value(value) => Some(value),
            Lookup::Unknown => None,
        }
    }

    /// The known value of one variable, with its place.
    pub fn written(&self, name: &str) -> Option<(&str, Location)> {
        Some((self.get(name)?, *self.locations.get(name)?))
    }

    fn expand(&self, text: &str) -> interpolate::Expansion {
        let spent = self.expanded.get();
        let expansion = interpolate::expand(text, Dialect::Compose, &|name| match self
            .known
            .get(name)?
        {
            Lookup::Value(_) if spent > MAX_EXPANDED => Some(Lookup::Unknown),
            value => Some(value.clone()),
        });
        self.expanded.set(spent + expansion.filled);

        expansion
    }
}

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Value<'t> {
    /// Scalars without their quotes.
    pub location: Location,
    pub data: ValueData<'t>,
    pub tag: Tag,
}

#[derive(Clone, Debug)]
pub enum ValueData<'t> {
    Null,
    Scalar(Scalar<'t>),
    Map(Vec<ValueField<'t>>),
    List(Vec<Value<'t>>),
    Unknown,
}

/// What merging is told to do with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    None,
    /// `!reset`
    Reset,
    /// `!override`
    Override,
}

#[derive(Clone, Debug)]
pub struct ValueField<'t> {
    pub key: Cow<'t, str>,
    pub key_place: Location,
    pub value: Value<'t>,
}

impl ValueField<'_> {
    pub fn name(&self) -> Located<String> {
        Located::new(self.key.to_string(), self.key_place)
    }
}

/// A text, or a part of one: the value in the list item `KEY=value`.
#[derive(Clone, Debug)]
pub struct Scalar<'t> {
    node: Node<'t>,
    range: Span,
    /// After interpolation; `None` where that cannot be known.
    pub text: Option<Cow<'t, str>>,
    pub uses: Vec<VariableUse>,
}

impl<'t> Scalar<'t> {
    fn new(node: Node<'t>, range: Span, variables: &Variables) -> Self {
        let written = range.text(node.str().unwrap_or(""));

        if !written.contains('$') {
            return Self {
                node,
                range,
                text: Some(Cow::Borrowed(written)),
                uses: Vec::new(),
            };
        }

        let expansion = variables.expand(written);
        Self {
            node,
            range,
            text: expansion.text.map(Cow::Owned),
            uses: expansion.uses,
        }
    }

    /// The text of the file, decoded but not interpolated.
    pub fn written(&self) -> &'t str {
        self.range.text(self.node.str().unwrap_or(""))
    }

    /// The place of a range of [`Scalar::written`].
    pub fn span(&self, range: Span) -> Location {
        self.node.content_span(range.shift(self.range.start))
    }

    /// A part of this text, interpolated by itself.
    pub fn part(&self, range: Span, variables: &Variables) -> Scalar<'t> {
        Scalar::new(self.node, range.shift(self.range.start), variables)
    }

    /// A part of this text with its place, if it is known.
    pub fn known_part(&self, range: Span, variables: &Variables) -> Option<Located<String>> {
        let text = self.part(range, variables).text?;

        Some(Located::new(text.into_owned(), self.span(range)))
    }

    /// The place of each byte of [`Scalar::written`].
    pub fn offsets(&self) -> OffsetMap {
        let offsets = self.node.offsets();
        if self.range.start == 0 {
            offsets
        } else {
            offsets.skip(self.range.start)
        }
    }

    /// The text in effect with the places of its bytes: those of a variable's value at the variable.
    pub fn mapped(&self, variables: &Variables) -> (String, OffsetMap) {
        let (written, offsets) = (self.written(), self.offsets());
        if self.text.is_none() || !written.contains('$') {
            return (written.to_owned(), offsets);
        }

        let (mut text, mut map, mut at) = (String::new(), OffsetMap::default(), 0);
        let mut uses = self.uses.iter().peekable();

        while let Some(c) = written.get(at..).and_then(|rest| rest.chars().next()) {
            map.push(text.len() as u32, offsets.offset(at as u32));
            // Those inside the operand of another one are passed with it.
            while uses
                .next_if(|used| (used.span.start as usize) < at)
                .is_some()
            {}
            if let Some(used) = uses.next_if(|used| used.span.start as usize == at) {
                text.push_str(
                    self.part(used.span, variables)
                        .text
                        .as_deref()
                        .unwrap_or(""),
                );
                at = (used.span.end as usize).max(at + 1);
                continue;
            }

            text.push(c);
            // The first of a pair represents both.
            at += if c == '$' && written[at + 1..].starts_with('$') {
                2
            } else {
                c.len_utf8()
            };
        }

        (text, map)
    }
}

impl<'t> Value<'t> {
    /// Reads a node with everything below it. Trees are bounded in depth and in what aliases expand
    /// to.
    pub fn read(node: Node<'t>, variables: &Variables) -> Self {
        let tag = match node.tag() {
            Some("!reset") => Tag::Reset,
            Some("!override") => Tag::Override,
            _ => Tag::None,
        };

        let data = match node.kind() {
            Kind::Null => ValueData::Null,
            Kind::Unknown => ValueData::Unknown,
            Kind::Scalar => {
                let whole = Span::of(0, node.str().map_or(0, str::len));
                ValueData::Scalar(Scalar::new(node, whole, variables))
            }
            Kind::Sequence => ValueData::List(
                node.items()
                    .map(|item| Value::read(item, variables))
                    .collect(),
            ),
            Kind::Mapping => ValueData::Map(
                node.entries()
                    .filter_map(|entry| {
                        Some(ValueField {
                            key: Cow::Borrowed(entry.key.str()?),
                            key_place: entry.key.content(),
                            value: Value::read(entry.value, variables),
                        })
                    })
                    .collect(),
            ),
        };

        Self {
            location: node.content(),
            data,
            tag,
        }
    }

    pub const fn null(location: Location) -> Self {
        Self {
            location,
            data: ValueData::Null,
            tag: Tag::None,
        }
    }

    pub fn fields(&self) -> &[ValueField<'t>] {
        match &self.data {
            ValueData::Map(fields) => fields,
            _ => &[],
        }
    }

    pub fn items(&self) -> &[Value<'t>] {
        match &self.data {
            ValueData::List(items) => items,
            _ => &[],
        }
    }

    /// The items of a list, or this value itself where one may be written without a list.
    pub fn one_or_many(&self) -> &[Value<'t>] {
        match &self.data {
            ValueData::List(items) => items,
            ValueData::Scalar(_) | ValueData::Map(_) | ValueData::Unknown => {
                std::slice::from_ref(self)
            }
            ValueData::Null => &[],
        }
    }

    pub fn field(&self, key: &str) -> Option<&ValueField<'t>> {
        self.fields().iter().find(|field| field.key == key)
    }

    pub fn get(&self, key: &str) -> Option<&Value<'t>> {
        self.field(key).map(|field| &field.value)
    }

    pub fn scalar(&self) -> Option<&Scalar<'t>> {
        match &self.data {
            ValueData::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text after interpolation, where it is known.
    pub fn text(&self) -> Option<&str> {
        self.scalar()?.text.as_deref()
    }

    /// The known text of a key.
    pub fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    /// The known text with its place.
    pub fn at(&self) -> Option<Located<String>> {
        Some(Located::new(self.text()?.to_owned(), self.location))
    }

    pub fn is_unknown(&self) -> bool {
        match &self.data {
            ValueData::Unknown => true,
            ValueData::Scalar(scalar) => scalar.text.is_none(),
            _ => false,
        }
    }

    /// A setting read from this value's known text; what `read` refuses is unknown.
    pub fn setting<T>(&self, read: impl FnOnce(&str) -> Option<T>) -> Setting<T> {
        if matches!(self.data, ValueData::Null) {
            return Setting::Absent;
        }

        match self.text().and_then(read) {
            Some(value) => Setting::set(value, self.location),
            None => Setting::Unknown(Some(self.location)),
        }
    }

    /// A mapping, given as one or as a list of `KEY=value`: the list made a mapping. `separators`
    /// end the key.
    #[must_use]
    pub fn keyed(self, separators: &[char], variables: &Variables) -> Self {
        let ValueData::List(items) = self.data else {
            return self;
        };

        let mut fields: Vec<ValueField<'t>> = Vec::with_capacity(items.len());
        let mut index: HashMap<Cow<'t, str>, usize> = HashMap::with_capacity(items.len());

        for item in items {
            let ValueData::Scalar(scalar) = &item.data else {
                continue;
            };

            let written = scalar.written();
            let end = written.find(separators).unwrap_or(written.len());
            let span = Span::of(0, end);
            // A key that is a variable without a value names nothing that we could know.
            let Some(key) = scalar.part(span, variables).text else {
                continue;
            };

            let key_place = scalar.span(span);
            let value = if end == written.len() {
                Value::null(key_place)
            } else {
                let part = scalar.part(Span::of(end + 1, written.len()), variables);
                let location = scalar.span(Span::of(end + 1, written.len()));
                Value {
                    location,
                    data: ValueData::Scalar(part),
                    tag: Tag::None,
                }
            };

            let field = ValueField {
                key: key.clone(),
                key_place,
                value,
            };

            // Of a repeated key the last one counts.
            match index.get(&key) {
                Some(&index) => fields[index] = field,
                None => {
                    index.insert(key, fields.len());
                    fields.push(field);
                }
            }
        }

        Self {
            data: ValueData::Map(fields),
            ..self
        }
    }

    /// A list of names made a mapping whose values `value` gives.
    #[must_use]
    pub fn named(self, value: impl Fn(Location) -> Value<'t>) -> Self {
        let ValueData::List(items) = self.data else {
            return self;
        };

        let fields = items.into_iter().filter_map(|item| {
            Some(ValueField {
                key: item.scalar()?.text.clone()?,
                key_place: item.location,
                value: value(item.location),
            })
        });

        Self {
            data: ValueData::Map(fields.collect()),
            ..self
        }
    }

    /// The entries of a keyed mapping as variables.
    pub fn variables(&self, origin: EnvOrigin) -> Vec<EnvVar> {
        self.fields()
            .iter()
            .map(|field| EnvVar {
                name: field.name(),
                value: field.value.env(),
                origin,
            })
            .collect()
    }

    fn env(&self) -> EnvValue {
        let ValueData::Scalar(scalar) = &self.data else {
            return if matches!(self.data, ValueData::Null) {
                EnvValue::Inherited
            } else {
                EnvValue::Reference(self.location)
            };
        };

        match &scalar.text {
            Some(text) if scalar.uses.is_empty() => {
                EnvValue::Literal(Located::new(text.to_string(), self.location))
            }
            resolved => EnvValue::Template {
                written: Located::new(scalar.written().to_owned(), self.location),
                resolved: resolved.as_ref().map(ToString::to_string),
                fallbacks: fallbacks(scalar),
            },
        }
    }
}

/// A value as its project's completeness lets it be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct ValueReader<'v, 't> {
    pub value: &'v Value<'t>,
    /// What is absent may be set in another file.
    open: bool,
}

impl<'v, 't> ValueReader<'v, 't> {
    /// A value of which nothing is elsewhere.
    pub const fn whole(value: &'v Value<'t>) -> Self {
        Self { value, open: false }
    }

    /// A value that is only a part of itself.
    pub const fn part(value: &'v Value<'t>) -> Self {
        Self { value, open: true }
    }
}

impl SpecReader for ValueReader<'_, '_> {
    fn get(self, key: &str) -> Setting<Self> {
        match self.value.get(key) {
            Some(value) if !matches!(value.data, ValueData::Null) => {
                Setting::set(Self { value, ..self }, value.location)
            }
            _ => self.absent(),
        }
    }

    /// The items of a list, or the value itself where one may be written without a list.
    fn items(self) -> impl Iterator<Item = Self> {
        let items = self.value.one_or_many().iter();
        items.map(move |value| Self { value, ..self })
    }

    fn text(self) -> Setting<String> {
        self.value.setting(|text| Some(text.to_owned()))
    }

    fn boolean(self) -> Setting<bool> {
        self.value.setting(|text| match text {
            "true" | "True" | "TRUE" | "yes" | "on" => Some(true),
            "false" | "False" | "FALSE" | "no" | "off" => Some(false),
            _ => None,
        })
    }

    fn location(self) -> Location {
        self.value.location
    }

    fn is_open(self) -> bool {
        self.open
    }
}

/// The literal defaults inside a string.
pub fn fallbacks(scalar: &Scalar<'_>) -> Vec<Fallback> {
    literal_defaults(&scalar.uses, scalar.written(), |span| scalar.span(span))
}

/// The literal defaults of variables in a text whose spans `place_of` locates.
pub(super) fn literal_defaults(
    uses: &[VariableUse],
    text: &str,
    place_of: impl Fn(Span) -> Location,
) -> Vec<Fallback> {
    uses.iter()
        .filter_map(|used| {
            let span = used.default()?;
            let literal = span.text(text);

            (!literal.is_empty() && !literal.contains('$')).then(|| Fallback {
                variable: used.name.clone(),
                literal: Located::new(literal.to_owned(), place_of(span)),
            })
        })
        .collect()
}
