//! Mutations: rows created, changed, upserted and removed, and what is selected from them.
//!
//! A selection of plain columns comes back with the change itself; one with relations is read
//! in the same transaction by the keys the change kept, so it sees what the change did.

mod guard;
mod input;
mod kept;
mod kind;
mod tree;
mod upsert;

use super::planner::Planner;
use super::read::Scope;
use super::selection::Chosen;
use super::statement::Draft;
use super::{Form, Inserts};
use crate::api::{Root, Verb};
use crate::input::{Argument, Source};
use crate::sql::{self, Change, Expr, From, Reference, Tree};
use apollo_compiler::executable::Field;
use guard::Guard;
use input::{Spot, Values, place};
use model::schema::{Outcome, Relation};
use model::{Action, Cell, Content, Fault, Record, Use, Value};

/// Most parameters of one statement; SQLite's limit is 32,766.
const PARAMETERS_MAX: usize = 30_000;

/// What a mutation gives back, planned before the change itself.
pub(super) struct Returned {
    record: Record,
    scope: Scope,
    draft: Draft,
    /// Whether the change gives it all: it needs nothing but columns of the changed row.
    plain: bool,
    /// Whether the change says itself what its rows must be.
    assured: bool,
    many: bool,
}

/// Rows to insert that name the same columns.
struct Batch {
    columns: Vec<usize>,
    rows: Vec<Vec<Source>>,
    /// Where the first of them stands in the input.
    first: usize,
}

impl Batch {
    /// Gives a column of all rows a value, where none is given that may be.
    fn preset(&mut self, column: usize, source: &Source, may_be_given: bool) {
        match self.columns.iter().position(|known| *known == column) {
            Some(_) if may_be_given => {}
            Some(place) => {
                for row in &mut self.rows {
                    row[place] = source.clone();
                }
            }
            None => {
                self.columns.push(column);
                for row in &mut self.rows {
                    row.push(source.clone());
                }
            }
        }
    }
}

/// Gives columns of a row the values that rules say, where none is given that may be.
fn preset(
    values: &mut Values,
    presets: Vec<(usize, Source)>,
    may_be_given: impl Fn(usize) -> bool,
) {
    for (column, source) in presets {
        match values.iter_mut().find(|(known, _)| *known == column) {
            Some(_) if may_be_given(column) => {}
            Some((_, value)) => *value = source,
            None => values.push((column, source)),
        }
    }
}

/// Adds a row to the last of some batches, or begins another where it names other columns or a
/// statement would be too long.
fn gather(batches: &mut Vec<Batch>, (index, values): (usize, Values), inserts: Inserts) {
    let (columns, row): (Vec<_>, Vec<_>) = values.into_iter().unzip();
    let most = match inserts {
        Inserts::Together => PARAMETERS_MAX / columns.len().max(1),
        Inserts::Apart => 1,
    };
    match batches.last_mut() {
        Some(last) if last.columns == columns && last.rows.len() < most && !columns.is_empty() => {
            last.rows.push(row);
        }
        _ => batches.push(Batch {
            columns,
            rows: vec![row],
            first: index,
        }),
    }
}

impl<'a> Planner<'a> {
    /// `createProduct`, `createProducts`.
    pub(crate) fn create(&mut self, chosen: &Chosen<'a>, root: Root) -> Result<Content, Fault> {
        let returned = self.returned(chosen, root)?;
        let inputs = self.inputs(chosen)?;
        let spot = Spot::new(chosen, root.table);
        if inputs.iter().any(|input| self.has_relations(spot, input)) {
            let kept = self.create_trees(spot, &inputs, returned.many)?;
            return Ok(self.read_kept(chosen, root.table, returned, (&kept, false)));
        }
        let batches = self.batches(spot, &inputs, returned.many)?;
        Ok(self.insert(chosen, root.table, returned, batches))
    }

