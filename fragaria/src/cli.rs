//! The command line: one declaration for parser, help and completions.

mod advise;
mod callers;
mod policy;

pub(crate) use advise::Advise;
pub(crate) use callers::{
    ApiKey, ApiKeyCreate, ApiKeyList, ApiKeyRevoke, ApiKeyRotate, Tenants, TenantsCheck, Token,
    TokenList, TokenRestore, TokenRevoke,
};
pub(crate) use policy::{Done, Policy, PolicyExplain, PolicyReport, PolicyTest, PolicyVerify};

use crate::command::Scenario;
use crate::config::Flag;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A compiled GraphQL engine over SQL databases.
#[derive(Debug, Parser)]
#[command(name = "fragaria", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// Answer in JSON, for machines.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  fragaria dev                                     a working API on example data, in one command
  fragaria init --from postgres://me@db/shop       write the schema of a database
  fragaria compile && fragaria serve               make the artefact and serve it by its rules

Exit codes: 0 done, 1 failed, 2 the command line was not understood.
Answers go to standard output, all else to standard error; with --json both are JSON.
The environment sets any configuration key: FRAGARIA_DATABASE__URL is database.url.";

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve a project while you edit it; an example is made where there is none.
    #[command(
        after_help = "Examples:\n  fragaria dev\n  fragaria dev my-project --listen 127.0.0.1:9000"
    )]
    Dev(Dev),
    /// Write a project from a live database.
    #[command(
        after_help = "Examples:\n  fragaria init --from sqlite:shop.db --out shop\n  fragaria init --from postgres://me@localhost/shop --out shop\n\nThe password belongs into FRAGARIA_DATABASE__URL and is never written. An address without one\ntakes it from there, if both name the same server and user."
    )]
    Init(Init),
    /// Compile the schema of a project into its artefact.
    #[command(
        after_help = "Examples:\n  fragaria compile shop\n  fragaria compile shop --against postgres://me@localhost/shop\n\nAn address without a password takes it from database.url, as FRAGARIA_DATABASE__URL sets it,\nif both name the same server and user."
    )]
    Compile(Compile),
    /// Serve a compiled project.
    #[command(
        after_help = "Examples:\n  fragaria serve shop\n  fragaria serve shop --open     without access rules, on this machine only\n  FRAGARIA_DATABASE__URL=postgres://me:secret@db/shop fragaria serve shop"
    )]
    Serve(Serve),
    /// List what changes for clients from one schema to another.
    #[command(
        after_help = "Examples:\n  fragaria diff main/shop shop\n  fragaria diff old/fragaria.artefact.json fragaria.artefact.json --check"
    )]
    Diff(Diff),
    /// Print the GraphQL schema of the API that is generated for a project.
    #[command(after_help = "Examples:\n  fragaria schema shop > api.graphql")]
    Schema(Schema),
    /// Print the trusted documents of a project, and the statements they become.
    #[command(
        after_help = "Examples:\n  fragaria documents shop\n  fragaria documents shop/fragaria.artefact.json --json"
    )]
    Documents(Documents),
    /// Tell which indexes a database lacks, which conditions none can serve, and which plans became worse.
    ///
    /// Nothing is run and nothing is written: the database is asked how it would run the trusted
    /// documents and the root fields of the API.
    #[command(
        after_help = "Examples:\n  fragaria advise shop\n  fragaria advise shop --against postgres://reader@db/shop --record\n  fragaria advise shop --against postgres://reader@db/shop --check\n\nExit codes: 0 if it was looked at, whatever is proposed; 3 if with --check a plan is worse, or\ncannot be compared; 1 if it could not be looked at."
    )]
    Advise(Advise),
    /// Tell what the access rules of a project come to.
    #[command(subcommand)]
    Policy(Policy),
    /// Make, list, rotate and revoke the API keys of callers.
    #[command(subcommand)]
    ApiKey(ApiKey),
    /// Take back tokens before their end.
    #[command(subcommand)]
    Token(Token),
    /// Look at the databases of tenants.
    #[command(subcommand)]
    Tenants(Tenants),
    /// Print the effective configuration and where each value came from.
    #[command(
        after_help = "Examples:\n  fragaria config shop\n  fragaria config shop --set limits.depth_max=12"
    )]
    Config(Config),
    /// Try what the API promises on a database of yours.
    #[command(subcommand)]
    Verify(Verify),
    /// Print completions for a shell.
    #[command(
        after_help = "Examples:\n  fragaria completions bash > /etc/bash_completion.d/fragaria"
    )]
    Completions(Completions),
}

