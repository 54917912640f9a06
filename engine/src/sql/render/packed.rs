//! Packed rows as MariaDB makes them: one text, as `model` describes it.

use super::Text;
use crate::sql::walk::{Part, parts};
use crate::sql::{Aggregate, Alias, Expr, From, Operator, Reference, Select};
use model::Scalar;

impl Text<'_> {
    /// All rows of a select as one text. A list that the server could not hold is NULL, which the
    /// reader takes for the error it is; one without rows is `[]`.
    pub(super) fn packed_text(&mut self, select: &Select) {
        if select.is_total() {
            return self.packed_total(select);
        }
        if !select.group.is_empty() {
            return self.packed_groups(select);
        }
        self.push("(SELECT CONCAT('[', COALESCE(GROUP_CONCAT(");
        self.packed_row(select, |text, _, column| text.expr(column));
        self.packed_end(select, |text, _, value| text.expr(value));
        self.packed_source(select, &select.filter);
        self.push(")");
    }

    /// The one row of figures, if the conditions and the limit leave it there.
    fn packed_total(&mut self, select: &Select) {
        let bounds = [(&select.limit, " > 0"), (&select.offset, " = 0")];
        let bounds = bounds.map(|(rows, test)| rows.as_ref().map(|rows| (rows, test)));
        let conditional = !select.having.is_empty() || bounds.iter().any(Option::is_some);
        self.push("(SELECT ");
        if conditional {
            self.push("IF(TRUE");
            self.conditions(" AND ", &select.having);
            for (rows, test) in bounds.into_iter().flatten() {
                self.push(" AND ");
                self.expr(rows);
                self.push(test);
            }
            self.push(", ");
        }
        self.push("CONCAT('[', ");
        self.packed_row(select, |text, _, column| text.expr(column));
        self.push(", ']')");
        if conditional {
            self.push(", '[]')");
        }
        self.packed_source(select, &select.filter);
        self.push(")");
    }

    /// Groups are made in a derived table, which cannot look at the row around it: they are made
    /// for every such row and picked from there. The optimizer makes only those that are picked.
    fn packed_groups(&mut self, select: &Select) {
        let Ties {
            links,
            around,
            filter,
        } = ties(select);
        self.push("(SELECT CONCAT('[', COALESCE(GROUP_CONCAT(");
        self.packed_row(select, |text, index, _| text.push(&format!("g.c{index}")));
        self.packed_end(select, |text, index, _| text.push(&format!("g.o{index}")));
        self.push(" FROM (SELECT ");
        let orders = select.order.iter().map(|order| &order.expr);
        let inner = links.iter().map(|(inner, _)| *inner);
        let parts = inner.clone().enumerate().map(|part| ('k', part));
        let parts = parts.chain(select.columns.iter().enumerate().map(|part| ('c', part)));
        let parts = parts.chain(orders.enumerate().map(|part| ('o', part)));
        for (place, (kind, (index, expr))) in parts.enumerate() {
            self.push(if place > 0 { ", " } else { "" });
            self.expr(expr);
            self.push(&format!(" AS {kind}{index}"));
        }
        self.packed_source(select, &filter);
        self.push(" GROUP BY ");
        self.list(inner.chain(&select.group), ", ", Self::expr);
        self.conditions(" HAVING ", &select.having);
        self.push(") AS g");
        for (index, (_, outer)) in links.iter().enumerate() {
            self.push(if index > 0 { " AND " } else { " WHERE " });
            self.push(&format!("g.k{index} = "));
            self.expr(outer);
        }
        let keyword = if links.is_empty() { " WHERE " } else { " AND " };
        self.conditions(keyword, &around);
        self.push(")");
    }

    /// A row as text, each cell by what gives its value.
    fn packed_row(&mut self, select: &Select, value: impl Fn(&mut Self, usize, &Expr)) {
        self.push("CONCAT('('");
        for (index, column) in select.columns.iter().enumerate() {
            self.push(if index > 0 { ", ',', " } else { ", " });
            let (head, tail) = self.packed_cell(column);
            self.push(head);
            value(self, index, column);
            self.push(tail);
        }
        self.push(", ')')");
    }

    /// What stands around a cell, so that all are in one character set: columns of several would
    /// refuse to be put together.
    fn packed_cell(&self, expr: &Expr) -> (&'static str, &'static str) {
        match self.scalar(expr) {
            _ if matches!(expr, Expr::Rows(_)) => ("", ""),
            Some(Scalar::Bytes) => ("QUOTE(HEX(", "))"),
            // A bit would be quoted as a byte.
            Some(Scalar::Boolean) => ("QUOTE(", " + 0)"),
            Some(Scalar::String | Scalar::Json) => ("QUOTE(CONVERT(", " USING utf8mb4))"),
            _ => ("QUOTE(", ")"),
        }
    }

    /// The scalar of a column, also where it is the smallest or largest of its values.
    fn scalar(&self, expr: &Expr) -> Option<Scalar> {
        match expr {
            Expr::Column(Reference { table, column, .. }) => {
                Some(self.schema.tables[*table].columns[*column].scalar)
            }
            Expr::Aggregate(Aggregate::Minimum | Aggregate::Maximum, inner)
            | Expr::Filtered(inner, _)
            | Expr::Guarded(_, inner) => self.scalar(inner),
            Expr::Masked(..) => Some(Scalar::String),
            Expr::First(items) => self.scalar(items.first()?),
            Expr::Value(select) => self.scalar(select.columns.iter().next()?),
            _ => None,
        }
    }

    /// The order and the limit of the rows, each part of the order by what gives its value.
    fn packed_end(&mut self, select: &Select, value: impl Fn(&mut Self, usize, &Expr)) {
        for (index, order) in select.order.iter().enumerate() {
            self.push(if index > 0 { ", " } else { " ORDER BY " });
            self.order_of(order, true, |text| value(text, index, &order.expr));
        }
        self.push(" SEPARATOR ''");
        self.limit(select);
        self.push("), IF(COUNT(*) = 0, '', NULL)), ']')");
    }

    fn packed_source(&mut self, select: &Select, filter: &[Expr]) {
        if let Some(from) = &select.from {
            self.push(" FROM ");
            self.from(from);
        }
        for join in &select.joins {
            self.join(join);
        }
        self.conditions(" WHERE ", filter);
    }
}

