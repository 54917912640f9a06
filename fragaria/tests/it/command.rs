//! The verbs of the command line.

use crate::project::Project;
use std::fs;

#[test]
fn help_has_examples_and_nonsense_is_a_usage_error() {
    let project = Project::empty();
    for verb in [
        "dev",
        "init",
        "compile",
        "serve",
        "diff",
        "schema",
        "documents",
        "config",
        "completions",
    ] {
        assert!(
            project.run(&[verb, "--help"]).contains("Examples:"),
            "{verb}"
        );
    }
    assert_eq!(project.output(&["nonsense"]).status.code(), Some(2));
    let told = project.run(&["init", "--help"]);
    assert!(!told.contains("password file"), "{told}");
    for (shell, sign) in [
        ("bash", "_fragaria()"),
        ("elvish", "edit:completion"),
        ("fish", "complete -c fragaria"),
        ("powershell", "Register-ArgumentCompleter"),
        ("zsh", "#compdef fragaria"),
    ] {
        let script = project.run(&["completions", shell]);
        assert!(script.contains(sign) && script.contains("diff"), "{shell}");
    }
}

#[test]
fn init_tells_what_it_found_and_never_replaces_unasked() {
    let project = Project::database("CREATE TABLE product (id INTEGER PRIMARY KEY)");
    let told = project.run(&["init", "--from", "sqlite:shop.db"]);
    let counts = "found 1 table, 0 views, 0 enums, 0 foreign keys and 0 functions\n";
    assert!(told.contains(counts), "{told}");
    assert!(project.run(&["compile"]).contains("compiled 1 table into"));
    assert!(project.read("schema.graphql").contains("type Product"));
    assert!(
        project
            .read("fragaria.toml")
            .contains("url = \"sqlite:shop.db\"")
    );
    project.write("schema.graphql", "# mine");
    let refused = project.fail(&["init", "--from", "sqlite:shop.db"]);
    assert!(
        refused.contains("is there already; --force replaces it"),
        "{refused}"
    );
    assert_eq!(project.read("schema.graphql"), "# mine");
    project.run(&["init", "--from", "sqlite:shop.db", "--force"]);
    assert!(project.read("schema.graphql").contains("type Product"));
}

#[test]
fn a_database_that_was_never_tested_is_refused() {
    let project = Project::empty();
    let told = project.fail(&["init", "--from", "oracle://me:hunter2@db/shop"]);
    assert!(!told.contains("hunter2"), "{told}");
    assert!(told.contains("use sqlite:<path>, postgres://"), "{told}");
}

#[test]
fn compiling_twice_gives_the_same_bytes() {
    let project = Project::small();
    let first = fs::read(project.path("fragaria.artefact.json")).unwrap();
    project.run(&["compile", "--out", "again.json"]);
    assert_eq!(first, fs::read(project.path("again.json")).unwrap());
}

#[test]
fn an_error_in_the_schema_points_at_its_line() {
    let project = Project::small();
    let schema = project
        .read("schema.graphql")
        .replacen("name: String!", "name: Strin!", 1);
    project.write("schema.graphql", &schema);
    let line = schema
        .lines()
        .position(|line| line.contains("Strin!"))
        .unwrap()
        + 1;
    let told = project.fail(&["compile"]);
    assert!(
        told.contains(&format!("--> schema.graphql:{line}:")),
        "{told}"
    );
    assert!(told.contains("^^^^^"), "{told}");
}

