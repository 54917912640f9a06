//! From a live database to a first schema file that people then edit.

mod entity;
mod links;
mod naming;
mod print;
mod relations;

use model::{Catalog, Diagnostic};

/// A first schema file.
#[derive(Clone, Debug)]
pub struct Scaffold {
    /// Its text; it compiles as it stands, unless there is no table at all.
    pub sdl: String,
    /// What could not be taken over, or wants a look.
    pub warnings: Vec<Diagnostic>,
}

/// Writes the schema file of a database: the same catalog gives the same text.
pub fn scaffold(catalog: &Catalog) -> Scaffold {
    let mut warnings = Vec::new();
    let mut entities = entity::read(catalog, &mut warnings);
    if entities.is_empty() {
        warnings.push(Diagnostic::warning(
            "init.empty",
            "the database has no table to show",
        ));
    }
    let links = links::read(catalog, &entities, &mut warnings);
    naming::columns(&mut entities, &links);
    let enums = naming::types(catalog, &mut entities);
    relations::add(&mut entities, &links);
    Scaffold {
        sdl: print::print(catalog, &entities, &enums),
        warnings,
    }
}