    /// `updateProduct`, `updateProducts`.
    pub(crate) fn update(&mut self, chosen: &Chosen<'a>, root: Root) -> Result<Content, Fault> {
        let returned = self.returned(chosen, root)?;
        let field = chosen.field();
        let table = root.table;
        let spot = Spot::new(chosen, table);
        let given = self.writing(|planner| planner.given(field, "set"))?;
        let input = given.unwrap_or(Argument::Null);
        if root.verb == Verb::Update && self.has_relations(spot, &input) {
            return self.update_tree(spot, root, returned, &input);
        }
        let set = self.within("set", |planner| {
            planner.no_relation_is_null(spot, &input)?;
            planner.plain(spot, &input)
        })?;
        if set.is_empty() {
            return Err(self.wrong(field, "set", "no column is set"));
        }
        if !self.changes_answer() {
            return self.update_kept(spot, root, returned, set);
        }
        let alias = self.draft.alias();
        let set = self.assigned(table, alias, set);
        let (filter, guard) = self.target(field, root, alias)?;
        let returning = self.returning(table, &returned);
        let mut change = Change::Update {
            table,
            alias,
            set,
            filter,
            returning,
        };
        if returned.assured {
            self.assure(&mut change);
        }
        let first = self.steps();
        let content = self.finish(chosen, table, returned, ("set", change));
        self.guarded(field, guard, first);
        Ok(content)
    }

    /// `deleteProduct`, `deleteProducts`: what relations show is read before the rows go.
    pub(crate) fn delete(&mut self, chosen: &Chosen<'a>, root: Root) -> Result<Content, Fault> {
        let returned = self.returned(chosen, root)?;
        if !returned.plain || !self.changes_answer() {
            return self.delete_kept(Spot::new(chosen, root.table), root, returned);
        }
        let table = root.table;
        let alias = self.draft.alias();
        let (filter, guard) = self.target(chosen.field(), root, alias)?;
        let returning = self.returning(table, &returned);
        let change = Change::Delete {
            table,
            alias,
            filter,
            returning,
        };
        let first = self.steps();
        let content = self.finish(chosen, table, returned, ("", change));
        self.guarded(chosen.field(), guard, first);
        Ok(content)
    }

    /// Which rows an update or delete is about, and what it expects of them.
    fn target(
        &mut self,
        field: &Field,
        root: Root,
        alias: sql::Alias,
    ) -> Result<(Vec<Expr>, Guard), Fault> {
        let mut filter = self.picked(field, root, alias)?;
        let (guard, conditions) = self.guard(field, root, alias)?;
        filter.extend(conditions);
        Ok((filter, guard))
    }

    fn picked(&mut self, field: &Field, root: Root, alias: sql::Alias) -> Result<Vec<Expr>, Fault> {
        let table = root.table;
        if matches!(root.verb, Verb::UpdateMany | Verb::DeleteMany) {
            return self.strictly(|planner| {
                let condition = planner.condition_argument(field, "where", Some(table))?;
                let Some(condition) = condition else {
                    return Err(planner.wrong(field, "where", "a condition is required"));
                };
                planner
                    .condition(&condition, table, alias)
                    .map(|condition| vec![condition])
                    .map_err(|message| planner.wrong(field, "where", &message))
            });
        }
        let key = self.key_values(field, table, &self.schema.tables[table].key)?;
        Ok(self.key_conditions(alias, table, key))
    }

    fn gives_many(&self, verb: Verb) -> bool {
        match verb {
            Verb::CreateMany | Verb::UpdateMany | Verb::UpsertMany | Verb::DeleteMany => true,
            Verb::Function(index) => {
                matches!(self.schema.functions[index].outcome, Outcome::Rows(_))
            }
            _ => false,
        }
    }

    /// Plans what a mutation gives back, in a draft of its own.
    pub(super) fn returned(&mut self, chosen: &Chosen<'a>, root: Root) -> Result<Returned, Fault> {
        let alias = self.draft.alias();
        let mut scope = Scope::new(alias, root.table);
        let below = chosen.below();
        let is_written = !matches!(
            root.verb,
            Verb::Delete | Verb::DeleteMany | Verb::Function(_)
        );
        self.written = is_written.then_some(alias);
        let record = self.deeper(chosen.field(), |planner| {
            planner.record(&mut scope, alias, root.table, &below)
        })?;
        self.written = None;
        let by_condition = matches!(root.verb, Verb::UpdateMany | Verb::DeleteMany);
        if by_condition {
            let sorts = self.key_sorts(&scope);
            scope.select.order = sorts.iter().map(super::order::Sort::order).collect();
        }
        let is_own = !by_condition
            && scope.select.joins.is_empty()
            && scope
                .select
                .columns
                .iter()
                .all(|expr| column_of(expr).is_some());
        let is_open = self.is_open(root.table);
        let assured = is_own && !is_open && self.is_assured(root, &scope);
        Ok(Returned {
            plain: is_own && (is_open || assured),
            assured,
            record,
            scope,
            draft: std::mem::take(&mut self.draft),
            many: self.gives_many(root.verb),
        })
    }

