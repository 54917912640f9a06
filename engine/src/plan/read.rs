//! Rows and what is selected from them: by key, lists, nested relations, `node`.

use super::planner::Planner;
use super::selection::Chosen;
use crate::api::unique_keys;
use crate::input::{Argument, Source};
use crate::plan::Form;
use crate::sql::{
    self, Alias, Expr, From, Join, Operator, Reference, Select, Tree, codec, readable,
};
use apollo_compiler::executable::{Field, SelectionSet};
use model::schema::{Cardinality, Relation};
use model::{Action, Cell, Content, Fault, Field as Member, Kind, Label, Record, Use, Weight};

/// A select over one table, and the to-one relations joined to it so far.
pub(crate) struct Scope {
    pub(crate) select: Select,
    pub(crate) alias: Alias,
    pub(crate) table: usize,
    joined: Vec<Joined>,
}

/// A table joined to a select: from which alias, to which table and by which columns, and as what.
struct Joined {
    from: Alias,
    target: usize,
    columns: Vec<(usize, usize)>,
    partner: Alias,
}

impl Scope {
    /// A select whose rows are those of a table.
    pub(crate) fn new(alias: Alias, table: usize) -> Self {
        Self {
            select: Select {
                from: Some(From::Table(table, alias)),
                ..Select::default()
            },
            alias,
            table,
            joined: Vec::new(),
        }
    }

    /// How many relations to one row are joined.
    pub(crate) fn joins(&self) -> usize {
        self.joined.len()
    }

    /// Whether its rows have an order already, as those of a function.
    fn is_ordered(&self) -> bool {
        !self.select.order.is_empty()
    }

    /// A column of the table.
    pub(crate) fn reference(&self, column: usize) -> Reference {
        Reference::new(self.alias, self.table, column)
    }
}

impl<'a> Planner<'a> {
    /// `product(id: …)`: at most one row.
    pub(crate) fn by_key(
        &mut self,
        chosen: &Chosen<'a>,
        table: usize,
        position: usize,
    ) -> Result<usize, Fault> {
        let field = chosen.field();
        let schema = self.schema;
        let key = unique_keys(&schema.tables[table]).nth(position);
        let values = self.key_values(field, table, key.unwrap_or_default())?;
        self.row_of_key(chosen, table, values)
    }

    /// What a field gives for the columns of a key; a key of no column would pick every row.
    pub(crate) fn key_values(
        &mut self,
        field: &Field,
        table: usize,
        key: &[usize],
    ) -> Result<Vec<(usize, Source)>, Fault> {
        if key.is_empty() {
            let message = "the API has a key that its schema does not have";
            return Err(self.fault(field, "engine.internal", Kind::Internal, message));
        }
        let schema = self.schema;
        let value = |column: &usize| {
            let name = &schema.tables[table].columns[*column].field;
            match self.given(field, name)? {
                Some(Argument::Leaf(source)) => Ok((*column, source)),
                _ => Err(self.wrong(field, name, "a value is required")),
            }
        };
        key.iter().map(value).collect()
    }

    /// `node(id: …)`: the row of a global id.
    pub(crate) fn node(&mut self, chosen: &Chosen<'a>) -> Result<Content, Fault> {
        let field = chosen.field();
        let Some(Argument::Id(table, parts)) = self.given(field, "id")? else {
            return Err(self.wrong(field, "id", "an id is required"));
        };
        let key = self.schema.tables[table].key.iter().copied();
        let values = key.zip(parts).collect();
        self.row_of_key(chosen, table, values).map(Content::Step)
    }

    fn row_of_key(
        &mut self,
        chosen: &Chosen<'a>,
        table: usize,
        key: Vec<(usize, Source)>,
    ) -> Result<usize, Fault> {
        let mut scope = Scope::new(self.draft.alias(), table);
        let conditions = self.key_conditions(scope.alias, table, key);
        scope.select.filter.extend(conditions);
        self.row_in(chosen, scope)
    }

    /// The first row of a scope.
    pub(crate) fn row_in(&mut self, chosen: &Chosen<'a>, mut scope: Scope) -> Result<usize, Fault> {
        let record = self.rows_of(chosen, &mut scope)?;
        let cell = Cell::Object {
            present: None,
            record,
        };
        Ok(self.step(chosen, Tree::Select(scope.select), Use::Value(cell)))
    }

