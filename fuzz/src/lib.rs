//! What the fuzz targets call: the entries of the rooms that strangers' bytes come through.
//!
//! The same files stand in the tests of the rooms, which replay what was found.

pub mod engine_entries;
pub mod guard_entries;
