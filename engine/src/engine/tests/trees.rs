//! Tree-shaped writes: their statements, and what they are refused for.

use super::*;

const DEEP: &str = "mutation { createProduct(input: {name: \"a\", price: \"1\", status: NEW, \
    category: {upsert: {input: {name: \"b\"}, onConflict: NAME}}, \
    tags: {connect: [{id: 1}], create: [{word: \"x\"}, {word: \"y\"}]}}) { id } \
    updateCategory(id: 1, set: {name: \"c\", products: { \
    set: [{id: 3}], delete: [{id: 4}], updateMany: [{where: {name: {eq: \"d\"}}, set: {name: \"e\"}}], \
    update: [{key: {id: 5}, set: {category: {delete: true}, tags: {disconnect: [{id: 6}]}}}], \
    create: [{name: \"f\", price: \"2\", status: OLD}, {name: \"g\", price: \"3\", status: NEW}]}}) \
    { name } }";

#[test]
fn a_deep_tree_is_asked_in_the_words_of_each_database() {
    let asked = [Dialect::Sqlite, Dialect::Postgres, Dialect::Mariadb].map(|dialect| {
        let bound = bound(&engine(dialect), DEEP, "{}").unwrap();
        let steps = bound.script.steps.iter().zip(&bound.arguments);
        let lines = steps.enumerate().map(|(index, (step, arguments))| {
            let place = step.input.as_ref().map_or("", |part| &part.place);
            let kept = arguments.iter().filter_map(|argument| match argument {
                Argument::Value(_) => None,
                kept => Some(format!("{kept:?}")),
            });
            let kept: Vec<_> = kept.collect();
            let must = if step.expects.is_empty() { "" } else { " !" };
            let sql = &step.statement.sql;
            format!("{index}{must} {place}\n  {sql}\n  {}", kept.join(", "))
        });
        format!("{dialect}\n{}\n", lines.collect::<Vec<_>>().join("\n"))
    });
    insta::assert_snapshot!(asked.join("\n"));
}

#[test]
fn rows_that_nothing_refers_to_are_one_statement() {
    let row = |name: &str| format!("{{name: \"{name}\", price: \"1\", status: NEW}}");
    let rows: Vec<_> = (0..100).map(|index| row(&format!("p{index}"))).collect();
    let document = format!(
        "mutation {{ createCategory(input: {{name: \"a\", products: {{create: [{}]}}}}) {{ id }} }}",
        rows.join(", ")
    );
    assert_eq!(sql(Dialect::Postgres, &document).len(), 3);
}

#[test]
fn requests_of_one_structure_share_the_plan_of_a_tree() {
    let engine = engine(Dialect::Postgres);
    let document = "mutation($set: ProductUpdate!) { updateProduct(id: 1, set: $set) { id } }";
    let run = |variables: &str| bound(&engine, document, variables).unwrap().script;
    let one = run("{\"set\": {\"category\": {\"connect\": {\"id\": 1}}}}");
    let other = run("{\"set\": {\"category\": {\"connect\": {\"id\": 2}}}}");
    let another = run("{\"set\": {\"category\": {\"connect\": {\"name\": \"a\"}}}}");
    assert!(std::sync::Arc::ptr_eq(&one, &other));
    assert!(!std::sync::Arc::ptr_eq(&one, &another));
}

#[test]
fn whether_something_is_chosen_is_structure() {
    let engine = engine(Dialect::Postgres);
    let document = "mutation($set: ProductUpdate!) { updateProduct(id: 1, set: $set) { id } }";
    let steps = |chosen: bool| {
        let variables = format!("{{\"set\": {{\"category\": {{\"delete\": {chosen}}}}}}}");
        let bound = bound(&engine, document, &variables).unwrap();
        bound.script.steps.len()
    };
    assert_eq!(steps(true), 5);
    assert_eq!(steps(false), 2);
}

#[test]
fn a_relation_through_a_junction_that_needs_more_is_not_written() {
    let mut schema = schema(Dialect::Postgres);
    assert!(text(&schema).contains("tags: TagLinks"));
    schema.tables[3]
        .columns
        .push(column("note", Scalar::String));
    assert!(!text(&schema).contains("tags: TagLinks"));
    schema.tables[3].columns[2].defaulted = true;
    assert!(text(&schema).contains("tags: TagLinks"));
    schema.tables[3].writable = false;
    assert!(!text(&schema).contains("tags: TagLinks"));
}

#[test]
fn only_inputs_that_are_used_are_declared() {
    let text = text(&schema(Dialect::Postgres));
    for wanted in [
        "input CategoryRelink @oneOf",
        "input TagRelinks",
        "input ProductUpdateOne",
    ] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
    for unwanted in ["CategoryLinks", "ProductTagUnique"] {
        assert!(!text.contains(unwanted), "{unwanted}\n{text}");
    }
}

#[test]
fn a_tree_of_too_many_statements_is_refused() {
    let row = "{\"name\": \"a\", \"price\": \"1\", \"status\": \"NEW\", \
        \"category\": {\"connect\": {\"id\": 1}}}";
    let document = "mutation($rows: [ProductCreate!]!) { createProducts(input: $rows) { id } }";
    let variables = |count| format!("{{\"rows\": [{}]}}", vec![row; count].join(","));
    assert_eq!(code(document, &variables(6_000)), "engine.tree_statements");
    let engine = engine(Dialect::Postgres);
    assert!(bound(&engine, document, &variables(2_000)).is_ok());
}

#[test]
fn a_list_of_too_many_statements_is_refused() {
    let items: Vec<_> = (0..6_000).map(|id| format!("{{\"id\": {id}}}")).collect();
    for op in ["connect", "set", "delete"] {
        let document =
            "mutation($set: CategoryUpdate!) { updateCategory(id: 1, set: $set) { id } }";
        let items = items.join(",");
        let variables = format!("{{\"set\": {{\"products\": {{\"{op}\": [{items}]}}}}}}");
        assert_eq!(code(document, &variables), "engine.tree_statements", "{op}");
    }
}

fn text(schema: &Schema) -> String {
    let artefact = crate::artefact::read(&crate::artefact::write(schema)).unwrap();
    let engine = Engine::new(artefact, &Config::default(), &mut Registry::default()).unwrap();
    engine.sdl(&Rights::All).unwrap()
}
