//! What the engine lets a request ask for.

use model::Rights;
use serde::{Deserialize, Serialize};

/// Bounds on documents, plans and pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Largest document in bytes.
    pub document_bytes_max: usize,
    /// Most lexical tokens in a document.
    pub tokens_max: usize,
    /// Most operations in a document; each is validated, whichever is asked for.
    pub operations_max: usize,
    /// Most fragments in a document; each is validated in every operation that leads to it.
    pub fragments_max: usize,
    /// Most variables that the operations of a document declare.
    pub variables_max: usize,
    /// Most bytes of the variables of a request, as JSON.
    pub variables_bytes_max: usize,
    /// Most directives in a document.
    pub directives_max: usize,
    /// Most directives in one place of a document.
    pub directives_here_max: usize,
    /// Most root fields of an operation, counted after fragments are expanded.
    pub roots_max: usize,
    /// Most aliases of an operation, counted after fragments are expanded.
    pub aliases_max: usize,
    /// Deepest nesting of fields, counted after fragments are expanded.
    pub depth_max: usize,
    /// Most fields of an operation, counted after fragments are expanded.
    pub fields_max: usize,
    /// Most that an operation may cost: about one for each object that its answer may hold, counted
    /// before it runs.
    pub cost_max: u64,
    /// Who may ask for `__schema` and `__type`, and is told which name was meant instead of an unknown
    /// one. `fragaria dev` always tells.
    pub introspection: Introspection,
    /// Most bytes that `__schema` and `__type` bring in an operation, in multiples of the length of
    /// the API's own text (`fragaria schema`).
    pub introspection_times_max: usize,
    /// Most bytes that `__schema` and `__type` bring in an operation, however long that text is.
    pub introspection_bytes_max: usize,
    /// Most comparisons in all conditions of an operation.
    pub conditions_max: usize,
    /// Deepest nesting of conditions: by `and`, `or`, `not` and through relations.
    pub condition_depth_max: usize,
    /// Most relations in all conditions of an operation.
    pub condition_relations_max: usize,
    /// Most relations that one condition leads through, one below the other.
    pub relation_depth_max: usize,
    /// Most bytes of a pattern (`like`, `ilike`, `startsWith`, `endsWith`, `contains`), or of a search.
    pub pattern_bytes_max: usize,
    /// Most wildcards (`%`, `_`) of a pattern (`like`, `ilike`): a database keeps some hundred bytes
    /// for each, or calls itself.
    pub pattern_wildcards_max: usize,
    /// Most items that all conditions of an operation look for in lists (`has`, `contains`,
    /// `containedBy`, `overlaps`): PostgreSQL compares each with each, and does not stop half-way.
    pub list_items_max: usize,
    /// Most columns of one `orderBy`, or of one `groupBy`.
    pub order_columns_max: usize,
    /// Most relations to one row that are joined for one list or row, for its order or groups too.
    pub joins_max: usize,
    /// Most values and lists in one row of a result.
    pub columns_max: usize,
    /// Most statements of an operation that writes through relations.
    pub tree_statements_max: usize,
    /// Most rows of one page of a connection (`first`, `last`).
    pub page_rows_max: i64,
    /// Rows of a page that does not say how many it wants.
    pub page_rows_default: i64,
    /// Lists that ask for at most this many rows share a connection; longer ones are streamed.
    pub shared_rows_max: i64,
    /// Most memory for parsed documents, in bytes.
    pub document_cache_bytes_max: u64,
    /// Most memory for what callers of the same roles are shown of the API, in bytes.
    pub shape_cache_bytes_max: u64,
    /// Most memory for plans, in bytes.
    pub plan_cache_bytes_max: u64,
    /// Most memory for trusted documents that are parsed, in bytes, and as much again for their plans:
    /// what others send drives neither out.
    pub trusted_cache_bytes_max: u64,
}

/// Who may be told what there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Introspection {
    /// Every caller.
    Everyone,
    /// Callers that are held to no access rules: those of a server on loopback that is open.
    #[default]
    Development,
    /// No caller.
    Nobody,
}

