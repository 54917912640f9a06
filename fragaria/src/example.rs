//! The example project: a shop with three years of trade, the same on every machine.
//!
//! Reading order: `shelves` and `words` are what it is made of; `assortment`, `people`, `sales`
//! and `opinions` make it up, each from what went before; `insert` writes it as SQL.

mod assortment;
mod calendar;
mod insert;
mod opinions;
mod people;
mod project;
mod random;
mod sales;
mod shelves;
#[rustfmt::skip] // Many short words are easier to survey with several on a line.
mod words;

#[cfg(test)]
mod tests;

pub(crate) use project::{create, was_made_in};
use random::Random;

/// The tables, for SQLite: several statements in one text.
const TABLES: &str = include_str!("example/shop.sql");

/// The schema file over them.
const SCHEMA: &str = include_str!("example/schema.graphql");

/// Queries to begin with, the plainest first, by the name of their file.
const QUERIES: [(&str, &str); 6] = [
    (
        "1-products.graphql",
        include_str!("example/queries/1-products.graphql"),
    ),
    (
        "2-customer.graphql",
        include_str!("example/queries/2-customer.graphql"),
    ),
    (
        "3-categories.graphql",
        include_str!("example/queries/3-categories.graphql"),
    ),
    (
        "4-revenue.graphql",
        include_str!("example/queries/4-revenue.graphql"),
    ),
    (
        "5-orders.graphql",
        include_str!("example/queries/5-orders.graphql"),
    ),
    (
        "6-note.graphql",
        include_str!("example/queries/6-note.graphql"),
    ),
];

/// The INSERT statements that fill the tables, in an order that keeps the foreign keys.
fn statements() -> Vec<String> {
    let random = &mut Random::new(SEED);
    let assortment = assortment::assortment(random);
    let mut customers = people::customers(random);
    let orders = sales::orders(&assortment, &mut customers, random);
    [
        insert::statements(
            "categories (id, parent_id, name, slug, position)",
            assortment.category_rows(),
        ),
        insert::statements(
            "products (id, category_id, sku, name, description, price, weight_grams, attributes, \
             active, released_on)",
            assortment.product_rows(random),
        ),
        insert::statements("tags (id, name)", assortment::tag_rows()),
        insert::statements(
            "product_tags (product_id, tag_id)",
            assortment.tagging_rows(random),
        ),
        insert::statements(
            "customers (id, email, name, city, country, tier, birth_date, newsletter, created_at)",
            people::rows(&customers, random),
        ),
        insert::statements(
            "orders (id, customer_id, reference, status, total, note, placed_at, shipped_at)",
            sales::rows(&orders, random),
        ),
        insert::statements(
            "order_lines (order_id, position, product_id, quantity, unit_price)",
            sales::line_rows(&orders),
        ),
        insert::statements(
            "reviews (id, product_id, customer_id, rating, title, body, created_at)",
            opinions::rows(&assortment, &orders, random),
        ),
    ]
    .concat()
}

/// Another seed is another shop.
const SEED: u64 = 1766;
