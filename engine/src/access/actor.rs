//! As whom callers ask a database that has rules of its own.

use model::{Actor, Caller, Fault, Kind, Rights, Roles, Schema};
use serde_json::{Map, Value, json};

/// Claims that are about a token alone (RFC 7519, section 4.1): the next one of the same caller has
/// others.
const OF_A_TOKEN: [&str; 4] = ["exp", "iat", "jti", "nbf"];

/// The actor of a caller; none where callers act as no roles of the database, or are held to no rule.
pub(crate) fn actor(schema: &Schema, caller: &Caller) -> Result<Option<Actor>, Fault> {
    let Rights::Of(roles) = &caller.rights else {
        return Ok(None);
    };
    if schema.roles.iter().all(|role| role.database.is_none()) {
        return Ok(None);
    }
    let role = role(schema, roles)?;
    let tenant = caller.tenant.as_deref().unwrap_or_default();
    let claims = caller.claims.all().iter();
    let has_nul = caller.name.contains('\0') || tenant.contains('\0');
    if has_nul || claims.into_iter().any(holds_nul) {
        return Err(denied(
            "access.claims",
            "a claim of the caller holds the character U+0000, which no text of the database can",
        ));
    }
    Ok(Some(Actor {
        role: role.into(),
        claims: caller.claims.to_string().into(),
        caller: caller.name.clone(),
        tenant: tenant.into(),
    }))
}

/// The one role of the database that these roles act as.
fn role<'s>(schema: &'s Schema, roles: &Roles) -> Result<&'s str, Fault> {
    let held = schema
        .roles
        .iter()
        .filter(|role| roles.contains(&role.name));
    let mut acting: Vec<_> = held.filter_map(|role| role.database.as_deref()).collect();
    acting.sort_unstable();
    acting.dedup();
    match acting[..] {
        [role] => Ok(role),
        [] => Err(denied(
            "access.database_role",
            "the caller holds no role of the schema, so it acts as nobody in the database",
        )),
        _ => Err(denied(
            "access.database_role",
            "the roles of the caller act as several roles of the database, and a request acts as \
             one: ask with a credential that has fewer roles",
        )),
    }
}

fn denied(code: &'static str, message: &str) -> Fault {
    Fault::new(code, Kind::Denied, message)
}

fn holds_nul((name, value): (&String, &Value)) -> bool {
    name.contains('\0') || has_nul(value)
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => members.iter().any(holds_nul),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What of an actor policies may look at, and is the same whichever of its tokens it shows.
pub(crate) fn lasting(caller: &Caller, actor: &Actor) -> Value {
    let claims = caller.claims.all().iter();
    let claims = claims.filter(|(name, _)| !OF_A_TOKEN.contains(&name.as_str()));
    let claims: Map<_, _> = claims
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    json!([actor.role, actor.tenant, claims])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{Source, compile};
    use model::Dialect;

    fn schema(roles: &str) -> Schema {
        let text = format!("type A @table {{ id: Int! @id }} extend schema {roles}");
        let source = Source {
            name: "a.graphql".to_owned(),
            text,
        };
        compile(&[source], Dialect::Postgres).unwrap().schema
    }

    fn caller(roles: &[&str], claims: &Value) -> Caller {
        Caller {
            name: "ann".into(),
            rights: Rights::Of(roles.iter().copied().collect()),
            claims: claims.as_object().unwrap().clone().into(),
            tenant: None,
        }
    }

    fn code(schema: &Schema, roles: &[&str], claims: &Value) -> Result<Box<str>, &'static str> {
        let actor = actor(schema, &caller(roles, claims));
        let actor = actor.map_err(|fault| fault.code)?;
        Ok(actor.map_or("the login".into(), |actor| actor.role))
    }

    const ROLES: &str = r#"@role(name: "a", database: "x") @role(name: "b", database: "x")
        @role(name: "c", database: "Y \"y\"")"#;

    #[test]
    fn roles_act_as_one_role_of_the_database_or_not_at_all() {
        let (acting, plain) = (schema(ROLES), schema(r#"@role(name: "a")"#));
        let none = json!({});
        assert_eq!(code(&acting, &["a"], &none), Ok("x".into()));
        assert_eq!(code(&acting, &["a", "b", "x"], &none), Ok("x".into()));
        assert_eq!(code(&acting, &["c"], &none), Ok("Y \"y\"".into()));
        for roles in [&["a", "c"][..], &["x"], &[]] {
            assert_eq!(code(&acting, roles, &none), Err("access.database_role"));
        }
        assert_eq!(code(&plain, &["x"], &none), Ok("the login".into()));
        let anybody = actor(&acting, &Caller::development());
        assert_eq!(anybody, Ok(None));
    }

    #[test]
    fn no_claim_has_a_character_that_no_text_of_the_database_has() {
        let schema = schema(ROLES);
        for claims in [
            json!({ "a": "\0" }),
            json!({ "a\0": 1 }),
            json!({ "a": [{ "b": ["x\0"] }] }),
        ] {
            assert_eq!(code(&schema, &["a"], &claims), Err("access.claims"));
        }
        assert!(code(&schema, &["a"], &json!({ "a": "\\u0000 \u{1}'\"" })).is_ok());
    }

    #[test]
    fn another_token_of_the_same_caller_is_no_other_standing() {
        let schema = schema(ROLES);
        let standing = |claims: Value| {
            let caller = caller(&["a"], &claims);
            let actor = actor(&schema, &caller).unwrap().unwrap();
            lasting(&caller, &actor)
        };
        let first = standing(json!({ "tenant": 1, "exp": 10, "jti": "a" }));
        assert_eq!(first, standing(json!({ "tenant": 1, "exp": 20, "iat": 5 })));
        assert_ne!(
            first,
            standing(json!({ "tenant": 2, "exp": 10, "jti": "a" }))
        );
    }
}
