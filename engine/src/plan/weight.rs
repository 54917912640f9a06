//! How much memory a plan takes, as its place in the cache costs.
//!
//! What a request can make long is counted byte for byte: constants, labels, keys and messages.

use super::{Form, Plan, Slot, Wish};
use crate::input::{Piece, Source};
use model::{
    Cases, Cell, Codec, Content, Extract, ExtractKind, ExtractPart, Footprint, PageInfo, PagePart,
    Record, Relation, Root, Script, Step, Use, Value,
};
use std::mem::size_of;

/// What a plan takes besides what is counted, and what each allocation does.
const PLAN: usize = 1_024;
const ALLOCATION: usize = 16;

pub(super) fn plan(plan: &Plan) -> u64 {
    let wishes = plan.wishes.iter().flatten().chain(&plan.unplaced);
    let wishes: usize = wishes.map(wish).sum();
    let limits = plan.limits.len() * size_of::<(usize, usize)>();
    (PLAN + script(&plan.script) + wishes + limits) as u64
}

fn script(script: &Script) -> usize {
    let steps: usize = script.steps.iter().map(step).sum();
    let roots: usize = script.roots.iter().map(root).sum();
    steps + roots + footprint(&script.footprint)
}

fn root(root: &Root) -> usize {
    let content = match &root.content {
        Content::Constant(json) => text(json),
        Content::Step(_) => 0,
    };
    size_of::<Root>() + text(root.key.json()) + content
}

fn step(step: &Step) -> usize {
    let expects = step.expects.iter();
    let expects: usize = expects
        .map(|expected| size_of_val(expected) + text(&expected.fault.message))
        .sum();
    let assures = step.assures.iter();
    let assures: usize = assures
        .map(|fault| size_of_val(&**fault) + ALLOCATION + text(&fault.message))
        .sum();
    let rows = match &step.rows {
        Use::Rows(rows) => record(rows),
        Use::Value(value) => cell(value),
        Use::Keep(codecs) => codecs.iter().map(codec).sum(),
        Use::Discard => 0,
    };
    let parameters = size_of_val(&*step.statement.parameters);
    let part = step.input.as_ref().map_or(0, |part| {
        let members = part.members.iter();
        text(&part.place) + members.map(|member| 2 * text(member)).sum::<usize>()
    });
    let words = text(&step.key) + text(&step.statement.sql) + part;
    size_of::<Step>() + words + parameters + expects + assures + rows
}

fn record(record: &Record) -> usize {
    let fields = record.fields.iter();
    let fields: usize = fields
        .map(|field| size_of_val(field) + text(field.key.json()) + cell(&field.cell))
        .sum();
    fields + record.cases.as_deref().map_or(0, cases)
}

fn cases(cases: &Cases) -> usize {
    let types = cases.types.iter();
    let types: usize = types
        .map(|case| {
            size_of_val(case) + text(&case.type_name) + text(&case.value) + record(&case.record)
        })
        .sum();
    let shared = cases.shared.iter();
    let shared: usize = shared
        .map(|shared| size_of_val(shared) + cell(shared))
        .sum();
    size_of_val(cases) + codec(&cases.codec) + types + shared
}

/// What hangs on a cell.
fn cell(cell: &Cell) -> usize {
    match cell {
        Cell::Constant(json) => text(json),
        Cell::Shared(_) => 0,
        Cell::Scalar { codec: known, .. } => codec(known),
        Cell::Extract {
            name,
            extract: shown,
            ..
        } => text(name) + extract(shown),
        Cell::Object { record: below, .. } | Cell::Rows { record: below, .. } => record(below),
        Cell::Choice(objects) => {
            let objects = objects.iter();
            objects
                .map(|(_, below)| size_of::<(usize, Record)>() + record(below))
                .sum()
        }
        Cell::Token { head, columns } => {
            let columns = columns.iter();
            text(head)
                + columns
                    .map(|(_, known)| size_of::<usize>() + codec(known))
                    .sum::<usize>()
        }
        Cell::Page(page) => {
            let fields = page.fields.iter();
            let fields: usize = fields
                .map(|field| size_of_val(field) + text(field.key.json()) + part(&field.part))
                .sum();
            size_of_val(&**page) + self::cell(&page.cursor) + fields
        }
    }
}

