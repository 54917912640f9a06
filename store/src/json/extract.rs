//! Parts of a stored document: it is walked along what is shown of it, and nothing of it is kept.

mod leaf;

use super::{Row, Sheet, Words, null};
use crate::Error;
use leaf::leaf;
use model::{Codec, Extract, ExtractKind, ExtractMember, ExtractPart, Scalar};
use serde::de::{DeserializeSeed, Deserializer as _, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt;

const JSON: Codec = Codec::Scalar(Scalar::Json);

/// How often a document is gone through, as a whole: each level and each further name for the same
/// member goes through its part again.
const TIMES_MAX: usize = 64;

/// Writes what is shown of the document in a column that is called so.
pub(super) fn extract<R: Row>(
    row: &R,
    (column, name): (usize, &str),
    extract: &Extract,
    sheet: &mut Sheet,
) -> Result<(), Error> {
    let start = sheet.text.len();
    row.scalar(column, &JSON, sheet)?;
    let stored = sheet.text.split_off(start);
    let text = std::str::from_utf8(&stored)
        .map_err(|_| Error::Conversion("JSON text is not valid UTF-8".into()))?;
    let mut walk = Walk {
        sheet,
        left: text.len().saturating_mul(TIMES_MAX),
    };
    walk.value(text.trim_ascii(), extract)
        .map_err(|stop| match stop {
            Stop::Error(error) => error,
            Stop::Misfit { place, what } => Error::Document(format!("{name}{place} {what}")),
        })
}

/// Why a walk ended early.
enum Stop {
    Error(Error),
    /// What stands at a place is not what must stand there.
    Misfit {
        place: String,
        what: String,
    },
}

impl Stop {
    fn misfit(what: impl Into<String>) -> Self {
        Self::Misfit {
            place: String::new(),
            what: what.into(),
        }
    }

    /// The same, seen from one level further out.
    fn below(self, step: impl FnOnce() -> String) -> Self {
        match self {
            Self::Misfit { place, what } => Self::Misfit {
                place: step() + &place,
                what,
            },
            error @ Self::Error(_) => error,
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// A walk through one document.
struct Walk<'s> {
    sheet: &'s mut Sheet,
    /// Bytes that may still be gone through.
    left: usize,
}

impl Walk<'_> {
    fn value(&mut self, json: &str, extract: &Extract) -> Result<(), Stop> {
        if json == "null" {
            if !extract.nullable {
                return Err(Stop::misfit("is null or missing, and must not be"));
            }
            null(&mut self.sheet.text);
            return Ok(());
        }
        match &extract.kind {
            ExtractKind::Leaf(codec) => {
                leaf(json, codec, &mut self.sheet.text).map_err(Stop::misfit)?;
            }
            ExtractKind::Object(members) => self.object(json, members)?,
            ExtractKind::List(item) => self.list(json, item)?,
        }
        Ok(self.sheet.check()?)
    }

    fn object(&mut self, json: &str, members: &[ExtractMember]) -> Result<(), Stop> {
        if !json.starts_with('{') {
            return Err(Stop::misfit("is no object"));
        }
        self.charge(json)?;
        let found = found(json, members)?;
        self.sheet.text.push(b'{');
        for (index, ExtractMember { key, part }) in members.iter().enumerate() {
            if index > 0 {
                self.sheet.text.push(b',');
            }
            self.sheet.text.extend_from_slice(key.json().as_bytes());
            match part {
                ExtractPart::Constant(text) => {
                    self.sheet.text.extend_from_slice(text.as_bytes());
                    self.sheet.check()?;
                }
                ExtractPart::Member(name, extract) => {
                    let value = found.get(&**name).copied().unwrap_or_default();
                    value
                        .json()
                        .and_then(|json| self.value(json, extract))
                        .map_err(|stop| stop.below(|| format!(".{name}")))?;
                }
            }
        }
        self.sheet.text.push(b'}');
        Ok(())
    }

    fn list(&mut self, json: &str, item: &Extract) -> Result<(), Stop> {
        if !json.starts_with('[') {
            return Err(Stop::misfit("is no list"));
        }
        self.charge(json)?;
        self.sheet.text.push(b'[');
        let mut stop = None;
        let items = Items {
            walk: self,
            item,
            stop: &mut stop,
        };
        let done = items.deserialize(&mut serde_json::Deserializer::from_str(json));
        match (stop, done) {
            (Some(stop), _) => return Err(stop),
            (None, Err(_)) => return Err(Stop::misfit("is no list")),
            (None, Ok(())) => self.sheet.text.push(b']'),
        }
        Ok(())
    }

    fn charge(&mut self, json: &str) -> Result<(), Stop> {
        let left = self.left.checked_sub(json.len()).ok_or_else(|| {
            let what = "a document is gone through too often for one row";
            Stop::Error(Error::TooLarge(what.into()))
        })?;
        self.left = left;
        Ok(())
    }
}

/// What an object has for a name.
#[derive(Clone, Copy, Default)]
enum Found<'a> {
    #[default]
    Nothing,
    Value(&'a str),
    /// Which of them counts is not said (RFC 8259, section 4).
    Several,
}

impl<'a> Found<'a> {
    fn json(self) -> Result<&'a str, Stop> {
        match self {
            Self::Nothing => Ok("null"),
            Self::Value(json) => Ok(json),
            Self::Several => Err(Stop::misfit("stands there more than once")),
        }
    }
}

/// The values of those members, in one go through the object.
fn found<'a>(
    json: &'a str,
    members: &'a [ExtractMember],
) -> Result<BTreeMap<&'a str, Found<'a>>, Stop> {
    let names = members.iter().filter_map(|member| match &member.part {
        ExtractPart::Constant(_) => None,
        ExtractPart::Member(name, _) => Some((&**name, Found::Nothing)),
    });
    let mut found: BTreeMap<_, _> = names.collect();
    serde_json::Deserializer::from_str(json)
        .deserialize_map(Members(&mut found))
        .map_err(|_| Stop::misfit("is no object whose names can be read"))?;
    Ok(found)
}

struct Members<'a, 'f>(&'f mut BTreeMap<&'a str, Found<'a>>);

impl<'a> Visitor<'a> for Members<'a, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(Words(name)) = map.next_key()? {
            let value: &RawValue = map.next_value()?;
            if let Some(found) = self.0.get_mut(&*name) {
                *found = match found {
                    Found::Nothing => Found::Value(value.get()),
                    Found::Value(_) | Found::Several => Found::Several,
                };
            }
        }
        Ok(())
    }
}

/// The items of a list, each written when it is read.
struct Items<'w, 's, 'e> {
    walk: &'w mut Walk<'s>,
    item: &'e Extract,
    stop: &'e mut Option<Stop>,
}

impl<'a> DeserializeSeed<'a> for Items<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'a>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for Items<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut items: S) -> Result<(), S::Error> {
        let mut index = 0_usize;
        while let Some(json) = items.next_element::<&RawValue>()? {
            if index > 0 {
                self.walk.sheet.text.push(b',');
            }
            if let Err(stop) = self.walk.value(json.get(), self.item) {
                *self.stop = Some(stop.below(|| format!("[{index}]")));
                return Err(S::Error::custom("the walk has ended"));
            }
            index += 1;
        }
        Ok(())
    }
}