    /// Whether a change may say itself what its rows must be, and give back what is read of them: that
    /// is seen whenever they are.
    fn is_assured(&mut self, root: Root, scope: &Scope) -> bool {
        let action = match root.verb {
            Verb::Create | Verb::CreateMany => Action::Create,
            Verb::Update if self.changes_answer() => Action::Update,
            _ => return false,
        };
        let is_whole = |reference: Reference| {
            let table = &self.schema.tables[reference.table];
            table.columns[reference.column].grant.reads_whole()
        };
        let mut columns = scope.select.columns.iter();
        columns.all(|expr| column_of(expr).is_some_and(is_whole))
            && self.tells_itself(root.table, action)
    }

    /// The input rows, in runs that name the same columns and fit one statement.
    fn batches(
        &mut self,
        spot: Spot<'_, 'a>,
        inputs: &[Argument],
        many: bool,
    ) -> Result<Vec<Batch>, Fault> {
        let mut batches = Vec::new();
        for (index, input) in inputs.iter().enumerate() {
            let values = self.within(&place(index, many), |planner| {
                let values = planner.plain(spot, input)?;
                planner.demand(spot, &values)?;
                planner.is_whole(spot, &values);
                Ok(values)
            })?;
            if self.inserts == Inserts::Apart {
                self.bound_apart(spot.chosen.field(), index)?;
            }
            gather(&mut batches, (index, values), self.inserts);
        }
        Ok(batches)
    }

    pub(in crate::plan) fn stored(&mut self, table: usize, column: usize, source: Source) -> Expr {
        let schema = self.schema;
        let declared = &schema.tables[table].columns[column];
        let form = match sql::stored_scale(schema, declared) {
            Some(scale) => Form::Scaled(scale, declared.field.as_str().into()),
            None => Form::Plain,
        };
        let value = self.draft.value(declared, source, form);
        sql::written(schema, declared, value)
    }

    fn insert(
        &mut self,
        chosen: &Chosen<'a>,
        table: usize,
        returned: Returned,
        batches: Vec<Batch>,
    ) -> Content {
        if batches.is_empty() {
            return Content::Constant("[]".into());
        }
        let single = batches.len() == 1;
        let mut kept = Vec::new();
        for batch in batches {
            let part = match batch.rows.len() {
                1 => place(batch.first, returned.many),
                _ => "input".to_owned(),
            };
            let returning = if single && returned.plain {
                self.returning(table, &returned)
            } else {
                self.key_columns(table, None)
            };
            let (first, several) = (self.steps(), self.tells_apart(table, &batch));
            let mut change = self.insertion_of(table, batch, returning);
            if single && returned.plain {
                if returned.assured {
                    self.assure(&mut change);
                }
                let content = self.finish(chosen, table, returned, (&part, change));
                self.writes_several(first, several);
                return content;
            }
            let keep = Use::Keep(self.key_codecs(table));
            kept.push(self.within(&part, |planner| {
                planner.step(chosen, Tree::Change(change), keep)
            }));
            self.writes_several(first, several);
        }
        self.read_kept(chosen, table, returned, (&kept, false))
    }

    /// Whether rows that are inserted together would fail one by one at the same row: not where one
    /// may refer to a later one.
    fn tells_apart(&self, table: usize, batch: &Batch) -> bool {
        let may_refer = |relation: &Relation| {
            let places = relation.columns.iter().map(|(ours, _)| {
                let mut columns = batch.columns.iter();
                columns.position(|column| column == ours)
            });
            let places: Option<Vec<_>> = places.collect();
            places.is_some_and(|places| {
                batch.rows.iter().any(|row| {
                    let sources: Vec<_> = places.iter().map(|place| &row[*place]).collect();
                    !sources.contains(&&Source::Constant(Value::Null))
                        && !sources
                            .iter()
                            .all(|source| matches!(source, Source::Kept { .. }))
                })
            })
        };
        let mut relations = self.schema.tables[table].relations.iter();
        batch.rows.len() > 1
            && !relations
                .any(|relation| relation.refers && relation.target == table && may_refer(relation))
    }

