//! What stands inside JSON.

use super::Text;
use crate::sql::{Expr, JsonKind, JsonPlace};

impl Text<'_> {
    pub(super) fn json_equal(&mut self, left: &Expr, right: &Expr) {
        self.json_operator("fragaria_json_equal(", " = ", left, right);
    }

    pub(super) fn json_contains(&mut self, left: &Expr, right: &Expr) {
        self.json_operator("fragaria_json_contains(", " @> ", left, right);
    }

    fn json_operator(&mut self, function: &str, operator: &str, left: &Expr, right: &Expr) {
        if self.postgres() {
            self.operand(left);
            self.push(operator);
            return self.operand(right);
        }
        self.call_open(function, left);
        self.call(", ", right);
    }

    pub(super) fn json_has_key(&mut self, document: &Expr, key: &Expr) {
        if self.postgres() {
            self.operand(document);
            self.push(" ? ");
            self.operand(key);
            // The operator takes the strings in a list for keys as well.
            self.call(" AND jsonb_typeof(", document);
            self.push(" = 'object'");
        } else if self.mariadb() {
            self.call("JSON_TYPE(", document);
            self.call_open(" = 'OBJECT' AND JSON_CONTAINS_PATH(", document);
            self.call(", 'one', ", key);
        } else {
            self.call_open("fragaria_json_has_key(", document);
            self.call(", ", key);
        }
    }

    pub(super) fn json_at(&mut self, document: &Expr, place: &JsonPlace) {
        if self.postgres() {
            return self.json_query(document, place);
        }
        if self.mariadb() {
            return self.json_extract(document, place);
        }
        self.call_open("fragaria_json_at(", document);
        self.push(", ");
        self.parameter(place.path);
        self.push(match place.kind {
            JsonKind::String => ", 'string')",
            JsonKind::Number => ", 'number')",
            JsonKind::Boolean => ", 'boolean')",
            JsonKind::Any => ", 'any')",
        });
    }

    /// The path itself says which kind of value it leads to.
    fn json_query(&mut self, document: &Expr, place: &JsonPlace) {
        self.call_open("jsonb_path_query_first(", document);
        self.push(", ");
        self.parameter(place.path);
        self.push("::jsonpath, '{}', TRUE)");
        self.push(match place.kind {
            JsonKind::String => " #>> '{}'",
            JsonKind::Number => "::numeric",
            JsonKind::Boolean => "::boolean",
            JsonKind::Any => "",
        });
    }

    fn json_extract(&mut self, document: &Expr, place: &JsonPlace) {
        self.push("CASE WHEN ");
        for list in &place.lists {
            self.push("JSON_TYPE(");
            self.json_part(document, *list);
            self.push(") = 'ARRAY' AND ");
        }
        self.push("JSON_TYPE(");
        self.json_part(document, place.path);
        self.push(match place.kind {
            JsonKind::String => ") = 'STRING' THEN JSON_UNQUOTE(",
            JsonKind::Number => ") IN ('INTEGER', 'DOUBLE') THEN CAST(",
            JsonKind::Boolean => ") = 'BOOLEAN' THEN (",
            JsonKind::Any => ") <> 'NULL' THEN (",
        });
        self.json_part(document, place.path);
        self.push(match place.kind {
            JsonKind::String | JsonKind::Any => ") END",
            JsonKind::Number => " AS DECIMAL(65,20)) END",
            JsonKind::Boolean => " = 'true') END",
        });
    }

    fn json_part(&mut self, document: &Expr, path: usize) {
        self.call_open("JSON_EXTRACT(", document);
        self.push(", ");
        self.parameter(path);
        self.push(")");
    }
}
