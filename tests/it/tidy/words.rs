//! Style checks: the rules of `docs/style.md` that a machine can see, for comments and hand-written pages.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Tree, rust_files};

/// Pages that `cargo xtask docs` writes. Their sources are checked.
const GENERATED: &[&str] = &["docs/plugins", "docs/querystring.md", "docs/server.md"];

const COLUMNS: usize = 120;
/// Words that begin no first line of a file: it is a noun phrase.
const NO_FIRST_LINE: &[&str] = &["What", "Who", "Whoever", "That", "How"];
/// Words that begin no sentence unless it is a question.
const NO_SENTENCE: &[&str] = &["What", "Who", "Whoever"];

/// rustfmt breaks lines of code itself. A comment line of a single word, such as a URL, cannot be broken.
#[test]
fn comment_line_has_at_most_120_columns() {
    check(|path, text| {
        let comments = text.lines().enumerate().filter(|(_, line)| is_comment(path, line));
        comments
            .filter(|(_, line)| line.chars().count() > COLUMNS && words(line).split_whitespace().count() > 1)
            .map(|(number, line)| format!("line {} has {} columns", number + 1, line.chars().count()))
            .collect()
    });
}

#[test]
fn first_line_of_a_file_is_a_noun_phrase() {
    check(|path, text| {
        let first = text.lines().next().unwrap_or_default();
        let begins = NO_FIRST_LINE.iter().any(|word| begins_with(words(first), word));
        if is_rust(path) && begins {
            vec![format!("begins `{first}`")]
        } else {
            Vec::new()
        }
    });
}

#[test]
fn sentence_begins_with_its_subject() {
    check(|path, text| {
        let sentences = paragraphs(path, text)
            .into_iter()
            .flat_map(|paragraph| sentences(&paragraph));
        sentences
            .filter(|sentence| !sentence.ends_with('?') && NO_SENTENCE.iter().any(|word| begins_with(sentence, word)))
            .map(|sentence| format!("has the sentence `{sentence}`"))
            .collect()
    });
}

#[test]
fn sentences_are_told_apart() {
    let found = sentences("One, e.g. this. What is it? Who reads `a. b` knows. **What** it is: this.");
    let expected = [
        "One, e.g. this.",
        "What is it?",
        "Who reads `a. b` knows.",
        "What it is: this.",
    ];
    assert_eq!(found, expected);
}

/// Fails with all that `rule` finds wrong, file by file.
#[track_caller]
fn check(rule: impl Fn(&Path, &str) -> Vec<String>) {
    let tree = Tree::read();
    let mut wrong = Vec::new();
    for (path, text) in files(&tree) {
        let path = path.strip_prefix(tree.root()).unwrap();
        if !GENERATED.iter().any(|folder| path.starts_with(folder)) {
            wrong.extend(
                rule(path, &text)
                    .into_iter()
                    .map(|found| format!("{}: {found}", path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// All Rust files, the pages in `docs` and the plugins' pages.
fn files(tree: &Tree) -> BTreeMap<std::path::PathBuf, String> {
    let mut files = BTreeMap::new();
    let mut pages: Vec<_> = std::fs::read_dir(tree.root().join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    for package in &tree.metadata.packages {
        let folder = package.manifest_path.parent().unwrap().as_std_path();
        files.extend(rust_files(folder));
        pages.push(folder.join("docs.md"));
    }
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md") && page.is_file());
    files.extend(
        pages
            .into_iter()
            .map(|page| (page.clone(), std::fs::read_to_string(page).unwrap())),
    );
    files
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

fn is_comment(path: &Path, line: &str) -> bool {
    is_rust(path) && line.trim_start().starts_with("//")
}

/// The words of a line, without the marks of comments, lists, headings and emphasis.
fn words(line: &str) -> &str {
    line.trim_start()
        .trim_start_matches(['/', '!', '#', '-', '*', '>', ' '])
}

/// Runs of prose: comments of a Rust file, or a page without its tables and code.
fn paragraphs(path: &Path, text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    let mut in_code = false;
    for line in text.lines() {
        let prose = words(line);
        in_code ^= prose.starts_with("```");
        let marks = line.trim_start().trim_start_matches(['/', '!', ' ']);
        let is_prose = (!is_rust(path) || is_comment(path, line)) && !in_code && !marks.starts_with(['|', '`', '#']);
        if !is_prose || prose.is_empty() || marks.starts_with(['-', '*']) {
            paragraphs.push(String::new());
        }
        if let Some(paragraph) = paragraphs.last_mut().filter(|_| is_prose) {
            paragraph.push_str(prose);
            paragraph.push(' ');
        }
    }
    paragraphs
}

/// The sentences of a paragraph. A sentence ends at a mark before a space and a capital letter.
fn sentences(paragraph: &str) -> Vec<String> {
    let mut sentences = vec![String::new()];
    let mut ended = false;
    let mut in_code = false;
    let plain = paragraph.replace("**", "");
    let mut letters = plain.chars().peekable();
    while let Some(letter) = letters.next() {
        in_code ^= letter == '`';
        if ended && letter == ' ' && letters.peek().is_some_and(|next| next.is_uppercase()) {
            sentences.push(String::new());
        } else if let Some(sentence) = sentences.last_mut() {
            sentence.push(letter);
        }
        ended = !in_code && ['.', '?', '!'].contains(&letter);
    }
    sentences.iter().map(|sentence| sentence.trim().to_owned()).collect()
}

fn begins_with(sentence: &str, word: &str) -> bool {
    sentence.strip_prefix(word).is_some_and(|rest| rest.starts_with(' '))
}
