//! Walks along connections: forward and backward page by page, then with leaps between cursors.

use super::random::Random;
use super::trial::{Failure, Trial};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as Json;
use verify::answer::{Decimals, digits};
use verify::reference;
use verify::render::{Variables, render};
use verify::request::{Field, Given, Input, Request, Selection};

/// Most pages in one direction.
const PAGES_MAX: usize = 6;

/// Leaps after the walks.
const LEAPS: usize = 4;

/// The first page that is not as it must be.
pub(super) fn walk(trial: &mut Trial<'_>, seed: u64) -> Option<Failure> {
    let mut random = Random::new(trial.world, seed);
    let (table, field) = random.walk();
    let length = reference::sequence(trial.world, table, &field).len();
    let size = 1 + length / PAGES_MAX + random.below(3);
    let mut walk = Walk {
        trial,
        field,
        seed,
        cursors: vec![None; length],
    };
    walk.forward(size)
        .or_else(|| walk.backward(size))
        .or_else(|| (0..LEAPS).find_map(|_| walk.leap(&mut random)))
}

struct Walk<'t, 'w> {
    trial: &'t mut Trial<'w>,
    field: Field,
    seed: u64,
    /// Cursors of the rows seen so far.
    cursors: Vec<Option<String>>,
}

impl Walk<'_, '_> {
    fn forward(&mut self, size: usize) -> Option<Failure> {
        let mut start = 0;
        loop {
            let mut arguments = vec![Given::new("first", "Int", Input::count(size))];
            if start > 0 {
                arguments.push(cursor("after", start - 1));
            }
            if let Some(failure) = self.page(arguments, Some(start)) {
                return Some(failure);
            }
            start += size;
            if start >= self.cursors.len() {
                return None;
            }
        }
    }

    fn backward(&mut self, size: usize) -> Option<Failure> {
        let mut end = self.cursors.len();
        loop {
            let mut arguments = vec![Given::new("last", "Int", Input::count(size))];
            if end < self.cursors.len() {
                arguments.push(cursor("before", end));
            }
            if let Some(failure) = self.page(arguments, None) {
                return Some(failure);
            }
            end = end.saturating_sub(size);
            if end == 0 {
                return None;
            }
        }
    }

    /// From a row to another that may lie before it.
    fn leap(&mut self, random: &mut Random<'_>) -> Option<Failure> {
        let length = self.cursors.len();
        if length == 0 {
            return None;
        }
        let direction = if random.chance(50) { "first" } else { "last" };
        let size = random.below(length + 2);
        let mut arguments = vec![Given::new(direction, "Int", Input::count(size))];
        for side in ["after", "before"] {
            if random.chance(70) {
                arguments.push(cursor(side, random.below(length)));
            }
        }
        self.page(arguments, None)
    }

    /// Asks for a page in both spellings; its rows begin at `start`, where their cursors are kept.
    fn page(&mut self, arguments: Vec<Given>, start: Option<usize>) -> Option<Failure> {
        let request = self.request(arguments);
        let expected = reference::answer(self.trial.world, &request);
        let spellings = [(self.seed, false), (self.seed, true)];
        let failure = spellings.into_iter().find_map(|spelling| {
            self.trial
                .compare(&request, &expected, spelling, &self.cursors)
        });
        if failure.is_some() {
            return failure;
        }
        start.and_then(|start| self.keep_cursors(&request, start))
    }

    fn request(&self, arguments: Vec<Given>) -> Request {
        let plain = |name: &str, selections: Vec<Selection>| {
            Field {
                name: name.to_owned(),
                selections,
                ..Field::default()
            }
            .selected()
        };
        let leaf = |name: &str| plain(name, Vec::new());
        let mut field = self.field.clone();
        let nodes = std::mem::take(&mut field.selections);
        field.arguments.extend(arguments);
        field.alias = Some("page".to_owned());
        field.selections = vec![
            plain("nodes", nodes),
            plain("edges", vec![leaf("cursor")]),
            leaf("totalCount"),
            plain(
                "pageInfo",
                ["hasNextPage", "hasPreviousPage", "startCursor", "endCursor"]
                    .map(leaf)
                    .into(),
            ),
        ];
        Request {
            writes: false,
            selections: vec![field.selected()],
        }
    }

    /// All databases must give the same cursors, and the outer ones as those of the page.
    fn keep_cursors(&mut self, request: &Request, start: usize) -> Option<Failure> {
        let rendered = render(request, (self.seed, Variables::None), &self.cursors);
        let mut known: Option<Vec<String>> = None;
        for connection in &mut self.trial.connections {
            let reply = connection.ask(&rendered);
            let body: Json = serde_json::from_str(&reply.body).unwrap_or_default();
            let page = &body["data"]["page"];
            let edges = page["edges"].as_array().cloned().unwrap_or_default();
            let text = |cursor: &Json| cursor.as_str().unwrap_or_default().to_owned();
            let cursors: Vec<String> = edges.iter().map(|edge| text(&edge["cursor"])).collect();
            let info = &page["pageInfo"];
            let outer = [&info["startCursor"], &info["endCursor"]].map(text);
            let is_whole = cursors.first().is_none_or(|cursor| *cursor == outer[0])
                && cursors.last().is_none_or(|cursor| *cursor == outer[1]);
            let first = known.get_or_insert_with(|| cursors.clone());
            let at_scale = connection.decimals == Decimals::AtTheirScale;
            let is_same = first.len() == cursors.len()
                && first.iter().zip(&cursors).all(|(one, other)| {
                    let equal = || values(one).is_some_and(|it| Some(it) == values(other));
                    one == other || at_scale && equal()
                });
            if !is_whole || !is_same {
                return Some(Failure {
                    server: connection.name,
                    with_variables: false,
                    difference: "$.page: its cursors are not those of the other server".to_owned(),
                    rendered,
                    reply,
                    spelling: self.seed,
                });
            }
        }
        let places = self.cursors.iter_mut().skip(start);
        for (place, cursor) in places.zip(known.unwrap_or_default()) {
            *place = Some(cursor);
        }
        None
    }
}

/// What a cursor holds, decimals without the zeros at their ends.
fn values(cursor: &str) -> Option<Vec<String>> {
    let text = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let values: Vec<Json> = serde_json::from_slice(&text).ok()?;
    let value = |value: &Json| match digits(value) {
        Some(digits) => digits.to_owned(),
        None => value.to_string(),
    };
    Some(values.iter().map(value).collect())
}

fn cursor(name: &str, position: usize) -> Given {
    Given::new(name, "String", Input::Cursor(position))
}
