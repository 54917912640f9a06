//! Plans that are written down, and what became worse since.

use super::{PAGE, RECENT, advise, analyse, codes, make, stages, trust};
use crate::project::told;
use crate::stage::Stage;
use serde_json::Value;

const PLANS: &str = "fragaria.artefact.plans.json";

/// The findings of a check that fails.
pub(super) fn worse(stage: &Stage, arguments: &[&str]) -> Value {
    let mut all = vec!["advise", "--check", "--json"];
    all.extend(arguments);
    let output = stage.project.output(&all);
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_plan_that_lost_its_index_fails_the_check() {
    for stage in stages(&[("recent", RECENT)]) {
        stage.project.run(&["compile"]);
        let artefact = stage.project.read("fragaria.artefact.json");
        make(&stage, &advise(&stage, &[]));
        if stage.url().starts_with("postgres") {
            // What it does by itself some time later makes reading an index alone cheaper.
            stage.change("VACUUM ANALYZE");
        }
        advise(&stage, &["--record"]);
        let plans = stage.project.read(PLANS);
        let checked = advise(&stage, &["--check"]);
        assert_eq!(codes(&checked), [""; 0], "{checked:#}");
        advise(&stage, &["--record"]);
        // What is written depends on the database and the artefact alone, and touches neither.
        assert_eq!(stage.project.read(PLANS), plans);
        assert_eq!(stage.project.read("fragaria.artefact.json"), artefact);
        let name = plans.split("\"index\": \"").find_map(|rest| {
            let name = rest.split('"').next()?;
            name.starts_with("orders_tenant").then(|| name.to_owned())
        });
        let name = name.unwrap();
        let of_table = if stage.is_mariadb() { " ON orders" } else { "" };
        stage.change(&format!("DROP INDEX {name}{of_table}"));
        analyse(&stage);
        let found = worse(&stage, &[]);
        assert_eq!(codes(&found), ["advise.plan_index"], "{found:#}");
        let finding = &found["findings"][0];
        let message = finding["message"].as_str().unwrap();
        assert!(message.contains("the document recent (Recent)") && message.contains(&name));
        assert!(finding["help"].as_str().unwrap().contains("--record"));
        // It is accepted by being written down again.
        advise(&stage, &["--record"]);
        assert_eq!(codes(&advise(&stage, &["--check"])), [""; 0]);
    }
}

#[test]
fn each_root_field_that_reads_is_written_down_with_each_list_below_it() {
    let stage = Stage::on_sqlite(super::TABLES, &[]);
    advise(&stage, &["--record"]);
    let plans: Value = serde_json::from_str(&stage.project.read(PLANS)).unwrap();
    let plans = plans["plans"].as_array().unwrap().iter();
    let fields = plans.filter_map(|plan| plan["asker"]["field"].as_str());
    let fields: Vec<_> = fields
        .filter(|field| field.starts_with("customer"))
        .collect();
    let expected = [
        "customer",
        "customerAggregate",
        "customerConnection",
        "customers",
        "customers.orders",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn a_new_document_that_reads_all_of_a_large_table_fails_the_check() {
    for stage in stages(&[("recent", RECENT)]) {
        advise(&stage, &["--record"]);
        trust(
            &stage,
            &[("page", PAGE), ("first", "{ customer(id: 1) { name } }")],
        );
        let found = worse(&stage, &[]);
        assert_eq!(codes(&found), ["advise.plan_new"], "{found:#}");
        // What is bounded to larger tables is no finding.
        assert_eq!(
            codes(&advise(&stage, &["--check", "--rows-min", "20000"])),
            [""; 0]
        );
    }
}

#[test]
fn a_plan_whose_cost_grew_fails_the_check_and_a_cheaper_one_never_does() {
    let [_, postgres, _] = stages(&[("recent", RECENT)]);
    advise(&postgres, &["--record"]);
    let plans = postgres.project.read(PLANS);
    postgres.change("INSERT INTO orders SELECT id + 100000, customer_id, tenant, placed, total, paid, note \
                     FROM orders; INSERT INTO orders SELECT id + 1000000, customer_id, tenant, placed, \
                     total, paid, note FROM orders; ANALYZE");
    let found = worse(&postgres, &[]);
    let codes_found = codes(&found);
    assert!(codes_found.contains(&"advise.plan_cost"), "{found:#}");
    assert!(codes_found.iter().all(|code| *code == "advise.plan_cost"));
    assert_eq!(
        codes(&advise(&postgres, &["--check", "--growth-max", "100"])),
        [""; 0]
    );
    advise(&postgres, &["--record"]);
    postgres.change("DELETE FROM orders WHERE id >= 10000; VACUUM FULL ANALYZE orders");
    assert_eq!(codes(&advise(&postgres, &["--check"])), [""; 0]);
    advise(&postgres, &["--record"]);
    assert_ne!(postgres.project.read(PLANS), "");
    assert!(plans.contains("\"cost\": "), "{plans}");
}

#[test]
fn a_plan_that_reads_all_of_a_table_and_costs_less_is_no_finding() {
    let [_, postgres, _] = stages(&[("recent", RECENT)]);
    make(&postgres, &advise(&postgres, &[]));
    advise(&postgres, &["--record"]);
    let mut plans: Value = serde_json::from_str(&postgres.project.read(PLANS)).unwrap();
    for plan in plans["plans"].as_array_mut().unwrap() {
        plan["plan"]["cost"] = Value::from(1e9);
    }
    postgres.change("DROP INDEX orders_tenant_placed_id_idx; ANALYZE");
    assert_eq!(codes(&worse(&postgres, &[])), ["advise.plan_index"]);
    postgres.project.write(PLANS, &plans.to_string());
    assert_eq!(codes(&advise(&postgres, &["--check"])), [""; 0]);
}

#[test]
fn without_a_record_there_is_nothing_to_compare_with() {
    let stage = Stage::on_sqlite(super::TABLES, &[]);
    let refused = stage.project.fail(&["advise", "--check"]);
    assert!(
        refused.contains("there is no fragaria.artefact.plans.json"),
        "{refused}"
    );
    assert!(
        refused.contains("help: `fragaria advise --record` writes it"),
        "{refused}"
    );
    stage
        .project
        .write(PLANS, "{\"format\": \"fragaria plans 9\"}");
    let refused = stage.project.fail(&["advise", "--record"]);
    assert!(
        refused.contains("is there already, and holds no plans"),
        "{refused}"
    );
    let elsewhere = ["advise", "--record", "--plans", "elsewhere.json"];
    let answer = stage.project.run(&elsewhere);
    assert!(answer.contains("wrote them to elsewhere.json"), "{answer}");
    let artefact = "fragaria.artefact.json";
    stage.project.run(&["compile"]);
    let of_artefact = ["advise", artefact, "--check", "--plans", "elsewhere.json"];
    stage.project.run(&of_artefact);
}

#[test]
fn each_statement_of_a_document_is_compared_with_itself_and_for_each_role() {
    let two = "query Two {
      one: orders(where: { id: { eq: 7 } }) { id }
      other: orders(where: { placed: { eq: 7 } }, limit: 9) { id }
      last: orders(where: { tenant: { eq: 7 } }, orderBy: [{ note: ASC }], limit: 9) { id }
    }";
    let rules = r#"
extend schema @role(name: "all") @role(name: "both") @role(name: "part")
extend type Order
  @access(to: ["all", "both"], allow: [READ])
  @access(to: "part", allow: [READ], where: {id: {gt: {claim: "from"}}})
"#;
    for stage in stages(&[("two", two)]) {
        stage.change("CREATE INDEX by_tenant ON orders (tenant)");
        analyse(&stage);
        let schema = stage.project.read("schema.graphql");
        stage
            .project
            .write("schema.graphql", &(schema.clone() + rules));
        advise(&stage, &["--record"]);
        // One that reads all of the table did so before, whatever the first one of its document does.
        assert_eq!(codes(&advise(&stage, &["--check"])), [""; 0]);
        let of_table = if stage.is_mariadb() { " ON orders" } else { "" };
        stage.change(&format!("DROP INDEX by_tenant{of_table}"));
        analyse(&stage);
        let found = worse(&stage, &[]);
        let findings = found["findings"].as_array().unwrap();
        let of_both = findings.iter().filter(|finding| {
            let message = finding["message"].as_str().unwrap();
            finding["code"] == "advise.plan_index"
                && message.contains(" for all, both found rows of orders")
        });
        assert_eq!(of_both.count(), 1, "{found:#}");
        // What it did before, it may do.
        assert!(
            codes(&found).iter().all(|code| *code != "advise.plan_new"),
            "{found:#}"
        );
        // A role that was not there before is new.
        advise(&stage, &["--record"]);
        let more = rules.replace(
            "@role(name: \"part\")",
            "@role(name: \"part\") @role(name: \"late\")",
        );
        let more = more.replace("\"all\", \"both\"", "\"all\", \"both\", \"late\"");
        stage.project.write("schema.graphql", &(schema + &more));
        let found = worse(&stage, &[]);
        assert!(
            codes(&found).iter().all(|code| *code == "advise.plan_new"),
            "{found:#}"
        );
    }
}
