//! What the document of the interface says of values whose types say too little.

use crate::model::Role;
use utoipa::openapi::schema::{
    AnyOfBuilder, Array, ArrayBuilder, KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat,
    SchemaType, Type,
};

/// Characters that cannot be seen, as [`crate::people`] refuses them, within the brackets of a pattern.
const HIDDEN: &str =
    "\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff";

/// Characters that are none, within the brackets of a pattern.
const CONTROL: &str = "\\u0000-\\u001f\\u007f-\\u009f";

/// A time.
pub(super) fn moment() -> Object {
    let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
    ObjectBuilder::new().schema_type(Type::String).format(Some(format)).build()
}

/// The same, or nothing, where what is empty is not asked.
pub(super) fn moment_or_nothing() -> Schema {
    Schema::AnyOf(AnyOfBuilder::new().item(moment()).item(words([""])).build())
}

/// A box on the earth, or nothing.
pub(super) fn bounds() -> Object {
    let lon = "-?(180(\\.0+)?|(1[0-7][0-9]|[1-9]?[0-9])(\\.[0-9]+)?)";
    let lat = "-?(90(\\.0+)?|[1-8]?[0-9](\\.[0-9]+)?)";
    let pattern = format!("^({lon},{lat},{lon},{lat})?$");
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).build()
}

/// A file.
pub(super) fn bytes() -> Object {
    let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
    ObjectBuilder::new().schema_type(Type::String).format(Some(format)).build()
}

/// The hash that names something.
pub(super) fn sha256() -> Object {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9a-f]{64}$")).build()
}

/// One line that says something, of as many characters at most.
pub(super) fn reason() -> Object {
    let pattern = format!("^[^{CONTROL}]*[^\\s{CONTROL}][^{CONTROL}]*$");
    let reason = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
    reason.min_length(Some(1)).max_length(Some(500)).build()
}

/// Kinds of changes to a pipeline.
const EDITS: [&str; 12] = [
    "set_zone",
    "remove_zone",
    "set_line",
    "remove_line",
    "set_calibration",
    "remove_calibration",
    "set_model",
    "use_model",
    "set_rule",
    "remove_rule",
    "set_permit",
    "remove_permit",
];

/// Changes to a pipeline; what each kind has besides stands with the command `edit` of boxes.
pub(super) fn edits() -> Array {
    let edit = ObjectBuilder::new().property("kind", words(EDITS)).required("kind");
    ArrayBuilder::new().items(edit).max_items(Some(200)).build()
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

#[cfg(test)]
mod tests {
    use super::*;
    use viahe_contract::message::Edit;

    #[test]
    fn all_kinds_of_edits_are_named() {
        let other =
            serde_json::from_str::<Edit>("{\"kind\": \"another\"}").unwrap_err().to_string();
        let listed = EDITS.map(|kind| format!("`{kind}`")).join(", ");
        assert!(other.contains(&format!("expected one of {listed} at")), "{other}");
    }
}
