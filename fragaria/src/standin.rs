//! Stand-ins for rooms that are being built.
#![allow(warnings, clippy::all, clippy::pedantic, reason = "stand-in")]

pub mod engine {
    use model::metric::Registry;
    use model::{
        Argument, Catalog, Content, Diagnostic, Dialect, Fault, Kind, Label, Roles, Root, Schema,
        Script, Weight,
    };
    use std::sync::Arc;

    #[derive(Clone, Debug)]
    pub struct Source {
        pub name: String,
        pub text: String,
    }
    #[derive(Debug)]
    pub struct Compiled {
        pub schema: Schema,
        pub warnings: Vec<Diagnostic>,
    }
    #[derive(Debug)]
    pub struct Scaffold {
        pub sdl: String,
        pub warnings: Vec<Diagnostic>,
    }
    #[derive(Debug)]
    pub struct Change {
        pub breaking: bool,
        pub message: String,
    }
    #[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct Config {
        pub depth_max: usize,
        pub plan_cache_bytes_max: usize,
    }
    impl Default for Config {
        fn default() -> Self {
            Self {
                depth_max: 20,
                plan_cache_bytes_max: 64 << 20,
            }
        }
    }
    #[derive(Debug, thiserror::Error)]
    #[error("engine")]
    pub struct Error;

    pub fn compile(sources: &[Source], dialect: Dialect) -> Result<Compiled, Vec<Diagnostic>> {
        for source in sources {
            if let Some(at) = source.text.find("@broken") {
                return Err(vec![
                    Diagnostic::error("sdl.broken", "this is broken")
                        .at(&source.name, at..at + 7)
                        .help("mend it"),
                ]);
            }
        }
        Ok(Compiled {
            schema: Schema {
                dialect,
                tables: Vec::new(),
                enums: Vec::new(),
            },
            warnings: Vec::new(),
        })
    }
    pub fn scaffold(_: &Catalog) -> Scaffold {
        Scaffold {
            sdl: String::new(),
            warnings: Vec::new(),
        }
    }
    pub fn drift(_: &Schema, _: &Catalog) -> Vec<Diagnostic> {
        Vec::new()
    }
    pub fn diff(_: &Schema, _: &Schema) -> Vec<Change> {
        Vec::new()
    }
    pub mod artefact {
        use model::Schema;
        #[derive(Debug, Clone)]
        pub struct Artefact {
            pub schema: Schema,
            pub hash: String,
        }
        pub fn write(schema: &Schema) -> Vec<u8> {
            serde_json::to_vec(schema).unwrap_or_default()
        }
        pub fn read(bytes: &[u8]) -> Result<Artefact, super::Error> {
            Ok(Artefact {
                schema: serde_json::from_slice(bytes).map_err(|_| super::Error)?,
                hash: "f00d".into(),
            })
        }
    }
    pub use artefact::Artefact;

    pub struct Engine {
        hash: String,
    }
    pub struct Ask<'a> {
        pub document: &'a str,
        pub operation: Option<&'a str>,
        pub roles: &'a Roles,
    }
    pub struct Operation {
        script: Arc<Script>,
        kind: OperationKind,
        variable: bool,
    }
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub enum OperationKind {
        Query,
        Mutation,
    }
    pub struct Bound {
        pub script: Arc<Script>,
        pub arguments: Vec<Vec<Argument>>,
        pub weight: Weight,
    }
    impl Operation {
        pub fn kind(&self) -> OperationKind {
            self.kind
        }
    }
    impl Engine {
        pub fn new(artefact: Artefact, _: &Config, _: &mut Registry) -> Result<Self, Error> {
            Ok(Self {
                hash: artefact.hash,
            })
        }
        pub fn hash(&self) -> &str {
            &self.hash
        }
        pub fn sdl(&self) -> &str {
            "type Query { x: Int }"
        }
        pub fn prepare(&self, ask: &Ask<'_>) -> Result<Arc<Operation>, Vec<Fault>> {
            let kind = if ask.document.contains("mutation") {
                OperationKind::Mutation
            } else {
                OperationKind::Query
            };
            if !ask.document.contains("__typename") {
                return Err(vec![
                    Fault::new("engine.syntax", Kind::Invalid, "bad document").at(1, 1),
                ]);
            }
            let root = Root {
                key: Label::new("__typename"),
                content: Content::Constant("\"Query\"".into()),
            };
            let script = Arc::new(Script {
                writes: false,
                steps: Vec::new(),
                roots: vec![root],
            });
            Ok(Arc::new(Operation {
                script,
                kind,
                variable: ask.document.contains("$id: ID!"),
            }))
        }
        pub fn bind(
            &self,
            operation: &Arc<Operation>,
            variables: Option<&serde_json::value::RawValue>,
        ) -> Result<Bound, Vec<Fault>> {
            if operation.variable && variables.is_none_or(|v| v.get().contains("null")) {
                return Err(vec![Fault::new(
                    "engine.variable",
                    Kind::Invalid,
                    "bad variable",
                )]);
            }
            Ok(Bound {
                script: operation.script.clone(),
                arguments: Vec::new(),
                weight: Weight::Light,
            })
        }
    }
}

