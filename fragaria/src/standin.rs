//! Stand-ins for rooms that are being built.
#![allow(warnings, clippy::all, clippy::pedantic, reason = "stand-in")]

pub mod engine {
    pub use ::engine::*;
    use model::{Catalog, Diagnostic, Dialect, Schema};

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
    #[derive(Debug, serde::Serialize)]
    pub struct Change {
        pub at: String,
        pub breaking: bool,
        pub what: String,
    }
    impl std::fmt::Display for Change {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(&self.what)
        }
    }

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
