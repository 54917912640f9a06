//! Functions of the database: what a field gives them, and what it makes of what they give.

use super::Form;
use super::planner::Planner;
use super::read::Scope;
use super::selection::Chosen;
use crate::api::{Root, Verb};
use crate::input::{Argument, Source};
use crate::sql::{self, Alias, Direction, Expr, From, Order, Reference, Select, Tree};
use model::schema::{Function, Outcome, Receiver};
use model::{Action, Cell, Content, Fault, Kind, Use, Value, Weight};

impl<'a> Planner<'a> {
    /// A root field that calls a function.
    pub(crate) fn function(&mut self, chosen: &Chosen<'a>, index: usize) -> Result<Content, Fault> {
        self.calls = true;
        self.weighs(Weight::Bounded);
        let schema = self.schema;
        let function = &schema.functions[index];
        match &function.outcome {
            Outcome::Value(column) => {
                let arguments = self.call_arguments(chosen, function)?;
                let mut select = Select::default();
                let call = Expr::Call(index, arguments);
                let cell = Cell::Scalar {
                    column: select.column(sql::readable_value(schema, column, call)),
                    codec: sql::codec(schema, column),
                };
                let step = self.step(chosen, Tree::Select(select), Use::Value(cell));
                Ok(Content::Step(step))
            }
            Outcome::Row(table) | Outcome::Rows(table) if function.writes => {
                self.changed_rows(chosen, index, *table)
            }
            Outcome::Row(table) => {
                let scope = self.called(chosen, index, *table)?;
                self.row_in(chosen, scope).map(Content::Step)
            }
            Outcome::Rows(table) => {
                let scope = self.called(chosen, index, *table)?;
                self.list_in(chosen, scope).map(Content::Step)
            }
        }
    }

    /// The function that is a field of the rows of a table.
    pub(super) fn row_function(&self, table: usize, name: &str) -> Option<usize> {
        self.schema.functions.iter().position(|function| {
            let receiver = function.receiver.as_ref();
            receiver.is_some_and(|receiver| receiver.table == table) && function.field == name
        })
    }

    /// What a function gives for a row.
    pub(super) fn called_for_row(
        &mut self,
        scope: &mut Scope,
        alias: Alias,
        index: usize,
        chosen: &Chosen<'a>,
    ) -> Result<Cell, Fault> {
        self.calls = true;
        let schema = self.schema;
        let function = &schema.functions[index];
        let (Some(receiver), Outcome::Value(column)) = (&function.receiver, &function.outcome)
        else {
            let message = "a function that is no field of rows is called for one";
            return Err(self.fault(chosen.field(), "engine.internal", Kind::Internal, message));
        };
        let mut arguments = match &mut scope.select.from {
            Some(From::Call {
                alias: given,
                whole,
                ..
            }) if *given == alias && receiver.columns.is_empty() => {
                *whole = true;
                vec![Expr::GivenRow(alias)]
            }
            _ => receiver_arguments(receiver, alias),
        };
        arguments.extend(self.call_arguments(chosen, function)?);
        let call = sql::readable_value(schema, column, Expr::Call(index, arguments));
        Ok(Cell::Scalar {
            column: scope.select.column(call),
            codec: sql::codec(schema, column),
        })
    }

    /// Calls a function that may write, and reads the rows it gave when all it did can be seen.
    fn changed_rows(
        &mut self,
        chosen: &Chosen<'a>,
        index: usize,
        table: usize,
    ) -> Result<Content, Fault> {
        let verb = Verb::Function(index);
        let returned = self.returned(chosen, Root { table, verb })?;
        let mut scope = self.called(chosen, index, table)?;
        let key = self.key_columns(table, Some(scope.alias));
        scope.select.columns = key.into_iter().collect();
        let codecs = self.key_codecs(table);
        let kept = self.step(chosen, Tree::Select(scope.select), Use::Keep(codecs));
        let bound = self.bound_of(table, &[Action::Read]);
        self.bound_step(chosen.field(), bound, kept);
        Ok(self.read_kept(chosen, table, returned, (&[kept], false)))
    }

    /// The rows a function gives, as those of a table.
    fn called(
        &mut self,
        chosen: &Chosen<'a>,
        function: usize,
        table: usize,
    ) -> Result<Scope, Fault> {
        let schema = self.schema;
        let arguments = self.call_arguments(chosen, &schema.functions[function])?;
        let mut scope = Scope::new(self.draft.alias(), table);
        scope.select.from = Some(From::Call {
            function,
            arguments,
            alias: scope.alias,
            whole: false,
        });
        scope.select.order.push(Order {
            expr: Expr::Ordinal(scope.alias),
            direction: Direction::ASCENDING,
            nullable: false,
        });
        // Where a function gives no row, PostgreSQL gives one in which all is NULL.
        let key = schema.tables[table].key.first();
        scope.select.filter.extend(key.map(|column| {
            let column = Expr::Column(scope.reference(*column));
            Expr::Not(Box::new(Expr::IsNull(Box::new(column))))
        }));
        Ok(scope)
    }

    /// What a field gives a function; an argument that is not given is NULL.
    fn call_arguments(
        &mut self,
        chosen: &Chosen<'a>,
        function: &Function,
    ) -> Result<Vec<Expr>, Fault> {
        let (field, schema) = (chosen.field(), self.schema);
        let arguments = function.arguments.iter().map(|column| {
            let source = match self.argument(field, &column.field)? {
                Some(Argument::Leaf(source)) => source,
                None | Some(Argument::Null) => Source::Constant(Value::Null),
                Some(_) => return Err(self.wrong(field, &column.field, "a value is required")),
            };
            Ok(self.draft.operand(schema, column, source, Form::Plain))
        });
        arguments.collect()
    }
}

/// What a function is given of a row.
pub(crate) fn receiver_arguments(receiver: &Receiver, alias: Alias) -> Vec<Expr> {
    if receiver.columns.is_empty() {
        return vec![Expr::Row(alias)];
    }
    let columns = receiver.columns.iter();
    columns
        .map(|column| Expr::Column(Reference::new(alias, receiver.table, *column)))
        .collect()
}