fn extract(shown: &Extract) -> usize {
    let below = match &shown.kind {
        ExtractKind::Leaf(known) => codec(known),
        ExtractKind::List(item) => ALLOCATION + extract(item),
        ExtractKind::Object(members) => {
            let members = members.iter().map(|member| {
                let part = match &member.part {
                    ExtractPart::Constant(json) => text(json),
                    ExtractPart::Member(name, value) => text(name) + extract(value),
                };
                size_of_val(member) + text(member.key.json()) + part
            });
            members.sum()
        }
    };
    size_of::<Extract>() + below
}

fn part(part: &PagePart) -> usize {
    match part {
        PagePart::Rows(rows) => record(rows),
        PagePart::Count => 0,
        PagePart::Constant(json) => text(json),
        PagePart::Info(members) => members
            .iter()
            .map(|(key, info)| size_of_val(info) + text(key.json()) + information(info))
            .sum(),
    }
}

fn information(info: &PageInfo) -> usize {
    match info {
        PageInfo::Constant(json) => text(json),
        _ => 0,
    }
}

fn codec(known: &Codec) -> usize {
    size_of::<Codec>()
        + match known {
            Codec::Enum(labels) => pairs(labels),
            Codec::List(item) => ALLOCATION + codec(item),
            Codec::Scalar(_) | Codec::Scaled(_) => 0,
        }
}

fn pairs(labels: &[(Box<str>, Box<str>)]) -> usize {
    let labels = labels.iter();
    labels.map(|(label, name)| text(label) + text(name)).sum()
}

fn wish(wish: &Wish) -> usize {
    size_of::<Wish>()
        + match &wish.slot {
            Slot::Bound(binding) => source(&binding.source) + form(&binding.form),
            Slot::Kept { steps, .. } | Slot::KeptRows { steps } => size_of_val(&**steps),
            Slot::KeptOne { .. } => 0,
        }
}

fn form(form: &Form) -> usize {
    match form {
        Form::Cursor(part) => {
            let labels = part.labels.as_deref().map_or(0, pairs);
            size_of_val(&**part) + text(&part.mark) + labels
        }
        Form::Known(known) => {
            let values = known.values.iter();
            let values: usize = values
                .map(|(held, name)| size_of::<(Value, Box<str>)>() + value(held) + text(name))
                .sum();
            size_of_val(&**known) + text(&known.input) + text(&known.type_name) + values
        }
        _ => 0,
    }
}

/// What hangs on a source.
fn source(source: &Source) -> usize {
    match source {
        Source::Constant(constant) => value(constant),
        Source::Kept { .. } => 0,
        Source::Variable(_, path) => ALLOCATION + size_of_val(&**path),
        Source::List(items) => items
            .iter()
            .map(|item| size_of::<Source>() + self::source(item))
            .sum(),
        Source::Document(pieces) => pieces
            .iter()
            .map(|piece| size_of::<Piece>() + self::piece(piece))
            .sum(),
    }
}

fn piece(piece: &Piece) -> usize {
    match piece {
        Piece::Text(words) => text(words),
        Piece::Value(inner, _) => source(inner),
    }
}

/// What hangs on a value.
fn value(value: &Value) -> usize {
    match value {
        Value::Text(words) => text(words),
        Value::Bytes(bytes) => ALLOCATION + bytes.len(),
        Value::List(items) => items
            .iter()
            .map(|item| size_of::<Value>() + self::value(item))
            .sum(),
        _ => 0,
    }
}

fn footprint(footprint: &Footprint) -> usize {
    let touched = footprint.reads.iter();
    let touched = touched.chain(footprint.writes.iter().map(|(written, _)| written));
    let names = touched.map(|touched| {
        let schema = touched.schema.as_deref().map_or(0, text);
        size_of::<Relation>() + schema + text(&touched.name)
    });
    size_of::<Footprint>() + names.sum::<usize>()
}

fn text(text: &str) -> usize {
    ALLOCATION + text.len()
}