    /// Conditions that pick the row of a key.
    pub(crate) fn key_conditions(
        &mut self,
        alias: Alias,
        table: usize,
        key: Vec<(usize, Source)>,
    ) -> Vec<Expr> {
        let schema = self.schema;
        let conditions = key.into_iter().map(|(column, source)| {
            let reference = Reference::new(alias, table, column);
            let left = sql::comparable(schema, reference);
            let declared = &schema.tables[table].columns[column];
            let right = self.draft.operand(schema, declared, source, Form::Plain);
            Expr::Compare(Operator::Equal, Box::new(left), Box::new(right))
        });
        conditions.collect()
    }

    /// `products(…)`: any number of rows.
    pub(crate) fn list(&mut self, chosen: &Chosen<'a>, table: usize) -> Result<usize, Fault> {
        let scope = Scope::new(self.draft.alias(), table);
        self.list_in(chosen, scope)
    }

    /// The rows of a scope, narrowed and ordered by the arguments of a field.
    pub(crate) fn list_in(
        &mut self,
        chosen: &Chosen<'a>,
        mut scope: Scope,
    ) -> Result<usize, Fault> {
        let record = self.list_of(chosen, &mut scope)?;
        match &scope.select.limit {
            Some(limit) => self.bounded_by(limit),
            None => self.weighs(Weight::Unbounded),
        }
        Ok(self.step(chosen, Tree::Select(scope.select), Use::Rows(record)))
    }

    /// Applies the list arguments of a field to a scope, and selects what the field asks for.
    fn list_of(&mut self, chosen: &Chosen<'a>, scope: &mut Scope) -> Result<Record, Fault> {
        let field = chosen.field();
        self.narrow(field, scope)?;
        if !scope.is_ordered() || self.given(field, "orderBy")?.is_some() {
            let sorts = self.sorts(field, scope)?;
            scope.select.order = sorts.iter().map(super::order::Sort::order).collect();
        }
        scope.select.limit = self.rows_of_list(field, scope.table)?;
        scope.select.offset = self.rows_argument(field, "offset")?;
        self.rows_of(chosen, scope)
    }

    /// How many rows a list brings; where the rules bound that, it must be said.
    pub(crate) fn rows_of_list(
        &mut self,
        field: &Field,
        table: usize,
    ) -> Result<Option<Expr>, Fault> {
        let most = self.rows_max(table, Action::Read);
        match (self.given(field, "limit")?, most) {
            (Some(Argument::Leaf(source)), most) => Ok(Some(self.draft.rows(source, most))),
            (_, None) => Ok(None),
            (_, Some(most)) => {
                let name = &self.schema.tables[table].type_name;
                let message = format!(
                    "you may ask for at most {most} rows of {name} at a time: say how many in `limit`"
                );
                Err(self.fault(field, "engine.page_rows", Kind::Limit, message))
            }
        }
    }

    /// An argument that counts rows.
    pub(crate) fn rows_argument(
        &mut self,
        field: &Field,
        name: &str,
    ) -> Result<Option<Expr>, Fault> {
        Ok(match self.given(field, name)? {
            Some(Argument::Leaf(source)) => Some(self.draft.rows(source, None)),
            _ => None,
        })
    }

    /// Applies the `where` argument of a field.
    pub(crate) fn narrow(&mut self, field: &Field, scope: &mut Scope) -> Result<(), Fault> {
        let condition = self.condition_argument(field, "where", Some(scope.table))?;
        self.narrow_to(field, condition.as_ref(), scope)
    }

    /// Applies the `where` argument of a field, once it is read.
    pub(crate) fn narrow_to(
        &mut self,
        field: &Field,
        condition: Option<&Argument>,
        scope: &mut Scope,
    ) -> Result<(), Fault> {
        if let Some(condition) = condition {
            let condition = self.condition(condition, scope.table, scope.alias);
            let condition = condition.map_err(|message| self.wrong(field, "where", &message))?;
            scope.select.filter.push(condition);
        }
        Ok(())
    }

    /// What a field selects from the rows of its scope.
    pub(crate) fn rows_of(
        &mut self,
        chosen: &Chosen<'a>,
        scope: &mut Scope,
    ) -> Result<Record, Fault> {
        let (alias, table) = (scope.alias, scope.table);
        let below = chosen.below();
        self.deeper(chosen.field(), |planner| {
            planner.record(scope, alias, table, &below)
        })
    }

