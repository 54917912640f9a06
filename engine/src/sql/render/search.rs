//! Words found by the full-text index of a database.

use super::Text;
use crate::sql::{Alias, Reference};
use model::schema::Search;

impl Text<'_> {
    pub(super) fn search(&mut self, alias: Alias, table: usize, words: usize) {
        let schema = self.schema;
        match &schema.tables[table].search {
            Some(Search::Vector {
                column,
                configuration,
            }) => self.search_vector((alias, column.as_str()), configuration, words),
            Some(Search::Table(name)) => {
                self.alias(alias);
                self.push(".rowid IN (SELECT rowid FROM ");
                self.identifier(name);
                self.push(" WHERE ");
                self.identifier(name);
                self.push(" MATCH ");
                self.parameter(words);
                self.push(")");
            }
            Some(Search::Columns(columns)) => {
                self.push("MATCH (");
                self.list(columns, ", ", |text, column| {
                    text.reference(Reference::new(alias, table, *column));
                });
                self.push(") AGAINST (");
                self.parameter(words);
                self.push(" IN BOOLEAN MODE)");
            }
            None => self.push("FALSE"),
        }
    }

    /// The configuration comes from the artefact; a quote inside is doubled. A row without words
    /// has none that are looked for, as elsewhere.
    fn search_vector(&mut self, (alias, column): (Alias, &str), configuration: &str, words: usize) {
        let configuration = configuration.replace('\'', "''");
        self.alias(alias);
        self.push(".");
        self.identifier(column);
        self.push(&format!(" @@ websearch_to_tsquery('{configuration}', "));
        self.parameter(words);
        self.push(") AND ");
        self.alias(alias);
        self.push(".");
        self.identifier(column);
        self.push(" IS NOT NULL");
    }
}
