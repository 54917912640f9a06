//! Rows of several types: what is selected of each, in one row of the select.

use super::planner::Planner;
use super::read::Scope;
use super::selection::Chosen;
use crate::names::api::list_fields;
use crate::sql::{Alias, Reference, codec, readable};
use apollo_compiler::executable::{Field, SelectionSet};
use model::schema::{Choice, Rest, Shown, Table, Variant, Variants};
use model::{Case, Cases, Cell, Fault, Record, Scalar};

/// Fields of a table that types share, and their cells: none is planned twice.
#[derive(Default)]
struct Known<'a> {
    fields: Vec<Vec<&'a Field>>,
    cells: Vec<Cell>,
}

impl<'a> Planner<'a> {
    /// The object selected from a table whose rows are of several types.
    pub(super) fn record_of_variants(
        &mut self,
        scope: &mut Scope,
        (alias, table): (Alias, usize),
        variants: &Variants,
        sets: &[&'a SelectionSet],
    ) -> Result<Record, Fault> {
        let schema = self.schema;
        let mut known = Known::default();
        let mut types = Vec::with_capacity(variants.types.len());
        for variant in &variants.types {
            let name = variant.type_name(schema);
            let beside = match &variant.rest {
                Rest::Here { .. } => None,
                Rest::Beside { table, columns } => Some((*table, columns)),
            };
            let mut present = None;
            if let Some((beside, columns)) = beside
                && self.written == Some(alias)
            {
                let partner = self.join(scope, (alias, table), beside, columns);
                let theirs = Reference::new(partner, beside, columns[0].1);
                present = Some(self.presence(scope, theirs));
            }
            let record = self.record_of(scope, sets, name, |planner, scope, chosen| {
                if let Some((beside, columns)) = beside
                    && !is_inherited(schema.tables.as_slice(), (table, beside), chosen)
                {
                    let partner = planner.join(scope, (alias, table), beside, columns);
                    if present.is_none() {
                        let theirs = Reference::new(partner, beside, columns[0].1);
                        present = Some(planner.presence(scope, theirs));
                    }
                    return planner.cell(scope, partner, beside, chosen);
                }
                planner.shared(scope, (alias, table), chosen, &mut known)
            })?;
            types.push(Case {
                type_name: name.into(),
                value: written(&schema.tables[table], variants.column, &variant.value),
                present,
                record,
            });
        }
        Ok(self.by_type(scope, (alias, table), variants.column, (types, known.cells)))
    }

    /// A row that was written to the table of its type must be of that type in the table it shares
    /// with others.
    pub(super) fn of_its_base(
        &mut self,
        scope: &mut Scope,
        (alias, table): (Alias, usize),
        record: Record,
    ) -> Record {
        let schema = self.schema;
        let Some(base) = &schema.tables[table].base else {
            return record;
        };
        let Some(variants) = &schema.tables[base.table].variants else {
            return record;
        };
        let mut types = variants.types.iter();
        let is_ours = |variant: &&Variant| matches!(variant.rest, Rest::Beside { table: beside, .. } if beside == table);
        let Some(variant) = types.find(is_ours) else {
            return record;
        };
        if self.written != Some(alias) {
            return record;
        }
        let partner = self.join_relation(scope, alias, (table, base.relation));
        let case = Case {
            type_name: schema.tables[table].type_name.as_str().into(),
            value: written(&schema.tables[base.table], variants.column, &variant.value),
            present: None,
            record,
        };
        self.by_type(
            scope,
            (partner, base.table),
            variants.column,
            (vec![case], Vec::new()),
        )
    }

    /// An object that is told by the discriminator of its row.
    fn by_type(
        &self,
        scope: &mut Scope,
        (alias, table): (Alias, usize),
        column: usize,
        (types, shared): (Vec<Case>, Vec<Cell>),
    ) -> Record {
        let schema = self.schema;
        let codec = codec(schema, &schema.tables[table].columns[column]);
        let discriminator = readable(schema, Reference::new(alias, table, column));
        Record {
            fields: Vec::new(),
            cases: Some(Box::new(Cases {
                column: scope.select.column(discriminator),
                codec,
                types,
                shared,
            })),
        }
    }

    /// A field that shows the first row that several relations lead to.
    pub(super) fn choice(
        &mut self,
        scope: &mut Scope,
        alias: Alias,
        (table, choice): (usize, &Choice),
        chosen: &Chosen<'a>,
    ) -> Result<Cell, Fault> {
        let mut objects = Vec::with_capacity(choice.relations.len());
        for relation in &choice.relations {
            objects.push(self.object(scope, alias, (table, *relation), chosen)?);
        }
        Ok(Cell::Choice(objects))
    }

    /// A field of the table itself; where another type is asked the same, it is the same column.
    fn shared(
        &mut self,
        scope: &mut Scope,
        (alias, table): (Alias, usize),
        chosen: &Chosen<'a>,
        known: &mut Known<'a>,
    ) -> Result<Cell, Fault> {
        let is_same = |fields: &Vec<&Field>| {
            let (one, other) = (fields.iter(), chosen.fields.iter());
            fields.len() == chosen.fields.len() && one.zip(other).all(|(a, b)| std::ptr::eq(*a, *b))
        };
        if let Some(place) = known.fields.iter().position(is_same) {
            return Ok(Cell::Shared(place));
        }
        let cell = self.cell(scope, alias, table, chosen)?;
        known.fields.push(chosen.fields.clone());
        known.cells.push(cell);
        Ok(Cell::Shared(known.cells.len() - 1))
    }
}

/// Whether a type with a table of its own has a field from the one it shares with others.
fn is_inherited(tables: &[Table], (table, beside): (usize, usize), chosen: &Chosen<'_>) -> bool {
    let name = chosen.field().name.as_str();
    let base = tables[beside].base.as_ref();
    base.is_some_and(|base| shows(&tables[table], &base.shown, name))
}

/// Whether a field is shown of a table, or stands beside a list that is.
fn shows(table: &Table, shown: &Shown, name: &str) -> bool {
    let mut relations = shown.relations.iter();
    let mut choices = shown.choices.iter();
    choices.any(|choice| table.choices[*choice].field == name)
        || shown
            .columns
            .iter()
            .any(|column| table.columns[*column].field == name)
        || relations.any(|relation| {
            let field = table.relations[*relation].field.as_str();
            field == name || list_fields(field).iter().any(|beside| beside == name)
        })
}

/// The JSON of what the discriminator holds in rows of a type.
fn written(table: &Table, column: usize, value: &str) -> Box<str> {
    if table.columns[column].scalar == Scalar::Int {
        value.into()
    } else {
        serde_json::Value::from(value).to_string().into()
    }
}