    /// The object selected from one table of a scope.
    pub(crate) fn record(
        &mut self,
        scope: &mut Scope,
        alias: Alias,
        table: usize,
        sets: &[&'a SelectionSet],
    ) -> Result<Record, Fault> {
        let declared = &self.schema.tables[table];
        if let Some(variants) = &declared.variants {
            return self.record_of_variants(scope, (alias, table), variants, sets);
        }
        let record = self.record_of(
            scope,
            sets,
            &declared.type_name,
            |planner, scope, chosen| planner.cell(scope, alias, table, chosen),
        )?;
        Ok(self.of_its_base(scope, (alias, table), record))
    }

    /// The members chosen of an object of that type, each by its cell.
    pub(crate) fn record_of(
        &mut self,
        scope: &mut Scope,
        sets: &[&'a SelectionSet],
        type_name: &str,
        mut cell: impl FnMut(&mut Self, &mut Scope, &Chosen<'a>) -> Result<Cell, Fault>,
    ) -> Result<Record, Fault> {
        let mut record = Record::default();
        for chosen in self.choose(sets, type_name)? {
            let cell = match chosen.field().name.as_str() {
                "__typename" => Self::constant(format!("\"{type_name}\"")),
                _ => cell(self, scope, &chosen)?,
            };
            self.bound_select(chosen.field(), scope)?;
            record.fields.push(Member {
                key: Label::new(chosen.key),
                cell,
            });
        }
        Ok(record)
    }

    /// A field of a row of that table.
    pub(super) fn cell(
        &mut self,
        scope: &mut Scope,
        alias: Alias,
        table: usize,
        chosen: &Chosen<'a>,
    ) -> Result<Cell, Fault> {
        let field = chosen.field();
        let name = field.name.as_str();
        let declared = &self.schema.tables[table];
        if name == "nodeId" && !declared.key.is_empty() {
            return Ok(self.global_id(scope, alias, table));
        }
        if let Some(column) = declared
            .columns
            .iter()
            .position(|column| column.field == name)
        {
            let reference = Reference::new(alias, table, column);
            return match &declared.columns[column].form {
                Some(form) => self.document(scope, reference, form, chosen),
                None => Ok(self.scalar(scope, reference)),
            };
        }
        if let Some(index) = declared
            .relations
            .iter()
            .position(|known| known.field == name)
        {
            return match declared.relations[index].cardinality {
                Cardinality::Many => self.nested_list(scope, alias, (table, index), chosen),
                _ => self.joined_row(scope, alias, (table, index), chosen),
            };
        }
        let beside = |suffix: &str| {
            let list = name.strip_suffix(suffix)?;
            declared.relations.iter().find(|known| known.field == list)
        };
        if let Some(relation) = beside("Connection") {
            return self.nested_page(scope, alias, (table, relation), chosen);
        }
        if let Some(relation) = beside("Aggregate") {
            return self.nested_aggregate(scope, alias, (table, relation), chosen);
        }
        if let Some(choice) = declared.choices.iter().find(|known| known.field == name) {
            return self.choice(scope, alias, (table, choice), chosen);
        }
        if let Some(index) = self.row_function(table, name) {
            return self.called_for_row(scope, alias, index, chosen);
        }
        if let Some(base) = declared.base.as_ref() {
            let relation = &declared.relations[base.relation];
            let partner = self.join(scope, (alias, table), base.table, &relation.columns);
            return self.cell(scope, partner, base.table, chosen);
        }
        let message = format!("the field {name} is not known here");
        Err(self.fault(field, "engine.invalid", Kind::Invalid, message))
    }

    /// A column of the row.
    pub(crate) fn scalar(&self, scope: &mut Scope, reference: Reference) -> Cell {
        let column = &self.schema.tables[reference.table].columns[reference.column];
        Cell::Scalar {
            column: scope.select.column(readable(self.schema, reference)),
            codec: codec(self.schema, column),
        }
    }

    fn global_id(&self, scope: &mut Scope, alias: Alias, table: usize) -> Cell {
        let declared = &self.schema.tables[table];
        let parts = declared.key.iter().map(|column| {
            let expr = readable(self.schema, Reference::new(alias, table, *column));
            let codec = codec(self.schema, &declared.columns[*column]);
            (scope.select.column(expr), codec)
        });
        Cell::Token {
            columns: parts.collect(),
            head: format!("\"{}\"", declared.type_name).into(),
        }
    }

    /// A to-one relation: joined, its columns in the same row.
    fn joined_row(
        &mut self,
        scope: &mut Scope,
        alias: Alias,
        relation: (usize, usize),
        chosen: &Chosen<'a>,
    ) -> Result<Cell, Fault> {
        let (present, record) = self.object(scope, alias, relation, chosen)?;
        Ok(Cell::Object {
            present: Some(present),
            record,
        })
    }

    /// The object a to-one relation leads to, and a column that is NULL just when there is none.
    pub(super) fn object(
        &mut self,
        scope: &mut Scope,
        alias: Alias,
        relation: (usize, usize),
        chosen: &Chosen<'a>,
    ) -> Result<(usize, Record), Fault> {
        let target = self.schema.tables[relation.0].relations[relation.1].target;
        let partner = self.join_relation(scope, alias, relation);
        let below = chosen.below();
        let record = self.deeper(chosen.field(), |planner| {
            planner.record(scope, partner, target, &below)
        })?;
        let theirs = self.schema.tables[relation.0].relations[relation.1].columns[0].1;
        let present = self.presence(scope, Reference::new(partner, target, theirs));
        Ok((present, record))
    }

    /// A column that is NULL just when there is no partner of which it is a part of the key. Where it is
    /// seen in some rows only, it is not the one that is shown, which is NULL in the others too.
    pub(super) fn presence(&self, scope: &mut Scope, theirs: Reference) -> usize {
        let grant = self.schema.tables[theirs.table].columns[theirs.column].grant;
        let column = readable(self.schema, theirs);
        scope.select.column(if grant.reads_whole() {
            column
        } else {
            Expr::Again(0, Box::new(column))
        })
    }

    /// Joins the one row of a table that belongs to a row of `from`, once.
    pub(crate) fn join(
        &mut self,
        scope: &mut Scope,
        from: (Alias, usize),
        target: usize,
        columns: &[(usize, usize)],
    ) -> Alias {
        let is_it = |known: &&Joined| {
            (known.from, known.target) == (from.0, target) && known.columns == columns
        };
        if let Some(known) = scope.joined.iter().find(is_it) {
            return known.partner;
        }
        let partner = self.draft.alias();
        let on = columns.iter().map(|(ours, theirs)| {
            (
                Reference::new(partner, target, *theirs),
                Reference::new(from.0, from.1, *ours),
            )
        });
        scope.select.joins.push(Join {
            outer: true,
            table: target,
            alias: partner,
            on: on.collect(),
            filter: Vec::new(),
        });
        scope.joined.push(Joined {
            from: from.0,
            target,
            columns: columns.to_vec(),
            partner,
        });
        partner
    }

    /// Joins a to-one relation of `alias`, once.
    pub(crate) fn join_relation(
        &mut self,
        scope: &mut Scope,
        alias: Alias,
        (table, index): (usize, usize),
    ) -> Alias {
        let relation = &self.schema.tables[table].relations[index];
        let joins = scope.joins();
        let partner = self.join(scope, (alias, table), relation.target, &relation.columns);
        if scope.joins() > joins
            && let Some(condition) = self.related_where((table, index), alias)
            && let Some(join) = scope.select.joins.last_mut()
        {
            join.filter.push(condition);
        }
        partner
    }

    /// A to-many relation: its rows packed into one column.
    fn nested_list(
        &mut self,
        scope: &mut Scope,
        alias: Alias,
        (table, index): (usize, usize),
        chosen: &Chosen<'a>,
    ) -> Result<Cell, Fault> {
        self.weighs(Weight::Bounded);
        let relation = &self.schema.tables[table].relations[index];
        let mut inner = self.related(alias, table, relation);
        let record = self.list_of(chosen, &mut inner)?;
        Ok(Cell::Rows {
            column: scope.select.column(Expr::Rows(Box::new(inner.select))),
            record,
        })
    }

    /// The rows a relation leads to from one row of `outer`.
    pub(crate) fn related(&mut self, outer: Alias, table: usize, relation: &Relation) -> Scope {
        let mut scope = self.related_to(outer, table, relation);
        let all = &self.schema.tables[table].relations;
        let index = all.iter().position(|known| known.field == relation.field);
        let condition = index.and_then(|index| self.related_where((table, index), outer));
        scope.select.filter.extend(condition);
        scope
    }

    fn related_to(&mut self, outer: Alias, table: usize, relation: &Relation) -> Scope {
        let alias = self.draft.alias();
        let mut scope = Scope::new(alias, relation.target);
        let near = match &relation.through {
            None => (alias, relation.target),
            Some(through) => {
                let junction = self.draft.alias();
                scope.select.from = Some(From::Table(through.table, junction));
                let on = through.columns.iter().map(|(ours, theirs)| {
                    (
                        Reference::new(alias, relation.target, *theirs),
                        Reference::new(junction, through.table, *ours),
                    )
                });
                scope.select.joins.push(Join {
                    outer: false,
                    table: relation.target,
                    alias,
                    on: on.collect(),
                    filter: Vec::new(),
                });
                (junction, through.table)
            }
        };
        scope.select.filter = relation
            .columns
            .iter()
            .map(|(ours, theirs)| {
                let left = Expr::Column(Reference::new(near.0, near.1, *theirs));
                let right = Expr::Column(Reference::new(outer, table, *ours));
                Expr::Compare(Operator::Equal, Box::new(left), Box::new(right))
            })
            .collect();
        scope
    }
}
