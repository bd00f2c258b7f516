//! Circles of imports: the files of `crates/engine/src` have to form a tree. A reader then understands each file from
//! the files that it imports, and never has to read it before itself.
//!
//! The rule counts modules at the top of the crate. `a.rs` and all files in the folder `a/` are one module, in which
//! parent and child may import each other. One module imports another if its code holds the other's path from the
//! root: `use crate::b::…`, `use crate::{b, c}`, or `crate::b::…` in the middle of a line. Comments do not count, tests
//! do.
//!
//! Two ways around the rule are errors of their own. `crate::Name` reaches a module through the exports of `lib.rs`,
//! and `super::super` leaves a module upwards.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::tidy::rust_files;

/// Module, and the modules that it imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

#[test]
fn modules_of_the_engine_import_each_other_without_a_circle() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/engine/src");
    let mut files = Vec::new();
    for (path, text) in rust_files(&folder) {
        let path = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
        files.push((path, text));
    }
    let (imports, wrong) = read_imports(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Proves that imports are found at all.
    assert!(imports["walk"].contains("locate"));
    let circles = circles(&imports);
    assert!(circles.is_empty(), "these modules import each other: {circles:#?}");
}

/// The imports of all files, and the lines that evade the rule. Each file comes as its path below `src`, and its text.
fn read_imports<'f>(files: impl Iterator<Item = (&'f str, &'f str)>) -> (Imports, Vec<String>) {
    let (mut imports, mut wrong) = (Imports::new(), Vec::new());
    let files: Vec<_> = files.collect();
    let modules: BTreeSet<&str> = files.iter().map(|(path, _)| module_of(path)).collect();
    for (path, text) in files {
        let module = module_of(path);
        if module == "lib" {
            continue;
        }
        let code: Vec<&str> = text.lines().map(without_comment).collect();
        let code = code.join("\n");
        if code.contains("super::super") {
            wrong.push(format!("{path}: write `crate::` in place of `super::super`"));
        }
        // In a file at the top of the crate `super` is the root. In its `mod tests`, which is indented, it is the file.
        if !path.contains('/') && code.lines().any(|line| line.starts_with("use super::")) {
            wrong.push(format!("{path}: write `crate::` in place of `super::`"));
        }
        let imported = imports.entry(module.to_owned()).or_default();
        for name in names_below_crate(&code) {
            if !modules.contains(name.as_str()) {
                wrong.push(format!("{path}: import `{name}` from its module and not from the root"));
            } else if name != module {
                imported.insert(name);
            }
        }
    }
    (imports, wrong)
}

/// The module at the top of the crate that a file belongs to.
fn module_of(path: &str) -> &str {
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
}

/// A line up to its comment.
fn without_comment(line: &str) -> &str {
    let comment = line.find("//").filter(|at| !line[..*at].ends_with(':'));
    comment.map_or(line, |at| &line[..at])
}

/// The first name after each `crate::`; several where a brace follows.
fn names_below_crate(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, start) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_') {
            continue;
        }
        let rest = &code[at + start.len()..];
        match rest.strip_prefix('{') {
            None => names.extend(first_name(rest)),
            Some(group) => {
                let (mut depth, mut item) = (0, 0);
                for (end, letter) in group.char_indices() {
                    match letter {
                        '{' => depth += 1,
                        '}' if depth > 0 => depth -= 1,
                        ',' if depth == 0 => {
                            names.extend(first_name(&group[item..end]));
                            item = end + 1;
                        }
                        '}' => {
                            names.extend(first_name(&group[item..end]));
                            break;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    names
}

fn first_name(text: &str) -> Option<String> {
    let end = |letter: char| !letter.is_alphanumeric() && letter != '_';
    let name = text.trim_start().split(end).next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// Groups of modules of which each reaches each other one by imports.
fn circles(imports: &Imports) -> BTreeSet<BTreeSet<&str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = imports
        .keys()
        .map(|module| (module.as_str(), reach(imports, module)))
        .collect();
    let mut circles = BTreeSet::new();
    for (module, others) in &reached {
        let back = |other: &&&str| reached.get(**other).is_some_and(|reached| reached.contains(module));
        let circle: BTreeSet<&str> = others.iter().filter(back).copied().collect();
        if !circle.is_empty() {
            circles.insert(circle);
        }
    }
    circles
}

/// All modules that `start` reaches by one import or more.
fn reach<'i>(imports: &'i Imports, start: &str) -> BTreeSet<&'i str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![start];
    while let Some(module) = open.pop() {
        for next in imports.get(module).into_iter().flatten() {
            if reached.insert(next.as_str()) {
                open.push(next);
            }
        }
    }
    reached
}

#[test]
fn circle_in_made_up_files_is_found() {
    let check = |files: &[(&str, &str)], expected: &[&[&str]]| {
        let (imports, wrong) = read_imports(files.iter().copied());
        assert!(wrong.is_empty(), "{wrong:?}");
        let expected = expected.iter().map(|circle| circle.iter().copied().collect());
        assert_eq!(circles(&imports), expected.collect(), "{files:?}");
    };
    let (to_a, to_b, to_c) = (
        "use crate::a::A;",
        "use crate::b;",
        "use x::y;\nuse crate::{\n    c::{C, D},\n    d,\n};",
    );
    check(&[("a.rs", to_b), ("b.rs", to_a)], &[&["a", "b"]]);
    check(
        &[("a.rs", to_b), ("b.rs", to_c), ("c.rs", to_a), ("d.rs", to_a)],
        &[&["a", "b", "c", "d"]],
    );
    check(&[("a.rs", to_b), ("b.rs", "fn f() -> crate::a::A {}")], &[&["a", "b"]]);
    check(&[("a/child.rs", to_b), ("b.rs", to_a)], &[&["a", "b"]]);
    check(&[("a.rs", to_b), ("b.rs", to_c), ("c.rs", ""), ("d.rs", "")], &[]);
    check(
        &[("a.rs", to_b), ("b.rs", "// use crate::a;\n/// [`crate::a::A`]")],
        &[],
    );
    check(&[("a.rs", to_b), ("b.rs", "use other_crate::a;")], &[]);
    check(
        &[
            ("a.rs", "use self::child::C;"),
            ("a/child.rs", "use super::A;\nuse crate::a::A;"),
        ],
        &[],
    );
    check(&[("lib.rs", "pub use crate::a::A;"), ("a.rs", "")], &[]);
}

#[test]
fn import_through_the_root_or_upwards_is_an_error() {
    for code in [
        "use crate::Engine;",
        "use crate::{a, Engine};",
        "use crate::load;",
        "use super::b;",
        "fn f() { super::super::b(); }",
    ] {
        let (_, wrong) = read_imports([("a.rs", code)].into_iter());
        assert_eq!(wrong.len(), 1, "{code}");
    }
}
