//! The schema says what the code says, and the page says what the schema says.
//!
//! `BELLWIRE_WRITE_GOLDEN=1` writes both after a deliberate change of the wire.

mod committed;
#[allow(dead_code, reason = "the examples of frames are read from the golden files here")]
mod examples;
#[path = "contract/near_miss.rs"]
mod near_miss;
#[path = "contract/page.rs"]
mod page;
#[path = "contract/render.rs"]
mod render;

use std::collections::BTreeMap;

use bellwire_protocol::http::{ROUTES, Shape};
use bellwire_protocol::{ChannelMessage, ClientFrame, RelayFrame, schema};
use committed::path;
use jsonschema::Validator;
use near_miss::{Reading, read};
use serde_json::{Value, json};

fn text_of(file: &str) -> String {
    std::fs::read_to_string(path(file)).unwrap_or_default()
}

/// The committed examples of one direction, by name.
fn golden(file: &str) -> BTreeMap<String, Value> {
    serde_json::from_str(&text_of(&format!("golden/{file}.json"))).expect("golden files are JSON")
}

/// Checks one type of the schema.
fn validator(name: &str) -> Validator {
    let mut document = schema::document();
    document["$ref"] = json!(format!("#/$defs/{name}"));
    jsonschema::validator_for(&document).expect("the schema is one")
}

/// Every type with its examples and the parser that decides.
type Subject = (&'static str, Vec<Value>, Box<dyn Fn(&Value) -> Reading>);

fn subjects() -> Vec<Subject> {
    let examples = |file| golden(file).into_values().collect();
    let frames: [Subject; 3] = [
        ("ClientFrame", examples("client"), Box::new(read::<ClientFrame>)),
        ("RelayFrame", examples("relay"), Box::new(read::<RelayFrame>)),
        ("ChannelMessage", examples("channel"), Box::new(read::<ChannelMessage>)),
    ];
    let bodies = examples::http::bodies().into_iter().map(|body| -> Subject {
        let again = body.again;
        (body.name, vec![body.value], Box::new(move |value| near_miss::judge(again(value))))
    });
    frames.into_iter().chain(bodies).collect()
}

#[test]
fn the_schema_is_the_committed_one() {
    let made = serde_json::to_string_pretty(&schema::document()).expect("a schema is JSON") + "\n";
    if committed::is_writing() {
        committed::write(&path("schema/bellwire.v1.json"), &made);
    }
    assert!(
        text_of("schema/bellwire.v1.json") == made,
        "schema/bellwire.v1.json is stale: run `make bindings`"
    );
}

#[test]
fn every_example_fits_the_schema() {
    for (name, examples, _) in subjects() {
        let validator = validator(name);
        assert!(!examples.is_empty(), "{name} has an example");
        for example in examples {
            let wrong: Vec<String> =
                validator.iter_errors(&example).map(|error| error.to_string()).collect();
            assert!(wrong.is_empty(), "{name} {example}: {wrong:?}");
        }
    }
}

#[test]
fn what_nearly_fits_the_schema_is_judged_as_the_parser_judges_it() {
    let mut refused = 0;
    let mut differ = Vec::new();
    for (name, examples, read) in subjects() {
        let validator = validator(name);
        for example in examples {
            for (what, changed) in near_miss::of(&example) {
                let fits = validator.is_valid(&changed);
                let means = read(&changed) == Reading::Understood;
                if fits != means && !near_miss::is_in_words(&what, fits) {
                    differ.push(format!("{name} with {what}: schema {fits}, parser {means}"));
                }
                refused += usize::from(!fits);
            }
        }
    }
    assert!(differ.is_empty(), "the schema and the parser differ:\n{}", differ.join("\n"));
    assert!(refused > 5_000, "only {refused} near misses were refused: they are no test");
}

#[test]
fn every_request_of_the_interface_names_types_of_the_schema() {
    let document = schema::document();
    let examples: Vec<&str> = examples::http::bodies().into_iter().map(|body| body.name).collect();
    for route in ROUTES {
        let answers = match route.answer {
            Shape::Nothing => vec![],
            Shape::One(name) | Shape::Many(name) => vec![name],
            Shape::Either(one, other) => vec![one, other],
        };
        for name in route.body.into_iter().chain(answers) {
            assert!(document["$defs"].get(name).is_some(), "{name} is not in the schema");
            assert!(examples.contains(&name), "{name} has no example in golden/http.json");
        }
    }
}

#[test]
fn the_reference_on_the_page_is_made_from_the_code() {
    let docs = path("../../docs/protocol.md");
    let page = std::fs::read_to_string(&docs).expect("docs/protocol.md is there");
    let made = page::with_reference(&page);
    if committed::is_writing() {
        committed::write(&docs, &made);
    }
    let written = std::fs::read_to_string(&docs).expect("docs/protocol.md is there");
    assert!(written == made, "docs/protocol.md is stale: run `make bindings`");
}

#[test]
fn every_limit_on_the_page_has_the_value_of_the_code() {
    let page = text_of("../../docs/protocol.md");
    let source = text_of("src/limits.rs");
    let names = source.lines().filter_map(|line| line.trim().strip_prefix("pub const "));
    let names: Vec<&str> = names.filter_map(|line| line.split(':').next()).collect();
    for (name, value) in page::limits() {
        let row = format!("| `{name}` | {value} |");
        assert!(page.contains(&row), "docs/protocol.md has no row `{row}`");
    }
    for name in names {
        let listed = page::limits().iter().any(|(known, _)| *known == name);
        assert!(listed, "limits.rs has {name}, which tests/contract/page.rs does not list");
    }
}
