//! `fragaria completions`: prints completions for a shell.

use crate::cli::{Cli, Completions, Shell};
use crate::terminal;
use anyhow::Result;
use clap::CommandFactory as _;
use clap_complete::aot;

/// Prints them.
pub(crate) fn run(args: &Completions) -> Result<()> {
    let shell = match args.shell {
        Shell::Bash => aot::Shell::Bash,
        Shell::Elvish => aot::Shell::Elvish,
        Shell::Fish => aot::Shell::Fish,
        Shell::Powershell => aot::Shell::PowerShell,
        Shell::Zsh => aot::Shell::Zsh,
    };
    let mut script = Vec::new();
    aot::generate(shell, &mut Cli::command(), "fragaria", &mut script);
    terminal::answer(String::from_utf8(script)?.trim_end())?;
    Ok(())
}
