//! The artefact: a compiled schema and its trusted documents as deterministic, versioned, hashed JSON text.

mod bounds;
mod rules;

use crate::trusted::{self, Document};
use model::{Dialect, Schema};
use rules::Shared;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

/// What the text says it is.
const FORMAT: &str = "fragaria-artefact";

/// The version of the format; any change of the body is another version.
const VERSION: u32 = 11;

/// A schema as it was read, and the hash it is known by.
#[derive(Clone, Debug)]
pub struct Artefact {
    /// The compiled schema.
    pub schema: Schema,
    /// The documents that requests name by an id, in the order of their hashes.
    pub documents: Vec<Document>,
    /// The hash of its content.
    pub hash: Hash,
}

/// The SHA-256 of some text: of the canonical JSON of a schema and its documents, or of a document. It is
/// written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

/// Why a text is no artefact this program runs.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is something else.
    #[error("not an artefact: {0}")]
    Foreign(String),
    /// It was written by another version of the program.
    #[error(
        "the artefact has format version {found}, this program reads {VERSION}; compile the schema again"
    )]
    Version {
        /// The version it has.
        found: u32,
    },
    /// Its content is not what was written.
    #[error(
        "the artefact was changed after it was written: its hash is {found}, it says {stated}; compile the schema again"
    )]
    Hash {
        /// The hash of its content.
        found: Hash,
        /// The hash it states.
        stated: Hash,
    },
    /// Its parts contradict each other.
    #[error("the artefact is damaged: {0}; compile the schema again")]
    Damaged(String),
}

/// Writes a schema without documents: the same schema gives the same bytes.
///
/// The text ends in a line break.
pub fn write(schema: &Schema) -> Vec<u8> {
    write_with(schema, &[])
}

/// The same with the documents that are trusted, in the order of their hashes.
pub fn write_with(schema: &Schema, documents: &[Document]) -> Vec<u8> {
    let shared = Shared::of(schema);
    let (body, trusted) = (canonical(schema), canonical(documents));
    let (rules, held) = (canonical(&shared.rules), canonical(&shared.held));
    let hash = Hash::of_parts(&[&body, &rules, &held, &trusted]);
    let dialect = schema.dialect;
    let head = format!(
        "{{\"format\":\"{FORMAT}\",\"version\":{VERSION},\"dialect\":\"{dialect}\",\"hash\":\"{hash}\",\"schema\":"
    );
    let of_rules = [b",\"rules\":", &*rules, b",\"held\":", &*held].concat();
    let parts = [head.as_bytes(), &body, &of_rules];
    [&parts.concat(), &b",\"documents\":"[..], &trusted, b"}\n"].concat()
}

/// Reads an artefact; what it returns refers to nothing that is not there.
pub fn read(bytes: &[u8]) -> Result<Artefact, Error> {
    let foreign = |error: serde_json::Error| Error::Foreign(error.to_string());
    if !is_ours(bytes) {
        is_understood(serde_json::from_slice(bytes).map_err(foreign)?)?;
    }
    let whole: Whole<'_> = serde_json::from_slice(bytes).map_err(foreign)?;
    let parts = [whole.schema, whole.rules, whole.held, whole.documents];
    let found = Hash::of_parts(&parts.map(|part| part.get().as_bytes()));
    if found != whole.hash {
        return Err(Error::Hash {
            found,
            stated: whole.hash,
        });
    }
    let damaged = |error: serde_json::Error| Error::Damaged(error.to_string());
    let mut schema: Schema = serde_json::from_str(whole.schema.get()).map_err(damaged)?;
    let shared = Shared {
        rules: serde_json::from_str(whole.rules.get()).map_err(damaged)?,
        held: serde_json::from_str(whole.held.get()).map_err(damaged)?,
    };
    shared.give_to(&mut schema).map_err(Error::Damaged)?;
    let documents: Vec<Document> = serde_json::from_str(whole.documents.get()).map_err(damaged)?;
    check((&schema, &shared, &documents), &whole)?;
    Ok(Artefact {
        schema,
        documents,
        hash: found,
    })
}

