//! What the engine lets a request ask for.

use serde::{Deserialize, Serialize};

/// Bounds on documents, plans and pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Largest document in bytes.
    pub document_bytes_max: usize,
    /// Most lexical tokens in a document.
    pub tokens_max: usize,
    /// Deepest nesting of fields, counted after fragments are expanded.
    pub depth_max: usize,
    /// Most fields of an operation, counted after fragments are expanded.
    pub fields_max: usize,
    /// Most rows of one page of a connection (`first`, `last`).
    pub page_rows_max: i64,
    /// Rows of a page that does not say how many it wants.
    pub page_rows_default: i64,
    /// Lists that ask for at most this many rows share a connection; longer ones are streamed.
    pub shared_rows_max: i64,
    /// Most memory for parsed documents, in bytes.
    pub document_cache_bytes_max: u64,
    /// Most memory for plans, in bytes.
    pub plan_cache_bytes_max: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            document_bytes_max: 256 * 1024,
            tokens_max: 20_000,
            depth_max: 20,
            fields_max: 5_000,
            page_rows_max: 1_000,
            page_rows_default: 100,
            shared_rows_max: 1_000,
            document_cache_bytes_max: 64 * 1024 * 1024,
            plan_cache_bytes_max: 64 * 1024 * 1024,
        }
    }
}
