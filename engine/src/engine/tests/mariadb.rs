//! What MariaDB is asked, and with what arguments.

use super::*;

#[test]
fn each_kind_of_request_is_asked_in_mariadbs_words() {
    let documents = [
        "{ product(id: 7) { id name category { name } } }",
        "{ categories: categorys(limit: 2) { name products(limit: 3, offset: 1, \
          orderBy: [{categoryId: DESC}]) { price tags { word } } } }",
        "{ products(where: {price: {in: [\"1.5\", \"2\", \"3\"]}, status: {eq: NEW}, \
          name: {like: \"a\\\\_%\", ilike: \"B%\", notIn: []}}, offset: 3, \
          orderBy: [{status: ASC}, {categoryId: ASC}, {price: DESC}]) { status } }",
        "{ productConnection(first: 2) { totalCount nodes { id } } }",
        "{ productAggregate(groupBy: [{status: VALUE}], having: {sum: {price: {gt: \"1\"}}}) \
          { key { status } avg { price } countDistinct { name } } }",
        "mutation { createTag(input: {word: \"x\"}) { id word } }",
        "mutation { updateProducts(where: {category: {name: {eq: \"a\"}}}, set: {name: \"b\"}) { id } }",
        "mutation { updateProductTag(productId: 1, tagId: 2, set: {tagId: 3}) { tagId } }",
        "mutation { deleteProduct(id: 1) { name } }",
        "mutation { upsertCategory(input: {id: 1, name: \"a\"}, onConflict: NAME) { id } }",
    ];
    let asked = documents.map(|document| {
        let statements = sql(Dialect::Mariadb, document).join(";\n");
        format!("{document}\n{statements};\n")
    });
    insta::assert_snapshot!(asked.join("\n"));
}

#[test]
fn a_parameter_in_two_places_is_given_twice_and_in_their_order() {
    let document = "query($a: Int, $b: Int) { products(where: {or: [{id: {eq: $b}}, \
        {categoryId: {eq: $a}}, {id: {gt: $b}}]}, limit: $a) { id } }";
    let bound = bound(&engine(Dialect::Mariadb), document, "{\"a\": 1, \"b\": 2}").unwrap();
    let integer = |value| Argument::Value(Value::Integer(value));
    assert_eq!(
        bound.arguments,
        [[integer(2), integer(1), integer(2), integer(1)]]
    );
    assert_eq!(bound.weight, Weight::Bounded);
}

#[test]
fn the_rows_a_list_is_bounded_by_are_found_wherever_their_place_is() {
    let document = "query($n: Int) { products(where: {id: {in: [1, 2, 3]}}, limit: $n) { id } }";
    let engine = engine(Dialect::Mariadb);
    let weight = |variables: &str| bound(&engine, document, variables).unwrap().weight;
    assert_eq!(weight("{\"n\": 2}"), Weight::Bounded);
    assert_eq!(weight("{\"n\": 100000}"), Weight::Unbounded);
}

#[test]
fn lists_up_to_the_next_power_of_two_share_a_plan() {
    let engine = engine(Dialect::Mariadb);
    let document = "query($ids: [Int!]) { products(where: {id: {in: $ids}}, limit: 5) { id } }";
    let run = |variables: &str| bound(&engine, document, variables).unwrap();
    let (three, four) = (run("{\"ids\": [1, 2, 3]}"), run("{\"ids\": [1, 2, 3, 4]}"));
    assert!(std::sync::Arc::ptr_eq(&three.script, &four.script));
    assert!(!std::sync::Arc::ptr_eq(
        &three.script,
        &run("{\"ids\": [1, 2]}").script
    ));
    let integer = |value| Argument::Value(Value::Integer(value));
    assert_eq!(three.arguments[0][..4], [1, 2, 3, 3].map(integer));
    assert!(
        run("{\"ids\": []}").script.steps[0]
            .statement
            .sql
            .contains("WHERE (FALSE)")
    );
    let long: Vec<_> = (0..20_000).map(|id: u32| id.to_string()).collect();
    let fault = bound(
        &engine,
        document,
        &format!("{{\"ids\": [{}]}}", long.join(",")),
    );
    assert_eq!(fault.unwrap_err()[0].code, "engine.argument");
}