/// Settings above the file and the environment.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Settings {
    /// Set any configuration key; may be given again.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) set: Vec<String>,
}

/// Settings of commands that listen.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Listening {
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `fragaria dev`
#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// The project.
    #[arg(value_name = "DIR", default_value = "shop")]
    pub(crate) directory: PathBuf,
    #[command(flatten)]
    pub(crate) listening: Listening,
}

/// `fragaria init`
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The database: `sqlite:<path>`, `postgres://user@host/name` or `mariadb://user@host/name`;
    /// without it, the one in `FRAGARIA_DATABASE__URL`. A relative path is seen from here.
    #[arg(long, value_name = "URL")]
    pub(crate) from: Option<String>,
    /// The directory to write to.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
    /// Replace what is there.
    #[arg(long)]
    pub(crate) force: bool,
}

/// `fragaria compile`
#[derive(Debug, Args)]
pub(crate) struct Compile {
    /// The project.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,
    /// The artefact to write, in place of `fragaria.artefact.json` in the project.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Refuse if this database, or else the configured one, does not hold what the schema says;
    /// a relative path of SQLite is seen from here, a configured one from the project.
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "")]
    pub(crate) against: Option<String>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `fragaria serve`
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// A project, or an artefact in it.
    #[arg(value_name = "DIR|ARTEFACT", default_value = ".")]
    pub(crate) path: PathBuf,
    /// Let everybody on this machine read and write everything: for a schema without access rules.
    #[arg(long)]
    pub(crate) open: bool,
    #[command(flatten)]
    pub(crate) listening: Listening,
}

/// `fragaria diff`
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The schema before: a project or an artefact.
    pub(crate) old: PathBuf,
    /// The schema after: a project or an artefact.
    pub(crate) new: PathBuf,
    /// Fail if a change breaks clients.
    #[arg(long)]
    pub(crate) check: bool,
    /// Fail if a role gains something, or may do it with other rows.
    #[arg(long)]
    pub(crate) check_access: bool,
}

/// `fragaria schema`
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// The project.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,
    /// Only what callers of this role are shown; of these roles, if it is given again.
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Vec<String>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `fragaria documents`
#[derive(Debug, Args)]
pub(crate) struct Documents {
    /// The project, or an artefact.
    #[arg(value_name = "DIR|ARTEFACT", default_value = ".")]
    pub(crate) path: PathBuf,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `fragaria config`
#[derive(Debug, Args)]
pub(crate) struct Config {
    /// The project.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,
    #[command(flatten)]
    pub(crate) listening: Listening,
}

/// `fragaria verify`
#[derive(Debug, Subcommand)]
pub(crate) enum Verify {
    /// Try every operator on every column type, in every shape of request.
    ///
    /// The tables are made in a schema of their own (on MariaDB a database, on SQLite a file in a
    /// directory beside yours) that is removed in the end; nothing else is touched.
    #[command(
        after_help = "Examples:\n  fragaria verify api --against sqlite:shop.db\n  fragaria verify api --against postgres://me@localhost/shop --schema empty_one\n\nAn address without a password takes it from FRAGARIA_DATABASE__URL, if both name the same\nserver and user; without --against that address is meant.\n\nExit codes: 0 if nothing fails, 3 if something does, 1 if the matrix could not be tried or its\ntables could not be removed."
    )]
    Api(VerifyApi),
    /// Put a load on rate limits, and compare what they let through with what they should.
    ///
    /// Each scenario has servers of its own in this process, which share a limit through Redis; what
    /// they should let through is reckoned from the moments at which requests came. It passes with
    /// an accuracy above 99.5 %, 99 of 100 decisions in less than a millisecond, no server below
    /// 80 % of its fair share, and no more too much than the bound that is shown.
    #[command(
        after_help = "Examples:\n  fragaria verify limits\n  fragaria verify limits --scenario single --seconds 60 --json\n\nWithout --redis a redis-server of the search path is started, and stopped in the end; the scenario\nrestart always does so.\n\nExit codes: 0 if nothing fails, 3 if something does, 1 if it could not be tried."
    )]
    Limits(VerifyLimits),
}

