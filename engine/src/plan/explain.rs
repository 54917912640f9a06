//! A row and the rules of a caller: statements by which the database itself tells which of them hold
//! of the row, and one that shows it as any other statement would.
//!
//! A rule, and each part of its condition, is a column of a select that finds the row whoever asks. Its
//! SQL is what the planner makes of that condition wherever else it stands.

mod part;
mod words;

pub(crate) use part::{Found, Part};

use super::planner::Planner;
use super::read::Scope;
use super::selection::Chosen;
use super::{Inserts, Plan};
use crate::access::{Condition, Ruled, claims_of};
use crate::config::Config;
use crate::input::{Source, Variables};
use crate::prepare::Operation;
use crate::sql::{Alias, Expr, From, Select, Tree};
use model::{
    Action, Cell, Codec, Content, Fault, Field as Member, Kind, Label, Record, Root, Scalar, Use,
    Value,
};
use part::Way;

/// Most parts of a condition that are looked at one by one; no database gives more columns than about
/// a thousand.
const PARTS_MAX: usize = 400;

/// A row, and what would be done with it.
pub(crate) struct Subject {
    pub(crate) table: usize,
    /// The columns of its key.
    pub(crate) key: Vec<(usize, Value)>,
    pub(crate) action: Action,
}

/// Where something stands in the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    root: usize,
    member: usize,
}

impl Spot {
    /// The key of the member of `data`, and that of the member in it.
    pub(crate) fn keys(self) -> (String, String) {
        (root_key(self.root), member_key(self.member))
    }
}

/// The key of a member of `data`; no name in a document has a space.
fn root_key(root: usize) -> String {
    format!("explained {root}")
}

fn member_key(member: usize) -> String {
    format!("c{member}")
}

/// What is asked about a row.
pub(crate) struct Questions {
    /// NULL where there is no such row.
    pub(crate) there: String,
    /// Whether it is seen, by what shields statements.
    pub(crate) seen: Spot,
    /// Whether its parts in other tables are, by the same.
    pub(crate) whole: Spot,
    /// Whether it may be reached, and be as it is, by the same.
    pub(crate) verdict: Verdict,
    /// What is stored in the columns that may be seen.
    pub(crate) stored: Vec<(usize, Spot)>,
    /// The same as it is shown, NULL where the row is not seen; nothing where no column ever is.
    pub(crate) shown: Option<(String, Vec<(usize, Spot)>)>,
    /// Whether relations that may be seen are.
    pub(crate) relations: Vec<(usize, Spot)>,
    /// For columns that may be written, whether they may be in that row.
    pub(crate) written: Vec<(usize, Verdict)>,
    /// What the rules of the caller look at that let it see rows, and do what is done with them.
    pub(crate) rulings: Vec<(Action, Vec<Option<Ruling>>)>,
}

/// What the conditions of statements say of the row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    /// Whether it can be reached as it is.
    pub(crate) reached: Option<Spot>,
    /// Whether it could be what is written.
    pub(crate) kept: Option<Spot>,
}

/// What a rule looks at.
pub(crate) struct Ruling {
    /// The claims that the caller has not got.
    pub(crate) lacking: Vec<usize>,
    /// The condition on the row as it is; none where it is about all rows.
    pub(crate) rows: Option<Judged>,
    /// That on the row as it would be, where it is another one.
    pub(crate) check: Option<Judged>,
}

/// A condition of a rule.
pub(crate) struct Judged {
    /// Whether it holds; not asked where a claim is missing.
    pub(crate) holds: Option<Spot>,
    pub(crate) parts: Vec<Part>,
}

/// Plans what is asked about a row, for a caller with these claims.
pub(crate) fn explain(
    config: &Config,
    operation: &Operation,
    variables: &Variables,
    subject: &Subject,
) -> Result<(Plan, Questions), Fault> {
    let mut planner = Planner::new(config, operation.asked(), (variables, Inserts::Together));
    let root_type = operation.definition.object_type();
    let chosen = planner.choose(&[&operation.definition.selection_set], root_type)?;
    let Some(chosen) = chosen.first() else {
        let message = "nothing is asked about the row";
        return Err(Fault::new("engine.internal", Kind::Internal, message));
    };
    let mut looking = Looking {
        planner,
        chosen,
        subject,
        roots: Vec::new(),
        asked: 0,
    };
    let questions = looking.questions();
    let Looking { planner, roots, .. } = looking;
    Ok((planner.ended(roots, false)?, questions))
}

/// Looks at a row.
struct Looking<'s, 'a> {
    planner: Planner<'a>,
    chosen: &'s Chosen<'a>,
    subject: &'s Subject,
    roots: Vec<Root>,
    /// Parts of conditions asked for so far.
    asked: usize,
}

