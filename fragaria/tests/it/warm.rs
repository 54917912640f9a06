//! Connections that are open before the first request wants one, as the databases see them.

use crate::client::until;
use crate::project::Project;
use crate::server::Server;
use crate::stage::Stage;

const SOON: &str = "server.check_interval_ms=50";

/// So few that it shows which are open.
const POSTGRES: [&str; 5] = [
    SOON,
    "database.postgres.light_connections=3",
    "database.postgres.bounded_connections=2",
    "database.postgres.exclusive_connections=5",
    "database.postgres.exclusive_connections_min=2",
];
const MARIADB: [&str; 3] = [
    SOON,
    "database.mariadb.connections=5",
    "database.mariadb.connections_min=3",
];

/// The connections of a server, as its database sees them.
struct Seen {
    stage: Stage,
    /// How many are open when nobody has asked for anything.
    open: usize,
}

impl Seen {
    fn both() -> [Self; 2] {
        let (postgres, mariadb) = (Stage::postgres(&POSTGRES), Stage::mariadb(&MARIADB));
        let seen = |stage, open| Self { stage, open };
        // MariaDB has one more, by which it is looked whether it is there.
        [seen(postgres, 3 + 2 + 2), seen(mariadb, 3 + 1)]
    }

    fn ids(&self) -> Vec<String> {
        let ids = self.stage.outside(if self.stage.is_mariadb() {
            "SELECT coalesce(group_concat(id ORDER BY id), '') FROM information_schema.processlist \
             WHERE db = DATABASE() AND id <> CONNECTION_ID()"
        } else {
            "SELECT coalesce(string_agg(pid::text, ',' ORDER BY pid), '') FROM pg_stat_activity \
             WHERE application_name = 'fragaria' AND datname = current_database()"
        });
        let ids = ids.split(',').filter(|id| !id.is_empty());
        ids.map(str::to_owned).collect()
    }

    /// Waits until those are open that are to be, and none of these; which they are.
    fn opened(&self, without: &[String]) -> Vec<String> {
        until("connections are not opened ahead", || {
            let ids = self.ids();
            let is_new = ids.iter().all(|id| !without.contains(id));
            (is_new && ids.len() == self.open).then_some(ids)
        })
    }

    /// Ends those of them that the server itself has not ended yet, as it does when it misses others.
    fn end(&self, ids: &[String]) {
        let all = |end: &dyn Fn(&String) -> String| ids.iter().map(end).collect::<String>();
        self.stage.change(&if self.stage.is_mariadb() {
            let kills = all(&|id| format!("KILL {id};"));
            format!("DELIMITER //\nBEGIN NOT ATOMIC DECLARE CONTINUE HANDLER FOR 1094 BEGIN END; {kills} END//")
        } else {
            all(&|id| format!("SELECT pg_terminate_backend({id});"))
        });
    }
}

fn assert_answers(server: &Server) {
    let body = server.graphql("{ product(id: 1) { name } }").json();
    assert_eq!(body["data"]["product"]["name"], "Strawberry", "{body}");
}

#[test]
fn connections_are_open_before_the_first_request_and_again_after_they_were_lost() {
    for seen in Seen::both() {
        let settings = seen.stage.settings();
        for start in [Project::serve, Project::dev] {
            let server = start(&seen.stage.project, settings);
            let first = seen.opened(&[]);
            seen.end(&first);
            seen.opened(&first);
            let server = server.ready();
            assert_answers(&server);
            drop(server);
            until("connections outlive their server", || {
                seen.ids().is_empty().then_some(())
            });
        }
    }
}

#[test]
fn no_more_is_kept_than_there_may_be_and_none_where_none_is_to_be() {
    let [postgres, mariadb] = Seen::both();
    for (seen, least, open) in [
        (
            &postgres,
            "database.postgres.exclusive_connections_min=9",
            3 + 2 + 5,
        ),
        (
            &postgres,
            "database.postgres.exclusive_connections_min=0",
            3 + 2 + 1,
        ),
        (&mariadb, "database.mariadb.connections_min=9", 5 + 1),
        (&mariadb, "database.mariadb.connections_min=0", 1 + 1),
    ] {
        let settings = [seen.stage.settings(), &[least]].concat();
        let _server = seen.stage.project.serve(&settings).ready();
        // The one that looked at the catalog stays where none is opened ahead.
        until("not as many are open as may be", || {
            (seen.ids().len() == open).then_some(())
        });
    }
}

#[test]
fn a_file_is_opened_before_the_first_request() {
    let stage = Stage::sqlite(&[SOON, "database.sqlite.readers=3"]);
    let server = stage.project.serve(stage.settings());
    // Besides these the one that looked at the catalog.
    let open = 3 + 1 + 1;
    until("the file is not opened ahead", || {
        (server.opened("shop.db") == open).then_some(())
    });
    let server = server.ready();
    assert_answers(&server);
    assert_eq!(server.opened("shop.db"), open);
}
