//! `fragaria schema`: prints the GraphQL schema of the generated API.

use crate::cli::Schema;
use crate::environment::Environment;
use crate::mend;
use crate::project::Project;
use crate::terminal::Terminal;
use anyhow::Result;
use engine::Engine;
use model::Rights;
use model::metric::Registry;
use serde_json::json;

/// Prints it.
pub(crate) fn run(args: &Schema, environment: &Environment, terminal: Terminal) -> Result<()> {
    let project = Project::open(&args.directory, environment, &args.settings.flags())?;
    let artefact = project.compile_bare()?;
    let limits = &project.loaded.config.limits;
    let engine = Engine::new(artefact, limits, &mut Registry::default())?;
    let sdl = engine.sdl(&rights(args, &engine)?)?;
    terminal.either(&json!({ "sdl": sdl }), || sdl.trim_end().to_owned())?;
    Ok(())
}

/// Whose API is printed: without roles the whole of it.
fn rights(args: &Schema, engine: &Engine) -> Result<Rights> {
    let known = || engine.schema().roles.iter().map(|role| role.name.as_str());
    for name in &args.role {
        if !known().any(|role| role == name) {
            let what = format!("the schema has no role `{name}`");
            let names: Vec<_> = known().collect();
            let help = match names.as_slice() {
                [] => {
                    "it has no access rules: `extend schema @role(name: …)` adds a role".to_owned()
                }
                names => format!("it has {}", names.join(", ")),
            };
            return Err(mend::failure(what, help));
        }
    }
    Ok(match args.role.as_slice() {
        [] => Rights::All,
        names => Rights::Of(names.iter().map(String::as_str).collect()),
    })
}
