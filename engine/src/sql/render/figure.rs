//! Figures over rows, and the buckets of time that rows are grouped by.

use super::Text;
use crate::sql::{self, Aggregate, Bucket, Expr};
use model::{Dialect, Scalar};

impl Text<'_> {
    /// A count or aggregate, over the rows that fulfil a condition if there is one.
    pub(super) fn figure(&mut self, figure: &Expr, filter: Option<&Expr>) {
        let sqlite = self.schema.dialect == Dialect::Sqlite;
        match figure {
            Expr::Count(None) => self.count_rows(filter),
            Expr::Count(Some(inner)) => {
                self.over("count(", &Expr::Distinct(inner.clone()), filter);
            }
            Expr::Aggregate(Aggregate::ExactAverage, inner) if !sqlite => {
                self.exact_average(inner, filter);
            }
            Expr::Aggregate(Aggregate::ExactSum, inner) if !sqlite => self.sum(inner, filter),
            Expr::Aggregate(function, inner) => {
                let head = match function {
                    Aggregate::ExactSum => "fragaria_decimal_sum(",
                    Aggregate::Sum => "sum(",
                    Aggregate::ExactAverage => "fragaria_decimal_avg(",
                    Aggregate::Average => "avg(",
                    Aggregate::Minimum => "min(",
                    Aggregate::Maximum => "max(",
                };
                self.over(head, inner, filter);
            }
            other => self.expr(other),
        }
    }

    fn count_rows(&mut self, filter: Option<&Expr>) {
        match filter {
            Some(condition) if self.mariadb() => {
                self.call_open("count(CASE WHEN ", condition);
                self.push(" THEN 1 END)");
            }
            _ => {
                self.push("count(*)");
                self.filter(filter);
            }
        }
    }

    /// A function over an operand; MariaDB has no `FILTER`, but passes over NULL.
    fn over(&mut self, head: &str, operand: &Expr, filter: Option<&Expr>) {
        self.push(head);
        let operand = match operand {
            Expr::Distinct(inner) => {
                self.push("DISTINCT ");
                inner
            }
            plain => plain,
        };
        match filter {
            Some(condition) if self.mariadb() => {
                self.call_open("CASE WHEN ", condition);
                self.call_open(" THEN ", operand);
                self.push(" END)");
            }
            _ => {
                self.expr(operand);
                self.push(")");
                self.filter(filter);
            }
        }
    }

    fn filter(&mut self, filter: Option<&Expr>) {
        if let Some(condition) = filter {
            self.call(" FILTER (WHERE ", condition);
        }
    }

    /// PostgreSQL's own `avg` keeps 16 significant digits, which for long numbers leaves none
    /// after the point, and MariaDB's four more than its column has; the zeros make the quotient
    /// exact enough to be rounded once. MariaDB takes it for shorter than it is, and orders by what
    /// it takes it for, so it is told.
    fn exact_average(&mut self, inner: &Expr, filter: Option<&Expr>) {
        let scale = sql::average_scale(self.schema, inner);
        self.push(if scale.is_some() {
            "CAST(round("
        } else {
            "round("
        });
        self.sum(inner, filter);
        self.push(" * 1.00000000000000000000 / ");
        self.over("count(", inner, filter);
        self.push(&format!(", {})", scale.unwrap_or(6)));
        if let Some(scale) = scale {
            self.push(&format!(" AS DECIMAL(65,{scale}))"));
        }
    }

    /// MariaDB gives nines for a sum that is too long for it, and may not even warn of it; adding to
    /// its largest whole number it refuses.
    fn sum(&mut self, inner: &Expr, filter: Option<&Expr>) {
        let Some(most) = sql::sum_max(self.schema, inner) else {
            return self.over("sum(", inner, filter);
        };
        self.over("CASE WHEN abs(sum(", inner, filter);
        self.push(&format!(") >= {most} AND "));
        self.over("count(", inner, filter);
        self.push(" > 1 THEN 9223372036854775807 + ");
        self.over("count(", inner, filter);
        self.over(" ELSE sum(", inner, filter);
        self.push(" END");
    }

    /// The start of a bucket, in the type of the column.
    pub(super) fn bucket(&mut self, inner: &Expr, bucket: Bucket, scalar: Scalar) {
        match self.schema.dialect {
            Dialect::Sqlite => {
                self.call_open("fragaria_bucket(", inner);
                self.push(&format!(", '{}', '{}')", bucket.word(), scalar.name()));
            }
            Dialect::Postgres => {
                self.push(&format!("date_trunc('{}', ", bucket.word()));
                self.expr(inner);
                self.push(match scalar {
                    Scalar::Date => "::timestamp)::date",
                    Scalar::DateTime => " AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'",
                    _ => ")",
                });
            }
            Dialect::Mariadb => self.mariadb_bucket(inner, bucket, scalar),
        }
    }

    /// The digits of a bucket's start, read as a date or time again.
    fn mariadb_bucket(&mut self, inner: &Expr, bucket: Bucket, scalar: Scalar) {
        let digits = match bucket {
            Bucket::Year => "%Y-01-01",
            Bucket::Quarter | Bucket::Month => "%Y-%m-01",
            Bucket::Week | Bucket::Day => "%Y-%m-%d",
            Bucket::Hour => "%Y-%m-%d %H:00:00",
            Bucket::Minute => "%Y-%m-%d %H:%i:00",
        };
        self.call_open("CAST(DATE_FORMAT(", inner);
        let native = match scalar {
            Scalar::Date => "DATE",
            _ => "DATETIME",
        };
        self.push(&format!(", '{digits}') AS {native})"));
        match bucket {
            Bucket::Quarter => {
                self.call(" - INTERVAL (MONTH(", inner);
                self.push(" - 1) % 3 MONTH");
            }
            Bucket::Week => {
                self.call(" - INTERVAL WEEKDAY(", inner);
                self.push(" DAY");
            }
            _ => {}
        }
    }
}
