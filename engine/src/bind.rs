//! A plan and the variables of one request become the arguments of its statements.

use crate::access::HashKey;
use crate::config::Config;
use crate::input::{Given, Source, Variables, assembled, coerce_scalar, coerce_text, item_or_last};
use crate::plan::{Binding, CursorPart, Form, Keeping, Known, Plan, Slot, Wish};
use crate::prepare::{Operation, located};
use crate::search;
use crate::sql::JsonPath;
use crate::token::Token;
use crate::ways::sample;
use model::{Argument, Fault, Kind, Parameter, Script, Value, Weight};
use serde_json::Value as Json;
use std::sync::Arc;

/// A script and everything one request brings to it.
#[derive(Clone, Debug)]
pub struct Bound {
    /// What runs.
    pub script: Arc<Script>,
    /// For each step, the arguments of its parameters.
    pub arguments: Vec<Vec<Argument>>,
    /// How much it may bring.
    pub weight: Weight,
    /// What the operation costs.
    pub cost: u64,
    /// Whether its answer may be kept.
    pub keeping: Option<Keeping>,
}

/// What values are bound by.
#[derive(Clone, Copy)]
pub(crate) struct Means<'m> {
    pub(crate) config: &'m Config,
    /// The key of the hashes that masked columns are shown as.
    pub(crate) hash_key: Option<&'m HashKey>,
}

/// Gives every parameter of a plan its value.
pub(crate) fn bind(
    plan: &Plan,
    operation: &Operation,
    (variables, cost): (&Variables, u64),
    means: Means<'_>,
) -> Result<Bound, Fault> {
    let given = |Wish { slot, place }: &Wish| {
        argument(slot, variables, means)
            .map_err(|fault| located(fault, *place, &operation.document.sources))
    };
    let steps = plan
        .wishes
        .iter()
        .map(|wishes| wishes.iter().map(given).collect::<Result<Vec<_>, _>>());
    let arguments = steps.collect::<Result<Vec<_>, _>>()?;
    bound_sets(plan, operation, &arguments, means.config.list_items_max)?;
    for wish in &plan.unplaced {
        given(wish)?;
    }
    let long = plan
        .limits
        .iter()
        .any(|(step, slot)| match arguments[*step].get(*slot) {
            Some(Argument::Value(Value::Integer(rows))) => *rows > means.config.shared_rows_max,
            _ => true,
        });
    Ok(Bound {
        script: Arc::clone(&plan.script),
        arguments,
        weight: if long { Weight::Unbounded } else { plan.weight },
        cost,
        keeping: plan.keeping,
    })
}

/// Values of the kind that the parameters of a plan are given; one of ours where what is given does not
/// do, as no cursor of ours is one of a page.
pub(crate) fn alike(plan: &Plan, variables: &Variables, means: Means<'_>) -> Vec<Vec<Argument>> {
    let one = |(parameter, wish): (&Parameter, &Wish)| {
        argument(&wish.slot, variables, means)
            .unwrap_or_else(|_| Argument::Value(sampled(*parameter)))
    };
    let steps = plan.script.steps.iter().zip(&plan.wishes);
    let of_step = |(step, wishes): (&model::Step, &Vec<Wish>)| {
        let pairs = step.statement.parameters.iter().zip(wishes);
        pairs.map(one).collect()
    };
    steps.map(of_step).collect()
}

/// A value of a parameter's type.
fn sampled(parameter: Parameter) -> Value {
    let one = coerce_scalar(parameter.scalar, &sample(parameter.scalar));
    match (one, parameter.list) {
        (Ok(one), true) => Value::List(vec![one]),
        (Ok(one), false) => one,
        // Of JSON the sample is null.
        (Err(_), _) => Value::Null,
    }
}

