//! Stand-ins for rooms that are being built.
#![allow(warnings, clippy::all, clippy::pedantic, reason = "stand-in")]

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
