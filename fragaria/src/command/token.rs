//! `fragaria token`: takes back tokens before their end, tells which were, and lets them hold again.

use super::kept::{place, within};
use crate::cli::{Token, TokenList, TokenRestore, TokenRevoke};
use crate::count::count;
use crate::environment::Environment;
use crate::mend;
use crate::project::Project;
use crate::revocations::{self, Wish};
use crate::terminal::Terminal;
use anyhow::Result;
use serde_json::Value;

/// Does what is asked.
pub(crate) async fn run(args: Token, environment: &Environment, terminal: Terminal) -> Result<()> {
    match args {
        Token::Revoke(args) => revoke(args, environment, terminal).await,
        Token::List(args) => list(args, environment, terminal).await,
        Token::Restore(args) => restore(args, environment, terminal).await,
    }
}

async fn revoke(args: TokenRevoke, environment: &Environment, terminal: Terminal) -> Result<()> {
    let project = Project::open(&args.directory, environment, &args.settings.flags())?;
    let wish = Wish {
        jti: args.jti,
        subject: args.subject,
        issuer: args.issuer,
        keep: Some(args.keep),
    };
    let config = &project.loaded.config.auth;
    if !config.revocations.enabled {
        return Err(mend::failure(
            "nothing is taken back: no server looks for what is revoked",
            "set auth.revocations.enabled where the servers read it and here, and start them anew",
        ));
    }
    let told = within(&project, async |database| {
        revocations::revoke(&database.revocations(), &wish, config).await
    });
    let mut told = told.await?;
    told["database"] = place(&project).into();
    terminal.either(&told, || {
        let until = told["until"].as_str().unwrap_or_default();
        format!(
            "revoked: every server refuses it within seconds, until {until}{}",
            at(&project)
        )
    })?;
    Ok(())
}

async fn restore(args: TokenRestore, environment: &Environment, terminal: Terminal) -> Result<()> {
    let project = Project::open(&args.directory, environment, &args.settings.flags())?;
    let wish = Wish {
        jti: args.jti,
        subject: args.subject,
        issuer: args.issuer,
        keep: None,
    };
    let config = &project.loaded.config.auth;
    let told = within(&project, async |database| {
        revocations::restore(&database.revocations(), &wish, config).await
    });
    let mut told = told.await?;
    told["database"] = place(&project).into();
    terminal.either(&told, || {
        let seconds = config.revocations.recheck_seconds;
        let seconds = count(usize::try_from(seconds).unwrap_or(usize::MAX), "second");
        let revoked = told["revoked"].as_str().unwrap_or_default();
        format!(
            "restored: what was revoked at {revoked} is taken again by every server within {seconds}, if it is \
             good otherwise{}",
            at(&project)
        )
    })?;
    Ok(())
}

async fn list(args: TokenList, environment: &Environment, terminal: Terminal) -> Result<()> {
    let project = Project::open(&args.directory, environment, &args.settings.flags())?;
    let mut told = within(&project, async |database| {
        revocations::list(&database.revocations(), args.from).await
    })
    .await?;
    told["database"] = place(&project).into();
    terminal.either(&told, || lines(&told))?;
    Ok(())
}

fn lines(told: &Value) -> String {
    let rows = told["revocations"].as_array().map(Vec::as_slice);
    let mut lines: Vec<_> = rows.unwrap_or_default().iter().map(line).collect();
    if lines.is_empty() {
        lines.push("nothing is revoked".to_owned());
    }
    if let Some(next) = told["next"].as_u64() {
        lines.push(format!("there may be further ones: --from {next}"));
    }
    lines.join("\n")
}

fn line(row: &Value) -> String {
    let text = |name: &str| row[name].as_str();
    let what = match (text("jti"), text("subject")) {
        (Some(jti), _) => format!("the token {jti}"),
        (None, subject) => format!("all tokens until then of {}", subject.unwrap_or_default()),
    };
    let issuer = text("issuer").map_or("any issuer".to_owned(), str::to_owned);
    let [revoked, until] = ["revoked", "until"].map(|name| text(name).unwrap_or_default());
    format!("{what}  {issuer}  revoked {revoked}  known until {until}")
}

/// Where it is written, behind what is told.
fn at(project: &Project) -> String {
    format!("\nin {}", place(project))
}
