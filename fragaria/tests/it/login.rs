//! Where the password comes from, seen by a server that asks for one.

use crate::database::Database;
use crate::mariadb;
use crate::project::{Project, told};
use crate::server::binary;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Output;
use std::thread::{self, JoinHandle};

const SCHEMA: &str = "type Product @table {\n  id: Int! @id\n}\n";
/// The code that asks for TLS, in the place of a version.
const TLS: u32 = 80_877_103;

/// A server that asks one client for its password and refuses it.
struct Doorman {
    port: u16,
    heard: JoinHandle<Option<String>>,
}

impl Doorman {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = thread::spawn(move || ask(listener.accept().unwrap().0));
        Self { port, heard }
    }

    fn url(&self, user: &str) -> String {
        format!("postgres://{user}127.0.0.1:{}/shop", self.port)
    }

    /// The password that was given, if one was.
    fn heard(self) -> Option<String> {
        self.heard.join().unwrap()
    }
}

fn ask(mut client: TcpStream) -> Option<String> {
    let mut head = [0; 8];
    client.read_exact(&mut head).unwrap();
    if u32::from_be_bytes(head[4..].try_into().unwrap()) == TLS {
        client.write_all(b"N").unwrap();
        client.read_exact(&mut head).unwrap();
    }
    let length = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
    client.read_exact(&mut vec![0; length - 8]).unwrap();
    client.write_all(b"R\0\0\0\x08\0\0\0\x03").unwrap();
    let mut head = [0; 5];
    client.read_exact(&mut head).ok()?;
    let length = u32::from_be_bytes(head[1..].try_into().unwrap()) as usize;
    let mut password = vec![0; length - 4];
    client.read_exact(&mut password).unwrap();
    let refusal = b"SFATAL\0C28P01\0Mnot you\0\0";
    let length = u32::try_from(refusal.len() + 4).unwrap();
    client.write_all(b"E").unwrap();
    client.write_all(&length.to_be_bytes()).unwrap();
    client.write_all(refusal).unwrap();
    password.pop();
    Some(String::from_utf8(password).unwrap())
}

/// Runs the binary in a project, with an address in the environment.
fn run(project: &Project, url: &str, arguments: &[&str]) -> Output {
    let mut command = binary();
    command.args(arguments).current_dir(project.path(""));
    if !url.is_empty() {
        command.env("FRAGARIA_DATABASE__URL", url);
    }
    command.output().unwrap()
}

