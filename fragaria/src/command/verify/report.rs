//! What came of the matrix, for people and for machines.

use crate::count::count;
use crate::terminal::Terminal;
use model::Dialect;
use serde_json::{Value, json};
use std::fmt::Write as _;
use verify::matrix::{Cell, Group};
use verify::natives::Native;

/// Failures that are shown whole.
const SHOWN_MAX: usize = 20;
/// Longest part of an answer that is shown.
const ANSWER_CHARACTERS_MAX: usize = 1_000;

/// What came of a cell.
pub(super) enum Outcome {
    /// Every request was answered as it must be.
    Pass,
    /// One was not.
    Fail(Box<Failed>),
    /// There was nothing to ask, for this reason.
    NotSupported(&'static str),
}

/// A request that was not answered as it must be.
#[derive(Debug, Default)]
pub(super) struct Failed {
    /// The first place that is wrong, what was wanted there and what came.
    pub(super) difference: String,
    /// What was asked.
    pub(super) document: String,
    /// Its variables.
    pub(super) variables: Value,
    /// All that came.
    pub(super) answer: String,
}

/// What came of all cells.
pub(super) struct Report {
    dialect: Dialect,
    types: Vec<Type>,
    passed: usize,
    not_supported: usize,
    failures: Vec<Failure>,
}

/// What came of the cells of one column type.
struct Type {
    text: &'static str,
    scalar: String,
    /// What a server must have for it that not every one has.
    needs: Option<&'static str>,
    /// Whether this one has it.
    is_there: bool,
    /// By operator, in the order they were tried.
    marks: Vec<(Group, String, Mark)>,
}

/// What is shown of an operator on a type, over all shapes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    NotSupported(&'static str),
    Pass,
    Fail,
}

/// A cell that fails, and why.
struct Failure {
    column: String,
    group: Group,
    operator: String,
    shape: &'static str,
    failed: Failed,
}

impl Outcome {
    /// A failure.
    pub(super) fn fail(failed: Failed) -> Self {
        Self::Fail(Box::new(failed))
    }
}

impl Report {
    /// Nothing yet.
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            types: Vec::new(),
            passed: 0,
            not_supported: 0,
            failures: Vec::new(),
        }
    }

    /// Types that are served and that nobody gave values for: each fails.
    pub(super) fn types_without_values(&mut self, columns: &[String]) {
        let failures = columns.iter().map(|column| Failure {
            column: column.clone(),
            group: Group::Reads,
            operator: "value".to_owned(),
            shape: "any",
            failed: Failed {
                difference: "the matrix has no values of this type".to_owned(),
                ..Failed::default()
            },
        });
        self.failures.extend(failures);
    }

    /// The cells that follow are of that type.
    pub(super) fn begin(&mut self, native: &Native, is_there: bool) {
        self.types.push(Type {
            text: native.text,
            scalar: native.kind.to_string(),
            needs: native.needs,
            is_there,
            marks: Vec::new(),
        });
    }

    /// What came of a cell of the last type.
    pub(super) fn add(&mut self, cell: &Cell, outcome: Outcome) {
        let Some(of) = self.types.last_mut() else {
            return;
        };
        let mark = match outcome {
            Outcome::Pass => {
                self.passed += 1;
                Mark::Pass
            }
            Outcome::NotSupported(reason) => {
                self.not_supported += 1;
                Mark::NotSupported(reason)
            }
            Outcome::Fail(failed) => {
                self.failures.push(Failure {
                    column: of.name(),
                    group: cell.group,
                    operator: cell.operator.clone(),
                    shape: cell.shape,
                    failed: *failed,
                });
                Mark::Fail
            }
        };
        match of.mark(cell.group, &cell.operator) {
            Some(shown) => *shown = mark.max(*shown),
            None => of.marks.push((cell.group, cell.operator.clone(), mark)),
        }
    }

    /// Puts the types in that order.
    pub(super) fn sort(&mut self, natives: &[Native]) {
        self.types.sort_by_key(|of| {
            let mut natives = natives.iter();
            natives
                .position(|native| native.text == of.text && native.kind.to_string() == of.scalar)
        });
    }

    /// How many cells fail.
    pub(super) fn failed(&self) -> usize {
        self.failures.len()
    }

    /// For machines.
    pub(super) fn json(&self) -> Value {
        json!({
            "database": self.dialect.to_string(),
            "passed": self.passed,
            "failed": self.failed(),
            "notSupported": self.not_supported,
            "types": self.types.iter().map(Type::json).collect::<Vec<_>>(),
            "failures": self.failures.iter().map(Failure::json).collect::<Vec<_>>(),
        })
    }

    /// For people: a table for each group of operators, then what fails.
    pub(super) fn told(&self, terminal: Terminal) -> String {
        let mut text = String::new();
        for group in Group::ALL {
            let _ = writeln!(
                text,
                "{}\n{}",
                terminal.bold(group.title()),
                self.table(group)
            );
        }
        for of in self.types.iter().filter(|of| !of.is_there) {
            let needs = of.needs.unwrap_or("another server");
            let _ = writeln!(text, "{} is not supported: it needs {needs}\n", of.name());
        }
        for failure in self.failures.iter().take(SHOWN_MAX) {
            let _ = writeln!(text, "{}", failure.told(terminal));
        }
        if self.failed() > SHOWN_MAX {
            let more = self.failed() - SHOWN_MAX;
            let _ = writeln!(
                text,
                "{} more, which --json tells\n",
                count(more, "failure")
            );
        }
        let _ = write!(
            text,
            "{} on {}: {} pass, {} fail, {} are not supported",
            count(self.passed + self.failed() + self.not_supported, "cell"),
            self.dialect,
            self.passed,
            self.failed(),
            self.not_supported
        );
        text
    }

    /// A row for each type, a column for each operator.
    fn table(&self, group: Group) -> String {
        let there = || self.types.iter().filter(|of| of.is_there);
        let mut operators: Vec<&str> = Vec::new();
        for (of, operator, _) in there().flat_map(|of| &of.marks) {
            if *of == group && !operators.contains(&operator.as_str()) {
                operators.push(operator);
            }
        }
        let line = |first: String, rest: Vec<&str>| {
            let rest = rest.into_iter().map(str::to_owned);
            std::iter::once(first).chain(rest).collect::<Vec<_>>()
        };
        let mut lines = vec![line(String::new(), operators.clone())];
        for of in there() {
            let sign = |operator: &&str| {
                let mut marks = of.marks.iter();
                let found = marks.find(|(own, name, _)| *own == group && name == operator);
                found.map_or("", |(_, _, mark)| mark.sign())
            };
            lines.push(line(of.name(), operators.iter().map(sign).collect()));
        }
        aligned(&lines)
    }
}

