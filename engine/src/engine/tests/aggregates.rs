//! Figures, groups and orders by figures, down to the SQL of each dialect.

use super::*;

const DOCUMENTS: &[&str] = &[
    "{ productAggregate(groupBy: [{category: {name: VALUE}}, {status: VALUE}]) \
      { key { status category { name } } count } }",
    "{ productAggregate(groupBy: [{soldOn: QUARTER}, {createdAt: WEEK}]) \
      { key { soldOn createdAt } } }",
    "{ productAggregate(groupBy: [{createdAt: MINUTE}], limit: 3, \
      orderBy: [{sum: {price: DESC}}, {count: ASC}, {key: {createdAt: DESC}}]) { count } }",
    "{ productAggregate { cheap: count(where: {price: {lt: \"5\"}}) \
      avg(where: {tags: {some: {word: {eq: \"a\"}}}}) { price id } \
      countDistinct(where: {id: {gt: 1}}) { name } max(where: {id: {gt: 1}}) { price } } }",
    "{ productAggregate(having: {sumDistinct: {price: {gt: \"1\"}}}) \
      { sumDistinct { price id } avgDistinct { price } } }",
    "{ categorys(limit: 1, orderBy: [{productsAggregate: {count: DESC}}, \
      {productsAggregate: {max: {price: ASC}}}]) { name } }",
    "{ products(limit: 1, orderBy: [{tagsAggregate: {min: {word: DESC_NULLS_LAST}}}, \
      {category: {productsAggregate: {countDistinct: {name: ASC}}}}]) { name } }",
    "{ categorys(limit: 1) { productsAggregate(where: {id: {gt: 1}}, having: {count: {gt: 2}}, \
      offset: 1) { count min { name } sum { price } } } }",
    "{ categorys(limit: 1) { productsAggregate(groupBy: [{status: VALUE}, {category: {name: VALUE}}], \
      where: {id: {gt: 1}}, orderBy: [{sum: {price: DESC}}], limit: 2) \
      { key { status category { name } } max { createdAt } } } }",
    "{ categorys(limit: 1) { products(orderBy: [{tagsAggregate: {count: DESC}}], limit: 2) \
      { name } } }",
    "{ products(limit: 1) { tagsAggregate(groupBy: [{word: VALUE}]) { count } } }",
];

fn asked(dialect: Dialect) -> String {
    let asked = DOCUMENTS.iter().map(|document| {
        let statements = sql(dialect, document).join(";\n");
        format!("{document}\n{statements};\n")
    });
    asked.collect::<Vec<_>>().join("\n")
}

#[test]
fn figures_are_asked_in_the_words_of_each_database() {
    insta::assert_snapshot!("sqlite", asked(Dialect::Sqlite));
    insta::assert_snapshot!("postgres", asked(Dialect::Postgres));
    insta::assert_snapshot!("mariadb", asked(Dialect::Mariadb));
}

#[test]
fn a_cursor_holds_the_figure_its_order_goes_by() {
    let document = "query($after: String) { categoryConnection(first: 2, after: $after, \
        orderBy: [{productsAggregate: {sum: {price: ASC}}}]) { edges { cursor } } }";
    let bound = bound(&engine(Dialect::Postgres), document, "{}").unwrap();
    let statement = &bound.script.steps[0].statement;
    let sum = "(SELECT sum(t1.\"price\") FROM \"product\" AS t1 \
        WHERE (t1.\"categoryId\" = t0.\"id\"))";
    assert_eq!(
        &*statement.sql,
        format!(
            "SELECT ARRAY(SELECT ROW({sum}, t0.\"id\") FROM \"category\" AS t0 \
             ORDER BY {sum}, t0.\"id\" LIMIT 3), $1"
        )
    );
}

#[test]
fn what_cannot_be_grouped_or_ordered_by_says_so() {
    let groups = "groupBy: [{status: VALUE}]";
    for (document, wanted) in [
        (
            "{ productAggregate(groupBy: [{soldOn: HOUR}]) { count } }".to_owned(),
            "engine.invalid",
        ),
        (
            "{ productAggregate(groupBy: [{soldOn: DAY}, {soldOn: VALUE}]) { count } }".to_owned(),
            "engine.argument",
        ),
        (
            format!("{{ productAggregate({groups}) {{ key {{ category {{ name }} }} }} }}"),
            "engine.group",
        ),
        (
            format!(
                "{{ productAggregate({groups}, orderBy: [{{key: {{name: ASC}}}}]) {{ count }} }}"
            ),
            "engine.group",
        ),
        (
            "{ products(orderBy: [{tagsAggregate: {sum: {word: ASC}}}]) { id } }".to_owned(),
            "engine.invalid",
        ),
        (
            "{ products(orderBy: [{tagsAggregate: {}}]) { id } }".to_owned(),
            "engine.argument",
        ),
    ] {
        assert_eq!(code(&document, "{}"), wanted, "{document}");
    }
}

#[test]
fn figures_and_groups_are_bounded_like_all_else() {
    let config = Config {
        order_columns_max: 2,
        conditions_max: 2,
        joins_max: 1,
        ..Config::default()
    };
    let artefact = crate::artefact::write(&schema(Dialect::Sqlite));
    let artefact = crate::artefact::read(&artefact).unwrap();
    let engine = Engine::new(artefact, &config, &mut Registry::default()).unwrap();
    for (document, wanted) in [
        (
            "{ productAggregate(groupBy: [{id: VALUE}, {name: VALUE}, {price: VALUE}]) { count } }",
            "engine.order_columns",
        ),
        (
            "{ productAggregate(orderBy: [{count: ASC}, {sum: {id: ASC}}, {min: {id: ASC}}]) \
              { count } }",
            "engine.order_columns",
        ),
        (
            "{ productAggregate { a: count(where: {id: {gt: 1, lt: 3}}) \
              b: count(where: {id: {eq: 2}}) } }",
            "engine.conditions",
        ),
        (
            "{ productTagAggregate(groupBy: [{tag: {word: VALUE}}, {product: {name: VALUE}}]) \
              { count } }",
            "engine.joins",
        ),
    ] {
        let fault = bound(&engine, document, "{}").unwrap_err();
        assert_eq!(fault[0].code, wanted, "{document}");
    }
}
