//! What the engine promises about schema files, seen from outside.
#![cfg(test)]

#[path = "engine/access.rs"]
mod access;
#[path = "engine/artefact.rs"]
mod artefact;
#[path = "engine/catalogs.rs"]
mod catalogs;
#[path = "engine/chinook.rs"]
mod chinook;
#[path = "engine/compile.rs"]
mod compile;
#[path = "engine/corpus.rs"]
mod corpus;
#[path = "engine/diff.rs"]
mod diff;
#[path = "engine/drift.rs"]
mod drift;
#[path = "../../fuzz/src/engine_entries.rs"]
pub mod engine_entries;
#[path = "engine/hostile.rs"]
mod hostile;
#[path = "engine/round_trip.rs"]
mod round_trip;
#[path = "engine/scaffold.rs"]
mod scaffold;
#[path = "engine/shapes.rs"]
mod shapes;
#[path = "engine/show.rs"]
mod show;
#[path = "engine/trusted.rs"]
mod trusted;