/// Refuses to look for more items than that in lists.
fn bound_sets(
    plan: &Plan,
    operation: &Operation,
    arguments: &[Vec<Argument>],
    most: usize,
) -> Result<(), Fault> {
    let mut count = 0;
    for (wish, argument) in plan.wishes.iter().flatten().zip(arguments.iter().flatten()) {
        if let Slot::Bound(Binding { form, .. }) = &wish.slot
            && let (Form::Set(_), Argument::Value(Value::List(items))) = (form, argument)
        {
            count += items.len();
        }
        if count > most {
            let message = format!("the operation looks for more than {most} items in lists");
            let fault = Fault::new("engine.list_items", Kind::Limit, message);
            return Err(located(fault, wish.place, &operation.document.sources));
        }
    }
    Ok(())
}

fn argument(slot: &Slot, variables: &Variables, means: Means<'_>) -> Result<Argument, Fault> {
    match slot {
        Slot::Bound(binding) => value(binding, variables, means).map(Argument::Value),
        Slot::Kept { steps, column } => Ok(Argument::Kept {
            steps: steps.clone(),
            column: *column,
        }),
        Slot::KeptOne { step, column } => Ok(Argument::KeptOne {
            step: *step,
            column: *column,
        }),
        Slot::KeptRows { steps } => Ok(Argument::KeptRows {
            steps: steps.clone(),
        }),
    }
}

fn value(binding: &Binding, variables: &Variables, means: Means<'_>) -> Result<Value, Fault> {
    match &binding.form {
        Form::Item(place) => return item(&binding.source, *place, variables),
        Form::HashKey { outer, column } => return hash_key(means.hash_key, column, *outer),
        _ => {}
    }
    let value = take(&binding.source, variables)?;
    match (&binding.form, value) {
        (Form::Plain | Form::Set(_), value) => Ok(value),
        (Form::Scaled(scale, field), value) => scaled(value, *scale, field),
        (Form::Count(most), value) => count(&value, *most).map(Value::Integer),
        (Form::CountAndOne(most), value) => {
            count(&value, *most).map(|rows| Value::Integer(rows.saturating_add(1)))
        }
        (Form::Cursor(part), Value::Text(token)) => cursor(part, binding, &token),
        (Form::Known(known), value) => is_known(known, value),
        (Form::MemberPath, Value::Text(name)) => member_path(name),
        (form, Value::Text(text)) => pattern(form, text, means.config),
        _ => Err(mismatch()),
    }
}

fn hash_key(key: Option<&HashKey>, column: &str, outer: bool) -> Result<Value, Fault> {
    let Some(key) = key else {
        let message = "there is no key for the hashes of masked columns";
        return Err(Fault::new("engine.internal", Kind::Internal, message));
    };
    Ok(Value::Bytes(key.pad(column, outer).into()))
}

fn pattern(form: &Form, text: Box<str>, config: &Config) -> Result<Value, Fault> {
    let bytes_max = config.pattern_bytes_max;
    if text.len() > bytes_max {
        let what = match form {
            Form::Search(_) => "search",
            _ => "pattern",
        };
        let message = format!("a {what} has at most {bytes_max} bytes");
        return Err(Fault::new("engine.pattern_bytes", Kind::Limit, message));
    }
    match form {
        Form::Pattern => pattern_as_given(text, config.pattern_wildcards_max),
        Form::Prefix => Ok(text_value(prefix(&text) + "%")),
        Form::StartsWith => Ok(text_value(escaped(&text) + "%")),
        Form::EndsWith => Ok(text_value("%".to_owned() + &escaped(&text))),
        Form::Contains => Ok(text_value(format!("%{}%", escaped(&text)))),
        Form::Search(dialect) => {
            let query = search::query(*dialect, &text);
            query
                .map(text_value)
                .map_err(|message| Fault::new("engine.argument", Kind::Invalid, message))
        }
        Form::Plain
        | Form::Scaled(..)
        | Form::Set(_)
        | Form::MemberPath
        | Form::Count(_)
        | Form::CountAndOne(_)
        | Form::Item(_)
        | Form::HashKey { .. }
        | Form::Known(_)
        | Form::Cursor(_) => Err(mismatch()),
    }
}

