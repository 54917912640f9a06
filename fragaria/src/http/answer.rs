//! Answers: what the client is told, with which status, and how it is counted.

use super::again::Tag;
use super::answers::{self, Account, Answers};
use super::idempotency::REPLAYED;
use super::negotiation::Format;
use super::room::Held;
use crate::config::Compression;
use bytes::{BufMut as _, Bytes, BytesMut};
use hyper::StatusCode;
use hyper::header::{
    ALLOW, CONTENT_ENCODING, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use model::{Fault, Kind};
use observe::request::Outcome;
use serde_json::{Map, Value, json};
use std::fmt;
use std::sync::Arc;
use store::{Error, Failure, Reply};

/// What `data` stands in.
const OPENING: &[u8] = b"{\"data\":";
/// What ends it.
const CLOSING: &[u8] = b"}";

/// Data up to so many bytes is copied into what it stands in, so that it goes out in one part; more is
/// not, for it may be that of a kept answer, which many wait for at a time.
const COPIED_BYTES_MAX: usize = 64 * 1024;

/// An answer on its way to the client.
pub(crate) struct Answer {
    pub(super) status: StatusCode,
    pub(super) media_type: &'static str,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) content: Reply,
    /// What stands before a whole answer and behind any, where it is only data.
    pub(super) opening: &'static [u8],
    pub(super) closing: Bytes,
    /// The room it takes, where what tells of the API has a bound.
    pub(super) held: Option<Held>,
    /// The room it takes among all answers, once that is counted.
    pub(super) counted: Option<answers::Held>,
    pub(super) outcome: Outcome,
    pub(super) code: Option<&'static str>,
    /// By what those know it who keep answers.
    pub(super) tag: Option<Tag>,
}

/// Why a request is not answered with data.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// A status that stands for itself, whatever the format.
    status: Option<StatusCode>,
    /// The status of what is the client's to mend, in the format whose status tells.
    declined: StatusCode,
    faults: Vec<Fault>,
    /// Whether the operation was begun, so that the answer has `data: null`.
    begun: bool,
    allow: Option<&'static str>,
    /// Seconds after which the same request may be answered.
    retry_after: Option<u64>,
}

impl Answer {
    /// The data asked for, with its cost where that is told, and the room it takes.
    pub(crate) fn data(
        reply: Reply,
        cost: Option<u64>,
        held: Option<Held>,
        format: Format,
    ) -> Self {
        let closing = closing(cost);
        let is_replayed = matches!(reply, Reply::Replayed(_));
        let (content, closing) = match reply {
            Reply::Whole(data) | Reply::Replayed(data) if data.len() <= COPIED_BYTES_MAX => {
                (Reply::Whole(enclosed(&data, &closing)), Bytes::new())
            }
            long => (long, closing),
        };
        let answer = Self {
            opening: if closing.is_empty() { b"" } else { OPENING },
            closing,
            held,
            ..Self::new(StatusCode::OK, format.media_type(), content)
        };
        if is_replayed {
            return answer.header(REPLAYED, "true");
        }
        answer
    }

    /// A refusal, told as a GraphQL response.
    pub(crate) fn refused(refusal: &Refusal, format: Format) -> Self {
        let status = refusal.status(format);
        let mut answer = Self::json(status, format.media_type(), &refusal.body());
        if let Some(allow) = refusal.allow {
            answer = answer.header(ALLOW, allow);
        }
        let unavailable = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1);
        if let Some(seconds) = refusal.retry_after.or(unavailable) {
            answer = answer.valued(RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            answer = answer.header(WWW_AUTHENTICATE, refusal.challenge());
        }
        answer.outcome = Outcome::Fault(refusal.kind());
        answer.code = refusal.faults.first().map(|fault| fault.code);
        answer
    }

    /// A JSON value.
    pub(super) fn json(status: StatusCode, media_type: &'static str, value: &Value) -> Self {
        Self::new(status, media_type, Reply::Whole(value.to_string().into()))
    }

    /// Bytes that are finished.
    pub(super) fn bytes(
        status: StatusCode,
        media_type: &'static str,
        bytes: impl Into<Bytes>,
    ) -> Self {
        Self::new(status, media_type, Reply::Whole(bytes.into()))
    }

