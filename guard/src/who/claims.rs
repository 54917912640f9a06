//! What is known of a caller, made of what its token says.

use super::revocations::Standing;
use crate::config::{Introspection, Issuer};
use crate::error::Flaw;
use model::{Caller, Claims, Rights, Roles};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::sync::Arc;

/// The longest name of a caller, of its tenant and of a role, in bytes.
pub(super) const NAME_BYTES_MAX: usize = 255;
/// The most roles of a caller.
const ROLES_MAX: usize = 100;

/// What a token must say, and where it says who its caller is.
#[derive(Debug)]
pub(super) struct Expected {
    issuer: Box<str>,
    audience: Box<str>,
    leeway: u64,
    roles: Box<str>,
    tenant: Box<str>,
    name: Box<str>,
}

/// A caller, and the last second at which it is taken for that.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) caller: Arc<Caller>,
    pub(super) until: u64,
}

impl From<&Issuer> for Expected {
    fn from(issuer: &Issuer) -> Self {
        Self {
            issuer: (*issuer.issuer).into(),
            audience: (*issuer.audience).into(),
            leeway: issuer.leeway_seconds,
            roles: (*issuer.roles_claim).into(),
            tenant: (*issuer.tenant_claim).into(),
            name: (*issuer.name_claim).into(),
        }
    }
}

impl From<&Introspection> for Expected {
    fn from(introspection: &Introspection) -> Self {
        Self {
            issuer: (*introspection.issuer).into(),
            audience: (*introspection.audience).into(),
            leeway: introspection.leeway_seconds,
            roles: (*introspection.roles_claim).into(),
            tenant: (*introspection.tenant_claim).into(),
            name: (*introspection.name_claim).into(),
        }
    }
}

impl Expected {
    /// The issuer whose tokens these are.
    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The caller of a signed token, whose signature holds.
    pub(super) fn of_token(&self, claims: Map<String, Value>, now: u64) -> Result<Known, Flaw> {
        let until = self.times(&claims, now)?;
        let until = until.ok_or(Flaw::Claims("exp is missing"))?;
        self.known(claims, until)
    }

    /// The caller of a token that its issuer says is active, for as long as that may be believed.
    pub(super) fn of_answer(
        &self,
        answer: Map<String, Value>,
        now: u64,
        seconds_max: u64,
    ) -> Result<Known, Flaw> {
        if answer
            .get("iss")
            .is_some_and(|issuer| issuer.as_str() != Some(&self.issuer))
        {
            return Err(Flaw::Issuer);
        }
        let until = self.times(&answer, now)?.unwrap_or(u64::MAX);
        self.known(answer, until.min(now.saturating_add(seconds_max)))
    }

    /// What of a token tells whether it was taken back.
    pub(super) fn standing<'a>(&'a self, claims: &'a Claims) -> Standing<'a> {
        let text = |name| claims.get(name).and_then(Value::as_str);
        Standing {
            issuer: &self.issuer,
            name: text(&self.name),
            jti: text("jti"),
            issued: claims.get("iat").and_then(whole),
        }
    }

    /// The last second at which it is valid, if that is now or to come (RFC 7519, section 4.1).
    fn times(&self, claims: &Map<String, Value>, now: u64) -> Result<Option<u64>, Flaw> {
        let soon = now.saturating_add(self.leeway);
        if second(claims, "nbf")?.is_some_and(|begin| begin > soon) {
            return Err(Flaw::Early);
        }
        if second(claims, "iat")?.is_some_and(|issued| issued > soon) {
            return Err(Flaw::Early);
        }
        // At its second it has expired already.
        let end = second(claims, "exp")?;
        let until = end.map(|end| end.saturating_add(self.leeway).saturating_sub(1));
        if until.is_some_and(|until| until < now) {
            return Err(Flaw::Expired);
        }
        Ok(until)
    }

    fn known(&self, claims: Map<String, Value>, until: u64) -> Result<Known, Flaw> {
        let is_ours = |audience: &Value| audience.as_str() == Some(&self.audience);
        let addressed = match claims.get("aud") {
            Some(Value::Array(several)) => several.iter().any(is_ours),
            Some(one) => is_ours(one),
            None => false,
        };
        if !addressed {
            return Err(Flaw::Audience);
        }
        if claims.get("cnf").is_some() {
            return Err(Flaw::Claims(
                "it belongs to the holder of a key, which is not looked for",
            ));
        }
        let claims = Claims::from(claims);
        let caller = Caller {
            name: self.name(&claims)?,
            rights: Rights::Of(self.roles(&claims)?),
            tenant: self.tenant(&claims)?,
            claims,
        };
        let caller = Arc::new(caller);
        Ok(Known { caller, until })
    }

    fn name(&self, claims: &Claims) -> Result<Box<str>, Flaw> {
        let own = claims.get(&self.name).and_then(Value::as_str);
        let own = own
            .filter(|own| !own.is_empty())
            .ok_or(Flaw::Claims("the one that names the caller is no text"))?;
        Ok(name(&self.issuer, own))
    }

