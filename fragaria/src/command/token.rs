//! `fragaria token`: takes back tokens before their end.

use super::kept::within;
use crate::cli::{Token, TokenRevoke};
use crate::environment::Environment;
use crate::project::Project;
use crate::revocations::{self, Wish};
use crate::terminal::Terminal;
use anyhow::Result;
use serde_json::json;

/// What is to be said where servers do not look for what was taken back.
const UNSEEN: &str = "no server looks for it: set auth.revocations.enabled";

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
    let config = &project.loaded.config.auth;
    let told = within(&project, async |database| {
        revocations::revoke(&database.revocations(), &wish, config).await
    });
    let mut told = told.await?;
    let is_looked_for = config.revocations.enabled;
    if !is_looked_for {
        told["warnings"] = json!([UNSEEN]);
    }
    terminal.either(&told, || {
        let until = told["until"].as_str().unwrap_or_default();
        if is_looked_for {
            format!("revoked: every server refuses it within seconds, until {until}")
        } else {
            format!("written down until {until}, but {UNSEEN}")
        }
    })?;
    Ok(())
}
