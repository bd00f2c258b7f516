//! Results in `docs/benchmarks.md`: replaces the part of the page that a bench writes, and describes the machine.

use std::fs;

use anyhow::{Context, Result};

use crate::command::{program, read};
use crate::workspace;

/// Replaces the part of this name.
pub(super) fn write(name: &str, text: &str) -> Result<()> {
    let path = workspace::root().join("docs/benchmarks.md");
    let page = replaced(&fs::read_to_string(&path)?, name, text)?;
    Ok(fs::write(path, page)?)
}

/// The page with another text between the two comments of the part.
fn replaced(page: &str, name: &str, text: &str) -> Result<String> {
    let missing = || format!("docs/benchmarks.md has no part `{name}`");
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->\n"));
    let (before, rest) = page.split_once(&begin).with_context(missing)?;
    let (_, after) = rest.split_once(&end).with_context(missing)?;
    Ok([before, &begin, text, &end, after].concat())
}

/// Processor, cores, kernel, and the commit that was measured.
pub(super) fn machine() -> Result<String> {
    let processors = fs::read_to_string("/proc/cpuinfo")?;
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("an unknown processor", |(_, model)| model.trim());
    let cores = std::thread::available_parallelism()?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let commit = read(&mut program("git", "rev-parse --short=12 HEAD"))?;
    Ok(format!(
        "{cores} cores of {model}, Linux {}, commit `{}`",
        kernel.trim(),
        commit.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn part_of_a_page_is_replaced_and_the_rest_stays() {
        let page = "before\n<!-- a -->\nold\n<!-- end of a -->\nafter\n<!-- b -->\n<!-- end of b -->\n";
        let new = "before\n<!-- a -->\nnew\n<!-- end of a -->\nafter\n<!-- b -->\n<!-- end of b -->\n";
        assert_eq!(replaced(page, "a", "new\n").unwrap(), new);
        assert!(replaced(page, "c", "new\n").is_err());
        assert!(replaced("<!-- a -->\nno end\n", "a", "new\n").is_err());
    }
}
