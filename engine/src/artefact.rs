//! The artefact: a compiled schema and its trusted documents as deterministic, versioned, hashed JSON text.

mod bounds;

use crate::trusted::{self, Document};
use model::{Dialect, Schema};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use std::fmt;
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
    let (body, trusted) = (canonical(schema), canonical(documents));
    let (dialect, hash) = (schema.dialect, Hash::of_parts(&[&body, &trusted]));
    let head = format!(
        "{{\"format\":\"{FORMAT}\",\"version\":{VERSION},\"dialect\":\"{dialect}\",\"hash\":\"{hash}\",\"schema\":"
    );
    let parts = [head.as_bytes(), &body, b",\"documents\":", &trusted];
    [&parts.concat(), &b"}\n"[..]].concat()
}

/// Reads an artefact; what it returns refers to nothing that is not there.
pub fn read(bytes: &[u8]) -> Result<Artefact, Error> {
    let foreign = |error: serde_json::Error| Error::Foreign(error.to_string());
    let head: Head = serde_json::from_slice(bytes).map_err(foreign)?;
    if head.format != FORMAT {
        return Err(Error::Foreign(format!("its format is {:?}", head.format)));
    }
    if head.version != VERSION {
        return Err(Error::Version {
            found: head.version,
        });
    }
    let whole: Whole<'_> = serde_json::from_slice(bytes).map_err(foreign)?;
    let (body, trusted) = (whole.schema.get(), whole.documents.get());
    let found = Hash::of_parts(&[body.as_bytes(), trusted.as_bytes()]);
    if found != whole.hash {
        return Err(Error::Hash {
            found,
            stated: whole.hash,
        });
    }
    let damaged = |error: serde_json::Error| Error::Damaged(error.to_string());
    let schema: Schema = serde_json::from_str(body).map_err(damaged)?;
    let documents: Vec<Document> = serde_json::from_str(trusted).map_err(damaged)?;
    check((&schema, &documents), &whole)?;
    Ok(Artefact {
        schema,
        documents,
        hash: found,
    })
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
    documents: &'a RawValue,
}

fn check((schema, documents): (&Schema, &[Document]), whole: &Whole<'_>) -> Result<(), Error> {
    let problem = if schema.dialect != whole.dialect {
        format!(
            "it is for {} and its schema for {}",
            whole.dialect, schema.dialect
        )
    } else if canonical(schema) != whole.schema.get().as_bytes() {
        // Whoever reads the text must see exactly what runs: no unknown members, no other spelling.
        "it holds more than a schema".to_owned()
    } else if canonical(documents) != whole.documents.get().as_bytes() {
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
