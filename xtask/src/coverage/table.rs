//! The share of covered lines, by room.

use super::lcov::Report;
use crate::house;
use crate::rust::Rust;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Rooms in the order of their tiers; the tasks of the house are no part of it.
pub(super) struct Table(Vec<Room>);

#[derive(Default)]
struct Room {
    name: &'static str,
    lines: usize,
    covered: usize,
    missing: BTreeMap<String, Vec<usize>>,
}

impl Table {
    /// Takes from a report what belongs to the rooms and is not for tests.
    pub(super) fn of(report: &Report, root: &Path) -> Result<Self> {
        let rooms = house::TIERS.concat();
        let mut table: Vec<_> = rooms
            .into_iter()
            .map(|name| Room {
                name,
                ..Room::default()
            })
            .collect();
        for (file, lines) in report {
            let Some(path) = Path::new(file)
                .strip_prefix(root)
                .ok()
                .and_then(Path::to_str)
            else {
                continue;
            };
            let Some(room) = table.iter_mut().find(|room| belongs(path, room.name)) else {
                continue;
            };
            let text = fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
            room.add(&Rust::parse(path, &text)?, lines);
        }
        table.retain(|room| room.lines > 0);
        Ok(Self(table))
    }

    /// Covered lines in percent, over all rooms.
    pub(super) fn share(&self) -> f64 {
        let sum = |part: fn(&Room) -> usize| self.0.iter().map(part).sum();
        percent(sum(|room| room.covered), sum(|room| room.lines))
    }

    /// One row per room and one for all.
    pub(super) fn print(&self) {
        println!("{:<10}{:>8}{:>9}{:>8}", "room", "lines", "covered", "%");
        let mut all = Room {
            name: "all",
            ..Room::default()
        };
        for room in &self.0 {
            println!("{}", room.row());
            all.lines += room.lines;
            all.covered += room.covered;
        }
        println!("{}", all.row());
    }

    /// The lines that did not run, as `path: 3-5, 9`.
    pub(super) fn print_missing(&self) {
        for (path, lines) in self.0.iter().flat_map(|room| &room.missing) {
            println!("{path}: {}", ranges(lines));
        }
    }
}

impl Room {
    fn add(&mut self, rust: &Rust, lines: &BTreeMap<usize, u64>) {
        for (line, count) in lines.iter().filter(|(line, _)| !rust.is_test(**line)) {
            self.lines += 1;
            if *count > 0 {
                self.covered += 1;
            } else {
                self.missing
                    .entry(rust.path.to_owned())
                    .or_default()
                    .push(*line);
            }
        }
    }

    fn row(&self) -> String {
        let share = percent(self.covered, self.lines);
        format!(
            "{:<10}{:>8}{:>9}{share:>8.1}",
            self.name, self.lines, self.covered
        )
    }
}

fn belongs(path: &str, room: &str) -> bool {
    path.strip_prefix(room)
        .is_some_and(|rest| rest.starts_with("/src/"))
}

#[expect(clippy::cast_precision_loss, reason = "no house has 2^52 lines")]
fn percent(covered: usize, lines: usize) -> f64 {
    if lines == 0 {
        0.0
    } else {
        covered as f64 * 100.0 / lines as f64
    }
}

/// `[3, 4, 5, 9]` → `3-5, 9`
fn ranges(lines: &[usize]) -> String {
    let runs = lines.chunk_by(|one, next| one + 1 == *next);
    let text = runs.map(|run| match run {
        [first, .., last] => format!("{first}-{last}"),
        [only] => only.to_string(),
        [] => String::new(),
    });
    text.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn code_for_tests_and_files_of_no_room_are_not_counted() {
        let scratch = Scratch::create(None).unwrap();
        let root = scratch.path();
        let write = |path: &str, text: &str| {
            let file = root.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
            file.to_str().unwrap().to_owned()
        };
        let model = "fn a() {\n    b();\n}\n#[cfg(test)]\nmod tests {\n    fn c() {}\n}\n";
        let report = Report::from([
            (
                write("model/src/a.rs", model),
                BTreeMap::from([(1, 4), (2, 0), (3, 4), (6, 0)]),
            ),
            (
                write("model/tests/b.rs", "fn a() {}"),
                BTreeMap::from([(1, 0)]),
            ),
            (
                write("xtask/src/c.rs", "fn a() {}"),
                BTreeMap::from([(1, 0)]),
            ),
            ("/elsewhere/d.rs".to_owned(), BTreeMap::from([(1, 0)])),
        ]);
        let table = Table::of(&report, root).unwrap();
        let rows: Vec<_> = table.0.iter().map(Room::row).collect();
        assert_eq!(rows, ["model            3        2    66.7"]);
        assert!((table.share() - 66.666).abs() < 0.01);
        let missing: Vec<_> = table.0.iter().flat_map(|room| &room.missing).collect();
        assert_eq!(missing, [(&"model/src/a.rs".to_owned(), &vec![2])]);
    }

    #[test]
    fn neighbouring_lines_are_told_as_a_range() {
        assert_eq!(ranges(&[3, 4, 5, 9, 11, 12]), "3-5, 9, 11-12");
    }
}