    /// The same answer, which has its room.
    pub(crate) fn counted(self, counted: answers::Held) -> Self {
        Self {
            counted: Some(counted),
            ..self
        }
    }

    /// The same answer, which is counted among all, whatever room there is.
    pub(crate) fn counted_in(self, answers: &Answers, whose: &Arc<Account>) -> Self {
        let counted = answers.hold(whose, answers.bytes(&self.content));
        self.counted(counted)
    }

    /// Whether it may be packed: it is so long, or of a length that nobody knows, and as it is.
    pub(super) fn is_packed(&self, offered: &Compression) -> bool {
        let is_long = match &self.content {
            Reply::Whole(bytes) | Reply::Replayed(bytes) => bytes.len() >= offered.bytes_min,
            Reply::Stream(_) => true,
        };
        is_long
            && self.status != StatusCode::NOT_MODIFIED
            && !offered.codings.is_empty()
            && self
                .headers
                .iter()
                .all(|(name, _)| name != CONTENT_ENCODING)
    }

    /// The same answer with one more header.
    pub(super) fn header(self, name: HeaderName, value: &'static str) -> Self {
        self.valued(name, HeaderValue::from_static(value))
    }

    /// The same answer with one more header, whose value is found out.
    pub(super) fn valued(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    fn new(status: StatusCode, media_type: &'static str, content: Reply) -> Self {
        Self {
            status,
            media_type,
            headers: Vec::new(),
            content,
            opening: b"",
            closing: Bytes::new(),
            held: None,
            counted: None,
            outcome: Outcome::Ok,
            code: None,
            tag: None,
        }
    }
}

/// The body it has.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.body().fmt(f)
    }
}

impl Refusal {
    /// A refusal with a status of its own.
    pub(crate) fn new(status: StatusCode, fault: Fault) -> Self {
        Self {
            status: Some(status),
            ..Self::from(fault)
        }
    }

    /// The refusal of a database. One of a key that was used for another request began nothing, and
    /// has the status of the draft's section 2.7.
    pub(crate) fn from_run(failure: Failure) -> Self {
        if matches!(failure.error, Error::IdempotencyReused) {
            return Self {
                declined: StatusCode::UNPROCESSABLE_ENTITY,
                ..Self::from(Fault::from(failure))
            };
        }
        Self::in_run(failure.into())
    }

    /// What the data stood in the way of was begun, and its errors belong to fields; a database
    /// that is away began nothing.
    fn in_run(fault: Fault) -> Self {
        let begun = matches!(
            fault.kind,
            Kind::Conflict | Kind::Limit | Kind::Invalid | Kind::Denied
        );
        Self {
            begun,
            ..Self::from(fault)
        }
    }

    /// The same refusal, naming the methods that are allowed.
    pub(crate) fn allow(self, methods: &'static str) -> Self {
        Self {
            allow: Some(methods),
            ..self
        }
    }

    /// The same refusal, naming the seconds after which the same request may be answered.
    pub(crate) fn retry_after(self, retry_after: Option<u64>) -> Self {
        Self {
            retry_after,
            ..self
        }
    }

    /// A well-formed request is answered with 200 in `application/json`, where clients cannot
    /// tell our status from that of a proxy; only our own failures are told apart in both.
    fn status(&self, format: Format) -> StatusCode {
        if let Some(status) = self.status {
            return status;
        }
        match self.kind() {
            Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
            Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Kind::Invalid | Kind::Conflict | Kind::Limit | Kind::Denied
                if format == Format::Json || self.begun =>
            {
                StatusCode::OK
            }
            Kind::Denied => StatusCode::FORBIDDEN,
            Kind::Malformed | Kind::Invalid | Kind::Conflict | Kind::Limit => self.declined,
        }
    }

    /// Whether the database is the reason, and the next request would be refused too.
    pub(crate) fn is_away(&self) -> bool {
        matches!(self.kind(), Kind::Unavailable | Kind::Timeout)
    }

    fn kind(&self) -> Kind {
        self.faults
            .first()
            .map_or(Kind::Internal, |fault| fault.kind)
    }

    /// What is asked of who is not known, as RFC 6750, section 3, has it.
    fn challenge(&self) -> &'static str {
        match self.faults.first() {
            Some(fault) if fault.code == guard::INVALID => r#"Bearer error="invalid_token""#,
            _ => "Bearer",
        }
    }

    fn body(&self) -> Value {
        let errors: Vec<_> = self.faults.iter().map(error).collect();
        if self.begun {
            json!({ "errors": errors, "data": null })
        } else {
            json!({ "errors": errors })
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        vec![fault].into()
    }
}