fn take(source: &Source, variables: &Variables) -> Result<Value, Fault> {
    match source {
        Source::Constant(value) => Ok(value.clone()),
        Source::Variable(index, path) => variables.walk(*index, path).cloned().ok_or_else(mismatch),
        Source::List(items) => {
            let items = items.iter().map(|item| take(item, variables));
            items.collect::<Result<_, _>>().map(Value::List)
        }
        Source::Document(pieces) => assembled(pieces, |source| take(source, variables)),
        Source::Kept { .. } => Err(mismatch()),
    }
}

/// One item of a list of a variable: the list is not copied for each of them.
fn item(list: &Source, place: usize, variables: &Variables) -> Result<Value, Fault> {
    let Source::Variable(index, path) = list else {
        return Err(mismatch());
    };
    match variables.walk(*index, path) {
        Some(Value::List(items)) => item_or_last(items, place).cloned().ok_or_else(mismatch),
        _ => Err(mismatch()),
    }
}

/// The plan was made for variables of another structure; its key should have told them apart.
fn mismatch() -> Fault {
    Fault::new(
        "engine.internal",
        Kind::Internal,
        "the plan does not fit the variables",
    )
}

fn count(value: &Value, most: Option<i64>) -> Result<i64, Fault> {
    let Value::Integer(rows) = value else {
        return Err(mismatch());
    };
    if *rows < 0 {
        let message = "a number of rows must not be negative";
        return Err(Fault::new("engine.argument", Kind::Invalid, message));
    }
    match most {
        Some(most) if *rows > most => {
            let message = format!("a page has at most {most} rows");
            Err(Fault::new("engine.page_rows", Kind::Limit, message))
        }
        _ => Ok(*rows),
    }
}

fn is_known(known: &Known, value: Value) -> Result<Value, Fault> {
    if known.values.iter().any(|(held, _)| *held == value) {
        return Ok(value);
    }
    let names: Vec<_> = known.values.iter().map(|(_, name)| &**name).collect();
    let mend = match &*names {
        [] => "create it through the table of its type".to_owned(),
        names => format!("expected {}", names.join(" or ")),
    };
    let (input, type_name) = (&known.input, &known.type_name);
    let message = format!("{input}: a row of {type_name} cannot be of that type here; {mend}");
    Err(Fault::new("engine.argument", Kind::Invalid, message).within(Some(&*known.input)))
}

/// A decimal, or a list of some, that loses no digit where it is stored; zeros at its end are none.
fn scaled(value: Value, scale: u16, field: &str) -> Result<Value, Fault> {
    if has_more_digits(&value, scale.into()) {
        let message = format!("{field} keeps {scale} digits after the point, and is given more");
        return Err(Fault::new("engine.argument", Kind::Invalid, message));
    }
    Ok(value)
}

fn has_more_digits(value: &Value, scale: usize) -> bool {
    match value {
        Value::Text(digits) => digits
            .split_once('.')
            .is_some_and(|(_, fraction)| fraction.bytes().skip(scale).any(|digit| digit != b'0')),
        Value::List(items) => items.iter().any(|item| has_more_digits(item, scale)),
        _ => false,
    }
}

fn text_value(text: String) -> Value {
    Value::Text(text.into())
}

/// Text that matches itself inside a `LIKE` pattern.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    for character in text.chars() {
        if matches!(character, '\\' | '%' | '_') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// A pattern up to its first wildcard.
fn prefix(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 1);
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match (character, characters.clone().next()) {
            ('%' | '_', _) | ('\\', None) => break,
            ('\\', Some(literal)) => {
                characters.next();
                out.extend([character, literal]);
            }
            _ => out.push(character),
        }
    }
    out
}

