//! Relay connections.

use super::{Reference, below, collect};
use crate::answer::Answer;
use crate::request::{Field, Input, Selection};
use serde_json::Value as Json;

/// Rows of a page that does not say how many it wants.
const DEFAULT_ROWS: usize = 100;

/// A page and what lies around it.
struct Page {
    rows: Vec<usize>,
    total: usize,
    has_next: bool,
    has_previous: bool,
}

impl Reference<'_> {
    pub(super) fn page(&self, table: usize, candidates: Vec<usize>, fields: &[&Field]) -> Answer {
        let sequence = self.sequence(table, candidates, fields[0]);
        let page = cut(&sequence, fields[0]);
        let type_name = format!("{}Connection", self.declared(table).type_name);
        let members = collect(&below(fields), &type_name);
        let members = members.iter().map(|fields| {
            let answer = match fields[0].name.as_str() {
                "__typename" => Answer::Leaf(type_name.as_str().into()),
                "totalCount" => Answer::Leaf(page.total.into()),
                "pageInfo" => info(&page, fields),
                "nodes" => {
                    let rows = page.rows.iter();
                    let nodes = rows.map(|row| self.object(table, *row, &below(fields)));
                    Answer::List(nodes.collect())
                }
                _ => {
                    let rows = page.rows.iter();
                    let edges = rows.map(|row| self.edge(table, *row, &below(fields)));
                    Answer::List(edges.collect())
                }
            };
            (fields[0].key().to_owned(), answer)
        });
        Answer::Object(members.collect())
    }

    fn edge(&self, table: usize, row: usize, sets: &[&[Selection]]) -> Answer {
        let type_name = format!("{}Edge", self.declared(table).type_name);
        let members = collect(sets, &type_name);
        let members = members.iter().map(|fields| {
            let answer = match fields[0].name.as_str() {
                "__typename" => Answer::Leaf(type_name.as_str().into()),
                "cursor" => Answer::Opaque,
                _ => self.object(table, row, &below(fields)),
            };
            (fields[0].key().to_owned(), answer)
        });
        Answer::Object(members.collect())
    }
}

fn cut(sequence: &[usize], field: &Field) -> Page {
    let cursor = |name: &str| match field.argument(name) {
        Some(Input::Cursor(position)) => Some(*position),
        _ => None,
    };
    let (after, before) = (cursor("after"), cursor("before"));
    let start = after.map_or(0, |position| position + 1);
    let end = before.unwrap_or(sequence.len()).max(start);
    let window = &sequence[start..end];
    let backward = field.argument("last").is_some();
    let size = field.count("first").or(field.count("last"));
    let size = size.unwrap_or(DEFAULT_ROWS).min(window.len());
    let more = size < window.len();
    let (rows, has_next, has_previous) = if backward {
        (&window[window.len() - size..], before.is_some(), more)
    } else {
        (&window[..size], more, after.is_some())
    };
    Page {
        rows: rows.to_vec(),
        total: sequence.len(),
        has_next,
        has_previous,
    }
}

fn info(page: &Page, fields: &[&Field]) -> Answer {
    let cursor = if page.rows.is_empty() {
        Answer::Leaf(Json::Null)
    } else {
        Answer::Opaque
    };
    let members = collect(&below(fields), "PageInfo");
    let members = members.iter().map(|fields| {
        let answer = match fields[0].name.as_str() {
            "__typename" => Answer::Leaf("PageInfo".into()),
            "hasNextPage" => Answer::Leaf(page.has_next.into()),
            "hasPreviousPage" => Answer::Leaf(page.has_previous.into()),
            _ => cursor.clone(),
        };
        (fields[0].key().to_owned(), answer)
    });
    Answer::Object(members.collect())
}
