//! The requests whose cost is counted.

use crate::client::Client;
use anyhow::{Result, bail};
use serde_json::Value;

/// A request, the same each time but for its variables.
pub(super) struct Request {
    pub(super) name: &'static str,
    document: &'static str,
    /// The name of its one variable, and how many values that takes in turn.
    variable: (&'static str, usize),
    /// The value with a number.
    value: fn(usize) -> Value,
    pub(super) callers: Callers,
}

/// Whom a request is of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Callers {
    /// Everybody, held to no rule.
    All,
    /// Somebody with a key, who sees the rows that a claim names.
    Tenant,
}

impl Callers {
    pub(super) const EACH: [Self; 2] = [Self::All, Self::Tenant];
}

/// What is asked, from small to large.
pub(super) const REQUESTS: [Request; 8] = [
    Request {
        name: "point",
        document: "query($id: Int!) { user(id: $id) { id name email city createdAt } }",
        variable: ("id", 10_000),
        value: number,
        callers: Callers::All,
    },
    Request {
        name: "point by text",
        document: "query($email: String!) { userByEmail(email: $email) { id name email city createdAt } }",
        variable: ("email", 10_000),
        value: email,
        callers: Callers::All,
    },
    Request {
        name: "point by rule",
        document: "query($id: Int!) { user(id: $id) { id name email city createdAt } }",
        variable: ("id", 10_000),
        value: number,
        callers: Callers::Tenant,
    },
    Request {
        name: "list of 20",
        document: "query($category: Int!) { products(where: { category: { eq: $category }, stock: { gt: 10 } }, \
                   orderBy: [{ price: DESC }], limit: 20) { id name price stock category } }",
        variable: ("category", 50),
        value: number,
        callers: Callers::All,
    },
    Request {
        name: "nesting",
        document: "query($user: Int!) { orders(where: { userId: { eq: $user } }, limit: 10) \
                   { id status items { quantity product { name price } } } }",
        variable: ("user", 10_000),
        value: number,
        callers: Callers::All,
    },
    Request {
        name: "100 rows",
        document: "query($first: Int!) { items(where: { id: { gte: $first } }, orderBy: [{ id: ASC }], \
                   limit: 100) { id orderId productId quantity price discount } }",
        variable: ("first", 299_000),
        value: number,
        callers: Callers::All,
    },
    Request {
        name: "groups",
        document: "query($user: Int!) { orderAggregate(where: { userId: { eq: $user } }, \
                   groupBy: [{ status: VALUE }]) { key { status } count sum { total } } }",
        variable: ("user", 10_000),
        value: number,
        callers: Callers::All,
    },
    Request {
        name: "insert",
        document: "mutation($user: Int!) { createReview(input: { userId: $user, productId: 7, rating: 5, \
                   body: \"As good as the last one.\" }) { id rating } }",
        variable: ("user", 10_000),
        value: number,
        callers: Callers::All,
    },
];

/// A prime, by which values follow each other without an order that a cache could know.
const STRIDE: usize = 7_919;

/// What callers with a claim are held to.
pub(super) const RULE: &str = "
extend schema @role(name: \"tenant\")
extend type User @access(to: \"tenant\", allow: READ, where: {tenant: {eq: {claim: \"tenant\"}}})
";

fn number(number: usize) -> Value {
    number.into()
}

fn email(number: usize) -> Value {
    format!("user{number}@example.org").into()
}

/// Asks a request for the so manyth time; an error in its answer is one here, and so is one without a row.
pub(super) fn ask(client: &mut Client, request: &Request, turn: usize) -> Result<()> {
    let (variable, values) = request.variable;
    let value = (request.value)(1 + turn * STRIDE % values);
    let variables = serde_json::json!({ variable: value });
    let body = serde_json::json!({ "query": request.document, "variables": variables });
    let answer = client.ask(&body.to_string())?;
    if !answer.starts_with("{\"data\":") || answer.contains(":null}}") {
        bail!("{} is answered with {answer}", request.name);
    }
    Ok(())
}