#[test]
fn many_warnings_of_a_kind_do_not_bury_the_error() {
    let columns: Vec<_> = (0..30).map(|n| format!("c{n} NUMERIC(10, 2)")).collect();
    let columns = columns.join(", ");
    let project = Project::database(&format!(
        "CREATE TABLE product (id INTEGER PRIMARY KEY, {columns})"
    ));
    let init = project.output(&["init", "--from", "sqlite:shop.db"]);
    let told = crate::project::told(&init);
    assert_eq!(told.matches("warning[init.binary_decimal]").count(), 2);
    assert!(
        told.contains("the same 29 more times: `product.c1`"),
        "{told}"
    );
    let schema = project
        .read("schema.graphql")
        .replacen("c7: Decimal", "c7: Decimel", 1);
    project.write("schema.graphql", &schema);
    let told = project.fail(&["compile"]);
    assert!(told.matches("warning[").count() <= 2, "{told}");
    assert!(
        told.rfind("warning[").unwrap_or(0) < told.find("error[").unwrap(),
        "{told}"
    );
    let machine = project.fail(&["compile", "--json"]);
    let machine: serde_json::Value = serde_json::from_str(&machine).unwrap();
    assert_eq!(
        machine.as_array().unwrap().len(),
        30,
        "a machine is told all"
    );
}

#[test]
fn a_schema_the_database_does_not_hold_is_refused() {
    let project = Project::small();
    project.run(&["compile", "--against", "sqlite:shop.db"]);
    project.sql("ALTER TABLE product DROP COLUMN price");
    let refused = ["compile", "--against", "sqlite:shop.db"];
    let told = project.fail(&refused);
    let line = project.read("schema.graphql");
    let line = line.lines().position(|line| line.starts_with("  price"));
    let line = line.unwrap() + 1;
    let place = format!("--> schema.graphql:{line}:3\n");
    assert!(told.contains(&place), "{told}");
    let told = project.fail(&[&refused[..], &["--json"]].concat());
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told[0]["code"], "drift.missing_column");
    assert_eq!(told[0]["file"], "schema.graphql");
    assert_eq!(told[0]["line"], line);
    assert_eq!(told[0]["column"], 3);
}

#[test]
fn a_change_that_breaks_clients_is_listed_as_such() {
    let project = Project::small();
    let schema = project.read("schema.graphql");
    fs::copy(
        project.path("fragaria.artefact.json"),
        project.path("old.json"),
    )
    .unwrap();
    let without: Vec<_> = schema
        .lines()
        .filter(|line| !line.contains("price"))
        .collect();
    project.write("schema.graphql", &without.join("\n"));
    let told = project.run(&["diff", "old.json", "."]);
    assert!(told.contains("breaking: Product.price"), "{told}");
    let told = project.fail(&["diff", "old.json", ".", "--check"]);
    assert!(told.contains("1 of 1 change breaks clients"), "{told}");
    assert_eq!(
        project
            .run(&["diff", "old.json", "old.json", "--check"])
            .trim(),
        "no change"
    );
}

#[test]
fn the_schema_of_the_api_is_printed() {
    let project = Project::small();
    let sdl = project.run(&["schema"]);
    assert!(
        sdl.contains("type Product") && sdl.contains("createProduct"),
        "{sdl}"
    );
}

#[test]
fn serving_what_was_not_compiled_says_how_to() {
    let project = Project::small();
    fs::remove_file(project.path("fragaria.artefact.json")).unwrap();
    let told = project.fail(&["serve"]);
    assert!(told.contains("`fragaria compile .` makes it"), "{told}");
}