    fn roles(&self, claims: &Claims) -> Result<Roles, Flaw> {
        let names: Vec<&str> = match claims.get(&self.roles) {
            None => Vec::new(),
            Some(Value::String(text)) => text.split(' ').filter(|name| !name.is_empty()).collect(),
            Some(Value::Array(list)) => {
                let names: Option<_> = list.iter().map(Value::as_str).collect();
                names.ok_or(Flaw::Claims("a role is no text"))?
            }
            Some(_) => return Err(Flaw::Claims("the roles are neither list nor text")),
        };
        if names.len() > ROLES_MAX || !names.iter().all(|name| is_name(name)) {
            return Err(Flaw::Claims(
                "there are too many roles, or one is too long or empty",
            ));
        }
        Ok(names.into_iter().collect())
    }

    fn tenant(&self, claims: &Claims) -> Result<Option<Box<str>>, Flaw> {
        if self.tenant.is_empty() {
            return Ok(None);
        }
        match claims.get(&self.tenant) {
            None => Ok(None),
            Some(Value::String(tenant)) if (1..=NAME_BYTES_MAX).contains(&tenant.len()) => {
                Ok(Some((**tenant).into()))
            }
            Some(Value::Number(tenant)) if tenant.is_i64() || tenant.is_u64() => {
                Ok(Some(tenant.to_string().into()))
            }
            Some(_) => Err(Flaw::Claims(
                "the tenant is neither text nor a whole number, or too long or empty",
            )),
        }
    }
}

/// Whether it can be the name of a role.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_BYTES_MAX
}

/// The name of a caller, by who vouches for it and by what that calls it. No address has a space in
/// it, so no two callers share a name.
pub(super) fn name(voucher: &str, own: &str) -> Box<str> {
    let name = format!("{voucher} {own}");
    let is_plain = name.bytes().all(|c| c.is_ascii_graphic() || c == b' ');
    if name.len() <= NAME_BYTES_MAX && is_plain && !name.ends_with(' ') {
        return name.into();
    }
    // Databases keep names, and compare other letters in ways of their own.
    let mut hashed = "sha256:".to_owned();
    for byte in Sha256::digest(name) {
        let _ = write!(hashed, "{byte:02x}");
    }
    hashed.into()
}

/// A `NumericDate`, in whole seconds; what is there and no date is refused.
fn second(claims: &Map<String, Value>, name: &str) -> Result<Option<u64>, Flaw> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    if !value.is_number() {
        return Err(Flaw::Claims("a time is no number"));
    }
    whole(value)
        .map(Some)
        .ok_or(Flaw::Claims("a time is out of bounds"))
}

