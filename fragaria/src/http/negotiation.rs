//! Media types: what a client accepts, and what it sent (RFC 9110; GraphQL over HTTP).

use hyper::HeaderMap;
use hyper::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use mediatype::{MediaType, MediaTypeList, Name, ReadParams as _};
use std::borrow::Cow;

/// The two formats of a GraphQL response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// `application/graphql-response+json`, whose status tells how it went.
    Response,
    /// `application/json`, for clients from before it, and those that do not say what they are.
    #[default]
    Json,
}

impl Format {
    /// The format the client likes most of those it accepts; `None` if it accepts none.
    pub(crate) fn accepted(headers: &HeaderMap) -> Option<Self> {
        let accept = joined(headers, &ACCEPT);
        match accept.trim() {
            "" | "*/*" => return Some(Self::default()),
            // What most clients send needs no reading.
            "application/json" => return Some(Self::Json),
            "application/graphql-response+json" => return Some(Self::Response),
            _ => {}
        }
        let ranges: Vec<_> = MediaTypeList::new(&accept)
            .filter_map(Result::ok)
            .enumerate()
            .filter_map(|(order, range)| Range::read(order, &range))
            .collect();
        [Self::Json, Self::Response]
            .into_iter()
            .filter_map(|format| Some((format, Range::best(&ranges, format)?)))
            .filter(|(_, range)| range.quality > 0)
            .min_by_key(|(_, range)| (1000 - range.quality, range.order))
            .map(|(format, _)| format)
    }

    /// The media type as it is sent.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Response => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }
}

/// A media range of an `Accept` header.
#[derive(Clone, Copy, Debug)]
struct Range {
    /// Its place in the header; an earlier one is liked more.
    order: usize,
    /// In thousandths.
    quality: u16,
    /// How exactly it names a type.
    precision: Precision,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Precision {
    Anything,
    Application,
    Exactly(FormatName),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum FormatName {
    Response,
    Json,
}

impl Range {
    /// A range that can match one of the formats; its `charset` must be the one that is sent.
    fn read(order: usize, range: &MediaType<'_>) -> Option<Self> {
        let subtype = range.subty.as_str().to_ascii_lowercase();
        let suffix = range
            .suffix
            .map(|suffix| suffix.as_str().to_ascii_lowercase());
        let precision = match (range.ty.as_str(), &*subtype, suffix.as_deref()) {
            ("*", "*", None) => Precision::Anything,
            (ty, "*", None) if is_application(ty) => Precision::Application,
            (ty, "json", None) if is_application(ty) => Precision::Exactly(FormatName::Json),
            (ty, "graphql-response", Some("json")) if is_application(ty) => {
                Precision::Exactly(FormatName::Response)
            }
            _ => return None,
        };
        let quality = parameter(range, "q").map_or(Some(1000), |text| quality(&text))?;
        is_utf8(range).then_some(Self {
            order,
            quality,
            precision,
        })
    }

    /// The most precise range that matches a format.
    fn best(ranges: &[Self], format: Format) -> Option<Self> {
        let name = match format {
            Format::Response => FormatName::Response,
            Format::Json => FormatName::Json,
        };
        ranges
            .iter()
            .filter(|range| match range.precision {
                Precision::Exactly(named) => named == name,
                Precision::Anything | Precision::Application => true,
            })
            .max_by_key(|range| range.precision)
            .copied()
    }
}

/// Why a body cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It does not say what it is.
    Unnamed,
    /// It is not JSON.
    Foreign,
    /// It is JSON, but not in UTF-8.
    Charset,
    /// It is packed.
    Encoded,
}

/// Whether a body is said to be plain JSON in UTF-8. Browsers send that type across sites only
/// after asking, which is what keeps other sites from sending requests in a user's name.
pub(crate) fn is_json(headers: &HeaderMap) -> Result<(), Unreadable> {
    let content_type = joined(headers, &CONTENT_TYPE);
    if content_type.trim().is_empty() {
        return Err(Unreadable::Unnamed);
    }
    if content_type == "application/json" && !headers.contains_key(CONTENT_ENCODING) {
        return Ok(());
    }
    let media_type = MediaType::parse(&content_type).map_err(|_| Unreadable::Foreign)?;
    let json = is_application(media_type.ty.as_str())
        && media_type.subty.as_str().eq_ignore_ascii_case("json")
        && media_type.suffix.is_none();
    match joined(headers, &CONTENT_ENCODING).trim() {
        _ if !json => Err(Unreadable::Foreign),
        _ if !is_utf8(&media_type) => Err(Unreadable::Charset),
        "" | "identity" => Ok(()),
        _ => Err(Unreadable::Encoded),
    }
}

fn is_application(ty: &str) -> bool {
    ty.eq_ignore_ascii_case("application")
}

fn is_utf8(media_type: &MediaType<'_>) -> bool {
    parameter(media_type, "charset")
        .is_none_or(|set| set.eq_ignore_ascii_case("utf-8") || set.eq_ignore_ascii_case("utf8"))
}

fn parameter(media_type: &MediaType<'_>, name: &'static str) -> Option<String> {
    let name = Name::new(name)?;
    let value = media_type.get_param(name)?;
    Some(value.unquoted_str().trim().to_owned())
}

/// A weight in thousandths: `0` to `1`, at most three digits after the point.
pub(super) fn quality(text: &str) -> Option<u16> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 3 || !part.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{part:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

/// All values of a header as one list.
pub(super) fn joined<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Cow<'h, str> {
    let mut values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let first = values.next().unwrap_or_default();
    let Some(second) = values.next() else {
        return first.into();
    };
    let all: Vec<_> = [first, second].into_iter().chain(values).collect();
    all.join(",").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn accepted(accept: &str) -> Option<Format> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
        Format::accepted(&headers)
    }

