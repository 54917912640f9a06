//! What is done with API keys, by the command line and over HTTP alike: the same checks, the same
//! answers.

use guard::api_key::{Minted, mint, renew};
use jiff::Timestamp;
use model::api_key::ApiKey;
use model::{Clock as _, Schema, SystemClock};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The longest name of a key, of its tenant and of a role, in bytes.
const NAME_BYTES_MAX: usize = 255;
/// The most roles of a key.
const ROLES_MAX: usize = 100;
/// The longest claims of a key, in bytes of JSON.
const CLAIMS_BYTES_MAX: usize = 8 * 1024;
/// The longest that anything may last, in seconds: ten years.
const SECONDS_MAX: u64 = 10 * 366 * 24 * 60 * 60;

/// A key that somebody wants.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Wish {
    /// What people call it.
    pub(crate) name: String,
    /// The roles of whoever shows it.
    pub(crate) roles: Vec<String>,
    /// Whose data it is for.
    pub(crate) tenant: Option<String>,
    /// What is known of whoever shows it.
    pub(crate) claims: Map<String, Value>,
    /// After how long it holds no more, as `90d`.
    pub(crate) expires: Option<String>,
    /// Whether it is to hold until it is taken back.
    pub(crate) no_expiry: bool,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// What was wished is not to be had.
    #[error("{0}")]
    Unfit(String),
    /// There is no key of that id.
    #[error("there is no such key")]
    Unknown,
    /// Nothing of that is taken back.
    #[error("nothing of that is revoked, of just that issuer or of all")]
    NotRevoked,
    /// What stands for a key is none.
    #[error("that begins as a key does, and has no id of 16 letters")]
    Nameless,
    /// The key was taken back before.
    #[error("the key was revoked, and can only be followed by another one")]
    Revoked,
    /// As much is kept as may be.
    #[error("no further revocation can be kept now: auth.revocations.rows_max is reached")]
    Full,
    /// The database did not do it.
    #[error("the database did not do it: {0}")]
    Store(store::Error),
    /// No secret could be made.
    #[error("{0}")]
    Chance(#[from] guard::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

/// Makes a key, and tells it: its text is told this once.
pub(crate) async fn create(
    keys: &store::Keys,
    schema: &Schema,
    wish: &Wish,
) -> Result<Value, Error> {
    let minted = mint()?;
    let key = key(&minted, schema, wish, SystemClock.seconds())?;
    keys.create(&key).await?;
    Ok(with_text(told(&key), &minted))
}

/// Removes the keys that have been over for so many seconds. A key that was made beside it is there,
/// whether or not this succeeds.
pub(crate) async fn sweep(keys: &store::Keys, keep_seconds: u64) -> Result<(), Error> {
    let before = SystemClock.seconds().saturating_sub(keep_seconds);
    Ok(keys.sweep(before).await?)
}

/// Tells of the keys behind an id, and behind which there are further ones.
pub(crate) async fn list(keys: &store::Keys, after: &str) -> Result<Value, Error> {
    let page = keys.list(after).await?;
    let next = page.last().filter(|_| page.len() == store::PAGE);
    let next = next.map(|key| &*key.id);
    let keys: Vec<_> = page.iter().map(told).collect();
    Ok(json!({ "keys": keys, "next": next }))
}

/// Gives a key another secret, and tells it; the one before holds for the time of grace.
pub(crate) async fn rotate(
    keys: &store::Keys,
    id: &str,
    grace: Option<&str>,
) -> Result<Value, Error> {
    let grace = grace.map_or(Ok(0), duration)?;
    let minted = renew(id)?;
    let rotated = keys
        .rotate(id, &minted.hash, SystemClock.seconds() + grace)
        .await?;
    let key = rotated.ok_or(Error::Unknown)?;
    if key.hash == minted.hash {
        return Ok(with_text(told(&key), &minted));
    }
    Err(if key.revoked.is_some() {
        Error::Revoked
    } else {
        // Somebody else gave it another one at the same time.
        Error::Unfit("the key was rotated by somebody else just now".to_owned())
    })
}

/// Takes a key back.
pub(crate) async fn revoke(keys: &store::Keys, id: &str) -> Result<Value, Error> {
    let revoked = keys.revoke(id, SystemClock.seconds()).await?;
    Ok(told(&revoked.ok_or(Error::Unknown)?))
}

/// So many seconds, as `90d`, `12h`, `30m` or `45s` say it.
pub(crate) fn duration(text: &str) -> Result<u64, Error> {
    let unit = match text.chars().next_back() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 60 * 60,
        Some('d') => 24 * 60 * 60,
        _ => 0,
    };
    let digits = text.trim_end_matches(['s', 'm', 'h', 'd']);
    let number: Option<u64> = digits
        .parse()
        .ok()
        .filter(|_| digits.len() + 1 == text.len());
    let seconds = number.and_then(|number| number.checked_mul(unit));
    seconds
        .filter(|&seconds| seconds > 0 && seconds <= SECONDS_MAX)
        .ok_or_else(|| {
            let message = format!("{text:?} is no time: write 90d, 12h, 30m or 45s, at most 3660d");
            Error::Unfit(message)
        })
}

