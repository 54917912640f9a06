//! `fragaria token`: takes back tokens before their end.

use super::kept::within;
use crate::cli::{Token, TokenRevoke};
use crate::environment::Environment;
use crate::project::Project;
use crate::revocations::{self, Wish};
use crate::terminal::Terminal;
use anyhow::Result;

/// Does what is asked.
pub(crate) async fn run(args: Token, environment: &Environment, terminal: Terminal) -> Result<()> {
    match args {
        Token::Revoke(args) => revoke(args, environment, terminal).await,
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
    let of = &project.loaded.config.auth.revocations;
    let told = within(&project, async |database| {
        revocations::revoke(&database.revocations(), &wish, of.rows_max).await
    });
    let told = told.await?;
    if !of.enabled {
        terminal.remark("no server looks for it yet: set auth.revocations.enabled");
    }
    terminal.either(&told, || {
        let until = told["until"].as_str().unwrap_or_default();
        format!("revoked: every server refuses it within seconds, until {until}")
    })?;
    Ok(())
}