    #[test]
    fn the_highest_quality_wins_and_then_the_order() {
        use Format::{Json, Response};
        let cases = [
            ("application/graphql-response+json", Some(Response)),
            ("application/json", Some(Json)),
            ("Application/JSON", Some(Json)),
            ("*/*", Some(Json)),
            ("application/*", Some(Json)),
            (
                "application/json, application/graphql-response+json",
                Some(Json),
            ),
            (
                "application/json;q=0.9, application/graphql-response+json",
                Some(Response),
            ),
            (
                "application/graphql-response+json;q=0.5, application/json;q=0.501",
                Some(Json),
            ),
            ("application/json, */*;q=0.1", Some(Json)),
            (
                "application/graphql-response+json, */*;q=0.1",
                Some(Response),
            ),
            ("application/json;q=0, */*", Some(Response)),
            ("application/graphql-response+json;q=0, */*", Some(Json)),
            ("application/json; charset=utf-8", Some(Json)),
            ("application/json; charset=\"UTF-8\"", Some(Json)),
            ("application/json; charset=latin1", None),
            ("application/json;q=0", None),
            ("application/json;q=2", None),
            ("text/html", None),
            ("text/html, application/json", Some(Json)),
            ("nonsense, application/json", Some(Json)),
        ];
        for (accept, format) in cases {
            assert_eq!(accepted(accept), format, "{accept}");
        }
        assert_eq!(Format::accepted(&HeaderMap::new()), Some(Json));
    }

    #[test]
    fn only_plain_json_in_utf_8_is_read() {
        let cases = [
            ("application/json", Ok(())),
            ("application/json; charset=utf-8", Ok(())),
            ("application/json; charset=utf-16", Err(Unreadable::Charset)),
            ("text/plain", Err(Unreadable::Foreign)),
            ("application/json, text/plain", Err(Unreadable::Foreign)),
            ("application/graphql+json", Err(Unreadable::Foreign)),
            ("", Err(Unreadable::Unnamed)),
        ];
        for (content_type, outcome) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap());
            assert_eq!(is_json(&headers), outcome, "{content_type}");
        }
    }
}