/// Whether a text begins like one of this version, so that nobody need look at the rest for that.
fn is_ours(bytes: &[u8]) -> bool {
    let head = format!("{{\"format\":\"{FORMAT}\",\"version\":{VERSION},");
    bytes.starts_with(head.as_bytes())
}

fn is_understood(head: Head) -> Result<(), Error> {
    let Head { format, version } = head;
    if format != FORMAT {
        return Err(Error::Foreign(format!("its format is {format:?}")));
    }
    match version {
        VERSION => Ok(()),
        found => Err(Error::Version { found }),
    }
}

/// Just enough to tell whether the rest can be understood.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole<'a> {
    #[serde(rename = "format")]
    _format: IgnoredAny,
    #[serde(rename = "version")]
    _version: IgnoredAny,
    dialect: Dialect,
    hash: Hash,
    #[serde(borrow)]
    schema: &'a RawValue,
    #[serde(borrow)]
    rules: &'a RawValue,
    #[serde(borrow)]
    held: &'a RawValue,
    #[serde(borrow)]
    documents: &'a RawValue,
}

fn check(
    (schema, shared, documents): (&Schema, &Shared, &[Document]),
    whole: &Whole<'_>,
) -> Result<(), Error> {
    let problem = if schema.dialect != whole.dialect {
        format!(
            "it is for {} and its schema for {}",
            whole.dialect, schema.dialect
        )
    } else if !is_written_so(schema, whole.schema) {
        // Whoever reads the text must see exactly what runs: no unknown members, no other spelling.
        "it holds more than a schema".to_owned()
    } else if *shared != Shared::of(schema)
        || !is_written_so(&shared.rules, whole.rules)
        || !is_written_so(&shared.held, whole.held)
    {
        "it holds more than the rules of its tables".to_owned()
    } else if !is_written_so(documents, whole.documents) {
        "it holds more than documents".to_owned()
    } else if let Some(problem) = bounds::problem(schema) {
        problem
    } else if let Some(problem) = trusted::problem(documents) {
        problem
    } else {
        return Ok(());
    };
    Err(Error::Damaged(problem))
}

/// Whether a text is the canonical JSON of a part.
fn is_written_so<T: Serialize + ?Sized>(part: &T, text: &RawValue) -> bool {
    let mut expected = Expected(text.get().as_bytes());
    serde_json::to_writer(&mut expected, part).is_ok() && expected.0.is_empty()
}

/// What is yet to be written: something else cannot be.
struct Expected<'a>(&'a [u8]);

impl Write for Expected<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let rest = self.0.strip_prefix(bytes);
        self.0 = rest.ok_or(io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The canonical JSON of a part: members in the order of their declaration, no spaces.
#[expect(
    clippy::expect_used,
    reason = "a schema and documents have only string keys, and memory takes any length"
)]
fn canonical<T: Serialize + ?Sized>(part: &T) -> Vec<u8> {
    serde_json::to_vec(part).expect("it is JSON")
}

impl Hash {
    /// The hash of a text.
    pub fn of(text: &[u8]) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// That of a text in parts, of which each shows where it ends.
    fn of_parts(parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update(part);
        }
        Self(digest.finalize().into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Hash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const PROBLEM: &str = "a hash is 64 hexadecimal digits in lower case";
        let digits = text.as_bytes();
        let mut hash = [0; 32];
        if digits.len() != 64 {
            return Err(PROBLEM);
        }
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            let (high, low) = (
                digit(pair[0]).ok_or(PROBLEM)?,
                digit(pair[1]).ok_or(PROBLEM)?,
            );
            *byte = high << 4 | low;
        }
        Ok(Self(hash))
    }
}

fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