pub mod store {
    use bytes::Bytes;
    use futures_util::stream::BoxStream;
    use model::metric::Registry;
    use model::{Argument, Catalog, Dialect, Fault, Kind, Script, Secret, Weight};
    use std::sync::Arc;

    #[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct Config {
        pub url: Secret,
        pub statement_timeout_ms: u64,
        pub sqlite: Sqlite,
    }
    #[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct Sqlite {
        pub create: bool,
    }
    #[derive(Debug, thiserror::Error)]
    #[error("store")]
    pub struct Error;
    impl From<Error> for Fault {
        fn from(_: Error) -> Self {
            Fault::new("store.x", Kind::Unavailable, "x")
        }
    }
    #[derive(Debug, thiserror::Error)]
    #[error("store")]
    pub struct Failure {
        pub error: Error,
        pub key: Option<Box<str>>,
    }
    impl From<Failure> for Fault {
        fn from(f: Failure) -> Self {
            f.error.into()
        }
    }
    pub enum Reply {
        Whole(Bytes),
        Stream(Chunks),
    }
    pub type Chunks = BoxStream<'static, Result<Bytes, Error>>;
    #[derive(Clone)]
    pub struct Database(Dialect);
    impl Database {
        pub fn open(config: &Config, _: &mut Registry) -> Result<Self, Error> {
            Ok(Self(if config.url.expose().starts_with("sqlite") {
                Dialect::Sqlite
            } else {
                Dialect::Postgres
            }))
        }
        pub fn dialect(&self) -> Dialect {
            self.0
        }
        pub async fn catalog(&self) -> Result<Catalog, Error> {
            Ok(Catalog {
                dialect: self.0,
                tables: Vec::new(),
                enums: Vec::new(),
            })
        }
        pub async fn run(
            &self,
            _: Arc<Script>,
            _: Vec<Vec<Argument>>,
            _: Weight,
        ) -> Result<Reply, Failure> {
            Ok(Reply::Whole(Bytes::from_static(
                br#"{"__typename":"Query"}"#,
            )))
        }
        pub async fn check(&self) -> Result<(), Error> {
            Ok(())
        }
        pub async fn close(&self) {}
    }
}

pub mod console {
    pub struct Asset {
        pub media_type: &'static str,
        pub bytes: &'static [u8],
    }
    pub fn asset(path: &str) -> Option<Asset> {
        (path == "/").then_some(Asset {
            media_type: "text/html; charset=utf-8",
            bytes: b"<!doctype html>",
        })
    }
}

pub mod example {
    use std::path::Path;
    pub fn create(directory: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(directory)?;
        std::fs::write(
            directory.join("fragaria.toml"),
            "[database]\nurl = \"sqlite:shop.db\"\n",
        )?;
        std::fs::write(directory.join("schema.graphql"), "type A\n")?;
        Ok(())
    }
}
