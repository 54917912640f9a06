//! The documents that are made are those that their text makes, and so are the plans.

use super::*;
use crate::api::tests::{made_as_in_the_whole, refused_as_by_the_whole};
use crate::compile::{Source, compile};
use crate::plan::{Plan, Wish};
use crate::prepare::operation;
use model::{Dialect, Script};
use std::fs::read_to_string;
use std::path::Path;

const RULES: &str = r#"
type Customer @table {
  id: Int! @id
  tenantId: Int!
  name: String!
  email: String
  orders: [Order!]! @relation(inverse: "customer")
}
type Order @table {
  id: Int! @id
  customerId: Int!
  total: Decimal!
  placedAt: DateTime
  customer: Customer! @relation(fields: ["customerId"])
}
extend schema @role(name: "clerk") @role(name: "desk")
extend type Customer
  @access(to: "clerk", allow: [READ, CREATE, UPDATE, DELETE], where: {tenantId: {eq: {claim: "tenant"}}}, except: ["email"])
  @access(to: "desk", allow: READ, mask: {name: PARTIAL, email: HASH})
extend type Order
  @access(to: "clerk", allow: [READ, CREATE, DELETE], where: {customer: {tenantId: {in: {claim: "org.tenants"}}}})
"#;

fn schema(text: String, dialect: Dialect) -> Schema {
    let name = "schema.graphql".to_owned();
    compile(&[Source { name, text }], dialect).unwrap().schema
}

/// Everything about a plan but where in a text something is asked for.
fn told(plan: &Plan) -> String {
    let slots = |wishes: &[Wish]| {
        let slots = wishes.iter().map(|wish| format!("{:?}", wish.slot));
        slots.collect::<Vec<_>>()
    };
    let wishes: Vec<_> = plan.wishes.iter().map(|wishes| slots(wishes)).collect();
    let rest = (slots(&plan.unplaced), plan.weight, &plan.limits);
    let mut script = Script::clone(&plan.script);
    for step in &mut script.steps {
        let expected = step.expects.iter_mut().map(|expected| &mut expected.fault);
        for fault in expected.chain(step.assures.as_deref_mut()) {
            fault.locations.clear();
        }
    }
    format!("{script:?} {wishes:?} {rest:?}")
}

/// Holds each document of a shape against what its text is parsed and validated as; how many there are.
fn compared(shape: Shape) -> usize {
    let (config, shape) = (unbounded(), Arc::new(shape));
    made_as_in_the_whole(&shape.api);
    let variables = variables(&shape).unwrap();
    let documents = Asking::new(&shape).unwrap().documents().into_iter();
    let documents: Vec<_> = documents.map(Result::unwrap).collect();
    for document in &documents {
        let text = document.text();
        let read = operation(Arc::clone(&shape), (&config, true), 0, &text, None);
        let read = read.unwrap_or_else(|faults| panic!("{text}\n{faults:?}"));
        let made = document.asked(&shape).unwrap();
        assert_eq!(made.definition, &*read.definition, "{text}");
        let of = |asked| {
            let plan = plan(&config, asked, (&variables, Inserts::Together));
            plan.map(|plan| told(&plan))
        };
        let (made, read) = (of(made), of(read.asked()));
        let message = |fault: Fault| fault.message;
        assert_eq!(made.map_err(message), read.map_err(message), "{text}");
    }
    let texts = documents.iter().map(Document::text);
    let short: Vec<_> = texts.filter(|text| text.len() < 1_500).collect();
    let some = short.iter().step_by(short.len() / 2 + 1);
    some.for_each(|text| refused_as_by_the_whole(&shape.api, text));
    documents.len()
}

#[test]
fn what_is_asked_of_every_kind_of_table_is_planned_as_its_text_is() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fragaria/tests/cases");
    let mut asked = 0;
    for case in cases.read_dir().unwrap() {
        for (dialect, name) in [
            (Dialect::Sqlite, "schema.sqlite.graphql"),
            (Dialect::Postgres, "schema.postgres.graphql"),
            (Dialect::Mariadb, "schema.mariadb.graphql"),
        ] {
            let Ok(text) = read_to_string(case.as_ref().unwrap().path().join(name)) else {
                continue;
            };
            asked += compared(Shape::all(Arc::new(schema(text, dialect))).unwrap());
        }
    }
    assert!(asked > 500, "{asked}");
}

#[test]
fn what_is_asked_under_rules_is_planned_as_its_text_is() {
    let all = Shape::all(Arc::new(schema(RULES.to_owned(), Dialect::Postgres))).unwrap();
    for role in ["clerk", "desk"] {
        let asked = compared(all.of(&Roles::from_iter([role])));
        assert!(asked >= 5, "{role}: {asked}");
    }
}
