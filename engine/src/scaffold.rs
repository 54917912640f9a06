//! From a live database to a first schema file that people then edit.

mod composites;
mod entity;
mod functions;
mod links;
mod naming;
mod print;
mod relations;

use entity::Entity;
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
    let shown = composites::shown(catalog);
    let mut entities = entity::read(catalog, &shown, &mut warnings);
    let used: Vec<_> = entities.iter().flat_map(Entity::composites).collect();
    let mut groups = composites::read(catalog, &shown, used.into_iter(), &mut warnings);
    if entities.is_empty() {
        warnings.push(Diagnostic::warning(
            "init.empty",
            "the database has no table to show",
        ));
    }
    let mut functions = functions::read(catalog, &entities, &mut warnings);
    let links = links::read(catalog, &entities, &mut warnings);
    naming::columns(&mut entities, &links);
    let enums = naming::types(catalog, &mut entities, &mut groups, &mut functions.calls);
    relations::add(&mut entities, &links);
    naming::calls_of_rows(&mut entities, &mut functions.calls);
    Scaffold {
        sdl: print::print(catalog, (&entities, &groups), &enums, &functions),
        warnings,
    }
}
