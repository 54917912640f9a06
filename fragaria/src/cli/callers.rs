//! The commands about callers: their keys, their tokens and their tenants.

use super::Settings;
use clap::{ArgGroup, Args, Subcommand};
use std::path::PathBuf;

/// `fragaria api-key`
#[derive(Debug, Subcommand)]
pub(crate) enum ApiKey {
    /// Make a key; it is shown this once.
    #[command(
        after_help = "Examples:\n  fragaria api-key create shop --name ci --role clerk --expires 90d\n  fragaria api-key create shop --name till-7 --role clerk --claims '{\"shop\": 7}' --no-expiry"
    )]
    Create(ApiKeyCreate),
    /// List the keys; of their secrets nothing is known.
    #[command(
        after_help = "Examples:\n  fragaria api-key list shop\n  fragaria api-key list shop --json"
    )]
    List(ApiKeyList),
    /// Give a key another secret; it is shown this once.
    #[command(after_help = "Examples:\n  fragaria api-key rotate 7b4vqk2mzt6ydcpa shop --grace 1h")]
    Rotate(ApiKeyRotate),
    /// Take a key back; every server refuses it within seconds.
    #[command(after_help = "Examples:\n  fragaria api-key revoke 7b4vqk2mzt6ydcpa shop")]
    Revoke(ApiKeyRevoke),
}

/// `fragaria api-key create`
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("end").required(true).args(["expires", "no_expiry"])))]
pub(crate) struct ApiKeyCreate {
    /// The project.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,
    /// What people call the key.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// A role of whoever shows it; it can be given several times.
    #[arg(long, value_name = "ROLE", required = true)]
    pub(crate) role: Vec<String>,
    /// Whose data it is for: the claim `tenant` of rules, where `--claims` has none of that name.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Option<String>,
    /// What rules may know of whoever shows it: a JSON object.
    #[arg(long, value_name = "JSON")]
    pub(crate) claims: Option<String>,
    /// After how long it holds no more: 90d, 12h, 30m.
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<String>,
    /// Let it hold until it is revoked.
    #[arg(long)]
    pub(crate) no_expiry: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `fragaria api-key list`
#[derive(Debug, Args)]
pub(crate) struct ApiKeyList {
    /// The project.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,
    /// Those that come after this one alone: at most 1000 are listed at a time.
    #[arg(long, value_name = "ID")]
    pub(crate) after: Option<String>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `fragaria api-key rotate`
#[derive(Debug, Args)]
pub(crate) struct ApiKeyRotate {
    /// What the key is called: the letters between the two underscores; or all of the key.
    pub(crate) id: String,
    /// The project.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,
    /// For how long the secret before holds, too: 1h, 30m; without it, no longer.
    #[arg(long, value_name = "TIME")]
    pub(crate) grace: Option<String>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `fragaria api-key revoke`
#[derive(Debug, Args)]
pub(crate) struct ApiKeyRevoke {
    /// What the key is called: the letters between the two underscores; or all of the key.
    pub(crate) id: String,
    /// The project.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `fragaria tenants`
#[derive(Debug, Subcommand)]
pub(crate) enum Tenants {
    /// Compare the database of each tenant with the artefact, and tell which do not fit.
    #[command(
        after_help = "Examples:\n  fragaria tenants check shop\n  fragaria tenants check shop --tenant acme --json\n\nExit codes: 0 if all fit, 3 if one does not or is away, 1 if they could not be looked at."
    )]
    Check(TenantsCheck),
}

/// `fragaria tenants check`
#[derive(Debug, Args)]
pub(crate) struct TenantsCheck {
    /// The project.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,
    /// This tenant alone; it can be given several times.
    #[arg(long, value_name = "NAME")]
    pub(crate) tenant: Vec<String>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `fragaria token`
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Take back one token, or all of a caller that were issued up to now.
    #[command(
        after_help = "Examples:\n  fragaria token revoke shop --jti 5f2c1b7e\n  fragaria token revoke shop --subject ann --issuer https://login.example.com/realms/shop"
    )]
    Revoke(TokenRevoke),
    /// List what was taken back, and until when that is known.
    #[command(
        after_help = "Examples:\n  fragaria token list shop\n  fragaria token list shop --json\n\nWho took it back is in the log, where an operator did."
    )]
    List(TokenList),
    /// Let what was taken back hold again, if it is good otherwise.
    ///
    /// Servers that know of it forget it within seconds. It must be told as it was revoked: by `jti` or by
    /// subject, and of the same issuer.
    #[command(
        after_help = "Examples:\n  fragaria token restore shop --jti 5f2c1b7e\n  fragaria token restore shop --subject ann --issuer https://login.example.com/realms/shop"
    )]
    Restore(TokenRestore),
}

/// `fragaria token revoke`
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["jti", "subject"])))]
pub(crate) struct TokenRevoke {
    /// The project.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,
    /// The token with this `jti`.
    #[arg(long, value_name = "JTI")]
    pub(crate) jti: Option<String>,
    /// The tokens of the caller that is called so in them, by `sub` or what `name_claim` says.
    #[arg(long, value_name = "NAME")]
    pub(crate) subject: Option<String>,
    /// Those of this issuer alone.
    #[arg(long, value_name = "ISSUER")]
    pub(crate) issuer: Option<String>,
    /// How long it is to be known: at least as long as such a token may last.
    #[arg(long, value_name = "TIME", default_value = crate::revocations::KEEP)]
    pub(crate) keep: String,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `fragaria token list`
#[derive(Debug, Args)]
pub(crate) struct TokenList {
    /// The project.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,
    /// Those of this number and above: at most 1000 are looked at a time.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) from: u64,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `fragaria token restore`
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["jti", "subject"])))]
pub(crate) struct TokenRestore {
    /// The project.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,
    /// The token with this `jti`.
    #[arg(long, value_name = "JTI")]
    pub(crate) jti: Option<String>,
    /// The tokens of the caller that is called so in them.
    #[arg(long, value_name = "NAME")]
    pub(crate) subject: Option<String>,
    /// What was revoked of this issuer alone; without, what was revoked of all.
    #[arg(long, value_name = "ISSUER")]
    pub(crate) issuer: Option<String>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}
