//! Full-text indexes, from the database to the API and back: what is there is found, and what is
//! not there is told.

use crate::database::Database;
use crate::mariadb;
use crate::project::Project;
use serde_json::json;
use std::fs;
use std::path::Path;

/// The tables of the cases about searches.
fn tables(dialect: &str) -> String {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(home.join(format!("tests/cases/search/{dialect}.sql"))).unwrap()
}

/// Reads the database, and tells it from what is not in it; `wrong` are arguments of `@search`
/// and what is said of them.
fn check(project: &Project, url: &str, search: &str, wrong: &[(&str, &str)]) {
    project.run(&["init", "--from", url]);
    let schema = project.read("schema.graphql");
    assert!(schema.contains(search), "{schema}");
    let [author, article] = ["Author", "Article"].map(|name| format!("type {name} "));
    assert!(schema.contains(&author) && schema.contains(&article));
    assert_eq!(schema.matches("\ntype ").count(), 2, "{schema}");
    // Only a type with an index needs the name for itself.
    assert!(schema.contains("  search: String"), "{schema}");
    project.run(&["compile", "--against", url]);
    let api = project.run(&["schema"]);
    assert!(api.lines().any(|line| line == "  search: String"), "{api}");
    for (arguments, told) in wrong {
        let other = schema.replacen(search, &format!("@search{arguments}"), 1);
        project.write("schema.graphql", &other);
        let found = project.fail(&["compile", "--against", url]);
        let told = [*told, "error[drift.search]"];
        assert!(told.iter().all(|told| found.contains(told)), "{found}");
    }
}

#[test]
fn a_table_of_fts5_is_the_index_of_its_content() {
    let project = Project::database(&tables("sqlite"));
    let wrong = [("(table: \"other\")", "no table \"other\" of FTS5")];
    let search = "@search(table: \"article_words\")";
    check(&project, "sqlite:shop.db", search, &wrong);
}

#[test]
fn a_tsvector_is_found_with_its_configuration() {
    let database = Database::empty();
    database.sql(&tables("postgres"));
    let project = Project::empty();
    let wrong = [
        (
            "(column: \"title\", configuration: \"simple\")",
            "no column \"title\" of type tsvector",
        ),
        (
            "(column: \"words\", configuration: \"simpel\")",
            "did you mean \"simple\"?",
        ),
    ];
    let search = "@search(column: \"words\", configuration: \"simple\")";
    check(&project, &database.url(), search, &wrong);
    let schema = project.read("schema.graphql");
    assert!(!schema.contains("left out"), "{schema}");
    project.run(&["init", "--force", "--from", &database.url()]);
    database.sql("DROP INDEX article_words_idx");
    let told = project.output(&["compile", "--against", &database.url()]);
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(told.contains("warning[drift.search]"), "{told}");
}

#[test]
fn a_fulltext_index_is_known_by_its_columns() {
    let database = mariadb::Database::empty();
    database.sql(&tables("mariadb"));
    let project = Project::empty();
    let wrong = [("(fields: [\"title\"])", "no FULLTEXT index of just (title)")];
    let search = "@search(fields: [\"title\", \"body\"])";
    check(&project, &database.url(), search, &wrong);
}

/// Serves the database, takes its index away by `gone`, and asks for what would need it.
fn check_without(project: &Project, url: &str, gone: impl FnOnce()) {
    project.run(&["init", "--from", url]);
    project.run(&["compile", "--against", url]);
    let server = project.serve(&["server.check_interval_ms=600000"]).ready();
    let found = server.graphql("{ articles(where: { search: \"steel\" }) { id } }");
    assert_eq!(
        found.json(),
        json!({ "data": { "articles": [{ "id": 2 }] } })
    );
    gone();
    for document in [
        "{ articles(where: { search: \"steel\" }) { id } }",
        "{ articles(where: { or: [{ id: { eq: 1 } }, { search: \"\" }] }) { id } }",
        "mutation { deleteArticles(where: { not: { search: \"steel\" } }) { id } }",
    ] {
        assert_eq!(
            server.graphql(document).code(),
            "store.schema",
            "{document}"
        );
    }
    let left = server.graphql("{ articleAggregate { count } }").json();
    assert_eq!(left["data"]["articleAggregate"][0]["count"], 7, "{left}");
}

#[test]
fn without_its_index_nothing_is_found_or_changed() {
    let project = Project::database(&tables("sqlite"));
    check_without(&project, "sqlite:shop.db", || {
        project.sql("DROP TRIGGER article_added; DROP TRIGGER article_removed");
        project.sql("DROP TRIGGER article_changed; DROP TABLE article_words");
    });
    let postgres = Database::empty();
    postgres.sql(&tables("postgres"));
    check_without(&Project::empty(), &postgres.url(), || {
        postgres.sql("ALTER TABLE article DROP COLUMN words");
    });
    let mariadb = mariadb::Database::empty();
    mariadb.sql(&tables("mariadb"));
    check_without(&Project::empty(), &mariadb.url(), || {
        mariadb.sql("ALTER TABLE article DROP INDEX title");
    });
}

#[test]
fn a_search_that_goes_breaks_clients_and_one_that_comes_does_not() {
    let project = Project::empty();
    project.configure("postgres://me@127.0.0.1:1/none");
    let schema = |search: &str| format!("type Article @table {search} {{ id: Int! @id }}");
    let [words, others] = ["words", "others"]
        .map(|column| format!("@search(column: \"{column}\", configuration: \"english\")"));
    for (was, is, change) in [
        (
            words.as_str(),
            "",
            "breaking: Article: rows can no longer be searched for words",
        ),
        ("", &words, "safe: Article: rows can be searched for words"),
        (&words, &others, "no change"),
    ] {
        project.write("schema.graphql", &schema(was));
        project.run(&["compile", "--out", "old.json"]);
        project.write("schema.graphql", &schema(is));
        let told = project.run(&["diff", "old.json", "."]);
        assert_eq!(told.lines().next(), Some(change), "{was} to {is}");
    }
}
