//! Tokens that are taken back, by the command line and over HTTP alike.

use crate::keys::{Error, duration, moment};
use model::revocation::{RESTORED, Revocation, Revoked};
use model::{Clock as _, SystemClock};
use serde::Deserialize;
use serde_json::{Value, json};
use store::TakenBack;

/// How long a revocation is known, if nothing else is said.
pub(crate) const KEEP: &str = "366d";
/// The longest word by which something is taken back, in bytes.
const WORD_BYTES_MAX: usize = 255;

/// What somebody wants to be taken back.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Wish {
    /// The `jti` of a token.
    pub(crate) jti: Option<String>,
    /// What names a caller in its tokens.
    pub(crate) subject: Option<String>,
    /// Whose tokens it is about.
    pub(crate) issuer: Option<String>,
    /// How long it is to be known: as long as such a token may last.
    pub(crate) keep: Option<String>,
}

/// Takes something back, and tells it.
pub(crate) async fn revoke(
    revocations: &store::Revocations,
    wish: &Wish,
    config: &guard::Config,
) -> Result<Value, Error> {
    let wish = &meant(wish, config)?;
    let (what, issuer) = about(wish)?;
    let at = SystemClock.seconds();
    let until = at + duration(wish.keep.as_deref().unwrap_or(KEEP))?;
    let taken = TakenBack {
        what,
        issuer,
        at,
        until,
    };
    let rows_max = config.revocations.rows_max as u64;
    if !revocations.revoke(&taken, rows_max).await? {
        return Err(Error::Full);
    }
    Ok(json!({
        "jti": wish.jti,
        "subject": wish.subject,
        "issuer": wish.issuer,
        "revoked": moment(at),
        "until": moment(until),
    }))
}

/// Lets what was taken back hold again, and tells what that was.
pub(crate) async fn restore(
    revocations: &store::Revocations,
    wish: &Wish,
    config: &guard::Config,
) -> Result<Value, Error> {
    let wish = &meant(wish, config)?;
    let (what, issuer) = about(wish)?;
    let (rows, holds) = revocations.restore(&what, issuer.as_deref()).await?;
    let newest = rows.first().ok_or(Error::NotRevoked)?;
    if !holds {
        let message = "it was revoked again just now, by somebody else";
        return Err(Error::Unfit(message.to_owned()));
    }
    Ok(told(newest))
}

/// Tells what was taken back and need be known yet, from that number on, and from which on there may be
/// more.
pub(crate) async fn list(revocations: &store::Revocations, from: u64) -> Result<Value, Error> {
    let page = revocations.list(from).await?;
    let next = page.last().filter(|_| page.len() == store::PAGE);
    let next = next.map(|last| last.number + 1);
    let now = SystemClock.seconds();
    let holds = |row: &&Revocation| row.at != RESTORED && row.until >= now;
    let rows: Vec<_> = page.iter().filter(holds).map(told).collect();
    Ok(json!({ "revocations": rows, "next": next }))
}

fn told(row: &Revocation) -> Value {
    let (jti, subject) = match &row.what {
        Revoked::Token(jti) => (Some(jti), None),
        Revoked::Subject(subject) => (None, Some(subject)),
    };
    json!({
        "jti": jti,
        "subject": subject,
        "issuer": row.issuer,
        "revoked": moment(row.at),
        "until": moment(row.until),
    })
}

/// What it is about, and whose tokens.
fn about(wish: &Wish) -> Result<(Revoked, Option<Box<str>>), Error> {
    let what = match (&wish.jti, &wish.subject) {
        (Some(jti), None) => Revoked::Token(word("jti", jti)?),
        (None, Some(subject)) => Revoked::Subject(word("subject", subject)?),
        _ => {
            let message = "say either which token, by its jti, or whose tokens, by their subject";
            return Err(Error::Unfit(message.to_owned()));
        }
    };
    let issuer = wish.issuer.as_deref();
    let issuer = issuer.map(|issuer| word("issuer", issuer)).transpose()?;
    Ok((what, issuer))
}

/// The same wish, with the issuer that the name of a caller begins with; one that would take back
/// nothing is refused.
fn meant(wish: &Wish, config: &guard::Config) -> Result<Wish, Error> {
    let unfit = |message: String| Err(Error::Unfit(message));
    let mut meant = wish.clone();
    if let Some(subject) = &wish.subject {
        if subject.starts_with("key:") {
            return unfit(format!(
                "{subject} is an API key: fragaria api-key revoke takes it back"
            ));
        }
        let whole = subject.split_once(' ').filter(|_| wish.issuer.is_none());
        if let Some((issuer, own)) = whole.filter(|(issuer, _)| config.knows_issuer(issuer)) {
            meant.issuer = Some(issuer.to_owned());
            meant.subject = Some(own.to_owned());
        }
    }
    match &meant.issuer {
        Some(issuer) if config.takes_tokens() && !config.knows_issuer(issuer) => {
            let known: Vec<_> = config.known_issuers().collect();
            let known = known.join(", ");
            unfit(format!(
                "no tokens of {issuer} are taken, letter by letter; known are: {known}"
            ))
        }
        _ => Ok(meant),
    }
}

fn word(name: &str, text: &str) -> Result<Box<str>, Error> {
    let is_short = (1..=WORD_BYTES_MAX).contains(&text.len());
    if is_short && !text.contains(char::is_control) {
        return Ok(text.into());
    }
    Err(Error::Unfit(format!(
        "{name} has 1 to 255 bytes, in one line"
    )))
}
