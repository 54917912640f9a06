//! `fragaria policy explain`: why a caller may see or change a row, or may not.

use super::stand::Stand;
use super::telling;
use crate::cli::{Done, PolicyExplain};
use crate::environment::Environment;
use crate::mend;
use crate::project::Project;
use crate::taken_for::{EXAMPLE, TakenFor};
use crate::terminal::Terminal;
use anyhow::Result;
use engine::Inquiry;
use model::{Action, Schema};
use serde_json::{Value, json};

/// Asks the database, and tells.
pub(super) async fn run(
    args: PolicyExplain,
    environment: &Environment,
    terminal: Terminal,
) -> Result<()> {
    let wish = taken_for(&args.caller)?;
    let id = args.id.as_deref().map(key);
    if id.is_none() && args.operation != Done::Create {
        return Err(mend::failure(
            "no row is named",
            "give its key: --id 7; only for --operation create none is needed",
        ));
    }
    let project = Project::open(&args.directory, environment, &args.settings.flags())?;
    let stand = Stand::open(&project)?;
    for role in unknown(&wish, &stand.edition.schema) {
        terminal.remark(&format!(
            "the schema has no role `{role}`, so it means nothing"
        ));
    }
    let roles = wish.roles.clone();
    let caller = wish.caller();
    let who = json!({ "roles": roles, "claims": caller.claims.all() });
    let actor = stand.actor(&caller);
    let actor = actor.map_err(|why| mend::failure(why.what, why.help))?;
    let acts_as = actor.as_ref().map(|actor| actor.role.clone());
    let inquiry = Inquiry {
        rights: &caller.rights,
        claims: &caller.claims,
        type_name: &args.type_name,
        id: id.as_ref(),
        action: action(args.operation),
    };
    let explained = stand.explain(&inquiry, actor).await;
    stand.database.close().await;
    let explanation = explained?;
    let mut machine = telling::machine(&stand, &explanation);
    machine["as"] = who.clone();
    machine["id"] = json!(id);
    machine["actsAs"] = json!(acts_as);
    terminal.either(&machine, || {
        let named = id.as_ref().map(telling::key);
        let row = named.unwrap_or_else(|| "a new row".to_owned());
        let title = format!("{} {} {row}, as {who}", explanation.action, args.type_name);
        let mut lines = vec![terminal.bold(&title)];
        lines.extend(acts_as.iter().map(|role| acting(role)));
        lines.extend(telling::lines(&stand, &explanation));
        lines.join("\n")
    })?;
    Ok(())
}

/// What else decides where the database is asked as somebody.
fn acting(role: &str) -> String {
    format!("asked as {role} in the database: a row that its policies hide is not there")
}

fn taken_for(text: &str) -> Result<TakenFor> {
    serde_json::from_str(text).map_err(|error| {
        let what = format!("--as cannot be read: {error}");
        mend::failure(what, format!("write it as --as '{EXAMPLE}'"))
    })
}

/// A key as it is written on a command line: JSON, or a text.
fn key(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

/// Roles that the schema does not have.
pub(super) fn unknown<'w>(wish: &'w TakenFor, schema: &Schema) -> Vec<&'w str> {
    let is_known = |role: &str| schema.roles.iter().any(|known| known.name == role);
    let roles = wish.roles.iter().map(String::as_str);
    roles.filter(|role| !is_known(role)).collect()
}

fn action(done: Done) -> Action {
    match done {
        Done::Read => Action::Read,
        Done::Create => Action::Create,
        Done::Update => Action::Update,
        Done::Delete => Action::Delete,
    }
}
