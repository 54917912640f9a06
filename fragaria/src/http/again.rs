//! What those are told who keep answers themselves (RFC 9111), and how they ask whether one is still the
//! same (RFC 9110, section 13).

use super::Asked;
use super::answer::Answer;
use super::negotiation::joined;
use crate::cache::Kept;
use crate::config::{Cache, Clients, Coding};
use form_urlencoded::byte_serialize;
use hyper::header::{
    AGE, CACHE_CONTROL, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, VARY,
};
use hyper::{Method, StatusCode};
use model::{Caller, Relation};
use observe::request::Line;
use store::hexadecimal;

/// Of what an answer depends that stands in the head of its request.
const VARYING: &str = "accept, authorization, x-api-key, fragaria-as";
/// Where Fastly and Varnish, and where Cloudflare and Akamai look for keys.
const SURROGATE_KEY: HeaderName = HeaderName::from_static("surrogate-key");
const CACHE_TAG: HeaderName = HeaderName::from_static("cache-tag");
/// How many bytes of the print tell answers apart.
const PRINT: usize = 16;

/// Who asks by GET, and what it has already.
pub(crate) struct Asking<'c> {
    /// The tags of what it has, as they were given.
    has: String,
    config: &'c Cache,
}

/// The tag of an answer, and what else is told with it.
pub(super) struct Tag {
    opaque: String,
    control: HeaderValue,
    age: u64,
    /// The names of its tables, where a CDN is told of them.
    tables: Vec<String>,
}

impl<'c> Asking<'c> {
    /// What a request says of that, unless nobody else keeps anything.
    pub(crate) fn of(request: &Asked<'_>, config: &'c Cache) -> Option<Self> {
        let is_asked = request.method() == Method::GET && config.clients != Clients::Off;
        is_asked.then(|| Self {
            has: joined(request.headers(), &IF_NONE_MATCH).into_owned(),
            config,
        })
    }

    /// The answer with its tag; without its body where whoever asks has it.
    pub(crate) fn told(self, answer: Answer, kept: &Kept, line: &mut Line) -> Answer {
        let caller = line.entry().caller.as_deref();
        let is_anonymous = caller.is_some_and(Caller::is_anonymous);
        let is_shared = is_anonymous && self.config.clients == Clients::Shared;
        let control = if is_shared {
            HeaderValue::from_str(&format!("public, max-age={}", kept.max_age_s)).ok()
        } else {
            None
        };
        let tables = if self.config.surrogate_keys && is_shared {
            kept.footprint.reads.iter().map(key).collect()
        } else {
            Vec::new()
        };
        let tag = Tag {
            opaque: opaque(kept, answer.media_type),
            control: control.unwrap_or(HeaderValue::from_static("private, no-cache")),
            age: kept.age.as_secs(),
            tables,
        };
        if self.has.split(',').any(|has| is_of(has, &tag.opaque)) {
            return answer.unchanged(tag);
        }
        answer.tagged(tag)
    }
}

/// What tells an answer of a media type apart.
fn opaque(kept: &Kept, media_type: &str) -> String {
    let print = hexadecimal(kept.print.get(..PRINT).unwrap_or(&kept.print));
    let is_json = media_type.starts_with("application/json");
    print + if is_json { "-j" } else { "-r" }
}

/// What a CDN knows a table by: its name, behind that of its schema where it is named, each spelled as in
/// a form, so that nothing in it ends the key.
fn key(table: &Relation) -> String {
    let coded = |name: &str| -> String { byte_serialize(name.as_bytes()).collect() };
    match &table.schema {
        Some(schema) => format!("{}.{}", coded(schema), coded(&table.name)),
        None => coded(&table.name),
    }
}

/// Whether a tag is that of an answer, however it was packed.
fn is_of(tag: &str, opaque: &str) -> bool {
    let tag = tag.trim();
    if tag == "*" {
        return true;
    }
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    let inner = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    let rest = inner.and_then(|tag| tag.strip_prefix(opaque));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

impl Tag {
    /// Puts it into the head of an answer that is packed so.
    pub(super) fn tell(self, head: &mut HeaderMap, coding: Option<Coding>) {
        let coded = match coding {
            Some(coding) => format!("\"{}-{}\"", self.opaque, coding.name()),
            None => format!("\"{}\"", self.opaque),
        };
        if let Ok(tag) = HeaderValue::from_str(&coded) {
            head.insert(ETAG, tag);
            head.insert(CACHE_CONTROL, self.control);
            head.insert(AGE, self.age.into());
            head.append(VARY, HeaderValue::from_static(VARYING));
        }
        for (name, between) in [(SURROGATE_KEY, " "), (CACHE_TAG, ",")] {
            let keys = HeaderValue::from_str(&self.tables.join(between));
            if let (Ok(keys), false) = (keys, self.tables.is_empty()) {
                head.insert(name, keys);
            }
        }
    }
}

impl Answer {
    /// Nothing but its head: whoever asks has the rest.
    fn unchanged(self, tag: Tag) -> Self {
        let Self {
            media_type,
            headers,
            ..
        } = self;
        let bare = Self::bytes(StatusCode::NOT_MODIFIED, media_type, "");
        Self {
            headers,
            tag: Some(tag),
            ..bare
        }
    }

    fn tagged(self, tag: Tag) -> Self {
        Self {
            tag: Some(tag),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_however_the_answer_was_packed() {
        for tag in ["\"ab-j\"", " W/\"ab-j\"", "\"ab-j-gzip\"", "*"] {
            assert!(is_of(tag, "ab-j"), "{tag}");
        }
        for tag in [
            "",
            "ab-j",
            "\"ab-r\"",
            "\"ab-json\"",
            "\"\"",
            "\"ab\"",
            "w/\"ab-j\"",
        ] {
            assert!(!is_of(tag, "ab-j"), "{tag}");
        }
    }
}
