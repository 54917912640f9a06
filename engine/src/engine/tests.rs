//! Documents against a small schema, down to the SQL of each dialect.

mod aggregates;
mod documents;
mod footprint;
mod introspection;
mod mariadb;
mod trees;
mod trusted;
mod weight;

use super::*;
use model::schema::{Cardinality, Column, Cost, Enum, EnumValue, Relation, Table, Through};
use model::{Argument, Dialect, Grant, Scalar, Value, Weight};

fn column(field: &str, scalar: Scalar) -> Column {
    Column {
        field: field.into(),
        name: field.into(),
        description: None,
        scalar,
        enumeration: None,
        custom: None,
        list: false,
        form: None,
        native: None,
        nullable: false,
        defaulted: false,
        generated: false,
        computed: None,
        cost: Cost::default(),
        grant: Grant::default(),
    }
}

fn nullable(column: Column) -> Column {
    Column {
        nullable: true,
        ..column
    }
}

fn table(type_name: &str, singular: &str, columns: Vec<Column>, relations: Vec<Relation>) -> Table {
    Table {
        type_name: type_name.into(),
        singular: singular.into(),
        plural: format!("{singular}s"),
        description: None,
        schema: None,
        name: singular.into(),
        writable: true,
        columns,
        key: vec![0],
        uniques: vec![],
        version: None,
        relations,
        choices: vec![],
        variants: None,
        base: None,
        search: None,
        constraints: Vec::new(),
        cost: Cost::default(),
        max_age_s: None,
        access: vec![],
        grant: Grant::default(),
    }
}

fn relation(
    field: &str,
    target: usize,
    cardinality: Cardinality,
    pair: (usize, usize),
) -> Relation {
    Relation {
        field: field.into(),
        description: None,
        target,
        cardinality,
        columns: vec![pair],
        refers: cardinality != Cardinality::Many,
        through: None,
        cost: Cost::default(),
        grant: Grant::default(),
    }
}

/// Products belong to a category, have many tags through a junction, and a status.
fn schema(dialect: Dialect) -> Schema {
    let mut id = column("id", Scalar::Int);
    id.defaulted = true;
    let status = Column {
        enumeration: Some(0),
        ..column("status", Scalar::String)
    };
    let mut tags = relation("tags", 2, Cardinality::Many, (0, 0));
    tags.through = Some(Through {
        table: 3,
        columns: vec![(1, 0)],
    });
    let product = table(
        "Product",
        "product",
        vec![
            id.clone(),
            column("name", Scalar::String),
            column("price", Scalar::Decimal),
            nullable(column("categoryId", Scalar::Int)),
            status,
            nullable(column("soldOn", Scalar::Date)),
            nullable(column("createdAt", Scalar::DateTime)),
        ],
        vec![relation("category", 1, Cardinality::Maybe, (3, 0)), tags],
    );
    let mut category = table(
        "Category",
        "category",
        vec![id.clone(), column("name", Scalar::String)],
        vec![relation("products", 0, Cardinality::Many, (0, 3))],
    );
    category.uniques = vec![vec![1]];
    let tag = table(
        "Tag",
        "tag",
        vec![id, column("word", Scalar::String)],
        vec![],
    );
    let mut junction = table(
        "ProductTag",
        "productTag",
        vec![
            column("productId", Scalar::Int),
            column("tagId", Scalar::Int),
        ],
        vec![
            relation("product", 0, Cardinality::One, (0, 0)),
            relation("tag", 2, Cardinality::One, (1, 0)),
        ],
    );
    junction.key = vec![0, 1];
    Schema {
        dialect,
        tables: vec![product, category, tag, junction],
        enums: vec![status_type(dialect)],
        scalars: Vec::new(),
        unions: Vec::new(),
        shapes: Vec::new(),
        functions: Vec::new(),
        roles: Vec::new(),
    }
}

fn status_type(dialect: Dialect) -> Enum {
    let value = |name: &str| EnumValue {
        name: name.to_uppercase(),
        label: name.into(),
        description: None,
    };
    Enum {
        type_name: "Status".into(),
        description: None,
        schema: None,
        name: (dialect != Dialect::Mariadb).then(|| "status".into()),
        values: vec![value("new"), value("old")],
    }
}

fn engine(dialect: Dialect) -> Engine {
    serving(&schema(dialect))
}

/// The engine of a schema that is written as a project writes it.
fn engine_of(dialect: Dialect, sdl: &str) -> Engine {
    let source = crate::Source {
        name: "schema.graphql".into(),
        text: sdl.into(),
    };
    serving(&crate::compile(&[source], dialect).unwrap().schema)
}

