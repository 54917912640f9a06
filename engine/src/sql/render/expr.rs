//! Expressions as text.

use super::{Columns, Text};
use crate::sql::{Cast, Expr, ListOperator, ListParameter, Operator, Select};
use model::NOT_AS_IT_MUST;

/// Most conditions that stand beside each other without parentheses.
const JUNCTION_FLAT: usize = 16;

impl Text<'_> {
    /// An expression that may stand beside an operator.
    pub(super) fn operand(&mut self, expr: &Expr) {
        if let Expr::Rule(inner) = expr {
            return self.operand(inner);
        }
        let compound = matches!(
            expr,
            Expr::And(_)
                | Expr::Or(_)
                | Expr::Not(_)
                | Expr::Compare(..)
                | Expr::CompareRows(..)
                | Expr::Like(..)
                | Expr::BeginsLike(..)
                | Expr::LikeAnyCase(..)
                | Expr::EqualAnyCase(..)
                | Expr::JsonEqual(..)
                | Expr::JsonContains(..)
                | Expr::JsonHasKey(..)
                | Expr::JsonAt(..)
                | Expr::Search(..)
                | Expr::CompareLists(..)
                | Expr::IsEmpty(_)
                | Expr::IsNull(_)
                | Expr::IsTrue(_)
                | Expr::IsNotTrue(_)
                | Expr::In(..)
                | Expr::OneOf(..)
                | Expr::NoneKept(_)
                | Expr::InKeys(..)
        );
        if compound {
            self.push("(");
        }
        self.expr(expr);
        if compound {
            self.push(")");
        }
    }

    pub(super) fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Column(reference) => self.reference(*reference),
            Expr::Parameter(index) => self.parameter(*index),
            Expr::Number(rows) => self.push(&rows.to_string()),
            Expr::NumberAndOne(rows) => self.push(&rows.saturating_add(1).to_string()),
            Expr::Excluded(table, column) => {
                self.push("excluded.");
                self.column_name(*table, *column);
            }
            Expr::Cast(inner, cast) => self.cast(inner, cast),
            Expr::Again(_, inner) | Expr::Rule(inner) => self.expr(inner),
            Expr::Next(inner) => {
                self.expr(inner);
                self.push(" + 1");
            }
            Expr::Decimal(inner) => {
                self.expr(inner);
                self.push(" COLLATE fragaria_decimal");
            }
            Expr::Bytewise(inner) => self.bytewise(inner),
            Expr::Rounded(inner, scale) => {
                self.call_open("fragaria_decimal(", inner);
                self.push(&format!(", {scale})"));
            }
            Expr::Json(inner) => self.call("fragaria_json(", inner),
            Expr::Fitted(inner, whole, scale) => {
                self.call_open("fragaria_fitted(", inner);
                self.push(&format!(", {whole}, {scale})"));
            }
            Expr::JsonAt(document, place) => self.json_at(document, place),
            Expr::Rank(inner, enumeration) => self.rank(inner, *enumeration),
            Expr::Ordinal(alias) => {
                self.alias(*alias);
                self.push(".ordinality");
            }
            Expr::Row(alias) => {
                self.alias(*alias);
                self.push(".*");
            }
            Expr::GivenRow(alias) => {
                self.alias(*alias);
                self.push(".fragaria_row");
            }
            Expr::Call(function, arguments) => self.call_function(*function, arguments),
            Expr::Guarded(condition, inner) => {
                self.call_open("CASE WHEN ", condition);
                self.call_open(" THEN ", inner);
                self.push(" END");
            }
            Expr::Must(inner) => self.must(inner),
            Expr::Masked(inner, veil) => self.masked(inner, *veil),
            Expr::First(items) => {
                self.push("COALESCE(");
                self.list(items, ", ", Self::expr);
                self.push(")");
            }
            Expr::Exists(select) => self.nested("EXISTS (", select, Columns::Plain),
            Expr::Value(select) => self.nested("(", select, Columns::Plain),
            Expr::Rows(select) => self.packed(select),
            Expr::Count(_) | Expr::Aggregate(..) => self.figure(expr, None),
            Expr::Filtered(figure, condition) => self.figure(figure, Some(condition)),
            Expr::Distinct(inner) => self.call_open("DISTINCT ", inner),
            Expr::Bucket(inner, bucket, scalar) => self.bucket(inner, *bucket, *scalar),
            condition => self.condition(condition),
        }
    }

    /// No text is a boolean that says so. `concat` is not IMMUTABLE, so that nobody tries it before a
    /// row needs it.
    fn must(&mut self, condition: &Expr) {
        self.call_open("CASE WHEN ", condition);
        self.push(" THEN TRUE ELSE CAST(concat('");
        self.push(NOT_AS_IT_MUST);
        self.push("') AS boolean) END");
    }

    fn condition(&mut self, expr: &Expr) {
        match expr {
            Expr::Compare(operator, left, right) => {
                self.operand(left);
                self.push(&format!(" {} ", operator.symbol()));
                self.operand(right);
            }
            Expr::CompareRows(operator, left, right) => self.compare_rows(*operator, left, right),
            Expr::In(left, list) => self.membership(left, list),
            Expr::OneOf(left, values) => self.one_of(left, values),
            Expr::NoneKept(index) => {
                self.push("JSON_LENGTH(");
                self.parameter(*index);
                self.push(") = 0");
            }
            Expr::InKeys(left, lists) => self.key_membership(left, lists),
            Expr::Like(left, pattern) if self.sqlite() => {
                self.pattern_call("fragaria_like(", left, pattern);
            }
            Expr::Like(left, pattern) | Expr::BeginsLike(left, pattern) => {
                self.operand(left);
                self.push(" LIKE ");
                self.operand(pattern);
                self.push(if self.mariadb() {
                    " ESCAPE '\\\\'"
                } else {
                    " ESCAPE '\\'"
                });
            }
            Expr::LikeAnyCase(left, pattern) => self.like_any_case(left, pattern),
            Expr::EqualAnyCase(left, right) => self.equal_any_case(left, right),
            Expr::Search(alias, table, words) => self.search(*alias, *table, *words),
            Expr::CompareLists(operator, left, right) => {
                self.compare_lists(*operator, left, right);
            }
            Expr::IsEmpty(list) => {
                self.call("cardinality(", list);
                self.push(" = 0");
            }
            Expr::JsonEqual(left, right) => self.json_equal(left, right),
            Expr::JsonContains(left, right) => self.json_contains(left, right),
            Expr::JsonHasKey(document, key) => self.json_has_key(document, key),
            Expr::IsNull(inner) => {
                self.operand(inner);
                self.push(" IS NULL");
            }
            Expr::IsTrue(inner) => {
                self.operand(inner);
                self.push(" IS TRUE");
            }
            Expr::IsNotTrue(inner) => {
                self.operand(inner);
                self.push(" IS NOT TRUE");
            }
            Expr::Not(inner) => {
                self.push("NOT ");
                self.operand(inner);
            }
            Expr::And(parts) if parts.is_empty() => self.push("TRUE"),
            Expr::Or(parts) if parts.is_empty() => self.push("FALSE"),
            Expr::And(parts) => self.junction(parts, " AND "),
            Expr::Or(parts) => self.junction(parts, " OR "),
            other => self.expr(other),
        }
    }

    /// Conditions joined by an operator; long lists in halves, because SQLite takes a flat list of
    /// a thousand for an expression a thousand deep.
    fn junction(&mut self, parts: &[Expr], operator: &str) {
        if parts.len() <= JUNCTION_FLAT {
            return self.list(parts, operator, Self::operand);
        }
        let (left, right) = parts.split_at(parts.len() / 2);
        self.push("(");
        self.junction(left, operator);
        self.push(")");
        self.push(operator);
        self.push("(");
        self.junction(right, operator);
        self.push(")");
    }

    pub(super) fn call(&mut self, head: &str, inner: &Expr) {
        self.call_open(head, inner);
        self.push(")");
    }

    pub(super) fn call_open(&mut self, head: &str, inner: &Expr) {
        self.push(head);
        self.expr(inner);
    }

    fn nested(&mut self, head: &str, select: &Select, columns: Columns) {
        self.push(head);
        self.select(select, columns);
        self.push(")");
    }

    fn packed(&mut self, select: &Select) {
        if self.mariadb() {
            return self.packed_text(select);
        }
        if self.postgres() {
            return self.nested("ARRAY(", select, Columns::Packed);
        }
        self.push("(SELECT fragaria_rows(");
        for index in 0..select.columns.len().max(1) {
            self.push(&format!("{}c{index}", if index > 0 { ", " } else { "" }));
        }
        self.push(") FROM ");
        self.nested("(", select, Columns::Named);
        self.push(")");
    }

    fn cast(&mut self, inner: &Expr, cast: &Cast) {
        if self.mariadb() {
            return self.cast_call(inner, cast);
        }
        match cast {
            Cast::Document => return self.call("to_jsonb(", inner),
            Cast::Composite(shape) => {
                self.push("jsonb_populate_record(NULL");
                self.cast_suffix(&Cast::Composite(*shape));
                return self.call(", ", inner);
            }
            _ if self.postgres() => {
                self.operand(inner);
                return self.cast_suffix(cast);
            }
            _ => {}
        }
        match cast {
            Cast::Text => self.call_open("CAST(", inner),
            // SQLite has one kind of float, and numbers are compared by value.
            _ => return self.expr(inner),
        }
        self.push(" AS TEXT)");
    }

    fn bytewise(&mut self, inner: &Expr) {
        if self.mariadb() {
            self.call_open("CONVERT(", inner);
            self.push(" USING utf8mb4) COLLATE utf8mb4_nopad_bin");
        } else if self.postgres() {
            self.operand(inner);
            self.push("::text COLLATE \"C\"");
        } else {
            self.expr(inner);
            self.push(" COLLATE BINARY");
        }
    }

    pub(super) fn cast_suffix(&mut self, cast: &Cast) {
        self.push("::");
        self.cast_type(cast);
    }

    fn cast_type(&mut self, cast: &Cast) {
        let schema = self.schema;
        match cast {
            Cast::Text => self.push("text"),
            Cast::Float => self.push("float8"),
            Cast::Native(native) => self.push(native),
            Cast::Enum(index, name) => {
                self.qualified(schema.enums[*index].schema.as_deref(), name);
            }
            Cast::Document => self.push("jsonb"),
            Cast::Composite(shape) => {
                if let Some(found) = &schema.shapes[*shape].composite {
                    self.qualified(found.schema.as_deref(), &found.name);
                }
            }
            Cast::List(item) => {
                self.cast_type(item);
                self.push("[]");
            }
        }
    }

    /// The labels come from the artefact; a quote inside is doubled.
    fn rank(&mut self, inner: &Expr, enumeration: usize) {
        let schema = self.schema;
        self.push("CASE ");
        self.expr(inner);
        for (index, value) in schema.enums[enumeration].values.iter().enumerate() {
            let mut label = value.label.replace('\'', "''");
            if self.mariadb() {
                label = label.replace('\\', "\\\\");
            }
            self.push(&format!(" WHEN '{label}' THEN {index}"));
        }
        self.push(" END");
    }

    /// An array of several dimensions is no list, though the operators take it for one.
    fn compare_lists(&mut self, operator: ListOperator, left: &Expr, right: &Expr) {
        self.operand(left);
        self.push(match operator {
            ListOperator::Contains => " @> ",
            ListOperator::ContainedBy => " <@ ",
            ListOperator::Overlaps => " && ",
        });
        self.operand(right);
        self.call(" AND COALESCE(array_ndims(", left);
        self.push(", 1) = 1");
    }

    fn compare_rows(&mut self, operator: Operator, left: &[Expr], right: &[Expr]) {
        self.push("(");
        self.list(left, ", ", Self::expr);
        self.push(&format!(") {} (", operator.symbol()));
        self.list(right, ", ", Self::expr);
        self.push(")");
    }

    fn membership(&mut self, left: &Expr, list: &ListParameter) {
        self.operand(left);
        if self.postgres() {
            self.push(" = ANY (");
            self.list_operand(list);
            self.push(")");
        } else {
            self.push(" IN (SELECT ");
            self.push(if list.bytes { "unhex(value)" } else { "value" });
            self.push(" FROM json_each(");
            self.parameter(list.index);
            self.push("))");
        }
    }

    fn list_operand(&mut self, list: &ListParameter) {
        self.parameter(list.index);
        if let Some(cast) = &list.cast {
            self.cast_suffix(cast);
            self.push("[]");
        }
    }

    fn key_membership(&mut self, left: &[Expr], lists: &[ListParameter]) {
        if let ([left], [list]) = (left, lists)
            && !self.mariadb()
        {
            return self.membership(left, list);
        }
        self.push("(");
        self.list(left, ", ", Self::expr);
        self.push(") IN (SELECT ");
        for index in 0..lists.len() {
            self.push(if index > 0 { ", " } else { "" });
            self.key(index, lists);
        }
        self.push(" FROM ");
        self.keys(lists);
        self.push(")");
    }

    /// A function of ours, which can be stopped within a long text.
    pub(super) fn pattern_call(&mut self, head: &str, left: &Expr, pattern: &Expr) {
        self.call_open(head, pattern);
        self.push(", ");
        self.expr(left);
        self.push(")");
    }
}
