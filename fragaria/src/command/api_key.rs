//! `fragaria api-key`: makes, lists, rotates and revokes the keys of callers.

use super::kept::{place, within};
use crate::cli::{ApiKey, ApiKeyCreate, ApiKeyList, ApiKeyRevoke, ApiKeyRotate};
use crate::count::count;
use crate::environment::Environment;
use crate::keys::{self, Wish};
use crate::mend;
use crate::project::Project;
use crate::terminal::Terminal;
use anyhow::Result;
use guard::api_key::id;
use serde_json::{Map, Value};

/// Does what is asked.
pub(crate) async fn run(args: ApiKey, environment: &Environment, terminal: Terminal) -> Result<()> {
    match args {
        ApiKey::Create(args) => create(args, environment, terminal).await,
        ApiKey::List(args) => list(args, environment, terminal).await,
        ApiKey::Rotate(args) => rotate(args, environment, terminal).await,
        ApiKey::Revoke(args) => revoke(args, environment, terminal).await,
    }
}

async fn create(args: ApiKeyCreate, environment: &Environment, terminal: Terminal) -> Result<()> {
    let project = Project::open(&args.directory, environment, &args.settings.flags())?;
    let schema = project.schema()?;
    let wish = Wish {
        name: args.name,
        roles: args.role,
        tenant: args.tenant,
        claims: args.claims.as_deref().map_or(Ok(Map::new()), claims)?,
        expires: args.expires,
        no_expiry: args.no_expiry,
    };
    let keep_seconds = project.loaded.config.auth.api_keys.keep_seconds;
    let (made, swept) = within(&project, async |database| {
        let table = database.keys();
        let made = keys::create(&table, &schema, &wish).await?;
        Ok((made, keys::sweep(&table, keep_seconds).await))
    })
    .await?;
    if let Err(error) = swept {
        terminal.remark(&format!("keys that are over were not removed: {error}"));
    }
    shown_once(&project, terminal, made)
}

async fn list(args: ApiKeyList, environment: &Environment, terminal: Terminal) -> Result<()> {
    let project = Project::open(&args.directory, environment, &args.settings.flags())?;
    let after = args.after.unwrap_or_default();
    let mut told = within(&project, async |database| {
        keys::list(&database.keys(), &after).await
    })
    .await?;
    told["database"] = place(&project).into();
    terminal.either(&told, || lines(&told))?;
    Ok(())
}

async fn rotate(args: ApiKeyRotate, environment: &Environment, terminal: Terminal) -> Result<()> {
    let project = Project::open(&args.directory, environment, &args.settings.flags())?;
    let rotated = within(&project, async |database| {
        let id = id(&args.id).ok_or(keys::Error::Nameless)?;
        keys::rotate(&database.keys(), id, args.grace.as_deref()).await
    });
    shown_once(&project, terminal, rotated.await?)
}

async fn revoke(args: ApiKeyRevoke, environment: &Environment, terminal: Terminal) -> Result<()> {
    let project = Project::open(&args.directory, environment, &args.settings.flags())?;
    let mut told = within(&project, async |database| {
        let id = id(&args.id).ok_or(keys::Error::Nameless)?;
        keys::revoke(&database.keys(), id).await
    })
    .await?;
    told["database"] = place(&project).into();
    let seconds = project.loaded.config.auth.api_keys.recheck_seconds;
    terminal.either(&told, || {
        let seconds = count(usize::try_from(seconds).unwrap_or(usize::MAX), "second");
        let (id, place) = (text(&told["id"]), place(&project));
        format!("revoked {id}: every server refuses it within {seconds}\nin {place}")
    })?;
    Ok(())
}

fn claims(text: &str) -> Result<Map<String, Value>> {
    serde_json::from_str(text).map_err(|error| {
        let help = r#"write a JSON object, as --claims '{"shop": 7}'"#;
        mend::failure(format!("the claims cannot be read: {error}"), help)
    })
}

/// Tells a key to whoever made it; it is kept nowhere else.
fn shown_once(project: &Project, terminal: Terminal, mut told: Value) -> Result<()> {
    told["database"] = place(project).into();
    terminal.remark(&format!("it is kept in {}", place(project)));
    if !project.loaded.config.auth.api_keys.enabled {
        terminal.remark("no server takes it yet: set auth.api_keys.enabled");
    }
    terminal.remark("this is the only time that the key is shown");
    terminal.either(&told, || text(&told["key"]).to_owned())?;
    Ok(())
}

fn lines(told: &Value) -> String {
    let keys = told["keys"].as_array().map(Vec::as_slice);
    let mut lines: Vec<_> = keys.unwrap_or_default().iter().map(line).collect();
    if lines.is_empty() {
        lines.push("there are no keys".to_owned());
    }
    if let Some(next) = told["next"].as_str() {
        lines.push(format!("there are further ones: --after {next}"));
    }
    lines.join("\n")
}

fn line(key: &Value) -> String {
    let roles = key["roles"].as_array().map(Vec::as_slice);
    let roles: Vec<_> = roles.unwrap_or_default().iter().map(text).collect();
    let when = |name: &str, word: &str| key[name].as_str().map(|when| format!("{word} {when}"));
    let standing = when("revoked", "revoked")
        .or_else(|| when("expires", "expires"))
        .unwrap_or_else(|| "does not expire".to_owned());
    let used = when("used", "used").unwrap_or_else(|| "never used".to_owned());
    format!(
        "{}  {}  {}{}  {standing}  {used}",
        text(&key["id"]),
        text(&key["name"]),
        roles.join(","),
        decides(key)
    )
}

/// What else decides what a key is shown: its tenant and its claims.
fn decides(key: &Value) -> String {
    let tenant = key["tenant"].as_str();
    let tenant = tenant.map(|tenant| format!("  tenant {tenant}"));
    let claims = key["claims"]
        .as_object()
        .filter(|claims| !claims.is_empty());
    let claims = claims.map(|_| format!("  claims {}", key["claims"]));
    tenant.unwrap_or_default() + &claims.unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
