//! Functions of the database: what a root field gives them, and what it makes of what they give.

use super::Form;
use super::planner::Planner;
use super::read::Scope;
use super::selection::Chosen;
use crate::api::{Root, Verb};
use crate::input::{Argument, Source};
use crate::sql::{self, Direction, Expr, From, Order, Select, Tree};
use model::schema::{Function, Outcome};
use model::{Cell, Content, Fault, Use, Value, Weight};

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
                let step = self.step(chosen, &Tree::Select(select), Use::Value(cell));
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
        let kept = self.step(chosen, &Tree::Select(scope.select), Use::Keep(codecs));
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