/// How the rows of a select are tied to the row around it.
struct Ties<'s> {
    /// Pairs of equal columns: its own, and the outer one.
    links: Vec<(&'s Expr, &'s Expr)>,
    /// What must hold of the row around it, whatever its own rows are.
    around: Vec<Expr>,
    /// What must hold of its own rows.
    filter: Vec<Expr>,
}

fn ties(select: &Select) -> Ties<'_> {
    let first = match &select.from {
        Some(From::Table(_, alias) | From::Keys { alias, .. } | From::Call { alias, .. }) => {
            Some(*alias)
        }
        None => None,
    };
    let is_own =
        |alias: Alias| first == Some(alias) || select.joins.iter().any(|join| join.alias == alias);
    let mut ties = Ties {
        links: Vec::new(),
        around: Vec::new(),
        filter: Vec::new(),
    };
    for condition in &select.filter {
        match condition {
            Expr::Compare(Operator::Equal, inner, outer) if matches!(**outer, Expr::Column(Reference { alias: Some(alias), .. }) if !is_own(alias)) =>
            {
                ties.links.push((&**inner, &**outer));
            }
            about if !is_about(about, &is_own) => ties.around.push(about.clone()),
            other => ties.filter.push(other.clone()),
        }
    }
    ties
}

/// Whether an expression reads a row of one of these aliases, wherever in it.
fn is_about(expr: &Expr, is_one: &dyn Fn(Alias) -> bool) -> bool {
    let of = |reference: &Reference| reference.alias.is_some_and(is_one);
    let mut is = match expr {
        Expr::Column(reference) => of(reference),
        Expr::Row(alias)
        | Expr::GivenRow(alias)
        | Expr::Ordinal(alias)
        | Expr::Search(alias, ..) => is_one(*alias),
        _ => false,
    };
    parts(expr, &mut |part| {
        is |= match part {
            Part::Expr(inner) => is_about(inner, is_one),
            Part::Select(select) => {
                let joins = select.joins.iter().flat_map(|join| &join.on);
                let mut joined = joins.flat_map(|(one, other)| [one, other]);
                joined.any(of) || select.expressions().any(|inner| is_about(inner, is_one))
            }
        };
    });
    is
}