/// `fragaria verify api`
#[derive(Debug, Args)]
pub(crate) struct VerifyApi {
    /// The database: `sqlite:<path>`, `postgres://user@host/name` or `mariadb://user@host/name`.
    #[arg(long, value_name = "URL")]
    pub(crate) against: Option<String>,
    /// Use this schema, which must be empty, and leave it empty; on MariaDB it is a database.
    #[arg(long, value_name = "NAME")]
    pub(crate) schema: Option<String>,
    /// Try columns of this type alone, such as `text`; it can be given several times.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) types: Vec<String>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `fragaria verify limits`
#[derive(Debug, Args)]
pub(crate) struct VerifyLimits {
    /// How long each scenario takes; the shorter, the more the error at its ends counts.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) seconds: u64,
    /// Decides about the moments at which requests come.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Share limits through this Redis, as `redis://host:6379/0`.
    #[arg(long, value_name = "URL")]
    pub(crate) redis: Option<String>,
    /// Try this alone; it can be given several times.
    #[arg(long = "scenario", value_name = "NAME")]
    pub(crate) scenarios: Vec<Scenario>,
}

/// `fragaria completions`
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    pub(crate) shell: Shell,
}

/// The shells completions are made for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Shell {
    /// Bash.
    Bash,
    /// Elvish.
    Elvish,
    /// Fish.
    Fish,
    /// `PowerShell`.
    Powershell,
    /// Z shell.
    Zsh,
}

/// A key and its value; whether there is such a key is told with those of the file.
fn setting(text: &str) -> Result<String, &'static str> {
    match text.split_once('=') {
        Some(_) => Ok(text.to_owned()),
        None => Err("a value is missing: write KEY=VALUE, as log.level=debug"),
    }
}

impl Settings {
    /// The settings as a layer of the configuration.
    pub(crate) fn flags(&self) -> Vec<Flag> {
        let flag = |set: &String| {
            let (key, value) = set.split_once('=').unwrap_or((set, ""));
            Flag {
                name: format!("--set {key}"),
                key: key.to_owned(),
                value: value.to_owned(),
            }
        };
        self.set.iter().map(flag).collect()
    }
}

impl Serve {
    /// The settings as a layer of the configuration.
    pub(crate) fn flags(&self) -> Vec<Flag> {
        let mut flags = self.listening.flags();
        flags.extend(self.open.then(|| Flag {
            name: "--open".to_owned(),
            key: "auth.open".to_owned(),
            value: "true".to_owned(),
        }));
        flags
    }
}

impl Listening {
    /// The settings as a layer of the configuration.
    pub(crate) fn flags(&self) -> Vec<Flag> {
        let mut flags = self.settings.flags();
        flags.extend(self.listen.iter().map(|address| Flag {
            name: "--listen".to_owned(),
            key: "server.listen".to_owned(),
            value: address.clone(),
        }));
        flags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declaration_holds_together() {
        use clap::CommandFactory as _;
        let command = Cli::command();
        assert_eq!(command.get_name(), "fragaria");
        command.debug_assert();
    }

    #[test]
    fn flags_become_settings() {
        let cli = Cli::try_parse_from([
            "fragaria",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--set",
            "log.level=debug",
            "--open",
        ]);
        let Command::Serve(serve) = cli.unwrap().command else {
            panic!("serve")
        };
        let flags = serve.flags();
        let keys: Vec<_> = flags
            .iter()
            .map(|flag| (&*flag.key, &*flag.value))
            .collect();
        assert_eq!(
            keys,
            [
                ("log.level", "debug"),
                ("server.listen", "127.0.0.1:0"),
                ("auth.open", "true"),
            ]
        );
    }
}
