//! Relay connections: a page of rows, its cursors, and what lies around it.

use super::keyset::{beyond, up_to};
use super::order::Sort;
use super::planner::Planner;
use super::read::Scope;
use super::selection::Chosen;
use crate::input::{Argument, Source};
use crate::sql::{Alias, Expr, Select, Tree};
use apollo_compiler::executable::{Field, SelectionSet};
use model::schema::Relation;
use model::{
    Action, Cell, Fault, Kind, Label, Page, PageField, PageInfo, PagePart, Record, Use, Value,
    Weight,
};

/// Where the rows of a connection come from.
#[derive(Clone, Copy)]
enum Origin<'a> {
    Table(usize),
    Relation(Alias, usize, &'a Relation),
}

impl Origin<'_> {
    /// The table its rows are of.
    fn target(self) -> usize {
        match self {
            Self::Table(table) => table,
            Self::Relation(_, _, relation) => relation.target,
        }
    }
}

/// The arguments of a connection, each read once.
struct Window {
    backward: bool,
    /// Parameter of the page size.
    size: usize,
    /// Parameter of one row more.
    /// One row more than the page.
    rows: Expr,
    after: Option<Source>,
    before: Option<Source>,
    condition: Option<Argument>,
    order: Option<Argument>,
}

/// The total order of a connection and the mark of its cursors.
struct Sequence {
    sorts: Vec<Sort>,
    mark: String,
}

/// What a connection is asked for.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of its own")]
struct Wanted {
    rows: bool,
    count: bool,
    behind: bool,
    cursor: bool,
}

impl<'a> Planner<'a> {
    /// `productConnection(…)`.
    pub(crate) fn root_page(&mut self, chosen: &Chosen<'a>, table: usize) -> Result<usize, Fault> {
        let mut select = Select::default();
        let cell = self.page(&mut select, Origin::Table(table), chosen)?;
        Ok(self.step(chosen, Tree::Select(select), Use::Value(cell)))
    }

