//! `fragaria schema`: prints the GraphQL schema of the generated API.

use crate::cli::Schema;
use crate::environment::Environment;
use crate::project::Project;
use crate::terminal::Terminal;
use anyhow::Result;
use engine::Engine;
use model::metric::Registry;
use serde_json::json;

/// Prints it.
pub(crate) fn run(args: &Schema, environment: &Environment, terminal: Terminal) -> Result<()> {
    let project = Project::open(&args.directory, environment, &args.settings.flags())?;
    let compiled = project.compile_alone(None)?;
    let limits = &project.loaded.config.limits;
    let engine = Engine::new(compiled.artefact, limits, &mut Registry::default())?;
    terminal.either(&json!({ "sdl": engine.sdl() }), || {
        engine.sdl().trim_end().to_owned()
    })?;
    Ok(())
}