impl From<Vec<Fault>> for Refusal {
    fn from(faults: Vec<Fault>) -> Self {
        Self {
            status: None,
            declined: StatusCode::BAD_REQUEST,
            faults,
            begun: false,
            allow: None,
            retry_after: None,
        }
    }
}

/// What follows the data: its cost, where that is told.
fn closing(cost: Option<u64>) -> Bytes {
    let Some(cost) = cost else {
        return Bytes::from_static(CLOSING);
    };
    format!(",\"extensions\":{{\"cost\":{cost}}}}}").into()
}

fn enclosed(data: &[u8], closing: &[u8]) -> Bytes {
    let mut body = BytesMut::with_capacity(OPENING.len() + data.len() + closing.len());
    body.put_slice(OPENING);
    body.put_slice(data);
    body.put_slice(closing);
    body.freeze()
}

/// An error as the GraphQL specification, section 7.1.2, has it.
fn error(fault: &Fault) -> Value {
    let mut error = Map::new();
    error.insert("message".to_owned(), fault.message.clone().into());
    if !fault.locations.is_empty() {
        let locations: Vec<_> = fault
            .locations
            .iter()
            .map(|(line, column)| json!({ "line": line, "column": column }))
            .collect();
        error.insert("locations".to_owned(), locations.into());
    }
    if !fault.path.is_empty() {
        error.insert("path".to_owned(), fault.path.to_vec().into());
    }
    let mut extensions = Map::new();
    let code = fault.called.as_deref().unwrap_or(fault.code);
    extensions.insert("code".to_owned(), code.into());
    if let Some(input) = &fault.input {
        extensions.insert("input".to_owned(), (**input).into());
    }
    error.insert("extensions".to_owned(), extensions.into());
    error.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(refusal: &Refusal, format: Format) -> (u16, String) {
        let answer = Answer::refused(refusal, format);
        let Reply::Whole(body) = answer.content else {
            panic!("a refusal does not stream")
        };
        (
            answer.status.as_u16(),
            String::from_utf8(body.to_vec()).unwrap(),
        )
    }

    #[test]
    fn an_invalid_document_is_200_for_old_clients_only() {
        let refusal = || Refusal::from(Fault::new("engine.x", Kind::Invalid, "bad").at(2, 3));
        let (status, body) = told(&refusal(), Format::Response);
        assert_eq!(status, 400);
        assert_eq!(
            serde_json::from_str::<Value>(&body).unwrap(),
            json!({ "errors": [{
                "message": "bad",
                "locations": [{ "line": 2, "column": 3 }],
                "extensions": { "code": "engine.x" }
            }] })
        );
        assert_eq!(told(&refusal(), Format::Json).0, 200);
    }

    #[test]
    fn a_conflict_nulls_data_and_keeps_its_path() {
        let fault = Fault::new("store.unique", Kind::Conflict, "taken")
            .under(["createUser"])
            .within(Some("input.posts[1]"));
        let (status, body) = told(&Refusal::in_run(fault), Format::Response);
        assert_eq!(status, 200);
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["data"], Value::Null);
        let error = &body["errors"][0];
        assert_eq!(error["path"], json!(["createUser"]));
        assert_eq!(error["extensions"]["input"], "input.posts[1]");
    }

    #[test]
    fn a_key_of_another_request_began_nothing() {
        let refusal = || Refusal::from_run(Error::IdempotencyReused.into());
        let (status, body) = told(&refusal(), Format::Response);
        assert_eq!(status, 422);
        assert!(!body.contains("data"), "{body}");
        assert_eq!(told(&refusal(), Format::Json).0, 200);
    }

    #[test]
    fn our_own_failures_are_told_apart_in_both_formats() {
        for format in [Format::Response, Format::Json] {
            for (kind, status) in [
                (Kind::Unavailable, 503),
                (Kind::Timeout, 504),
                (Kind::Internal, 500),
            ] {
                let refusal = Refusal::in_run(Fault::new("store.x", kind, "away"));
                assert_eq!(told(&refusal, format).0, status);
            }
        }
    }
}