/// The key that is wished, if it may be had.
fn key(minted: &Minted, schema: &Schema, wish: &Wish, now: u64) -> Result<ApiKey, Error> {
    let unfit = |message: &str| Err(Error::Unfit(message.to_owned()));
    let is_name = |name: &str| {
        let is_short = (1..=NAME_BYTES_MAX).contains(&name.len());
        is_short && !name.contains(char::is_control)
    };
    if !is_name(&wish.name) {
        return unfit("a key needs a name, of 255 bytes at most, in one line");
    }
    if wish
        .tenant
        .as_deref()
        .is_some_and(|tenant| !is_name(tenant))
    {
        return unfit("a tenant has 1 to 255 bytes, in one line");
    }
    roles(schema, &wish.roles)?;
    if wish.claims.contains_key("key") {
        return unfit("the claim key is the id of the key, and cannot be given");
    }
    let claims = Value::Object(wish.claims.clone()).to_string();
    if claims.len() > CLAIMS_BYTES_MAX {
        return unfit("claims have 8192 bytes at most");
    }
    let expires = match (&wish.expires, wish.no_expiry) {
        (Some(after), false) => Some(now + duration(after)?),
        (None, true) => None,
        (Some(_), true) => return unfit("a key either expires or does not"),
        (None, false) => {
            return unfit("say when the key expires, as 90d, or that it has no expiry");
        }
    };
    Ok(ApiKey {
        id: minted.id.clone(),
        name: wish.name.as_str().into(),
        hash: minted.hash,
        former: None,
        roles: wish.roles.iter().map(String::as_str).collect(),
        tenant: wish.tenant.as_deref().map(Into::into),
        claims: wish.claims.clone(),
        created: now,
        expires,
        used: None,
        revoked: None,
    })
}

/// Nobody is given a role that no rule knows: it would be one that a later schema gives a meaning.
fn roles(schema: &Schema, wished: &[String]) -> Result<(), Error> {
    let known: BTreeSet<_> = schema.roles.iter().map(|role| &*role.name).collect();
    let strange = wished.iter().find(|role| !known.contains(role.as_str()));
    let known: Vec<_> = known.into_iter().collect();
    let known = match known.len() {
        0 => "none at all: add it to the schema, @role(name: \"…\"), and compile".to_owned(),
        _ => known.join(", "),
    };
    match strange {
        Some(role) => Err(Error::Unfit(format!(
            "the schema names no role {role:?}; it names {known}"
        ))),
        None if wished.is_empty() => Err(Error::Unfit(format!(
            "a key needs a role; the schema names {known}"
        ))),
        None if wished.len() > ROLES_MAX => {
            Err(Error::Unfit("a key has 100 roles at most".to_owned()))
        }
        None => Ok(()),
    }
}

/// What may be told of a key at any time.
fn told(key: &ApiKey) -> Value {
    let roles: Vec<_> = key.roles.names().collect();
    json!({
        "id": key.id,
        "name": key.name,
        "roles": roles,
        "tenant": key.tenant,
        "claims": key.claims,
        "created": moment(key.created),
        "expires": key.expires.map(moment),
        "used": key.used.map(moment),
        "revoked": key.revoked.map(moment),
        "former_until": key.former.as_ref().map(|former| moment(former.until)),
    })
}

fn with_text(mut told: Value, minted: &Minted) -> Value {
    told["key"] = minted.text.expose().into();
    told
}

/// A second since 1970 as RFC 3339 has it; one that is no date as it is.
pub(crate) fn moment(second: u64) -> String {
    let timestamp = i64::try_from(second).ok().map(Timestamp::from_second);
    match timestamp {
        Some(Ok(timestamp)) => timestamp.to_string(),
        Some(Err(_)) | None => second.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        for (text, seconds) in [("90d", 7_776_000), ("1h", 3_600), ("30m", 1_800), ("1s", 1)] {
            assert_eq!(duration(text).unwrap(), seconds, "{text}");
        }
        for bad in [
            "",
            "d",
            "90",
            "0d",
            "-1d",
            "1.5h",
            "1hd",
            "1 h",
            "1w",
            "9999d",
            "1ä",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert_eq!(moment(1_800_000_000), "2027-01-15T08:00:00Z");
    }
}
