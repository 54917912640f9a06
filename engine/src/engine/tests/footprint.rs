//! Which tables plans say that they touch.

use super::*;
use model::{Act, Footprint};

fn footprint(document: &str) -> Footprint {
    let engine = engine(Dialect::Postgres);
    let bound = bound(&engine, document, "{}").unwrap();
    Footprint::clone(&bound.script.footprint)
}

fn names(footprint: &Footprint) -> Vec<&str> {
    footprint.reads.iter().map(|it| it.name.as_str()).collect()
}

#[test]
fn a_read_leaves_every_table_it_looks_at() {
    for (document, expected) in [
        ("{ products { name } }", &["product"][..]),
        (
            "{ products { category { name } } }",
            &["category", "product"],
        ),
        (
            "{ products { tags { word } } }",
            &["product", "productTag", "tag"],
        ),
        (
            "{ products(where: { tags: { some: { word: { eq: \"x\" } } } }) { id } }",
            &["product", "productTag", "tag"],
        ),
        (
            "{ products(orderBy: [{ category: { name: ASC } }]) { id } }",
            &["category", "product"],
        ),
        (
            "{ categoryAggregate { count } tags { word } }",
            &["category", "tag"],
        ),
        ("{ __typename }", &[]),
    ] {
        let footprint = footprint(document);
        assert_eq!(names(&footprint), expected, "{document}");
        assert!(footprint.knows_reads && footprint.writes.is_empty());
    }
}

#[test]
fn a_write_leaves_what_it_does_to_each_table() {
    let written = |document: &str| {
        let footprint = footprint(document);
        let written = footprint.writes.into_iter();
        let written: Vec<_> = written.map(|(table, act)| (table.name, act)).collect();
        written
    };
    let one = |name: &str, act| vec![(name.to_owned(), act)];
    assert_eq!(
        written("mutation { createTag(input: { word: \"x\" }) { id } }"),
        one("tag", Act::Insert)
    );
    assert_eq!(
        written("mutation { updateTag(id: 1, set: { word: \"x\" }) { id } }"),
        one("tag", Act::Update)
    );
    assert_eq!(
        written("mutation { deleteProduct(id: 1) { id } }"),
        one("product", Act::Delete)
    );
    let tree = "mutation { createProduct(input: { name: \"a\", price: \"1\", status: NEW, \
        tags: { create: [{ word: \"x\" }] } }) { id } }";
    let inserted = ["product", "productTag", "tag"].map(|name| (name.to_owned(), Act::Insert));
    assert_eq!(written(tree), inserted);
}

#[test]
fn what_only_the_database_knows_is_not_known() {
    const SHOP: &str = r#"
type Product @table(name: "products", schema: "stock") { id: Int! @id name: String! loud: String! @computed(sql: "upper({name})") }
type Sale @view(name: "sales", key: ["id"]) { id: Int! amount: Int! }
extend type Query { vat(of: Int!): Int @function(name: "vat") }
extend type Mutation { restock(of: Int!): Int @function(name: "restock") }
"#;
    let engine = engine_of(Dialect::Postgres, SHOP);
    for (document, reads, writes) in [
        ("{ products { name } }", true, true),
        ("{ products { loud } }", false, true),
        (
            "{ products(where: { loud: { eq: \"A\" } }) { name } }",
            false,
            true,
        ),
        ("{ sales { amount } }", false, true),
        ("{ products { name } vat(of: 1) }", false, false),
        ("mutation { restock(of: 1) }", false, false),
        ("mutation { deleteProduct(id: 1) { id } }", true, true),
        ("mutation { deleteProduct(id: 1) { loud } }", false, true),
    ] {
        let bound = bound(&engine, document, "{}").unwrap();
        let footprint = &bound.script.footprint;
        let known = (footprint.knows_reads, footprint.knows_writes);
        assert_eq!(known, (reads, writes), "{document}");
        let mut read = footprint.reads.iter();
        assert!(read.all(|it| it.name == "sales" || it.schema.as_deref() == Some("stock")));
    }
}

#[test]
fn what_a_rule_looks_at_is_in_it() {
    const SHOP: &str = r#"
extend schema @role(name: "clerk")
type Product @table(name: "products") @access(to: "clerk", allow: READ, where: { category: { name: { eq: "Pans" } } }) {
  id: Int! @id
  categoryId: Int! @column(name: "category_id")
  category: Category! @relation(fields: ["categoryId"])
}
type Category @table(name: "categories") { id: Int! @id name: String! }
"#;
    let engine = engine_of(Dialect::Postgres, SHOP);
    let rights = Rights::Of(["clerk"].into_iter().collect());
    let ask = Ask {
        document: "{ products { id } }",
        operation: None,
        rights: &rights,
    };
    let operation = engine.prepare(&ask).unwrap();
    let claims = (&Claims::default(), None);
    let bound = engine.bind(&operation, claims, Inserts::Together).unwrap();
    assert_eq!(names(&bound.script.footprint), ["categories", "products"]);
}