#[test]
fn an_address_without_a_password_takes_it_from_the_environment() {
    for (verb, option) in [("init", "--from"), ("compile", "--against")] {
        for (given, configured, expected) in [
            ("me@", "me:hunter2@", "hunter2"),
            ("", "me:hunter2@", "hunter2"),
            ("me:other@", "me:hunter2@", "other"),
        ] {
            let doorman = Doorman::new();
            let project = Project::empty();
            let (given, configured) = (doorman.url(given), doorman.url(configured));
            if verb == "compile" {
                project.write("schema.graphql", SCHEMA);
            }
            let output = run(&project, &configured, &[verb, option, &given]);
            assert_eq!(doorman.heard().as_deref(), Some(expected), "{verb} {given}");
            let told = told(&output);
            assert_eq!(output.status.code(), Some(1), "{told}");
            assert!(told.contains("the database refuses the login"), "{told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}

#[test]
fn a_password_is_not_taken_to_another_user_and_its_absence_is_told_with_the_mend() {
    let doorman = Doorman::new();
    let project = Project::empty();
    let (given, configured) = (doorman.url("you@"), doorman.url("me:hunter2@"));
    let output = run(&project, &configured, &["init", "--from", &given]);
    assert_eq!(doorman.heard(), None);
    let told = told(&output);
    let expected = format!(
        "error: cannot read the catalog of the database: the database refuses the login: password \
         missing\n  = help: the configured address, {}, has a password, but for a different host, \
         port or user: make them the same",
        configured.replace(":hunter2", "")
    );
    assert!(told.contains(&expected), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn the_address_in_the_environment_is_the_one_that_is_meant_where_none_is_given() {
    let database = Database::empty();
    database.sql("CREATE TABLE product (id int PRIMARY KEY)");
    let project = Project::empty();
    for arguments in [&["init"][..], &["compile", "--against"]] {
        let output = run(&project, &database.url(), arguments);
        assert!(output.status.success(), "{}", told(&output));
    }
    assert!(project.read("schema.graphql").contains("type Product"));
    let told = Project::empty().fail(&["init"]);
    assert!(told.contains("error: no database is named"), "{told}");
    assert!(
        told.contains("  = help: give --from sqlite:<path>"),
        "{told}"
    );
}

#[test]
fn a_password_is_never_written_wherever_it_stands() {
    let database = Database::empty();
    let url = database.url();
    let (front, place) = url.split_once('@').unwrap();
    for with in [
        format!("{front}:hunter2@{place}"),
        format!("{front}:hun?ter2@{place}"),
        format!("{url}?password=hunter2"),
        format!("{url}?pass%77ord=hunter2"),
    ] {
        let project = Project::empty();
        project.run(&["init", "--from", &with]);
        let written = project.read("fragaria.toml");
        let expected = format!("\nurl = \"{url}\"\n");
        assert!(written.contains(&expected), "{written}");
    }
}

/// A user of MariaDB with a password, who may read one database.
struct Member {
    database: mariadb::Database,
    name: String,
}

impl Member {
    fn new() -> Self {
        let database = mariadb::Database::empty();
        database.sql("CREATE TABLE product (id int PRIMARY KEY)");
        let url = database.url();
        let name = url.rsplit_once('/').unwrap().1.to_owned();
        database.sql(&format!(
            "CREATE USER {name} IDENTIFIED BY 'p@ss:word'; GRANT ALL ON {name}.* TO {name}"
        ));
        Self { database, name }
    }

    /// The address with what stands before the host, where `me` is the user.
    fn url(&self, login: &str) -> String {
        let url = self.database.url();
        let place = url.rsplit_once('@').unwrap().1;
        format!("mariadb://{}{place}", login.replace("me", &self.name))
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.database.sql(&format!("DROP USER {}", self.name));
    }
}

#[test]
fn an_address_of_mariadb_takes_the_password_from_the_environment_and_says_when_it_is_wrong() {
    let member = Member::new();
    for given in ["me@", ""] {
        let project = Project::empty();
        let known = member.url("me:p%40ss%3Aword@");
        let run = |arguments: &[&str]| run(&project, &known, arguments);
        for arguments in [
            &["init", "--from", &member.url(given)][..],
            &["compile", "--against", &member.url(given)],
            &["compile", "--against"],
        ] {
            let output = run(arguments);
            assert!(output.status.success(), "{}", told(&output));
        }
        let written = project.read("fragaria.toml");
        let expected = format!("url = \"{}\"", member.url(given));
        assert!(written.contains(&expected), "{written}");
    }
    for (given, known) in [
        ("me:other@", "me:p%40ss%3Aword@"),
        ("me@", "me:other@"),
        ("me@", "you:p%40ss%3Aword@"),
        ("me@", ""),
    ] {
        let (given, known) = (member.url(given), member.url(known));
        let output = run(&Project::empty(), &known, &["init", "--from", &given]);
        let told = told(&output);
        let expected = "error: cannot read the catalog of the database: the database refuses the \
                        login: Access denied for user";
        assert!(told.contains(expected), "{told}");
        let help = if known.contains("you:") {
            "\n  = help: the configured address, mariadb://you@"
        } else {
            "\n  = help: give the user and the password in the environment: \
                 FRAGARIA_DATABASE__URL=mariadb://<user>:<password>@<host>/<name>"
        };
        assert!(told.contains(help), "{told}");
        assert!(!told.contains("other") && !told.contains("p@ss"), "{told}");
    }
}
