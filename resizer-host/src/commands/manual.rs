//! `resizer-host completions` and `resizer-host man`: a shell's completions and the manual page, both generated from
//! the description of the command line in `cli.rs`.

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::cli::Cli;
use crate::complaint::Complaint;

/// Prints completions for this shell.
pub(super) fn completions(shell: Shell) -> Result<u8, Complaint> {
    crate::print(&completions_text(shell))
}

/// Prints one manual page, in roff, with a section for each command.
pub(super) fn man() -> Result<u8, Complaint> {
    crate::print(&page().map_err(Complaint::new)?)
}

fn completions_text(shell: Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command_line(), "resizer-host", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn page() -> std::io::Result<String> {
    let mut root = Cli::command_line();
    root.build();
    let man = Man::new(root.clone());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    for command in root.get_subcommands().filter(|command| command.get_name() != "help") {
        page.extend_from_slice(section(command)?.as_bytes());
    }
    man.render_extra_section(&mut page)?;
    // The usual name of such a section.
    Ok(String::from_utf8_lossy(&page).replace(" EXTRA\n", " NOTES\n"))
}

/// The section of one command. The sections of a page of its own become subsections.
fn section(command: &Command) -> std::io::Result<String> {
    let man = Man::new(command.clone());
    let mut text = Vec::new();
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    man.render_extra_section(&mut text)?;
    let text = String::from_utf8_lossy(&text).replace(".SH ", ".SS ");
    Ok(format!(".SH COMMAND {}\n{text}", command.get_name().to_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands() -> Vec<String> {
        let root = Cli::command_line();
        root.get_subcommands()
            .map(|command| command.get_name().to_owned())
            .collect()
    }

    #[test]
    fn completions_name_every_command() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let text = completions_text(shell);
            for command in commands() {
                assert!(text.contains(&command), "{shell}: {command}");
            }
        }
    }

    #[test]
    fn manual_page_has_a_section_for_every_command() {
        let page = page().unwrap();
        for command in commands() {
            let section = format!(".SH COMMAND {}\n", command.to_uppercase());
            assert!(page.contains(&section), "{command} in:\n{page}");
        }
    }
}
