//! Plugin lines of the manifests: `Cargo.toml` and `resizer-host/Cargo.toml` name every plugin between two comments,
//! and this writes those lines from the folders in `crates/plugins`. The launcher in `xtask/start` compiles this file
//! too, for cargo builds nothing in a workspace whose manifests name a folder that is gone. Hence it uses the standard
//! library only.

use std::path::Path;
use std::{fs, io};

const BEGIN: &str = "# Plugins, written by `cargo xtask docs`";
const END: &str = "# End of plugins.";

/// Writes the lines of both manifests anew, where they are not as they should be.
///
/// # Errors
/// A file cannot be read or written, or lacks the comments around the lines.
pub fn write(root: &Path) -> io::Result<()> {
    for (file, found, fresh) in manifests(root)? {
        if found != fresh {
            fs::write(root.join(file), fresh)?;
            eprintln!("wrote {file}");
        }
    }
    Ok(())
}

/// The manifests whose lines are not those of the folders.
///
/// # Errors
/// As [`write()`].
pub fn stale(root: &Path) -> io::Result<Vec<&'static str>> {
    let stale = manifests(root)?.into_iter().filter(|(_, found, fresh)| found != fresh);
    Ok(stale.map(|(file, ..)| file).collect())
}

/// The names of all plugins, sorted: the folders in `crates/plugins` that hold a crate.
///
/// # Errors
/// The folder cannot be read.
pub fn plugins(root: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in root.join("crates/plugins").read_dir()? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// A manifest's path, its text, and the text that it should have.
type Manifest = (&'static str, String, String);

/// Both manifests.
fn manifests(root: &Path) -> io::Result<Vec<Manifest>> {
    let plugins = plugins(root)?;
    let lines = |line: fn(&str) -> String| -> String { plugins.iter().map(|name| line(name)).collect() };
    let paths = lines(|name| format!("resizer-{name} = {{ path = \"crates/plugins/{name}\" }}\n"));
    let mut features = format!("all = [\n{}]\n", lines(|name| format!("    \"{name}\",\n")));
    features.push_str(&lines(|name| format!("{name} = [\"dep:resizer-{name}\"]\n")));
    let dependencies = lines(|name| format!("resizer-{name} = {{ workspace = true, optional = true }}\n"));
    let manifest = |file: &'static str, sections: &[String]| -> io::Result<Manifest> {
        let found = fs::read_to_string(root.join(file))?;
        let fresh = mended(&found, sections).ok_or_else(|| {
            let message = format!("{file} lacks its {} times `{BEGIN} …` and `{END}`", sections.len());
            io::Error::new(io::ErrorKind::InvalidData, message)
        })?;
        Ok((file, found, fresh))
    };
    Ok(vec![
        manifest("Cargo.toml", &[paths])?,
        manifest("resizer-host/Cargo.toml", &[features, dependencies])?,
    ])
}

/// The text with each section between its comments; `None` if there are not as many places as sections.
fn mended(text: &str, sections: &[String]) -> Option<String> {
    let mut parts = text.split(BEGIN);
    let mut fresh = parts.next()?.to_owned();
    let mut sections = sections.iter();
    for part in parts {
        let (rest_of_comment, lines) = part.split_once('\n')?;
        let (_, after) = lines.split_once(END)?;
        let section = sections.next()?;
        fresh.push_str(&format!("{BEGIN}{rest_of_comment}\n{section}{END}{after}"));
    }
    sections.next().is_none().then_some(fresh)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_between_their_comments_are_replaced_and_nothing_else() {
        let text = format!("a\n{BEGIN} from x.\nold\n{END}\nb\n{BEGIN}.\n{END}\nc\n");
        let sections = ["1\n2\n".to_owned(), "3\n".to_owned()];
        let expected = format!("a\n{BEGIN} from x.\n1\n2\n{END}\nb\n{BEGIN}.\n3\n{END}\nc\n");
        assert_eq!(mended(&text, &sections).as_deref(), Some(&*expected));
        assert_eq!(mended(&expected, &sections), Some(expected.clone()));
        assert_eq!(mended(&text, &sections[..1]), None, "more places than sections");
        assert_eq!(mended("a\n", &sections), None, "no place");
        assert_eq!(mended(BEGIN, &sections), None, "no end");
    }
}
