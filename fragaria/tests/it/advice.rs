//! What is told leads on: a mistake in what a command is given is named with a mend that works.

use crate::project::Project;
use std::fs;

/// A project in a directory of its own, beside which commands are run.
fn beside() -> Project {
    let home = Project::database("CREATE TABLE product (id INTEGER PRIMARY KEY)");
    home.run(&["init", "--from", "sqlite:shop.db", "--out", "own"]);
    home.run(&["compile", "own"]);
    fs::create_dir(home.path("used")).unwrap();
    home.write("used/notes.txt", "no project");
    home.write("text.db", &"no database, only text\n".repeat(40));
    home
}

#[test]
fn a_path_that_is_something_else_is_told_as_what_it_is() {
    let home = beside();
    let wanted = "give the directory of a project, or the artefact that `fragaria compile` makes";
    for (arguments, what, help) in [
        (&["serve", "nowhere"][..], "there is no nowhere", wanted),
        (
            &["serve", "own/schema.graphql"],
            "own/schema.graphql is a schema file",
            "give the directory of its project, or the artefact made from it",
        ),
        (
            &["diff", "own/schema.graphql", "own"],
            "own/schema.graphql is a schema file",
            "give the directory of its project, or the artefact made from it",
        ),
        (
            &["serve", "own/fragaria.toml"],
            "own/fragaria.toml is not usable: not an artefact",
            wanted,
        ),
        (
            &["compile", "--against", "own"],
            "there is no fragaria.toml in .",
            "`fragaria init --from",
        ),
        (
            &["compile", "own", "--against", "used"],
            "used is a directory, and a database is named by an address",
            "a project stands before the option: fragaria compile used --against compares it",
        ),
        (
            &["verify", "api", "--against", "own"],
            "own is a directory, and a database is named by an address",
            "use sqlite:<path>, postgres://user@host/name or mariadb://user@host/name",
        ),
        (
            &["init", "--from", "sqlite:shop.db", "--out", "text.db"],
            "text.db is not a directory",
            "give a directory behind --out",
        ),
        (
            &["compile", "own", "--out", "text.db"],
            "text.db is there already, and is no artefact",
            "name another file behind --out, or remove it",
        ),
        (
            &["dev", "used"],
            "there is no project in used",
            "`fragaria init --from <database> --out used` makes a project from a database, and \
             `fragaria dev <new directory>` an example to try",
        ),
    ] {
        let told = home.fail(arguments);
        let lines: Vec<_> = told.lines().collect();
        assert!(lines[0].starts_with(&format!("error: {what}")), "{told}");
        assert!(lines[1].starts_with(&format!("  = help: {help}")), "{told}");
    }
}

#[test]
fn an_address_that_cannot_be_used_is_told_by_the_name_it_was_given_under() {
    let home = beside();
    let forms = "use sqlite:<path>, postgres://user@host/name or mariadb://user@host/name";
    for (address, what, help) in [
        (
            "mysql:shop",
            "the database address is refused: it is no URL",
            forms,
        ),
        (
            "postgres://me@127.0.0.1:1",
            "the database address is refused: it names no database",
            forms,
        ),
        (
            "mariadb://me@127.0.0.1:1",
            "the database address is refused: it names no database",
            forms,
        ),
        (
            "postgres://me@127.0.0.1:1/shop",
            "the database is unavailable",
            "start the database, or correct the host and the name in the address behind --from",
        ),
        (
            "sqlite:text.db",
            "the database is unavailable: file is not a database",
            "is text.db a database of SQLite that may be read and written here? If not, correct the \
             address behind --from",
        ),
    ] {
        let told = home.fail(&["init", "--from", address, "--out", "new"]);
        assert!(told.contains(what), "{told}");
        assert!(
            told.contains(help) && told.contains("the address behind --from"),
            "{told}"
        );
        assert!(!told.contains("database.url"), "{told}");
    }
}

#[test]
fn the_next_step_after_init_can_be_taken() {
    let home = Project::database("");
    home.sql("CREATE TABLE product (id INTEGER PRIMARY KEY); DROP TABLE product;");
    let run =
        |arguments: &[&str]| home.run(&[&["init", "--from", "sqlite:shop.db"], arguments].concat());
    let told = run(&[]);
    let next = "next: make tables, then fragaria init --force --out . once more\n";
    assert!(told.ends_with(next), "{told}");
    home.sql("CREATE TABLE product (id INTEGER PRIMARY KEY)");
    let told = run(&["--force"]);
    assert!(told.ends_with("next: fragaria dev .\n"), "{told}");
}

#[test]
fn a_password_that_is_not_written_is_part_of_the_next_step() {
    let database = crate::database::Database::empty();
    database.sql("CREATE TABLE product (id int PRIMARY KEY)");
    let url = database.url().replacen('@', ":unused@", 1);
    let told = Project::empty().run(&["init", "--from", &url]);
    let next = "next: set FRAGARIA_DATABASE__URL to the whole address, as the password is not \
                written, then fragaria dev .\n";
    assert!(told.ends_with(next), "{told}");
}

#[test]
fn an_artefact_that_is_older_than_its_schema_files_is_served_with_a_warning() {
    const STALE: &str = "the schema files say something else than the artefact, which is what is \
                         served: `fragaria compile` makes it anew";
    let project = Project::small();
    let schema = project.read("schema.graphql");
    project.write(
        "schema.graphql",
        &format!("# a comment changes nothing\n{schema}"),
    );
    let whole = project.serve(&[]);
    assert!(!format!("{:?}", whole.begun).contains(STALE));
    drop(whole);
    for edited in [
        schema.replacen("name: String!", "title: String! @column(name: \"name\")", 1),
        "type".to_owned(),
    ] {
        project.write("schema.graphql", &edited);
        let server = project.serve(&[]);
        let begun = format!("{:?}", server.begun);
        assert_eq!(begun.matches(STALE).count(), 1, "{begun}");
        let server = server.ready();
        assert_eq!(server.graphql("{ products { name } }").status, 200);
    }
    fs::remove_file(project.path("schema.graphql")).unwrap();
    let alone = project.serve(&[]);
    assert!(!format!("{:?}", alone.begun).contains(STALE));
}