/// The whole seconds of a `NumericDate`.
fn whole(value: &Value) -> Option<u64> {
    let text = value.as_number()?.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    // With an exponent the digits before the point would say something else.
    let is_plain = part.bytes().all(|digit| digit.is_ascii_digit());
    whole.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: u64 = 1_800_000_000;

    fn expected() -> Expected {
        Expected::from(&Issuer {
            issuer: "https://issuer.example".to_owned(),
            audience: "api".to_owned(),
            tenant_claim: "org.tenant".to_owned(),
            ..Issuer::default()
        })
    }

    /// A good token, with these claims in the place of its own; null takes one away.
    fn with(changes: &Value) -> Result<Known, Flaw> {
        let mut claims = json!({ "sub": "me", "aud": "api", "exp": NOW + 60 });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let claims = claims.as_object().unwrap().clone().into_iter();
        let claims = claims.filter(|(_, value)| !value.is_null()).collect();
        expected().of_token(claims, NOW)
    }

    fn caller(changes: &Value) -> Arc<Caller> {
        with(changes).unwrap().caller
    }

    fn flaw(changes: &Value) -> Flaw {
        with(changes).unwrap_err()
    }

    #[test]
    fn a_caller_is_what_its_token_says() {
        let caller = caller(&json!({ "roles": "b  a", "org": { "tenant": "north" } }));
        assert_eq!(&*caller.name, "https://issuer.example me");
        assert_eq!(caller.rights, Rights::Of(Roles::from_iter(["a", "b"])));
        assert_eq!(caller.tenant.as_deref(), Some("north"));
        assert_eq!(caller.claims.get("org.tenant"), Some(&"north".into()));
        let numbered = self::caller(&json!({ "org": { "tenant": 7 } }));
        assert_eq!(numbered.tenant.as_deref(), Some("7"));
        for none in [json!({}), json!({ "roles": [] }), json!({ "roles": "" })] {
            assert_eq!(self::caller(&none).rights, Rights::Of(Roles::default()));
        }
    }

    #[test]
    fn times_are_kept_to_the_second_with_the_leeway_on_both_sides() {
        let until = |changes: &Value| with(changes).map(|known| known.until);
        assert_eq!(until(&json!({ "exp": NOW + 60 })), Ok(NOW + 89));
        assert_eq!(until(&json!({ "exp": NOW - 29 })), Ok(NOW));
        assert_eq!(flaw(&json!({ "exp": NOW - 30 })), Flaw::Expired);
        assert_eq!(flaw(&json!({ "exp": 0 })), Flaw::Expired);
        for name in ["nbf", "iat"] {
            assert!(until(&json!({ name: NOW + 30 })).is_ok());
            assert_eq!(flaw(&json!({ name: NOW + 31 })), Flaw::Early, "{name}");
        }
        assert!(until(&serde_json::from_str(r#"{"exp":1800000060.75}"#).unwrap()).is_ok());
        assert_eq!(until(&json!({ "exp": u64::MAX })), Ok(u64::MAX - 1));
    }

    #[test]
    fn a_time_that_is_no_time_is_not_passed_over() {
        assert!(matches!(flaw(&json!({ "exp": null })), Flaw::Claims(_)));
        for bad in [
            "\"1800000060\"",
            "true",
            "[]",
            "-1",
            "1e20",
            "1.9e9",
            "18446744073709551616",
        ] {
            for name in ["exp", "nbf", "iat"] {
                let changes = serde_json::from_str(&format!("{{\"{name}\":{bad}}}")).unwrap();
                assert!(matches!(flaw(&changes), Flaw::Claims(_)), "{name} {bad}");
            }
        }
    }

    #[test]
    fn a_token_for_another_api_is_refused() {
        assert!(with(&json!({ "aud": ["other", "api"] })).is_ok());
        for aud in [
            json!(null),
            json!("other"),
            json!([]),
            json!(["ap"]),
            json!({ "api": 1 }),
        ] {
            assert_eq!(flaw(&json!({ "aud": aud })), Flaw::Audience, "{aud}");
        }
        assert!(matches!(
            flaw(&json!({ "cnf": { "jkt": "x" } })),
            Flaw::Claims(_)
        ));
    }

    #[test]
    fn names_are_never_shared_and_never_long() {
        let name = |sub: &str| caller(&json!({ "sub": sub })).name.clone();
        let long = "x".repeat(NAME_BYTES_MAX - "https://issuer.example ".len());
        assert_eq!(name(&long).len(), NAME_BYTES_MAX);
        let hashed: Vec<_> = [&format!("{long}x"), "b\u{0}", "ä", "a ", "Ä"]
            .map(name)
            .into();
        let different: std::collections::BTreeSet<_> = hashed.iter().collect();
        assert_eq!(different.len(), hashed.len());
        assert!(
            hashed
                .iter()
                .all(|name| name.len() == 71 && name.starts_with("sha256:"))
        );
        for sub in [json!(null), json!(""), json!(7), json!(["me"])] {
            assert!(
                matches!(flaw(&json!({ "sub": sub })), Flaw::Claims(_)),
                "{sub}"
            );
        }
    }

    #[test]
    fn roles_and_tenants_that_are_none_are_refused() {
        let many: Vec<_> = (0..=ROLES_MAX).map(|index| index.to_string()).collect();
        let long = "x".repeat(NAME_BYTES_MAX + 1);
        for roles in [
            json!(1),
            json!({}),
            json!([1]),
            json!([""]),
            json!([long]),
            json!(many),
        ] {
            assert!(
                matches!(flaw(&json!({ "roles": roles })), Flaw::Claims(_)),
                "{roles}"
            );
        }
        for tenant in [json!(1.5), json!(true), json!(""), json!([]), json!(long)] {
            let changes = json!({ "org": { "tenant": tenant } });
            assert!(matches!(flaw(&changes), Flaw::Claims(_)), "{tenant}");
        }
    }

    #[test]
    fn an_answer_about_a_token_holds_for_a_while_and_never_longer_than_it() {
        let answer = |changes: Value| {
            let mut answer = json!({ "active": true, "aud": "api", "sub": "me" });
            for (name, value) in changes.as_object().unwrap() {
                answer[name] = value.clone();
            }
            let answer = answer.as_object().unwrap().clone();
            expected()
                .of_answer(answer, NOW, 10)
                .map(|known| known.until)
        };
        assert_eq!(answer(json!({})), Ok(NOW + 10));
        assert_eq!(answer(json!({ "exp": NOW - 25 })), Ok(NOW + 4));
        assert_eq!(answer(json!({ "exp": NOW - 30 })), Err(Flaw::Expired));
        assert_eq!(
            answer(json!({ "iss": "https://issuer.example" })),
            Ok(NOW + 10)
        );
        assert_eq!(
            answer(json!({ "iss": "https://other.example" })),
            Err(Flaw::Issuer)
        );
        assert_eq!(answer(json!({ "aud": "other" })), Err(Flaw::Audience));
    }
}