/// A look at the row, under construction.
struct Look {
    scope: Scope,
    record: Record,
    root: usize,
}

impl Look {
    /// Asks for what an expression gives.
    fn ask(&mut self, expr: Expr, codec: Codec) -> Spot {
        let column = self.scope.select.column(expr);
        self.member(Cell::Scalar { column, codec })
    }

    /// Asks whether a condition is true.
    fn truth(&mut self, condition: Expr) -> Spot {
        let codec = Codec::Scalar(Scalar::Boolean);
        self.ask(Expr::IsTrue(Box::new(condition)), codec)
    }

    fn member(&mut self, cell: Cell) -> Spot {
        let member = self.record.fields.len();
        let key = Label::new(&member_key(member));
        self.record.fields.push(Member { key, cell });
        Spot {
            root: self.root,
            member,
        }
    }
}

impl<'a> Looking<'_, 'a> {
    fn questions(&mut self) -> Questions {
        let mut look = self.open();
        let there = root_key(look.root);
        let place = (look.scope.table, look.scope.alias);
        let is_seen = self.planner.seen(place.0, place.1);
        let is_seen = look.truth(Expr::And(is_seen.into_iter().collect()));
        let whole = self.planner.whole(place);
        let whole = look.truth(Expr::And(whole));
        let verdict = self.verdict(&mut look, None);
        let seen = self.columns(|grant| grant.allows(Action::Read));
        let mut stored = Vec::with_capacity(seen.len());
        for column in &seen {
            let reference = look.scope.reference(*column);
            let cell = self.planner.scalar(&mut look.scope, reference);
            stored.push((*column, look.member(cell)));
        }
        let relations = self.relations(&mut look);
        let written = self.written(&mut look);
        self.close(look);
        Questions {
            there,
            seen: is_seen,
            whole,
            verdict,
            stored,
            shown: self.shown(&seen),
            relations,
            written,
            rulings: self.rulings(),
        }
    }

    fn columns(&self, may: impl Fn(model::Grant) -> bool) -> Vec<usize> {
        let columns = self.planner.schema.tables[self.subject.table]
            .columns
            .iter();
        let places = columns.enumerate();
        let granted = places.filter(|(_, column)| may(column.grant));
        granted.map(|(index, _)| index).collect()
    }

    /// A look at the row, whoever asks.
    fn open(&mut self) -> Look {
        let table = self.subject.table;
        let mut scope = Scope::new(self.planner.draft.alias(), table);
        scope.select.filter = self.key(scope.alias);
        Look {
            scope,
            record: Record::default(),
            root: self.roots.len(),
        }
    }

    fn key(&mut self, alias: Alias) -> Vec<Expr> {
        let key = self.subject.key.iter();
        let key = key.map(|(column, value)| (*column, Source::Constant(value.clone())));
        let key = key.collect();
        self.planner.key_conditions(alias, self.subject.table, key)
    }

    fn close(&mut self, look: Look) {
        let step = self.unruled(&look.scope.select, object(look.record));
        self.answer(look.root, step);
    }

    fn answer(&mut self, root: usize, step: usize) {
        self.roots.push(Root {
            key: Label::new(&root_key(root)),
            content: Content::Step(step),
        });
    }

    /// A statement that looks at rows whoever asks, for those who have the database in hand.
    fn unruled(&mut self, select: &Select, rows: Use) -> usize {
        let access = self.planner.access.take();
        let tree = Tree::Select(select.clone());
        let step = self.planner.push(self.chosen, &tree, rows);
        self.planner.access = access;
        step
    }

    /// What the conditions of statements say of the row, and of a column of it that is written.
    fn verdict(&mut self, look: &mut Look, column: Option<usize>) -> Verdict {
        let place = (look.scope.table, look.scope.alias);
        let action = self.subject.action;
        let written: Vec<_> = column.into_iter().collect();
        let reached = match action {
            Action::Read | Action::Create => None,
            Action::Update | Action::Delete => Some(self.planner.reached(action, place, &written)),
        };
        let kept = match action {
            Action::Read | Action::Delete => None,
            Action::Create | Action::Update => {
                Some(self.planner.kept_to(place, &[(action, written)]))
            }
        };
        Verdict {
            reached: reached.map(|reached| look.truth(Expr::And(reached))),
            kept: kept.map(|kept| look.truth(Expr::And(kept))),
        }
    }

    fn relations(&mut self, look: &mut Look) -> Vec<(usize, Spot)> {
        let (table, alias) = (look.scope.table, look.scope.alias);
        let declared = &self.planner.schema.tables[table].relations;
        let mut relations = Vec::with_capacity(declared.len());
        for (index, relation) in declared.iter().enumerate() {
            if !relation.grant.allows(Action::Read) {
                continue;
            }
            let seen = self.planner.related_where((table, index), alias);
            let seen = seen.into_iter().collect();
            relations.push((index, look.truth(Expr::And(seen))));
        }
        relations
    }

    /// Of each column that is written by somebody, whether it may be in that row.
    fn written(&mut self, look: &mut Look) -> Vec<(usize, Verdict)> {
        let action = self.subject.action;
        if !matches!(action, Action::Create | Action::Update) {
            return Vec::new();
        }
        let columns = self.columns(|grant| grant.allows(action));
        let columns = columns.into_iter();
        columns
            .map(|column| (column, self.verdict(look, Some(column))))
            .collect()
    }

    /// The row as it is shown: found by the key that is kept of it, as the key need not be seen.
    fn shown(&mut self, columns: &[usize]) -> Option<(String, Vec<(usize, Spot)>)> {
        let table = self.subject.table;
        let grant = self.planner.schema.tables[table].grant;
        if columns.is_empty() || !grant.allows(Action::Read) {
            return None;
        }
        let alias = self.planner.draft.alias();
        let found = Select {
            columns: self
                .planner
                .key_columns(table, Some(alias))
                .into_iter()
                .collect(),
            from: Some(From::Table(table, alias)),
            filter: self.key(alias),
            ..Select::default()
        };
        let codecs = self.planner.key_codecs(table);
        let kept = self.unruled(&found, Use::Keep(codecs));
        let mut look = Look {
            scope: Scope::new(self.planner.draft.alias(), table),
            record: Record::default(),
            root: self.roots.len(),
        };
        let keys = self.planner.kept_keys(table, (&[kept], false));
        let key = self.planner.comparable_key(table, look.scope.alias);
        look.scope.select.filter.push(Expr::InKeys(key, keys));
        let mut shown = Vec::with_capacity(columns.len());
        for column in columns {
            let reference = look.scope.reference(*column);
            let cell = self.planner.scalar(&mut look.scope, reference);
            shown.push((*column, look.member(cell)));
        }
        let tree = Tree::Select(look.scope.select);
        let step = self.planner.step(self.chosen, tree, object(look.record));
        self.answer(look.root, step);
        Some((root_key(look.root), shown))
    }

    /// What each rule of the caller looks at, in their order.
    fn rulings(&mut self) -> Vec<(Action, Vec<Option<Ruling>>)> {
        let access = self.planner.access;
        let rules = access.map_or(&[][..], |access| access.of(self.subject.table));
        let mut actions = vec![Action::Read, self.subject.action];
        actions.dedup();
        let of = |action: Action| {
            let rules = rules.iter();
            let rulings = rules.map(|rule| rule.lets(action).then(|| self.ruling(action, rule)));
            (action, rulings.collect())
        };
        actions.into_iter().map(of).collect()
    }

    fn ruling(&mut self, action: Action, rule: &'a Ruled) -> Ruling {
        let (rows, check) = match action {
            Action::Read | Action::Delete => (rule.rows.as_ref(), None),
            Action::Update => (rule.rows.as_ref(), rule.check.as_ref()),
            Action::Create => (None, rule.check.as_ref().or(rule.rows.as_ref())),
        };
        Ruling {
            lacking: self.lacking(&rule.claims),
            rows: rows.map(|condition| self.judged(condition)),
            check: check.map(|condition| self.judged(condition)),
        }
    }

    /// Those of some claims that the caller has not got.
    fn lacking(&self, claims: &[usize]) -> Vec<usize> {
        let variables = self.planner.variables;
        let claims = claims.iter().copied();
        claims.filter(|claim| !variables.is_given(*claim)).collect()
    }

    fn judged(&mut self, condition: &Condition) -> Judged {
        let mut look = self.open();
        let place = (look.scope.table, look.scope.alias);
        let lacking = self.lacking(&claims_of(&condition.0));
        let holds = lacking.is_empty().then(|| {
            let condition = self.planner.ruled(condition, place);
            look.truth(condition)
        });
        let ruling = std::mem::replace(&mut self.planner.ruling, true);
        let parts = self.parts(&mut look, &Way::of(place.0), &condition.0);
        self.planner.ruling = ruling;
        self.close(look);
        Judged { holds, parts }
    }
}

fn object(record: Record) -> Use {
    Use::Value(Cell::Object {
        present: None,
        record,
    })
}