/// An engine that takes wide and deep documents, as those are that weigh much.
fn serving(schema: &Schema) -> Engine {
    let artefact = crate::artefact::read(&crate::artefact::write(schema)).unwrap();
    let config = Config {
        roots_max: 5_000,
        aliases_max: 50_000,
        cost_max: u64::MAX,
        ..Config::default()
    };
    Engine::new(artefact, &config, &mut Registry::default()).unwrap()
}

fn bound(engine: &Engine, document: &str, variables: &str) -> Result<Bound, Vec<Fault>> {
    let ask = Ask {
        document,
        operation: None,
        rights: &Rights::All,
    };
    let operation = engine.prepare(&ask)?;
    let variables: Box<RawValue> = serde_json::from_str(variables).unwrap();
    engine.bind(
        &operation,
        (&Claims::default(), Some(&variables)),
        Inserts::Together,
    )
}

fn sql(dialect: Dialect, document: &str) -> Vec<String> {
    let bound = bound(&engine(dialect), document, "{}").unwrap();
    bound
        .script
        .steps
        .iter()
        .map(|step| step.statement.sql.to_string())
        .collect()
}

fn code(document: &str, variables: &str) -> &'static str {
    bound(&engine(Dialect::Postgres), document, variables).unwrap_err()[0].code
}

