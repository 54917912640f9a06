//! What a file of attacks says.

use super::certified::Described;
use super::stand::Dialect;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// A file: what is attacked, and by what.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Front {
    pub(super) stand: Kind,
    /// The databases it stands on.
    #[serde(default = "sqlite")]
    pub(super) databases: Vec<Dialect>,
    /// Settings it is served with.
    #[serde(default)]
    pub(super) settings: Vec<String>,
    /// Databases of tenants, in files of these names: copies of the first one, with a statement that
    /// makes each another.
    #[serde(default)]
    pub(super) places: BTreeMap<String, String>,
    /// Callers by the names that steps have for them.
    #[serde(default)]
    pub(super) callers: BTreeMap<String, Value>,
    /// Trusted documents by their ids.
    #[serde(default)]
    pub(super) documents: BTreeMap<String, String>,
    /// API keys by the names that steps have for them, with what `fragaria api-key create` is told.
    #[serde(default)]
    pub(super) keys: BTreeMap<String, Vec<String>>,
    /// Certificates of clients by the names that steps have for them.
    #[serde(default)]
    pub(super) certificates: BTreeMap<String, Described>,
    /// Statements that change the database once everything is there.
    #[serde(default)]
    pub(super) changes: Vec<String>,
    /// A value in the database that no attack may change, and what it is.
    #[serde(default)]
    pub(super) holds: Option<[String; 2]>,
    #[serde(rename = "attack")]
    pub(super) attacks: Vec<Attack>,
}

/// What is attacked.
#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// A server without rules, open to everybody on this machine.
    Open,
    /// One with rules, in development: callers are whoever they say.
    Ruled,
    /// One whose callers act as roles of the database, with policies there; in development, too.
    Policed,
    /// One with rules, whose callers show tokens of an issuer.
    Guarded,
    /// One with rules, whose callers show API keys.
    Keyed,
    /// One with rules, whose callers come over TLS, with certificates.
    Certified,
}

/// An attack: steps, each with what must come of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Attack {
    pub(super) name: String,
    /// What beats it off; the name of a mutation.
    pub(super) defence: String,
    #[serde(rename = "step")]
    pub(super) steps: Vec<Step>,
}

/// What is sent, and what must come of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Step {
    /// One of the callers.
    #[serde(rename = "as")]
    pub(super) caller: Option<String>,
    pub(super) token: Option<Token>,
    pub(super) line: String,
    pub(super) headers: Vec<String>,
    /// Whether the content type is left out.
    pub(super) bare: bool,
    pub(super) document: Option<String>,
    pub(super) variables: Option<String>,
    pub(super) operation: Option<String>,
    /// A body that is no such request.
    pub(super) body: Option<String>,
    /// All that is sent, letter by letter; then a look at the server's life on the same connection.
    pub(super) raw: Option<String>,
    /// The certificate that the client comes with.
    pub(super) certificate: Option<String>,
    /// The protocol it offers in the handshake.
    pub(super) offers: Option<String>,
    pub(super) way: Way,
    /// The one status, or those there may be; of all answers in turn to what is raw, but that to the
    /// look, which is there where the connection still is.
    pub(super) status: Vec<u16>,
    /// Whether the server closes the connection before the look is answered, or before anything is.
    pub(super) closes: bool,
    /// The code of the first error.
    pub(super) code: Option<String>,
    /// The data, where there is no error.
    pub(super) data: Option<String>,
    /// What stands in the answer, head and body.
    pub(super) has: Vec<String>,
    /// What does not.
    pub(super) lacks: Vec<String>,
    /// The most letters in the line of the log.
    pub(super) logged: Option<usize>,
    /// Names for parts of the answer, by their places.
    pub(super) keep: BTreeMap<String, String>,
}

impl Default for Step {
    fn default() -> Self {
        Self {
            caller: None,
            token: None,
            line: "POST /graphql".to_owned(),
            headers: Vec::new(),
            bare: false,
            document: None,
            variables: None,
            operation: None,
            body: None,
            raw: None,
            certificate: None,
            offers: None,
            way: Way::Usual,
            status: vec![200],
            closes: false,
            code: None,
            data: None,
            has: Vec::new(),
            lacks: Vec::new(),
            logged: None,
            keep: BTreeMap::new(),
        }
    }
}

/// How it is sent.
#[derive(Clone, Copy, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Way {
    /// As the server expects it.
    #[default]
    Usual,
    /// By HTTP/2.
    Multiplexed,
    /// In the open, where TLS is expected.
    Open,
}

/// A token that somebody made.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Token {
    pub(super) form: Form,
    /// Members of the header that are not as in a good token; `none` takes one away.
    pub(super) header: Value,
    /// The same of the claims; `now+60` stands for that second.
    pub(super) claims: Value,
    /// Whose key signs it, if it is not the one it names.
    pub(super) signer: Option<String>,
    /// What is put behind it.
    pub(super) tail: String,
    /// It as it stands.
    pub(super) text: Option<String>,
}

/// How a token was made.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Form {
    #[default]
    Signed,
    /// Without any signature.
    Unsigned,
    /// With the signature of another one.
    Altered,
    /// Signed with the public key of the issuer as a secret.
    Confused,
}

impl Front {
    pub(super) fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap();
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }
}

fn sqlite() -> Vec<Dialect> {
    vec![Dialect::Sqlite]
}
