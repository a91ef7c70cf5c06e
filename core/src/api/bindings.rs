//! TypeScript declarations by specta.

use specta::Types;
use specta_typescript::Typescript;

use super::{Alert, Command, Link, PeerCommand, PeerEvent, View};

/// `ui/src/lib/bindings.ts`, as a text.
pub(super) fn typescript() -> Result<String, Box<dyn std::error::Error>> {
    let types = Types::default()
        .register::<Command>()
        .register::<View>()
        .register::<Alert>()
        .register::<Link>()
        .register::<PeerCommand>()
        .register::<PeerEvent>();
    Ok(Typescript::default()
        .header("// Made from core/src/api by `make bindings`. Not to be edited.\n")
        .export(&types, specta_serde::Format)?)
}
