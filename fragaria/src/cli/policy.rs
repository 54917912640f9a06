//! The command line of what access rules come to.

use super::Settings;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `fragaria policy`
#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Print which role may do what with which rows and columns.
    ///
    /// It tells of the API that each role is shown, so what rules allow and no field offers is told
    /// apart. Of a project it tells what the schema files say; of an artefact, what is served.
    #[command(
        after_help = "Examples:\n  fragaria policy report shop\n  fragaria policy report shop/fragaria.artefact.json\n  \
                      fragaria policy report shop --json > access.json\n  \
                      fragaria policy report shop --out access.json --sign signing.pem\n\n\
                      openssl genpkey -algorithm ed25519 -out signing.pem makes a key."
    )]
    Report(PolicyReport),
    /// Tell whether a report is the one that was signed.
    #[command(
        after_help = "Example:\n  fragaria policy verify access.json --key signing.pub.pem\n\n\
                      openssl pkey -in signing.pem -pubout -out signing.pub.pem gives the public key."
    )]
    Verify(PolicyVerify),
    /// Tell why a caller may see or change a row, or may not.
    ///
    /// Each rule of the type is told with its place in the files: which part of its condition does not
    /// hold of the row, and with what values. The database itself is asked, by the conditions that the
    /// server puts into its statements; nothing is changed.
    #[command(
        after_help = "Examples:\n  fragaria policy explain shop --as '{\"roles\": [\"clerk\"], \"claims\": {\"tenant\": 1}}' --type Customer --id 7\n  \
                      fragaria policy explain shop --as '{\"roles\": [\"clerk\"]}' --type OrderLine --id '{\"orderId\": 1, \"line\": 2}' --operation delete\n\n\
                      It tells what is in the row, whoever may see it: it is for people who have the database in hand.\n\n\
                      Exit codes: 0 if it is told, whatever it is, 1 if nothing can be told."
    )]
    Explain(PolicyExplain),
    /// Try the access rules with cases that are written in files.
    ///
    /// Cases are in `policy/*.toml` of the project: who asks, and what it sees and may do. What they
    /// write, and the rows they bring, is undone in the transaction it is done in.
    #[command(
        after_help = "Examples:\n  fragaria policy test shop\n  fragaria policy test shop shop/policy/clerks.toml --json\n  \
                      fragaria policy test shop --coverage-min 100\n\n\
                      Exit codes: 0 if all cases pass, 1 if one fails or too few rules are tried, 2 if the cases cannot\n\
                      be used, 3 if they could not be tried."
    )]
    Test(PolicyTest),
}

/// `fragaria policy explain`
#[derive(Debug, Args)]
pub(crate) struct PolicyExplain {
    /// The project.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,
    /// Who asks, as JSON: the roles, and the claims.
    #[arg(long = "as", value_name = "JSON")]
    pub(crate) caller: String,
    /// The type of the row.
    #[arg(long = "type", value_name = "NAME")]
    pub(crate) type_name: String,
    /// The key of the row; of several columns as a JSON object. A row that is to be created needs none.
    #[arg(long, value_name = "KEY")]
    pub(crate) id: Option<String>,
    /// What is done with it.
    #[arg(long, value_name = "OPERATION", default_value = "read")]
    pub(crate) operation: Done,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// What is done with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Done {
    /// It is seen.
    Read,
    /// It is added.
    Create,
    /// It is changed.
    Update,
    /// It is removed.
    Delete,
}

/// `fragaria policy test`
#[derive(Debug, Args)]
pub(crate) struct PolicyTest {
    /// The project.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,
    /// The files with cases, in place of `policy/*.toml` in the project.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Fail if cases try less than so many in a hundred of what the rules let through and hold back.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) coverage_min: Option<u8>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `fragaria policy verify`
#[derive(Debug, Args)]
pub(crate) struct PolicyVerify {
    /// The report; its signature is in the file of the same name with `.jws` behind it.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The public key of whoever signed it (PEM, Ed25519).
    #[arg(long, value_name = "PEM")]
    pub(crate) key: PathBuf,
}

/// `fragaria policy report`
#[derive(Debug, Args)]
pub(crate) struct PolicyReport {
    /// The project, or the artefact that is served.
    #[arg(value_name = "DIR|ARTEFACT", default_value = ".")]
    pub(crate) subject: PathBuf,
    /// Write the report to a file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Sign the file with a private key (PEM, Ed25519), into a file of the same name with `.jws` behind it.
    #[arg(long, value_name = "PEM", requires = "out")]
    pub(crate) sign: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}
