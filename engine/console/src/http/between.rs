//! Rules between the fields of a body, in the document of the interface: what each field may be by itself stands with
//! its type. Handlers hold them; a test holds both against each other.

use super::schema::{name, reason, words};
use crate::model::{OTHER, REASONS, Role};
use utoipa::openapi::Components;
use utoipa::openapi::schema::{
    AllOfBuilder, AnyOfBuilder, ArrayBuilder, Object, ObjectBuilder, Schema, Type,
};

/// Adds them to the bodies that have some: of each, one of these must hold as well.
pub(super) fn tell(components: &mut Components) {
    for (body, ways) in rules() {
        let Some(fields) = components.schemas.remove(body) else { continue };
        let one = ways.into_iter().fold(AnyOfBuilder::new(), AnyOfBuilder::item).build();
        let whole = AllOfBuilder::new().item(fields).item(Schema::AnyOf(one)).build();
        components.schemas.insert(body.to_owned(), Schema::AllOf(whole).into());
    }
}

fn rules() -> [(&'static str, Vec<Object>); 5] {
    [
        ("Judging", verdict()),
        ("JudgingAll", verdict()),
        ("AddPerson", person()),
        ("AddToken", token()),
        ("Reverting", revert()),
    ]
}

fn object() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Object)
}

fn null() -> Object {
    ObjectBuilder::new().schema_type(Type::Null).build()
}

/// A text in which something can be seen.
fn said() -> Object {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some("\\S")).build()
}

/// What is dismissed has a reason, and another one than the usual has a note; what is confirmed has none.
fn verdict() -> Vec<Object> {
    let usual = REASONS.into_iter().filter(|reason| *reason != OTHER);
    let dismissed = |reason| {
        let reason =
            object().property("judgement", words(["dismissed"])).property("reason", reason);
        reason.required("reason")
    };
    vec![
        object().property("judgement", words(["confirmed"])).property("reason", null()).build(),
        dismissed(words(usual)).build(),
        dismissed(words([OTHER])).property("note", said()).required("note").build(),
    ]
}

/// An admin has all sites.
fn person() -> Vec<Object> {
    vec![
        object().property("role", words(["admin"])).property("sites", null()).build(),
        object().property("role", others()).build(),
    ]
}

/// A box stands at one site.
fn token() -> Vec<Object> {
    let one = ArrayBuilder::new().items(name()).min_items(Some(1)).max_items(Some(1));
    vec![
        object().property("role", words(["box"])).property("sites", one).required("sites").build(),
        object().property("role", others()).build(),
    ]
}

/// Roles of people and tokens alike.
fn others() -> Object {
    let others = Role::ALL.iter().filter(|role| !matches!(role, Role::Admin | Role::Box));
    words(others.map(|role| role.label()))
}

/// Whoever changes something says why.
fn revert() -> Vec<Object> {
    let only = ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .enum_values(Some([serde_json::Value::Bool(true)]))
        .build();
    vec![
        object().property("check", only).required("check").build(),
        object().property("why", reason()).required("why").build(),
    ]
}