/// Cells under each other.
pub(super) fn aligned(lines: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..lines.first().map_or(0, Vec::len)).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let cells = line.iter().zip(&widths);
        let cells = cells.map(|(cell, width)| format!("{cell:width$}"));
        let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    text
}

impl Type {
    /// The type, and what its fields are.
    fn name(&self) -> String {
        format!("{} as {}", self.text, self.scalar)
    }

    /// What is shown of an operator so far.
    fn mark(&mut self, group: Group, operator: &str) -> Option<&mut Mark> {
        let mut marks = self.marks.iter_mut();
        let found = marks.find(|(own, name, _)| *own == group && name == operator);
        found.map(|(_, _, mark)| mark)
    }

    fn json(&self) -> Value {
        let groups = Group::ALL.into_iter().map(|group| {
            let marks = || self.marks.iter().filter(move |(own, ..)| *own == group);
            let with = |wanted: Mark| {
                let found = marks().filter(move |(.., mark)| *mark == wanted);
                found.map(|(_, operator, _)| operator).collect::<Vec<_>>()
            };
            let mut reasons: Vec<_> = marks().filter_map(|(.., mark)| mark.reason()).collect();
            reasons.sort_unstable();
            reasons.dedup();
            let not_supported = reasons.into_iter().map(
                |reason| json!({ "reason": reason, "operators": with(Mark::NotSupported(reason)) }),
            );
            json!({
                "group": group.title(),
                "pass": with(Mark::Pass),
                "fail": with(Mark::Fail),
                "notSupported": not_supported.collect::<Vec<_>>(),
            })
        });
        json!({
            "type": self.text,
            "scalar": self.scalar,
            "needs": self.needs,
            "tried": self.is_there,
            "groups": groups.collect::<Vec<_>>(),
        })
    }
}

impl Mark {
    fn sign(self) -> &'static str {
        match self {
            Self::NotSupported(_) => "-",
            Self::Pass => "pass",
            Self::Fail => "FAIL",
        }
    }

    /// Why it is not supported.
    fn reason(self) -> Option<&'static str> {
        match self {
            Self::NotSupported(reason) => Some(reason),
            Self::Pass | Self::Fail => None,
        }
    }
}

impl Failure {
    fn json(&self) -> Value {
        json!({
            "column": self.column,
            "group": self.group.title(),
            "operator": self.operator,
            "shape": self.shape,
            "difference": self.failed.difference,
            "document": self.failed.document,
            "variables": self.failed.variables,
            "answer": self.failed.answer,
        })
    }

    fn told(&self, terminal: Terminal) -> String {
        let Failed {
            difference,
            document,
            variables,
            answer,
        } = &self.failed;
        let (column, operator, shape) = (&self.column, &self.operator, self.shape);
        let title = terminal.bold(&format!("{column}, {operator}, {shape}"));
        let answer: String = answer.chars().take(ANSWER_CHARACTERS_MAX).collect();
        format!(
            "FAIL {title}\n  {difference}\n  asked: {document}\n  variables: {variables}\n  came: {answer}\n"
        )
    }
}
