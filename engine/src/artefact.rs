//! The artefact: a compiled schema as deterministic, versioned, hashed JSON text.

mod bounds;

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
const VERSION: u32 = 9;

/// A schema as it was read, and the hash it is known by.
#[derive(Clone, Debug)]
pub struct Artefact {
    /// The compiled schema.
    pub schema: Schema,
    /// The hash of its content.
    pub hash: Hash,
}

/// The SHA-256 of a schema's canonical JSON; written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
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

/// Writes a schema: the same schema gives the same bytes.
///
/// The text ends in a line break.
pub fn write(schema: &Schema) -> Vec<u8> {
    let body = body(schema);
    let (dialect, hash) = (schema.dialect, Hash::of(&body));
    let head = format!(
        "{{\"format\":\"{FORMAT}\",\"version\":{VERSION},\"dialect\":\"{dialect}\",\"hash\":\"{hash}\",\"schema\":"
    );
    [head.as_bytes(), &body, b"}\n"].concat()
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
    let found = Hash::of(whole.schema.get().as_bytes());
    if found != whole.hash {
        return Err(Error::Hash {
            found,
            stated: whole.hash,
        });
    }
    let damaged = |error: serde_json::Error| Error::Damaged(error.to_string());
    let schema: Schema = serde_json::from_str(whole.schema.get()).map_err(damaged)?;
    check(&schema, &whole)?;
    Ok(Artefact {
        schema,
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
}

fn check(schema: &Schema, whole: &Whole<'_>) -> Result<(), Error> {
    let problem = if schema.dialect != whole.dialect {
        format!(
            "it is for {} and its schema for {}",
            whole.dialect, schema.dialect
        )
    } else if body(schema) != whole.schema.get().as_bytes() {
        // Whoever reads the text must see exactly what runs: no unknown members, no other spelling.
        "it holds more than a schema".to_owned()
    } else if let Some(problem) = bounds::problem(schema) {
        problem
    } else {
        return Ok(());
    };
    Err(Error::Damaged(problem))
}

/// The canonical JSON of a schema: members in the order of their declaration, no spaces.
#[expect(
    clippy::expect_used,
    reason = "a schema has only string keys, and memory takes any length"
)]
fn body(schema: &Schema) -> Vec<u8> {
    serde_json::to_vec(schema).expect("a schema is JSON")
}

impl Hash {
    pub(crate) fn of(body: &[u8]) -> Self {
        Self(Sha256::digest(body).into())
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
