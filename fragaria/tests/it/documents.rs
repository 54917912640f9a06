//! The documents are true: every block of code in them is run, and every code is listed.
//!
//! What a block is for stands behind its opening fence, where readers do not see it:
//!
//! | fence | what becomes of the block |
//! |---|---|
//! | `sh`, `sh shop` | each line is run in a directory with a small `shop.db`, or with the example in `shop/` |
//! | `graphql`, `graphql code=…` | asked of the example; no error, or that one |
//! | `json variables`, `json answer` | the variables and the whole answer of the block before |
//! | `graphql schema`, `graphql schema=sqlite`, `… code=…` | compiled for both databases, or for one |
//! | `toml`, `toml code=…` | read as a configuration |
//! | `toml policy` | cases that the example fulfils, with the rules of `shell::RULES` |
//! | `sql file=…`, `graphql file=…`, `toml file=…` | a file that is there in each `sh` block behind it |
//! | `text shown` | lines that the block before prints |

mod blocks;
mod codes;
mod shell;

use crate::client::Response;
use crate::project::{Project, told};
use crate::server::Server;
use blocks::{Block, Kind};
use serde_json::{Value, json};
use shell::Shop;
use std::fs;
use std::path::{Path, PathBuf};

/// The documents whose blocks are run; one that is not listed here has none.
const RUN: [&str; 12] = [
    "README.md",
    "docs/guide.md",
    "docs/guide/access.md",
    "docs/guide/cache.md",
    "docs/guide/advise.md",
    "docs/guide/clinic.md",
    "docs/guide/documents.md",
    "docs/guide/limits.md",
    "docs/guide/schema.md",
    "docs/guide/tenancy.md",
    "docs/guide/tls.md",
    "docs/guide/trees.md",
];

/// Blocks of these are read by people who change the code, and say what `cargo xtask` does.
const READ: [&str; 2] = ["CONTRIBUTING.md", "changes/README.md"];

#[test]
fn every_block_of_the_documents_is_run_and_does_what_it_says() {
    let shop = Shop::new();
    let mut wrong = Vec::new();
    let mut count = 0;
    for document in RUN {
        let mut files = Vec::new();
        for block in blocks::read(&text(document)).unwrap() {
            count += 1;
            if let Kind::File { name } = &block.kind {
                files.push((name.clone(), block.text));
                continue;
            }
            if let Err(problem) = run(&shop, &block, &files) {
                wrong.push(format!("{document}:{}: {problem}", block.line));
            }
        }
    }
    assert!(count > 20, "only {count} blocks were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_document_has_blocks_that_nobody_runs() {
    let documents = markdown(&root());
    assert!(documents.contains(&"README.md".to_owned()));
    for document in documents {
        let known = RUN.contains(&&*document) || READ.contains(&&*document);
        assert!(
            known || !text(&document).contains("```"),
            "{document} has a block of code: list it in RUN"
        );
    }
}

fn run(shop: &Shop, block: &Block, files: &[(String, String)]) -> Result<(), String> {
    let shown = match &block.kind {
        Kind::Shell { in_shop } => {
            let answer = block.answer.as_deref();
            shop.run_lines((&block.text, files), *in_shop, answer)?
        }
        Kind::Query { code } => return asked(&shop.server, block, code.as_deref()),
        Kind::Schema { dialects, code } => dialects
            .iter()
            .map(|dialect| compiled(&block.text, dialect, code.as_deref()))
            .collect::<Result<String, _>>()?,
        Kind::Configuration { code } => configured(&block.text, code.as_deref())?,
        Kind::Cases => shop.try_cases(&block.text)?,
        Kind::File { .. } => String::new(),
    };
    let lines = block.shown.iter().flat_map(|text| text.lines());
    for line in lines.map(str::trim).filter(|line| !line.is_empty()) {
        if !shown.contains(line) {
            return Err(format!("it does not print `{line}` but\n{shown}"));
        }
    }
    Ok(())
}

/// Asks the example; the answer is as the document has it.
fn asked(server: &Server, block: &Block, code: Option<&str>) -> Result<(), String> {
    let variables = block.variables.as_deref().map_or(Ok(Value::Null), parse)?;
    let answer = ask(
        server,
        &json!({ "query": block.text, "variables": variables }),
    )
    .json();
    let first = answer["errors"][0]["extensions"]["code"].as_str();
    if first != code {
        return Err(format!("expected {code:?}: {answer}"));
    }
    expect(block.answer.as_deref(), &answer)
}

fn ask(server: &Server, body: &Value) -> Response {
    let headers = ["content-type: application/json"];
    server.ask("POST /graphql", &headers, body.to_string().as_bytes())
}

/// Whether an answer is the one a document shows.
fn expect(shown: Option<&str>, answer: &Value) -> Result<(), String> {
    let Some(shown) = shown else {
        return Ok(());
    };
    if parse(shown)? == *answer {
        return Ok(());
    }
    Err(format!("the answer is {answer}"))
}

fn parse(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("this is no JSON: {error}"))
}

/// Compiles a schema for a database that need not be there.
fn compiled(schema: &str, dialect: &str, code: Option<&str>) -> Result<String, String> {
    let project = Project::empty();
    project.write("schema.graphql", schema);
    let url = match dialect {
        "sqlite" => "database.url=sqlite:none.db",
        _ => "database.url=postgres://localhost/none",
    };
    judged(&project, &["compile", "--set", url], code).map_err(|told| format!("{dialect}: {told}"))
}

fn configured(text: &str, code: Option<&str>) -> Result<String, String> {
    let project = Project::empty();
    project.write("fragaria.toml", text);
    judged(&project, &["config"], code)
}

/// Runs a command that succeeds, or fails just with that code; returns what it printed.
fn judged(project: &Project, arguments: &[&str], code: Option<&str>) -> Result<String, String> {
    let output = project.output(arguments);
    let told = told(&output) + &String::from_utf8_lossy(&output.stdout);
    let as_expected = match code {
        None => output.status.success(),
        Some(code) => output.status.code() == Some(1) && told.contains(&format!("[{code}]")),
    };
    if as_expected {
        Ok(told)
    } else {
        Err(format!("expected {code:?}:\n{told}"))
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn text(document: &str) -> String {
    let path = root().join(document);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The Markdown files of the repository's own folders.
fn markdown(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for folder in [
        "",
        "docs",
        "docs/guide",
        "docs/reference",
        "docs/decisions",
        "changes",
    ] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|kind| kind == "md") {
                let name = path.strip_prefix(root).unwrap();
                found.push(name.to_str().unwrap().to_owned());
            }
        }
    }
    found
}
