//! What the fuzz target of tokens was fed that showed something, once more.
#![cfg(test)]

#[path = "../../fuzz/src/guard_entries.rs"]
pub mod guard_entries;

use std::fs;
use std::path::Path;

#[test]
fn tokens_that_were_tried_let_nobody_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/token");
    let mut count = 0;
    for file in fs::read_dir(folder).expect("it has a folder") {
        let bytes = fs::read(file.expect("it is listed").path()).expect("it can be read");
        guard_entries::token(&bytes);
        count += 1;
    }
    assert!(count > 5, "only {count} are kept");
}