impl Introspection {
    /// Whether a caller with these rights is told.
    pub(crate) fn tells(self, rights: &Rights) -> bool {
        match self {
            Self::Everyone => true,
            Self::Development => *rights == Rights::All,
            Self::Nobody => false,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            document_bytes_max: 256 * 1024,
            tokens_max: 20_000,
            operations_max: 20,
            fragments_max: 200,
            variables_max: 1_000,
            variables_bytes_max: 1024 * 1024,
            directives_max: 500,
            directives_here_max: 4,
            roots_max: 50,
            aliases_max: 100,
            depth_max: 20,
            fields_max: 5_000,
            cost_max: 1_000_000,
            introspection: Introspection::default(),
            introspection_times_max: 12,
            introspection_bytes_max: 64 * 1024 * 1024,
            conditions_max: 2_000,
            condition_depth_max: 32,
            condition_relations_max: 100,
            relation_depth_max: 8,
            pattern_bytes_max: 8_192,
            pattern_wildcards_max: 100,
            list_items_max: 1_000,
            order_columns_max: 32,
            joins_max: 50,
            columns_max: 1_000,
            tree_statements_max: 5_000,
            page_rows_max: 1_000,
            page_rows_default: 100,
            shared_rows_max: 1_000,
            document_cache_bytes_max: 64 * 1024 * 1024,
            shape_cache_bytes_max: 256 * 1024 * 1024,
            plan_cache_bytes_max: 64 * 1024 * 1024,
            trusted_cache_bytes_max: 64 * 1024 * 1024,
        }
    }
}

/// Bytes that introspection may bring in any API, however short its text.
const INTROSPECTION_BYTES_LEAST: usize = 256 * 1024;

impl Config {
    /// Most bytes of all introspection of an operation on an API whose text has that length: it
    /// grows with the API, so that one that tells everything once fits, and one that tells it many
    /// times never does.
    pub(crate) fn introspection_bytes(&self, text: usize) -> usize {
        let told = text.saturating_mul(self.introspection_times_max);
        let told = told.max(INTROSPECTION_BYTES_LEAST);
        told.min(self.introspection_bytes_max)
    }

    /// Keys whose values cannot be worked with, and why.
    pub fn findings(&self) -> Vec<(&'static str, String)> {
        let mut findings = self.too_large();
        findings.extend(self.too_small());
        if self.page_rows_default > self.page_rows_max {
            let message = format!(
                "{} is more than limits.page_rows_max, {}: a page that does not say how many rows \
                 it wants would be refused",
                self.page_rows_default, self.page_rows_max
            );
            findings.push(("page_rows_default", message));
        }
        findings
    }

    /// Above these bounds a database would refuse statements in words of its own.
    fn too_large(&self) -> Vec<(&'static str, String)> {
        let bounds = [
            ("condition_depth_max", self.condition_depth_max, 60),
            ("relation_depth_max", self.relation_depth_max, 12),
            ("pattern_bytes_max", self.pattern_bytes_max, 24_000),
            ("pattern_wildcards_max", self.pattern_wildcards_max, 1_000),
            ("order_columns_max", self.order_columns_max, 200),
            ("joins_max", self.joins_max, 50),
            ("columns_max", self.columns_max, 1_000),
        ];
        bounds
            .into_iter()
            .filter(|&(_, value, most)| value > most)
            .map(|(key, value, most)| (key, format!("{value} is too large, at most {most}")))
            .collect()
    }

    /// With nothing allowed every operation would be refused.
    fn too_small(&self) -> Vec<(&'static str, String)> {
        let size = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
        let bounds = [
            ("document_bytes_max", size(self.document_bytes_max)),
            ("tokens_max", size(self.tokens_max)),
            ("operations_max", size(self.operations_max)),
            ("depth_max", size(self.depth_max)),
            ("roots_max", size(self.roots_max)),
            ("fields_max", size(self.fields_max)),
            ("cost_max", i64::try_from(self.cost_max).unwrap_or(i64::MAX)),
            ("columns_max", size(self.columns_max)),
            ("page_rows_max", self.page_rows_max),
            ("page_rows_default", self.page_rows_default),
        ];
        bounds
            .into_iter()
            .filter(|&(_, value)| value < 1)
            .map(|(key, value)| (key, format!("{value} is too small, at least 1")))
            .collect()
    }
}