    /// `reviewsConnection(…)` of a row.
    pub(crate) fn nested_page(
        &mut self,
        scope: &mut Scope,
        alias: Alias,
        (table, relation): (usize, &'a Relation),
        chosen: &Chosen<'a>,
    ) -> Result<Cell, Fault> {
        self.page(
            &mut scope.select,
            Origin::Relation(alias, table, relation),
            chosen,
        )
    }

    /// Adds the columns of a connection to a select, and says how they are written.
    fn page(
        &mut self,
        outer: &mut Select,
        origin: Origin<'a>,
        chosen: &Chosen<'a>,
    ) -> Result<Cell, Fault> {
        self.weighs(Weight::Bounded);
        let field = chosen.field();
        let window = self.window(field, origin)?;
        let mut scope = self.rows_in(field, origin, &window)?;
        let sequence = self.sequence(field, &window, &mut scope)?;
        self.limit_to(&mut scope, &window, &sequence);
        let below = chosen.below();
        let (fields, wanted) = self.deeper(field, |planner| {
            planner.page_fields(&mut scope, &below, &sequence)
        })?;
        let cursor = cursor_cell(&mut scope, &sequence, wanted.cursor);
        let rows = wanted
            .rows
            .then(|| outer.column(Expr::Rows(Box::new(scope.select))));
        let count = if wanted.count {
            Some(outer.column(self.total(field, origin, &window)?))
        } else {
            None
        };
        let behind = if wanted.behind {
            let behind = self.behind(field, origin, &window)?;
            behind.map(|expr| outer.column(expr))
        } else {
            None
        };
        Ok(Cell::Page(Box::new(Page {
            rows,
            size: outer.column(Expr::Parameter(window.size)),
            count,
            behind,
            backward: window.backward,
            cursor,
            fields,
        })))
    }

    fn origin(&mut self, origin: Origin<'a>) -> Scope {
        match origin {
            Origin::Table(table) => Scope::new(self.draft.alias(), table),
            Origin::Relation(alias, table, relation) => self.related(alias, table, relation),
        }
    }

    /// The rows a connection is about, whatever the page.
    fn rows_in(
        &mut self,
        field: &Field,
        origin: Origin<'a>,
        window: &Window,
    ) -> Result<Scope, Fault> {
        let mut scope = self.origin(origin);
        self.narrow_to(field, window.condition.as_ref(), &mut scope)?;
        Ok(scope)
    }

    fn window(&mut self, field: &Field, origin: Origin<'a>) -> Result<Window, Fault> {
        let [first, last, after, before] = ["first", "last", "after", "before"];
        let mut leaf = |name| {
            Ok(self
                .given(field, name)?
                .and_then(|argument| match argument {
                    Argument::Leaf(source) => Some(source),
                    _ => None,
                }))
        };
        let (first, last, after, before) = (leaf(first)?, leaf(last)?, leaf(after)?, leaf(before)?);
        if first.is_some() && last.is_some() {
            let message = "first and last exclude each other";
            return Err(self.fault(field, "engine.argument", Kind::Invalid, message));
        }
        let backward = last.is_some();
        let most = first.is_some() || last.is_some();
        let held = self
            .rows_max(origin.target(), Action::Read)
            .unwrap_or(i64::MAX);
        let most = most.then_some(self.config.page_rows_max.min(held));
        let usual = self.config.page_rows_default.min(held);
        let usual = || Source::Constant(Value::Integer(usual));
        let source = first.or(last).unwrap_or_else(usual);
        Ok(Window {
            backward,
            size: self.draft.count(source.clone(), most),
            rows: self.draft.rows_and_one(source, most),
            after,
            before,
            condition: self.condition_argument(field, "where", Some(origin.target()))?,
            order: self.given(field, "orderBy")?,
        })
    }

    fn sequence(
        &mut self,
        field: &Field,
        window: &Window,
        scope: &mut Scope,
    ) -> Result<Sequence, Fault> {
        let sorts = self.sorts_of(field, window.order.as_ref(), scope)?;
        let mark = self.order_mark(scope.table, &sorts);
        Ok(Sequence { sorts, mark })
    }

    /// Orders the rows in the direction of travel, from the cursors on, one more than the page.
    fn limit_to(&mut self, scope: &mut Scope, window: &Window, sequence: &Sequence) {
        let Sequence { sorts, mark } = sequence;
        let reversed: Vec<_> = sorts.iter().map(Sort::reversed).collect();
        if let Some(after) = &window.after {
            let cursor = self.cursor(mark, sorts, after);
            scope.select.filter.push(beyond(sorts, &cursor));
        }
        if let Some(before) = &window.before {
            let cursor = self.cursor(mark, sorts, before);
            scope.select.filter.push(beyond(&reversed, &cursor));
        }
        let travel = if window.backward { &reversed } else { sorts };
        scope.select.order = travel.iter().map(Sort::order).collect();
        scope.select.limit = Some(window.rows.clone());
    }

    fn page_fields(
        &mut self,
        scope: &mut Scope,
        sets: &[&'a SelectionSet],
        sequence: &Sequence,
    ) -> Result<(Vec<PageField>, Wanted), Fault> {
        let type_name = self.schema.tables[scope.table].type_name.clone();
        let mut wanted = Wanted::default();
        let mut fields = Vec::new();
        for chosen in self.choose(sets, &format!("{type_name}Connection"))? {
            let part = match chosen.field().name.as_str() {
                "totalCount" => {
                    wanted.count = true;
                    PagePart::Count
                }
                "pageInfo" => PagePart::Info(self.page_info(&chosen, &mut wanted)?),
                "nodes" => {
                    wanted.rows = true;
                    PagePart::Rows(self.node_record(scope, &chosen)?)
                }
                "edges" => {
                    wanted.rows = true;
                    PagePart::Rows(self.edges(scope, &chosen, sequence)?)
                }
                _ => PagePart::Constant(format!("\"{type_name}Connection\"").into()),
            };
            fields.push(PageField {
                key: Label::new(chosen.key),
                part,
            });
        }
        Ok((fields, wanted))
    }

    fn page_info(
        &mut self,
        chosen: &Chosen<'a>,
        wanted: &mut Wanted,
    ) -> Result<Vec<(Label, PageInfo)>, Fault> {
        let below = chosen.below();
        let members = self.deeper(chosen.field(), |planner| planner.choose(&below, "PageInfo"))?;
        let infos = members.iter().map(|member| {
            let info = match member.field().name.as_str() {
                "hasNextPage" => PageInfo::HasNext,
                "hasPreviousPage" => PageInfo::HasPrevious,
                "startCursor" => PageInfo::StartCursor,
                "endCursor" => PageInfo::EndCursor,
                _ => PageInfo::Constant("\"PageInfo\"".into()),
            };
            wanted.rows = true;
            wanted.behind |= matches!(info, PageInfo::HasNext | PageInfo::HasPrevious);
            wanted.cursor |= matches!(info, PageInfo::StartCursor | PageInfo::EndCursor);
            (Label::new(member.key), info)
        });
        Ok(infos.collect())
    }

    fn node_record(&mut self, scope: &mut Scope, chosen: &Chosen<'a>) -> Result<Record, Fault> {
        let (alias, table) = (scope.alias, scope.table);
        let below = chosen.below();
        self.deeper(chosen.field(), |planner| {
            planner.record(scope, alias, table, &below)
        })
    }

    fn edges(
        &mut self,
        scope: &mut Scope,
        chosen: &Chosen<'a>,
        sequence: &Sequence,
    ) -> Result<Record, Fault> {
        let edge = format!("{}Edge", self.schema.tables[scope.table].type_name);
        let below = chosen.below();
        self.deeper(chosen.field(), |planner| {
            planner.record_of(scope, &below, &edge, |planner, scope, member| {
                if member.field().name == "cursor" {
                    return Ok(cursor_cell(scope, sequence, true));
                }
                let record = planner.node_record(scope, member)?;
                Ok(Cell::Object {
                    present: None,
                    record,
                })
            })
        })
    }

    /// The number of all rows, whatever the page.
    fn total(&mut self, field: &Field, origin: Origin<'a>, window: &Window) -> Result<Expr, Fault> {
        let mut scope = self.rows_in(field, origin, window)?;
        scope.select.column(Expr::Count(None));
        Ok(Expr::Value(Box::new(scope.select)))
    }

    /// Whether there are rows against the direction of travel; without a cursor there are none.
    fn behind(
        &mut self,
        field: &Field,
        origin: Origin<'a>,
        window: &Window,
    ) -> Result<Option<Expr>, Fault> {
        let source = if window.backward {
            &window.before
        } else {
            &window.after
        };
        let Some(source) = source else {
            return Ok(None);
        };
        let mut scope = self.rows_in(field, origin, window)?;
        let Sequence { sorts, mark } = self.sequence(field, window, &mut scope)?;
        let cursor = self.cursor(&mark, &sorts, source);
        let travel: Vec<_> = if window.backward {
            sorts.iter().map(Sort::reversed).collect()
        } else {
            sorts
        };
        scope.select.filter.push(up_to(&travel, &cursor));
        Ok(Some(Expr::Exists(Box::new(scope.select))))
    }
}

/// How the cursor of a row is written; without columns when nobody asks for one.
fn cursor_cell(scope: &mut Scope, sequence: &Sequence, wanted: bool) -> Cell {
    let wanted = if wanted {
        sequence.sorts.as_slice()
    } else {
        &[]
    };
    let columns = wanted
        .iter()
        .map(|sort| (scope.select.column(sort.shown.clone()), sort.codec.clone()));
    Cell::Token {
        columns: columns.collect(),
        head: format!("\"{}\"", sequence.mark).into(),
    }
}
