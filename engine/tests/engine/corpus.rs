//! What the fuzz targets of `fuzz` were fed that showed something, once more.

use crate::engine_entries as entries;
use std::fs;
use std::path::Path;

/// Feeds all that is kept for a target.
fn check(target: &str, entry: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let kept = fs::read_dir(folder.join(target)).expect("it has a folder");
    let mut count = 0;
    for file in kept {
        entry(&fs::read(file.expect("it is listed").path()).expect("it can be read"));
        count += 1;
    }
    assert!(count > 5, "only {count} are kept for {target}");
}

#[test]
fn documents_that_were_tried_come_to_an_end() {
    check("document", entries::document);
}

#[test]
fn variables_that_were_tried_come_to_an_end() {
    check("variables", entries::variables);
}

#[test]
fn cursors_that_were_tried_come_to_an_end() {
    check("cursor", entries::cursor);
}

#[test]
fn json_that_was_tried_comes_to_an_end() {
    check("json", entries::json);
}

#[test]
fn schemas_that_were_tried_come_to_an_end() {
    check("sdl", entries::sdl);
}