#[test]
fn what_is_missing_is_told_with_its_mend() {
    let project = Project::small();
    for (arguments, what, help) in [
        (
            &["serve", "nowhere"][..],
            "there is no nowhere",
            "give the directory of a project, or the artefact that `fragaria compile` makes",
        ),
        (
            &["compile", "nowhere"],
            "there is no directory nowhere",
            "`fragaria init --from <database> --out nowhere` makes a project from a database",
        ),
        (
            &["dev", "shop.db"],
            "shop.db is not a directory",
            "give the directory of a project",
        ),
        (
            &["diff", "old.json", "."],
            "there is no old.json",
            "give the directory of a project, or the artefact",
        ),
        (
            &["init", "--from", "shop.db", "--out", "new"],
            "shop.db is a path",
            "for a SQLite file write sqlite:shop.db",
        ),
        (
            &["init", "--from", "sqlite:gone.db", "--out", "new"],
            "there is no file gone.db",
            "correct the path; it is relative to where the command is run",
        ),
        (
            &["compile", "--against", "sqlite:gone.db"],
            "there is no file gone.db",
            "correct the path",
        ),
    ] {
        let told = project.fail(arguments);
        let lines: Vec<_> = told.lines().collect();
        assert!(lines[0].starts_with(&format!("error: {what}")), "{told}");
        assert!(lines[1].starts_with(&format!("  = help: {help}")), "{told}");
    }
    let told = project.fail(&["serve", "nowhere", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let help = told[0]["help"].as_str().unwrap();
    assert!(help.contains("fragaria compile"), "{told}");
}

#[test]
fn a_directory_that_is_no_project_is_told_as_such() {
    let project = Project::empty();
    for arguments in [
        &["compile"][..],
        &["schema"],
        &["diff", ".", "."],
        &["serve"],
    ] {
        let told = project.fail(arguments);
        let expected = "error: there is no fragaria.toml in .\n  = help: `fragaria init --from \
                        <database> --out .` makes a project from a database, or name another";
        assert!(told.starts_with(expected), "{arguments:?}: {told}");
    }
}

#[test]
fn a_schema_is_looked_at_without_the_address_of_a_database() {
    let project = Project::small();
    let whole = project.run(&["schema"]);
    fs::copy(
        project.path("fragaria.artefact.json"),
        project.path("old.json"),
    )
    .unwrap();
    project.write("fragaria.toml", "");
    assert_eq!(project.run(&["schema"]), whole);
    fs::remove_file(project.path("fragaria.artefact.json")).unwrap();
    let told = project.run(&["diff", "old.json", "."]);
    assert_eq!(told.trim(), "no change");
    let told = project.fail(&["schema"]);
    assert!(told.contains("error: database.url is not set"), "{told}");
    assert!(told.contains("for which kind of database"), "{told}");
    let told = project.fail(&["diff", "old.json", "schema.graphql"]);
    assert!(told.contains("give the directory of its project"), "{told}");
}

#[test]
fn every_failure_is_one_list_for_machines() {
    let project = Project::small();
    for (arguments, status, message, help) in [
        (
            &["init", "--frm", "x", "--json"][..],
            2,
            "unexpected argument '--frm' found",
            "a similar argument exists: '--from'",
        ),
        (&["--json"], 2, "no command is given", "--help"),
        (
            &["serve", "nowhere", "--json"],
            1,
            "there is no nowhere",
            "fragaria compile",
        ),
        (
            &["config", "--json", "--set", "log.levl=info"],
            1,
            "log.levl is not known",
            "did you mean log.level?",
        ),
        (
            &["config", "--json", "--set", "log"],
            2,
            "invalid value 'log' for '--set <KEY=VALUE>': a value is missing: write KEY=VALUE, as \
             log.level=debug",
            "",
        ),
        (
            &["config", "--json", "--set", "log=debug"],
            1,
            "log is no key, but has some",
            "give one, as log.callers",
        ),
    ] {
        let output = project.output(arguments);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
        let told: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(told[0]["message"], message, "{told}");
        assert_eq!(told[0]["level"], "error");
        assert!(told[0]["help"].as_str().unwrap().contains(help), "{told}");
    }
    let told = project.run(&["diff", ".", ".", "--json"]);
    assert_eq!(
        told,
        "{\"breaking\":0,\"changes\":[],\"differs\":0,\"gains\":0}\n"
    );
}

#[test]
fn a_database_beside_the_project_is_written_as_it_is_seen_from_there() {
    let project = Project::database("CREATE TABLE product (id INTEGER PRIMARY KEY)");
    project.run(&["init", "--from", "sqlite:shop.db", "--out", "deep/shop"]);
    let configuration = project.read("deep/shop/fragaria.toml");
    assert!(
        configuration.contains("url = \"sqlite:../../shop.db\""),
        "{configuration}"
    );
    project.run(&["compile", "deep/shop", "--against"]);
    let slashes = configuration.replace("sqlite:../", "sqlite://../");
    project.write("deep/shop/fragaria.toml", &slashes);
    project.run(&["compile", "deep/shop", "--against"]);
}

#[test]
fn a_project_without_a_schema_is_told_how_to_come_by_one() {
    let project = Project::small();
    fs::remove_file(project.path("schema.graphql")).unwrap();
    let told = project.fail(&["compile"]);
    assert!(told.contains("error: there is no schema in ."), "{told}");
    assert!(
        told.contains("  = help: `fragaria init --from <database> --out .` makes"),
        "{told}"
    );
}

#[test]
fn a_port_that_is_taken_is_told_with_a_way_out() {
    let project = Project::small();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let told = project.fail(&[
        "serve",
        "--open",
        "--listen",
        &address,
        "--set",
        "log.level=error",
    ]);
    let expected = format!(
        "error: cannot listen on {address}: the port is taken\n  = help: stop what listens there, \
         or take another port: --listen 127.0.0.1:0 takes a free one\n"
    );
    assert_eq!(told, expected);
}

#[test]
fn an_artefact_that_was_changed_is_refused() {
    let project = Project::small();
    let text = project
        .read("fragaria.artefact.json")
        .replacen("product", "produce", 1);
    project.write("fragaria.artefact.json", &text);
    let told = project.fail(&["serve"]);
    assert!(told.contains("was changed after it was written"), "{told}");
}

#[test]
fn a_schema_in_several_files_is_one_schema() {
    let project = Project::small();
    let whole = project.run(&["schema"]);
    let text = project.read("schema.graphql");
    let middle = text.rfind("type ").unwrap();
    let (first, second) = text.split_at(middle);
    fs::create_dir(project.path("schema")).unwrap();
    let told = project.fail(&["compile"]);
    assert!(told.contains("keep one of them"), "{told}");
    fs::remove_file(project.path("schema.graphql")).unwrap();
    let told = project.fail(&["compile"]);
    assert!(told.contains("no *.graphql file"), "{told}");
    project.write("schema/a.graphql", first);
    project.write("schema/b.graphql", second);
    project.write("schema/notes.txt", "no schema");
    project.run(&["compile"]);
    assert_eq!(project.run(&["schema"]), whole);
    fs::remove_dir_all(project.path("schema")).unwrap();
    let told = project.fail(&["compile"]);
    assert!(told.contains("there is no schema in"), "{told}");
}

#[test]
fn an_artefact_is_served_by_its_path_and_only_on_its_kind_of_database() {
    let project = Project::small();
    let path = project.path("fragaria.artefact.json");
    let mut command = crate::server::binary();
    command.arg("serve").arg(&path).current_dir("/");
    let server = crate::server::Server::start(&mut command).ready();
    let body = server.graphql("{ product(id: 1) { name } }").json();
    assert_eq!(body["data"]["product"]["name"], "Strawberry");
    let other = "database.url=postgres://nobody@127.0.0.1:1/nothing";
    let told = project.fail(&["serve", ".", "--set", other]);
    assert!(
        told.contains("compiled for sqlite, and the database is postgres"),
        "{told}"
    );
    project.write("fragaria.toml", "");
    let told = project.fail(&["compile"]);
    assert!(told.contains("database.url is not set"), "{told}");
}

#[test]
fn a_file_that_cannot_be_written_is_told_with_its_mend() {
    let project = Project::small();
    for (path, mend) in [
        ("nowhere/a.json", "  = help: make the directory nowhere"),
        (".", "  = help: it is a directory: name a file in it"),
        (
            "shop.db/a.json",
            "  = help: shop.db is no directory: name another",
        ),
    ] {
        let refused = project.fail(&["compile", "--out", path]);
        assert!(refused.contains(mend), "{refused}");
    }
}
