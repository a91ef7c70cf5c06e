//! Types of the schema as Markdown.

use std::collections::BTreeSet;

use bellwire_protocol::http::{ROUTES, Shape};
use serde_json::{Map, Value};

/// Roots: their messages have sections of their own.
const FRAMES: [&str; 3] = ["ClientFrame", "RelayFrame", "ChannelMessage"];

/// The definitions of the schema.
pub(crate) struct Types<'a> {
    definitions: &'a Map<String, Value>,
    /// Named by the socket or the channels, so explained with them.
    of_frames: BTreeSet<&'a str>,
}

/// A type, linked to where it is explained.
pub(crate) fn link(name: &str) -> String {
    format!("[`{name}`](#type-{})", name.to_lowercase())
}

impl<'a> Types<'a> {
    pub(crate) fn of(document: &'a Value) -> Self {
        let definitions = document["$defs"].as_object().expect("the schema has definitions");
        let mut of_frames = BTreeSet::new();
        for frame in FRAMES {
            reach(definitions, &definitions[frame], &mut of_frames);
        }
        Self { definitions, of_frames }
    }

    /// The messages of a frame.
    pub(crate) fn variants(&self, frame: &str) -> &'a [Value] {
        self.definitions[frame]["oneOf"].as_array().map_or(&[], Vec::as_slice)
    }

    /// Whether a type is explained with the bodies of HTTP.
    pub(crate) fn is_of_http(&self, name: &str) -> bool {
        !self.of_frames.contains(name) && !FRAMES.contains(&name)
    }

    /// Sections of every type that is not a body of HTTP alone.
    pub(crate) fn shared(&self) -> String {
        let bodies: BTreeSet<&str> = ROUTES
            .iter()
            .flat_map(|route| {
                let answers = match route.answer {
                    Shape::Nothing => [None, None],
                    Shape::One(name) | Shape::Many(name) => [Some(name), None],
                    Shape::Either(one, other) => [Some(one), Some(other)],
                };
                [route.body].into_iter().chain(answers).flatten()
            })
            .chain(["Problem"])
            .collect();
        let names = self.definitions.keys().map(String::as_str);
        let names = names.filter(|name| {
            !FRAMES.contains(name) && (self.of_frames.contains(name) || !bodies.contains(name))
        });
        names.map(|name| self.section(name)).collect::<Vec<_>>().join("\n")
    }

    /// One type with its heading.
    pub(crate) fn section(&self, name: &str) -> String {
        let definition = &self.definitions[name];
        let words = self.words(definition);
        let body = match definition["oneOf"].as_array() {
            Some(values) if values.iter().all(|value| value["const"].is_string()) => {
                closed_list(values, self)
            }
            Some(variants) => {
                variants.iter().map(|variant| self.variant(variant)).collect::<Vec<_>>().join("\n")
            }
            None if definition["properties"].is_object() => self.fields(definition, &[]),
            None if definition["items"].is_object() => {
                format!("\nA {}.\n", kind(definition))
            }
            None => format!("\nA string{}.\n", limits_of(definition)),
        };
        format!("### Type `{name}`\n\n{words}\n{body}")
    }

    /// One of several shapes, told apart by a field.
    fn variant(&self, variant: &Value) -> String {
        let fields = variant["properties"].as_object();
        let tag = fields.into_iter().flatten().find(|(_, field)| field["const"].is_string());
        let (tag, value) = tag.map_or(("", "null".to_owned()), |(tag, field)| {
            (tag.as_str(), field["const"].as_str().unwrap_or_default().to_owned())
        });
        let words = self.words(variant);
        format!("`{tag}` is `{value}`: {words}\n{}", self.fields(variant, &[tag]))
    }

    /// What the code says of it.
    pub(crate) fn words(&self, schema: &Value) -> String {
        let said = schema["description"].as_str().unwrap_or_default();
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut words = said.replace("[`", "`").replace("`]", "`").replace("`limits::", "`");
        for name in self.definitions.keys() {
            words = words.replace(&format!("crate::{name}"), name);
        }
        words.replace('|', "\\|")
    }

    /// The table of an object's fields, or the type that has them.
    pub(crate) fn fields(&self, schema: &Value, without: &[&str]) -> String {
        if let Some(name) = target(schema) {
            return format!("\nWith the fields of {}.\n", link(name));
        }
        let nothing = Map::new();
        let fields = schema["properties"].as_object().unwrap_or(&nothing);
        let required: Vec<&str> = schema["required"]
            .as_array()
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let rows = fields.iter().filter(|(name, _)| !without.contains(&name.as_str()));
        let rows = rows.map(|(name, field)| {
            let optional = if required.contains(&name.as_str()) { "" } else { ", optional" };
            format!("| `{name}`{optional} | {} | {} |\n", kind(field), self.words(field))
        });
        let rows: String = rows.collect();
        if rows.is_empty() {
            String::new()
        } else {
            format!("\n| field | is | what |\n|---|---|---|\n{rows}")
        }
    }
}

fn closed_list(values: &[Value], types: &Types<'_>) -> String {
    let rows = values.iter().map(|value| {
        let word = value["const"].as_str().unwrap_or_default();
        format!("| `{word}` | {} |\n", types.words(value))
    });
    format!("\n| value | means |\n|---|---|\n{}", rows.collect::<String>())
}

/// A field's type in words.
fn kind(field: &Value) -> String {
    if let Some(constant) = field["const"].as_str() {
        return format!("`{constant}`");
    }
    if let Some(name) = target(field) {
        return link(name);
    }
    if let Some(inner) = field["anyOf"].as_array().and_then(|any| any.first()) {
        return kind(inner);
    }
    let of = match &field["type"] {
        Value::String(one) => one.as_str(),
        Value::Array(several) => several[0].as_str().unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => "any",
    };
    match of {
        "array" => format!("list of {}{}", kind(&field["items"]), items_of(field)),
        "integer" => match field["minimum"].as_u64().filter(|least| *least > 0) {
            Some(least) => format!("integer, {least} to {}", field["maximum"]),
            None => field["format"].as_str().unwrap_or("integer").to_owned(),
        },
        "string" => format!("string{}", limits_of(field)),
        other => other.to_owned(),
    }
}

fn items_of(field: &Value) -> String {
    match (field["minItems"].as_u64(), field["maxItems"].as_u64()) {
        (Some(least), Some(most)) => format!(", {least} to {most}"),
        (_, _) => String::new(),
    }
}

fn limits_of(text: &Value) -> String {
    let unit = match text["x-measure"].as_str() {
        Some(measure) if measure.contains("JSON") => "bytes as JSON writes it",
        Some(_) => "bytes",
        None => "characters",
    };
    let mut words = match (text["minLength"].as_u64(), text["maxLength"].as_u64()) {
        (Some(least), Some(most)) => format!(" of {least} to {most} {unit}"),
        (None, Some(most)) => format!(" of up to {most} {unit}"),
        (_, None) => String::new(),
    };
    if let Some(pattern) = text["pattern"].as_str() {
        words += &format!(", `{pattern}`");
    }
    words
}

fn target(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/$defs/")
}

/// Adds every type that a schema names, directly or not.
fn reach<'a>(
    definitions: &'a Map<String, Value>,
    schema: &'a Value,
    names: &mut BTreeSet<&'a str>,
) {
    match schema {
        Value::Object(fields) => {
            if let Some(name) = target(schema)
                && names.insert(name)
            {
                reach(definitions, &definitions[name], names);
            }
            for field in fields.values() {
                reach(definitions, field, names);
            }
        }
        Value::Array(items) => {
            for item in items {
                reach(definitions, item, names);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