#[test]
fn the_generated_api_is_a_valid_type_system() {
    let text = engine(Dialect::Postgres).sdl(&Rights::All).unwrap();
    for line in [
        "product(id: Int!): Product",
        "categoryByName(name: String!): Category",
        "tags(where: TagWhere, orderBy: [TagOrderBy!], limit: Int, offset: Int): [Tag!]!",
        "upsertProducts(input: [ProductCreate!]!, onConflict: ProductKey, update: [ProductColumn!], updateWhere: ProductWhere): [Product!]!",
        "type ProductTag implements Node {",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn a_row_by_key_is_one_light_statement() {
    let bound = bound(
        &engine(Dialect::Postgres),
        "query($id: Int!) { product(id: $id) { id name category { name } } }",
        "{\"id\": 7}",
    )
    .unwrap();
    assert_eq!(
        &*bound.script.steps[0].statement.sql,
        "SELECT t0.\"id\", t0.\"name\", t1.\"name\", t1.\"id\" FROM \"product\" AS t0 \
         LEFT JOIN \"category\" AS t1 ON t1.\"id\" = t0.\"categoryId\" WHERE (t0.\"id\" = $1)"
    );
    assert_eq!(bound.arguments, [[Argument::Value(Value::Integer(7))]]);
    assert_eq!(bound.weight, Weight::Light);
}

#[test]
fn nested_lists_are_packed_into_the_statement_of_their_root() {
    let document = "{ categories: categorys(limit: 2) { products(limit: 3) { tags { word } } } }";
    let postgres = "SELECT ARRAY(SELECT ROW(ARRAY(SELECT ROW(t2.\"word\") FROM \"productTag\" AS t3 \
         JOIN \"tag\" AS t2 ON t2.\"id\" = t3.\"tagId\" WHERE (t3.\"productId\" = t1.\"id\") \
         ORDER BY t2.\"id\")) FROM \"product\" AS t1 WHERE (t1.\"categoryId\" = t0.\"id\") \
         ORDER BY t1.\"id\" LIMIT 3) FROM \"category\" AS t0 ORDER BY t0.\"id\" LIMIT 2";
    assert_eq!(sql(Dialect::Postgres, document), [postgres]);
    let sqlite = "SELECT (SELECT fragaria_rows(c0) FROM (SELECT (SELECT fragaria_rows(c0) FROM \
         (SELECT t2.\"word\" AS c0 FROM \"productTag\" AS t3 JOIN \"tag\" AS t2 ON \
         t2.\"id\" = t3.\"tagId\" WHERE (t3.\"productId\" = t1.\"id\") ORDER BY t2.\"id\")) AS c0 \
         FROM \"product\" AS t1 WHERE (t1.\"categoryId\" = t0.\"id\") ORDER BY t1.\"id\" LIMIT 3)) \
         FROM \"category\" AS t0 ORDER BY t0.\"id\" LIMIT 2";
    assert_eq!(sql(Dialect::Sqlite, document), [sqlite]);
}

#[test]
fn one_plan_serves_all_values_of_one_structure() {
    let engine = engine(Dialect::Postgres);
    let document = "query($where: ProductWhere) { products(where: $where, limit: 5) { id } }";
    let run = |variables: &str| bound(&engine, document, variables).unwrap();
    let first = run("{\"where\": {\"name\": {\"startsWith\": \"a_b\"}}}");
    let second = run("{\"where\": {\"name\": {\"startsWith\": \"zz\"}}}");
    let third = run("{\"where\": {\"name\": {\"eq\": \"zz\"}}}");
    assert!(std::sync::Arc::ptr_eq(&first.script, &second.script));
    assert!(!std::sync::Arc::ptr_eq(&first.script, &third.script));
    assert_eq!(
        first.arguments[0][0],
        Argument::Value(Value::Text("a\\_b%".into()))
    );
}

#[test]
fn a_toggle_changes_the_plan() {
    let engine = engine(Dialect::Postgres);
    let document = "query($more: Boolean!) { products(limit: 1) { id name @include(if: $more) } }";
    let columns = |variables: &str| {
        let bound = bound(&engine, document, variables).unwrap();
        bound.script.steps[0].statement.sql.matches("name").count()
    };
    assert_eq!(columns("{\"more\": true}"), 1);
    assert_eq!(columns("{\"more\": false}"), 0);
    assert_eq!(columns("{\"more\": true}"), 1);
}

#[test]
fn a_list_without_a_small_limit_is_unbounded() {
    let engine = engine(Dialect::Postgres);
    let document = "query($n: Int) { products(limit: $n) { id } }";
    let weight = |variables: &str| bound(&engine, document, variables).unwrap().weight;
    assert_eq!(weight("{\"n\": 20}"), Weight::Bounded);
    assert_eq!(weight("{\"n\": 20000}"), Weight::Unbounded);
    assert_eq!(weight("{}"), Weight::Unbounded);
}

#[test]
fn a_mutation_with_relations_reads_what_it_wrote_by_the_keys_it_kept() {
    let document = "mutation { createProduct(input: {name: \"a\", price: \"1.0\", status: NEW}) \
        { id category { name } } }";
    assert_eq!(
        sql(Dialect::Postgres, document),
        [
            "INSERT INTO \"product\" (\"name\", \"price\", \"status\") VALUES \
             ($1, $2, $3::\"status\") RETURNING \"id\"",
            "SELECT t0.\"id\", t1.\"name\", t1.\"id\" FROM unnest($1) WITH ORDINALITY AS k(c0, n) \
             JOIN \"product\" AS t0 ON t0.\"id\" = k.c0 LEFT JOIN \"category\" AS t1 ON \
             t1.\"id\" = t0.\"categoryId\" ORDER BY k.n",
        ]
    );
}

#[test]
fn an_aggregate_of_no_figure_is_one_row_all_the_same() {
    let document = "{ productAggregate(groupBy: []) { __typename } }";
    let counted = "SELECT count(*) FROM \"product\" AS t0";
    assert_eq!(sql(Dialect::Postgres, document), [counted]);
    assert_eq!(sql(Dialect::Sqlite, document), [counted]);
}

#[test]
fn an_average_is_rounded_once_from_the_exact_quotient() {
    let document = "{ productAggregate { avg { price } } }";
    let postgres = "SELECT round(sum(t0.\"price\") * 1.00000000000000000000 / \
        count(t0.\"price\"), 6) FROM \"product\" AS t0";
    assert_eq!(sql(Dialect::Postgres, document), [postgres]);
}

#[test]
fn a_cursor_from_another_order_is_refused() {
    let document = "query($after: String) { productConnection(after: $after) { nodes { id } } }";
    assert_eq!(
        code(document, "{\"after\": \"WyJ4IiwxXQ\"}"),
        "engine.cursor"
    );
    assert_eq!(code(document, "{\"after\": \"\"}"), "engine.cursor");
}

#[test]
fn bad_requests_have_stable_codes() {
    for (document, variables, wanted) in [
        ("{", "{}", "engine.syntax"),
        ("{ nothing }", "{}", "engine.invalid"),
        (
            "subscription { products { id } }",
            "{}",
            "engine.subscription",
        ),
        (
            "{ products(where: {and: [{id: {eq: 1, eq: 2}}]}) { id } }",
            "{}",
            "engine.invalid",
        ),
        (
            "query($w: ProductWhere = {id: {eq: 1}, id: {eq: 2}}) { products(where: $w) { id } }",
            "{}",
            "engine.invalid",
        ),
        (
            "query a { __typename } query b { __typename }",
            "{}",
            "engine.operation",
        ),
        (
            "query($id: Int!) { product(id: $id) { id } }",
            "{}",
            "engine.variable",
        ),
        (
            "query($id: Int!) { product(id: $id) { id } }",
            "{\"id\": 2147483648}",
            "engine.variable",
        ),
        ("{ products(limit: -1) { id } }", "{}", "engine.argument"),
        (
            "{ products(where: {name: {eq: null}}) { id } }",
            "{}",
            "engine.argument",
        ),
        (
            "{ products(where: {category: null}) { id } }",
            "{}",
            "engine.argument",
        ),
        (
            "{ productConnection(first: 5000) { totalCount } }",
            "{}",
            "engine.page_rows",
        ),
        (
            "{ productConnection(first: 5, last: 5) { totalCount } }",
            "{}",
            "engine.argument",
        ),
        (
            "{ productAggregate { key { name } } }",
            "{}",
            "engine.group",
        ),
        ("{ node(id: \"x\") { nodeId } }", "{}", "engine.argument"),
    ] {
        assert_eq!(code(document, variables), wanted, "{document} {variables}");
    }
}

#[test]
fn a_missing_variable_does_not_widen_a_write() {
    let write = "mutation($id: Int) { deleteProducts(where: {id: {eq: $id}}) { id } }";
    assert_eq!(code(write, "{}"), "engine.argument");
    let list = "mutation($or: [ProductWhere!]) { deleteProducts(where: {or: $or}) { id } }";
    assert_eq!(code(list, "{}"), "engine.argument");
    let read = "query($id: Int) { products(where: {id: {eq: $id}}) { id } }";
    assert!(bound(&engine(Dialect::Postgres), read, "{}").is_ok());
    let all = "mutation { deleteProducts(where: {}) { id } }";
    assert!(bound(&engine(Dialect::Postgres), all, "{}").is_ok());
}

#[test]
fn fragments_that_multiply_are_stopped_by_the_number_of_fields() {
    let mut document = String::from("{ products { ...F0 } }\n");
    for level in 0..18 {
        let next = level + 1;
        let twice = format!("{{ products {{ ...F{next} }} }}");
        let fragment =
            format!("fragment F{level} on Product {{ a: category {twice} b: category {twice} }}");
        document.push_str(&fragment);
    }
    document += "fragment F18 on Product { id }";
    let code = code(&document, "{}");
    assert!(matches!(code, "engine.fields" | "engine.depth"), "{code}");
}

#[test]
fn a_key_the_schema_does_not_have_is_our_fault_and_never_every_row() {
    let mut engine = engine(Dialect::Postgres);
    let all = Arc::get_mut(&mut engine.all).unwrap();
    Arc::make_mut(&mut all.schema).tables[0].key.clear();
    for document in [
        "{ product(id: 1) { name } }",
        "mutation { updateProduct(id: 1, set: {name: \"a\"}) { name } }",
        "mutation { deleteProduct(id: 1) { name } }",
    ] {
        let faults = bound(&engine, document, "{}").unwrap_err();
        assert_eq!(faults[0].code, "engine.internal", "{document}");
        assert_eq!(faults[0].locations.len(), 1, "{document}");
    }
}

#[test]
fn many_conditions_side_by_side_are_written_as_a_shallow_tree() {
    let names: Vec<_> = (0..1_000)
        .map(|number| format!("{{name: {{eq: \"{number}\"}}}}"))
        .collect();
    let document = format!(
        "{{ products(where: {{or: [{}]}}) {{ id }} }}",
        names.join(" ")
    );
    let sql = sql(Dialect::Sqlite, &document);
    // How many operators stand in each of the parentheses that are open.
    let (mut open, mut most) = (vec![0], 0);
    for part in sql[0].split_inclusive(['(', ')']) {
        if let Some(beside) = open.last_mut() {
            *beside += part.matches(" OR ").count();
            most = most.max(*beside);
        }
        match part.as_bytes().last() {
            Some(b'(') => open.push(0),
            Some(b')') => drop(open.pop()),
            _ => {}
        }
    }
    assert!(most < 16, "{most} operators beside each other");
    assert_eq!(sql[0].matches(" OR ").count(), 999);
}

#[test]
fn a_message_names_the_type_with_its_article() {
    let engine = engine(Dialect::Postgres);
    for (declared, field, article) in [
        ("Int!", "product(id: $v)", "an"),
        ("[Int!]!", "products(where: {id: {in: $v}})", "an"),
        ("ProductWhere!", "products(where: $v)", "a"),
    ] {
        let document = format!("query($v: {declared}) {{ {field} {{ id }} }}");
        let faults = bound(&engine, &document, "{\"v\": null}").unwrap_err();
        let message = format!("variable $v: expected {article} {declared}, found null");
        assert_eq!(faults[0].message, message);
    }
    assert!(
        engine
            .sdl(&Rights::All)
            .unwrap()
            .contains("\"Conditions on an Int; all given ones must hold.\"")
    );
}

impl Weighter<u8, &'static str> for Bytes {
    fn weight(&self, _: &u8, _: &&'static str) -> u64 {
        1
    }
}

#[test]
fn of_two_who_make_the_same_the_first_is_kept_and_given_to_both() {
    let kept = cache::<u8, &str>(1_000);
    assert_eq!(first(&kept, &1, "one"), "one");
    assert_eq!(first(&kept, &1, "another"), "one");
    let nothing = cache::<u8, &str>(0);
    for made in ["one", "another"] {
        assert_eq!(first(&nothing, &1, made), made, "nothing is kept");
    }
}
