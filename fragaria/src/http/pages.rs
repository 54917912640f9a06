//! The pages for people, which may load nothing from elsewhere.

use super::answer::{Answer, Refusal};
use super::negotiation::Format;
use crate::console::{self, Asset, POLICY};
use crate::edition::Edition;
use crate::first_query::first_query;
use crate::project::Face;
use crate::server::{Server, Stage};
use hyper::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, IF_NONE_MATCH,
};
use hyper::{HeaderMap, StatusCode};
use model::{Fault, Kind};

/// A query that says nothing of an API.
const NAMELESS: &str = "{ __typename }";

/// The page or file at a path.
pub(super) fn answer(server: &Server, path: &str, headers: &HeaderMap) -> Answer {
    if path == "/" {
        let edition = server.edition();
        let Face { name, queries } = &server.face;
        let tells = names_all(server, &edition);
        let first = [if tells {
            first_query(&edition.schema)
        } else {
            NAMELESS.to_owned()
        }];
        let queries = if tells && !queries.is_empty() {
            &**queries
        } else {
            &first
        };
        let page = console::page(name, queries.iter().map(|query| &**query));
        return secured(Answer::bytes(
            StatusCode::OK,
            "text/html; charset=utf-8",
            page,
        ));
    }
    console::asset(path).map_or_else(nothing, |asset| file(asset, headers))
}

/// Whether the page may name what there is: it asks nobody who they are, and strangers see what rules
/// let them.
fn names_all(server: &Server, edition: &Edition) -> bool {
    let is_ruled = edition.engine.has_rules() && server.stage != Stage::Development;
    !is_ruled && edition.engine.tells_all()
}

/// There is nothing.
pub(super) fn nothing() -> Answer {
    Answer::refused(&not_found(), Format::Json)
}

/// Why there is nothing.
pub(super) fn not_found() -> Refusal {
    let fault = Fault::new(
        "http.not_found",
        Kind::Malformed,
        "there is nothing at this address",
    );
    Refusal::new(StatusCode::NOT_FOUND, fault)
}

/// A file that a browser keeps, and asks about before it uses it again.
fn file(asset: &'static Asset, headers: &HeaderMap) -> Answer {
    let known = headers
        .get(IF_NONE_MATCH)
        .is_some_and(|tag| tag == asset.etag.as_str());
    let answer = if known {
        Answer::bytes(StatusCode::NOT_MODIFIED, asset.media_type, &b""[..])
    } else {
        let packed = asset.encoding.map(|encoding| (CONTENT_ENCODING, encoding));
        let answer = Answer::bytes(StatusCode::OK, asset.media_type, asset.bytes);
        packed
            .into_iter()
            .fold(answer, |answer, (name, value)| answer.header(name, value))
    };
    secured(answer)
        .header(CACHE_CONTROL, "no-cache")
        .header(ETAG, &asset.etag)
}

/// A page may load what is its own; nothing else may load anything.
fn secured(answer: Answer) -> Answer {
    answer.header(CONTENT_SECURITY_POLICY, POLICY)
}
