//! `cargo xtask shapes`: forms of SQL that read a list with its nested lists, beside each other.
//!
//! Each form gives the same rows. PostgreSQL says how long it runs them, without sending them
//! anywhere; rounds are interleaved and medians shown.

use super::progress;
use super::rounds::Rounds;
use super::shop::{self, Shop};
use crate::postgres::Postgres;
use crate::{packages, process};
use anyhow::{Context, Result};
use clap::Args;
use std::process::ExitCode;

/// How often to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Rounds over all forms; the median counts
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

/// A list of parents with a list of children each.
struct Case {
    name: &'static str,
    /// The parents, as `p`: their table and what narrows them.
    parents: &'static str,
    /// The children, as `c`: their table, the column that is the parent's key, and columns.
    children: (&'static str, &'static str, &'static str),
    /// What narrows the children, beginning with `AND`.
    filter: &'static str,
    /// Order and most of each parent's children.
    order: &'static str,
    limit: Option<u32>,
}

const ITEMS: (&str, &str, &str) = ("items", "order_id", "id, quantity, price");
const ORDERS: (&str, &str, &str) = ("orders", "user_id", "id, status, total");

/// As an access rule would ask: through another table, on parents and on children.
const RULE: &str =
    "AND EXISTS (SELECT 1 FROM products r WHERE r.id = c.product_id AND r.category <= 25)";

const CASES: [Case; 7] = [
    Case {
        name: "20 orders, all items",
        parents: "orders p WHERE p.region = 7 ORDER BY p.id LIMIT 20",
        children: ITEMS,
        filter: "",
        order: "id",
        limit: None,
    },
    Case {
        name: "1,000 orders, all items",
        parents: "orders p WHERE p.region = 7 ORDER BY p.id LIMIT 1000",
        children: ITEMS,
        filter: "",
        order: "id",
        limit: None,
    },
    Case {
        name: "20,000 orders, all items",
        parents: "orders p WHERE p.id <= 20000 ORDER BY p.id",
        children: ITEMS,
        filter: "",
        order: "id",
        limit: None,
    },
    Case {
        name: "1,000 users, 3 newest of 10 orders",
        parents: "users p WHERE p.id <= 1000 ORDER BY p.id",
        children: ORDERS,
        filter: "",
        order: "id DESC",
        limit: Some(3),
    },
    Case {
        name: "50 products, 5 of 60 items",
        parents: "products p WHERE p.id <= 50 ORDER BY p.id",
        children: ("items", "product_id", "id, quantity, price"),
        filter: "",
        order: "id",
        limit: Some(5),
    },
    Case {
        name: "20 orders under a rule",
        parents: "orders p WHERE p.region = 7 AND EXISTS (SELECT 1 FROM users u \
                  WHERE u.id = p.user_id AND u.city < 'City 5') ORDER BY p.id LIMIT 20",
        children: ITEMS,
        filter: RULE,
        order: "id",
        limit: None,
    },
    Case {
        name: "20,000 orders under a rule",
        parents: "orders p WHERE p.id <= 20000 AND EXISTS (SELECT 1 FROM users u \
                  WHERE u.id = p.user_id AND u.city < 'City 5') ORDER BY p.id",
        children: ITEMS,
        filter: RULE,
        order: "id",
        limit: None,
    },
];

/// How a form is written: the statements it takes, one after the other.
type Form = fn(&Case, keys: &str) -> Vec<String>;

const FORMS: [(&str, Form); 4] = [
    ("packed", packed),
    ("lateral json", lateral),
    ("aggregated", aggregated),
    ("batched", batched),
];

/// A column of packed rows, as the engine writes it.
fn packed(case: &Case, _: &str) -> Vec<String> {
    let rows = children(case, "ROW({columns})", "c.{key} = p.id");
    vec![format!("SELECT p.id, ARRAY({rows}) FROM {}", case.parents)]
}

/// A lateral join to JSON that the database builds.
fn lateral(case: &Case, _: &str) -> Vec<String> {
    let rows = children(case, "{columns}", "c.{key} = p.id");
    let parents = case.parents.replacen(
        " p ",
        &format!(
            " p LEFT JOIN LATERAL (SELECT json_agg(to_json(x)) AS list FROM ({rows}) x) l ON true "
        ),
        1,
    );
    vec![format!("SELECT p.id, l.list FROM {parents}")]
}

/// A join to all children, grouped by their parent.
fn aggregated(case: &Case, _: &str) -> Vec<String> {
    let (table, key, columns) = case.children;
    let (filter, order) = (case.filter, case.order);
    let numbered = format!(
        "SELECT {key} AS parent, {columns}, row_number() OVER (PARTITION BY {key} ORDER BY {order}) AS n \
         FROM {table} c WHERE true {filter}"
    );
    let bound = case
        .limit
        .map_or(String::new(), |limit| format!("WHERE n <= {limit}"));
    let parents = case.parents.replacen(
        " p ",
        &format!(
            " p LEFT JOIN (SELECT parent, array_agg(ROW({columns}) ORDER BY n) AS list \
             FROM ({numbered}) x {bound} GROUP BY parent) g ON g.parent = p.id "
        ),
        1,
    );
    vec![format!("SELECT p.id, g.list FROM {parents}")]
}

/// The parents, and then the children of all of them; a further round trip is not counted.
fn batched(case: &Case, keys: &str) -> Vec<String> {
    let (table, key, columns) = case.children;
    let (filter, order) = (case.filter, case.order);
    let own = format!("c.{key} = ANY ('{keys}'::integer[])");
    let children = if case.limit.is_some() {
        let rows = children(case, "{columns}", "c.{key} = k");
        format!("SELECT k, x.* FROM unnest('{keys}'::integer[]) k, LATERAL ({rows}) x")
    } else {
        format!(
            "SELECT {key}, {columns} FROM {table} c WHERE {own} {filter} ORDER BY {key}, {order}"
        )
    };
    vec![format!("SELECT p.id FROM {}", case.parents), children]
}

/// The children of one parent.
fn children(case: &Case, columns: &str, own: &str) -> String {
    let (table, key, all) = case.children;
    let (columns, own) = (columns.replace("{columns}", all), own.replace("{key}", key));
    let limit = case
        .limit
        .map_or(String::new(), |limit| format!(" LIMIT {limit}"));
    let (filter, order) = (case.filter, case.order);
    format!("SELECT {columns} FROM {table} c WHERE {own} {filter} ORDER BY {order}{limit}")
}

/// Measures and prints.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    packages::ensure(&[packages::POSTGRES])?;
    progress("filling PostgreSQL");
    let database = Postgres::start("shapes", &[])?;
    database.sql("postgres", "CREATE DATABASE shop")?;
    database.sql("shop", &shop::sql(Shop::Postgres))?;
    database.sql("shop", "VACUUM ANALYZE")?;
    println!(
        "{:<36}{}",
        "ms, median (least–most)",
        FORMS.map(|(name, _)| format!("{name:>24}")).concat()
    );
    for case in &CASES {
        progress(case.name);
        let cells = measure(&database, case, options.rounds)?;
        println!("{:<36}{}", case.name, cells.concat());
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(database: &Postgres, case: &Case, rounds: u32) -> Result<Vec<String>> {
    let keys = format!(
        "SELECT array_agg(id) FROM (SELECT p.id FROM {}) k",
        case.parents
    );
    let keys = database.sql("shop", &keys)?;
    let forms = FORMS.map(|(_, form)| form(case, keys.trim()));
    let mut figures = forms.each_ref().map(|_| Rounds::default());
    for round in 0..=rounds {
        process::proceed()?;
        for (statements, figures) in forms.iter().zip(&mut figures) {
            let time = time(database, statements)?;
            // The first round warms up.
            if round > 0 {
                figures.0.push(time);
            }
        }
    }
    let cells = figures
        .iter()
        .map(|figures| format!("{:>24}", figures.shown(1)));
    Ok(cells.collect())
}

/// How long the database runs the statements, planning included, in milliseconds.
fn time(database: &Postgres, statements: &[String]) -> Result<f64> {
    let mut total = 0.0;
    for statement in statements {
        let told = database.sql(
            "shop",
            &format!("EXPLAIN (ANALYZE, TIMING OFF) {statement}"),
        )?;
        for what in ["Planning Time: ", "Execution Time: "] {
            let line = told.lines().find_map(|line| line.trim().strip_prefix(what));
            let figure = line.and_then(|line| line.strip_suffix(" ms"));
            let figure = figure.with_context(|| format!("no {what} in\n{told}"))?;
            total += figure.parse::<f64>()?;
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_every_case_is_whole() {
        for case in &CASES {
            for (name, form) in FORMS {
                for statement in form(case, "{1,2}") {
                    let opened = statement.matches('(').count();
                    assert_eq!(
                        opened,
                        statement.matches(')').count(),
                        "{name}: {statement}"
                    );
                    assert!(!statement.contains("{columns}") && !statement.contains("{key}"));
                }
            }
        }
    }
}
