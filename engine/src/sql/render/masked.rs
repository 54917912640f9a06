//! What is shown of texts that are masked.

use super::Text;
use crate::sql::{Cast, Expr, Veil};

/// How many characters are shown of a text, and how many it has at least for that.
const SHOWN: u8 = 4;
const SHOWN_OF: u8 = 10;

/// What stands for the characters that are not shown, however many they are.
const HIDDEN: &str = "'***'";

impl Text<'_> {
    pub(super) fn masked(&mut self, inner: &Expr, veil: Veil) {
        match veil {
            Veil::Partial => self.partial(inner),
            Veil::Hash { inner: key, outer } => self.hashed(inner, (key, outer)),
        }
    }

    fn partial(&mut self, inner: &Expr) {
        let (length, end) = match () {
            () if self.sqlite() => ("length(", format!("{HIDDEN} || substr(")),
            () if self.mariadb() => ("CHAR_LENGTH(", format!("CONCAT({HIDDEN}, RIGHT(")),
            () => ("char_length(", format!("{HIDDEN} || right(")),
        };
        let text = Expr::Cast(Box::new(inner.clone()), Cast::Text);
        self.call(&format!("CASE WHEN {length}"), &text);
        self.push(&format!(" < {SHOWN_OF} THEN {HIDDEN} ELSE "));
        self.call_open(&end, &text);
        self.push(&match () {
            () if self.sqlite() => format!(", -{SHOWN})"),
            () if self.mariadb() => format!(", {SHOWN}))"),
            () => format!(", {SHOWN})"),
        });
        self.push(" END");
    }

    /// `H(outer || H(inner || text))` in hexadecimal digits, as RFC 2104 has it.
    fn hashed(&mut self, text: &Expr, (inner, outer): (usize, usize)) {
        if self.sqlite() {
            self.push("fragaria_hash(");
            self.parameter(outer);
            self.push(", ");
            self.parameter(inner);
            self.call(", ", text);
        } else if self.mariadb() {
            self.push("SHA2(CONCAT(");
            self.parameter(outer);
            self.push(", UNHEX(SHA2(CONCAT(");
            self.parameter(inner);
            self.call_open(", CONVERT(", text);
            self.push(" USING utf8mb4)), 256))), 256)");
        } else {
            self.push("encode(sha256(");
            self.parameter(outer);
            self.push("::bytea || sha256(");
            self.parameter(inner);
            self.push("::bytea || convert_to(");
            self.operand(text);
            self.push("::text, 'UTF8'))), 'hex')");
        }
    }
}
