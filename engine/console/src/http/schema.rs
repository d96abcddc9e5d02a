//! What the document of the interface says of values whose types say too little.

use crate::model::Role;
use utoipa::openapi::schema::{
    Array, ArrayBuilder, KnownFormat, Object, ObjectBuilder, SchemaFormat, SchemaType, Type,
};

/// Characters that cannot be seen, as [`crate::people`] refuses them, within the brackets of a pattern.
const HIDDEN: &str =
    "\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff";

/// A time.
pub(super) fn moment() -> Object {
    let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
    ObjectBuilder::new().schema_type(Type::String).format(Some(format)).build()
}

/// One of these words.
pub(super) fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// What names are made of.
pub(super) fn name() -> Object {
    let name = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[a-z0-9-]+$"));
    name.min_length(Some(3)).max_length(Some(40)).build()
}

/// What somebody is called on the screen.
pub(super) fn display_name() -> Object {
    let pattern = format!("^[^\\s{HIDDEN}]([^{HIDDEN}]*[^\\s{HIDDEN}])?$");
    let name = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
    name.min_length(Some(1)).max_length(Some(80)).build()
}

/// The same, or null.
fn or_null(mut schema: Object) -> Object {
    schema.schema_type = SchemaType::from_iter([Type::String, Type::Null]);
    if let Some(values) = &mut schema.enum_values {
        values.push(serde_json::Value::Null);
    }
    schema
}

/// What somebody is called on the screen; null for as it is.
pub(super) fn display_name_or_null() -> Object {
    or_null(display_name())
}

/// What people may be; null for as it is.
pub(super) fn role_of_person_or_null() -> Object {
    or_null(role_of_person())
}

/// Names of sites, one at least; or null.
pub(super) fn sites() -> Array {
    let kind = SchemaType::from_iter([Type::Array, Type::Null]);
    ArrayBuilder::new().schema_type(kind).items(name()).min_items(Some(1)).build()
}

/// What people may be.
pub(super) fn role_of_person() -> Object {
    words(Role::ALL.iter().filter(|role| **role != Role::Box).map(|role| role.label()))
}

/// What tokens may be.
pub(super) fn role_of_token() -> Object {
    words(Role::ALL.iter().filter(|role| **role != Role::Admin).map(|role| role.label()))
}
