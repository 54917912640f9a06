//! Which mutations share a build: those that do not meet.

use super::mutation::{Mutation, Sources};
use anyhow::Result;
use std::ops::Range;

/// How many builds there are for mutations that need none of their own: an attack that comes through
/// in one is seen to be beaten off in another.
const SHARED: usize = 2;

/// A mutation, and where it changes which files.
type Placed = (Mutation, Vec<(String, Range<usize>)>);

/// The mutations of each build.
pub(super) fn of(all: Vec<Mutation>, sources: &Sources) -> Result<Vec<Vec<Mutation>>> {
    let mut shared: Vec<Vec<Placed>> = (0..SHARED).map(|_| Vec::new()).collect();
    let mut apart = Vec::new();
    for mutation in all {
        if mutation.apart {
            apart.push(vec![mutation]);
            continue;
        }
        let places = places(&mutation, sources)?;
        let placed = (mutation, places);
        let fitting = (0..shared.len()).filter(|index| !meets_any(&placed, &shared[*index]));
        // What others wrote is built anew once, not in each build.
        let is_foreign = placed.0.edits.iter().any(|edit| edit.package.is_some());
        let chosen = fitting.min_by_key(|index| {
            if is_foreign {
                *index
            } else {
                shared[*index].len()
            }
        });
        match chosen {
            Some(index) => shared[index].push(placed),
            None => shared.push(vec![placed]),
        }
    }
    let shared = shared.into_iter().filter(|batch| !batch.is_empty());
    let shared = shared.map(|batch| batch.into_iter().map(|(mutation, _)| mutation).collect());
    Ok(shared.chain(apart).collect())
}

fn places(mutation: &Mutation, sources: &Sources) -> Result<Vec<(String, Range<usize>)>> {
    let edits = mutation.edits.iter();
    let places = edits.map(|edit| {
        let package = edit.package.as_deref().unwrap_or_default();
        Ok((format!("{package}/{}", edit.file), sources.place(edit)?))
    });
    places.collect()
}

/// Whether a mutation changes what another one does, to something else.
fn meets_any((mutation, places): &Placed, others: &[Placed]) -> bool {
    others.iter().any(|(other, taken)| {
        places
            .iter()
            .zip(&mutation.edits)
            .any(|((file, place), edit)| {
                let overlaps = |(known, range): &(String, Range<usize>)| {
                    known == file && range.start < place.end && place.start < range.end
                };
                let mut pairs = taken.iter().zip(&other.edits);
                pairs.any(|(taken, known)| overlaps(taken) && known != edit)
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutants::mutation::Edit;

    fn placed(name: &str, range: Range<usize>, after: &str) -> Placed {
        let mut mutation = Mutation::named(name);
        mutation.edits.push(Edit {
            package: None,
            file: "a.rs".to_owned(),
            before: "x".to_owned(),
            after: after.to_owned(),
        });
        (mutation, vec![("/a.rs".to_owned(), range)])
    }

    #[test]
    fn mutations_meet_where_they_make_something_else_of_the_same_text() {
        let one = placed("one", 10..20, "y");
        for (other, meets) in [
            (placed("behind", 20..30, "z"), false),
            (placed("across", 15..30, "z"), true),
            (placed("same", 10..20, "y"), false),
            (placed("other", 10..20, "z"), true),
        ] {
            assert_eq!(meets_any(&one, &[other]), meets);
        }
    }
}
