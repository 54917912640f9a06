//! Conditions find their rows by the indexes of the database, where it has some that fit.

use crate::database::psql;
use crate::instance::Instance;
use crate::project::Project;
use crate::server::Server;
use serde_json::{Value, json};

const TABLES: &str = "
    CREATE TABLE word (id int PRIMARY KEY, text text NOT NULL);
    INSERT INTO word SELECT g, 'Word ' || g FROM generate_series(1, 1000) g;
    CREATE INDEX word_lower ON word (lower(text));
    CREATE TABLE document (id int PRIMARY KEY, data jsonb);
    INSERT INTO document SELECT g, jsonb_build_object('n', g, 'k' || g, NULL)
        FROM generate_series(1, 1000) g;
    CREATE INDEX document_data ON document USING gin (data);
    CREATE TABLE shelf (id int PRIMARY KEY, tags varchar(20)[]);
    INSERT INTO shelf SELECT g, ARRAY['all', 't' || g] FROM generate_series(1, 1000) g;
    CREATE INDEX shelf_tags ON shelf USING gin (tags);
    CREATE TABLE article (id int PRIMARY KEY, title text NOT NULL,
        words tsvector GENERATED ALWAYS AS (to_tsvector('english', title)) STORED);
    INSERT INTO article (id, title) SELECT g, 'Lamps of kind k' || g FROM generate_series(1, 1000) g;
    CREATE INDEX article_words ON article USING gin (words);
    ANALYZE;";

/// A server whose database writes down the plan of every statement.
struct Planned {
    server: Server,
    _project: Project,
    instance: Instance,
}

impl Planned {
    fn new() -> Self {
        // A plan that serves every value is the one that a shared statement comes to.
        let settings = "session_preload_libraries = 'auto_explain'\n\
                        auto_explain.log_min_duration = 0\n\
                        enable_seqscan = off\nplan_cache_mode = force_generic_plan\n\
                        logging_collector = off";
        let instance = Instance::start(settings, |_| {});
        psql(&instance.address(), TABLES);
        let project = Project::on(&instance.address());
        Self {
            server: project.serve(&[]).ready(),
            _project: project,
            instance,
        }
    }

    /// The data that answers a request, and the plans that were made for it.
    fn ask(&self, document: &str) -> (Value, String) {
        let before = self.log().len();
        let body = json!({ "query": document }).to_string();
        let headers = ["content-type: application/json"];
        let answer = self
            .server
            .ask("POST /graphql", &headers, body.as_bytes())
            .json();
        assert!(answer["errors"].is_null(), "{document}: {answer}");
        let plans = self.log().split_off(before);
        (answer["data"].clone(), plans)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.instance.file("../log")).unwrap()
    }
}

#[test]
fn conditions_find_rows_by_the_indexes_of_postgres() {
    let planned = Planned::new();
    for (document, index) in [
        (
            "{ rows: words(where: { text: { ieq: \"wORD 7\" } }) { id } }",
            "word_lower",
        ),
        (
            "{ rows: documents(where: { data: { contains: { n: 7.0 } } }) { id } }",
            "document_data",
        ),
        (
            "{ rows: documents(where: { data: { hasKey: \"k7\" } }) { id } }",
            "document_data",
        ),
        (
            "{ rows: shelves(where: { tags: { has: \"t7\" } }) { id } }",
            "shelf_tags",
        ),
        (
            "{ rows: articles(where: { search: \"a lamp k7\" }) { id } }",
            "article_words",
        ),
        (
            "{ rows: shelves(where: { tags: { overlaps: [\"t7\", \"t0\"] } }) { id } }",
            "shelf_tags",
        ),
    ] {
        let (data, plans) = planned.ask(document);
        assert_eq!(data, json!({ "rows": [{ "id": 7 }] }), "{document}");
        assert!(plans.contains(index), "{document}: {plans}");
    }
}