/// A pattern must not end in the middle of an escape, nor have more wildcards than that.
fn pattern_as_given(pattern: Box<str>, wildcards_max: usize) -> Result<Value, Fault> {
    if wildcards(&pattern) > wildcards_max {
        let message = format!("a pattern has at most {wildcards_max} wildcards, % and _");
        return Err(Fault::new("engine.pattern_wildcards", Kind::Limit, message));
    }
    let backslashes = pattern
        .bytes()
        .rev()
        .take_while(|byte| *byte == b'\\')
        .count();
    if backslashes % 2 == 1 {
        let message = "a pattern must not end with a single backslash, which escapes what follows";
        return Err(Fault::new("engine.argument", Kind::Invalid, message));
    }
    Ok(Value::Text(pattern))
}

fn wildcards(pattern: &str) -> usize {
    let mut escaped = false;
    let is_wildcard = |byte: &u8| {
        let literal = escaped;
        escaped = !literal && *byte == b'\\';
        !literal && matches!(byte, b'%' | b'_')
    };
    pattern.bytes().filter(is_wildcard).count()
}

fn member_path(name: Box<str>) -> Result<Value, Fault> {
    let step = Json::String(name.into()).to_string();
    let path = JsonPath(vec![step.into()]).mariadb();
    let path = path.map_err(|message| Fault::new("engine.argument", Kind::Invalid, message))?;
    Ok(text_value(path))
}

fn cursor(part: &CursorPart, binding: &Binding, token: &str) -> Result<Value, Fault> {
    let foreign = || {
        let message = "this cursor was not made for this list in this order";
        Fault::new("engine.cursor", Kind::Invalid, message)
    };
    let token = Token::of(token).ok_or_else(foreign)?;
    let (mark, values) = token.items().ok_or_else(foreign)?;
    if mark != part.mark || values.len() != part.count {
        return Err(foreign());
    }
    let text = values.get(part.position).ok_or_else(foreign)?.get();
    if text == "null" {
        return if part.nullable {
            Ok(Value::Null)
        } else {
            Err(foreign())
        };
    }
    if let Some(labels) = &part.labels {
        let given = Given::read(text).map_err(|_| foreign())?;
        let known = labels
            .iter()
            .find(|(_, name)| Some(&**name) == given.as_str());
        return known
            .map(|(label, _)| Value::Text(label.clone()))
            .ok_or_else(foreign);
    }
    coerce_text(binding.parameter.scalar, text).map_err(|_| foreign())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_a_pattern_matches_only_itself() {
        assert_eq!(escaped("50%_\\"), "50\\%\\_\\\\");
    }

    #[test]
    fn a_pattern_begins_with_what_stands_before_its_first_wildcard() {
        for (pattern, expected) in [
            ("abc", "abc"),
            ("a\\%b_c%", "a\\%b"),
            ("%a", ""),
            ("_", ""),
            ("ä\\\\%", "ä\\\\"),
        ] {
            assert_eq!(prefix(pattern), expected);
        }
    }

    #[test]
    fn a_pattern_that_ends_in_an_escape_is_refused() {
        assert!(pattern_as_given("a\\".into(), 0).is_err());
        assert!(pattern_as_given("a\\\\".into(), 0).is_ok());
    }

    #[test]
    fn wildcards_are_counted_where_they_are_not_escaped() {
        for (pattern, count) in [("a%_b", 2), ("\\%\\_", 0), ("\\\\%", 1), ("%é%", 2)] {
            assert_eq!(wildcards(pattern), count, "{pattern}");
        }
    }

    #[test]
    fn a_number_of_rows_is_neither_negative_nor_above_its_bound() {
        assert!(count(&Value::Integer(-1), None).is_err());
        assert!(count(&Value::Integer(11), Some(10)).is_err());
        assert_eq!(count(&Value::Integer(10), Some(10)), Ok(10));
    }
}
