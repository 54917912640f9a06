//! Text compared without regard to case: letters are the same when their lower-case forms are.

use super::Text;
use crate::sql::Expr;

impl Text<'_> {
    pub(super) fn like_any_case(&mut self, left: &Expr, pattern: &Expr) {
        if self.mariadb() {
            self.lower(left);
            self.push(" LIKE ");
            self.lower(pattern);
            self.push(" ESCAPE '\\\\'");
        } else if self.postgres() {
            self.operand(left);
            self.push(" ILIKE ");
            self.operand(pattern);
        } else {
            self.pattern_call("fragaria_ilike(", left, pattern);
        }
    }

    pub(super) fn equal_any_case(&mut self, left: &Expr, right: &Expr) {
        self.lower(left);
        self.push(" = ");
        if self.postgres() {
            // The value takes the collation of the left side, and an index on `lower(…)` still
            // finds the rows: the case is simplified before the plan is made.
            self.call_open("lower(CASE WHEN TRUE THEN ", right);
            self.call_open(" ELSE ", left);
            self.push(" END)");
        } else {
            self.lower(right);
        }
    }

    /// In lower case, letter by letter, and compared by its bytes.
    ///
    /// MariaDB has a table of letters for each collation, and that one is the largest that every
    /// version has. PostgreSQL goes by the collation of the column.
    fn lower(&mut self, text: &Expr) {
        if self.mariadb() {
            self.call_open("LOWER(CONVERT(", text);
            self.push(" USING utf8mb4) COLLATE utf8mb4_unicode_520_ci) COLLATE utf8mb4_nopad_bin");
        } else if self.postgres() {
            self.call("lower(", text);
        } else {
            self.call("fragaria_lower(", text);
        }
    }
}
