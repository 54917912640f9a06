//! Makes a failing request smaller, one selection, argument or member at a time.

use verify::request::{Given, Input, Node, Request, Selection};

/// Most requests that are tried.
const TRIALS_MAX: usize = 1_000;

/// Goes on with every smaller request that `fails`, until none does.
pub(super) fn reduced(request: &Request, mut fails: impl FnMut(&Request) -> bool) {
    let mut smallest = request.clone();
    let mut place = 0;
    let mut has_shrunk = false;
    for _ in 0..TRIALS_MAX {
        let mut candidate = smallest.clone();
        let mut left = place;
        if !in_selections(&mut candidate.selections, &mut left) {
            if !has_shrunk {
                return;
            }
            (place, has_shrunk) = (0, false);
        } else if fails(&candidate) {
            (smallest, has_shrunk) = (candidate, true);
        } else {
            place += 1;
        }
    }
}

/// Whether this is the place to cut.
fn is_here(left: &mut usize) -> bool {
    let is_here = *left == 0;
    *left = left.wrapping_sub(1);
    is_here
}

/// Cuts at the place that is so many places away; false if there are fewer.
fn in_selections(selections: &mut Vec<Selection>, left: &mut usize) -> bool {
    for index in 0..selections.len() {
        if selections.len() > 1 && is_here(left) {
            selections.remove(index);
            return true;
        }
        if selections[index].toggle.is_some() && is_here(left) {
            selections[index].toggle = None;
            return true;
        }
        let is_cut = match &mut selections[index].node {
            Node::Field(field) => {
                in_members(&mut field.arguments, left) || in_selections(&mut field.selections, left)
            }
            // What is inside may be of another type.
            Node::Inline(Some(_), inner) => in_selections(inner, left),
            Node::Inline(None, inner) | Node::Spread(_, _, inner) => {
                if is_here(left) {
                    let inner = std::mem::take(inner);
                    selections.splice(index..=index, inner);
                    return true;
                }
                in_selections(inner, left)
            }
        };
        if is_cut {
            return true;
        }
    }
    false
}

fn in_members(members: &mut Vec<Given>, left: &mut usize) -> bool {
    for index in 0..members.len() {
        let is_needed = is_needed(&members[index]);
        if !is_needed && is_here(left) {
            members.remove(index);
            return true;
        }
        if in_value(&mut members[index].value, left) {
            return true;
        }
    }
    false
}

/// What is required, and what decides on the meaning of the rest: the groups whose key is selected,
/// and the order of a view.
fn is_needed(member: &Given) -> bool {
    let type_name = member.type_name.as_str();
    type_name.ends_with('!') || type_name.ends_with("GroupBy!]") || type_name == "[RosterOrderBy!]"
}

fn in_value(value: &mut Input, left: &mut usize) -> bool {
    match value {
        Input::Object(members) => in_members(members, left),
        Input::List(item, items) => {
            let is_needed = ["GroupBy!", "RosterOrderBy!"]
                .iter()
                .any(|end| item.ends_with(end));
            for index in 0..items.len() {
                if !is_needed && is_here(left) {
                    items.remove(index);
                    return true;
                }
                if in_value(&mut items[index], left) {
                    return true;
                }
            }
            false
        }
        _ => false,
    }
}