    /// The insert of some rows.
    fn insertion_of(&mut self, table: usize, mut batch: Batch, returning: Vec<Expr>) -> Change {
        for (column, source) in self.presets(table, Action::Create) {
            batch.preset(
                column,
                &source,
                self.may_give(table, Action::Create, column),
            );
        }
        let rows = batch.rows.into_iter().map(|row| {
            let values = batch.columns.iter().zip(row);
            values
                .map(|(column, source)| self.stored(table, *column, source))
                .collect()
        });
        Change::Insert {
            table,
            alias: None,
            rows: rows.collect(),
            columns: batch.columns,
            condition: None,
            conflict: None,
            returning,
        }
    }

    /// Columns that a change gives back: the selection if it is plain, else the key.
    fn returning(&self, table: usize, returned: &Returned) -> Vec<Expr> {
        if !returned.plain {
            return self.key_columns(table, None);
        }
        let bare = |expr: &Expr| match expr {
            Expr::Column(reference) => Expr::Column(Reference::bare(table, reference.column)),
            Expr::Cast(inner, cast) => match **inner {
                Expr::Column(reference) => Expr::Cast(
                    Box::new(Expr::Column(Reference::bare(table, reference.column))),
                    cast.clone(),
                ),
                _ => expr.clone(),
            },
            other => other.clone(),
        };
        let columns: Vec<_> = returned.scope.select.columns.iter().map(bare).collect();
        if columns.is_empty() {
            return self.key_columns(table, None);
        }
        columns
    }

    /// Ends a change of one statement, which writes that part of the input, and reads what it gives
    /// back where that is more than its own columns.
    fn finish(
        &mut self,
        chosen: &Chosen<'a>,
        table: usize,
        returned: Returned,
        (part, change): (&str, Change),
    ) -> Content {
        let tree = Tree::Change(change);
        if !returned.plain {
            let keep = Use::Keep(self.key_codecs(table));
            let kept = self.within(part, |planner| planner.step(chosen, tree, keep));
            return self.read_kept(chosen, table, returned, (&[kept], false));
        }
        let shown = shown(returned.record, returned.many);
        Content::Step(self.within(part, |planner| planner.step(chosen, tree, shown)))
    }

    /// Reads the rows of kept keys, in the order they were kept; with `true`, by what the keys have
    /// become.
    pub(super) fn read_kept(
        &mut self,
        chosen: &Chosen<'a>,
        table: usize,
        returned: Returned,
        kept: (&[usize], bool),
    ) -> Content {
        let Returned {
            record,
            mut scope,
            draft,
            many,
            ..
        } = returned;
        self.draft = draft;
        scope.select.from = Some(From::Keys {
            keys: self.kept_keys(table, kept),
            table,
            alias: scope.alias,
            columns: self.schema.tables[table].key.clone(),
        });
        let step = self.step(chosen, Tree::Select(scope.select), shown(record, many));
        Content::Step(step)
    }

    pub(in crate::plan) fn key_columns(
        &self,
        table: usize,
        alias: Option<sql::Alias>,
    ) -> Vec<Expr> {
        let key = self.schema.tables[table].key.iter();
        key.map(|column| {
            let reference = Reference {
                alias,
                table,
                column: *column,
            };
            sql::readable(self.schema, reference)
        })
        .collect()
    }
}

/// The column that an expression is, as it is or converted.
fn column_of(expr: &Expr) -> Option<Reference> {
    match expr {
        Expr::Column(reference) => Some(*reference),
        Expr::Cast(inner, _) => column_of(inner),
        _ => None,
    }
}

fn shown(record: Record, many: bool) -> Use {
    if many {
        return Use::Rows(record);
    }
    Use::Value(Cell::Object {
        present: None,
        record,
    })
}
