//! The page's style sheet: every file of style/ in one, made smaller without changing its meaning.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

/// The file that comes first, because it names the order of the layers. The others follow by name.
const FIRST: &str = "main.css";

/// All of `directory`'s style sheets as one.
///
/// # Errors
/// There is none, one cannot be read, or one imports another: they are joined as they are.
pub(crate) fn sheet(directory: &Path) -> Result<String> {
    let mut files: Vec<PathBuf> = fs::read_dir(directory)
        .with_context(|| format!("cannot read {}", directory.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "css"));
    files.sort_by_key(|file| (!file.ends_with(FIRST), file.clone()));
    ensure!(!files.is_empty(), "{} holds no style sheet", directory.display());

    let mut sheet = String::new();
    for file in files {
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let text = shrink(&text);
        ensure!(
            !text.contains("@import"),
            "{} has an @import; every style sheet of {} is joined anyway, {FIRST} first, then by name",
            file.display(),
            directory.display()
        );
        sheet.push_str(&text);
        sheet.push('\n');
    }
    Ok(sheet)
}

/// Takes out blank space where it separates nothing. Comments count as blank space; strings stay as they are.
fn shrink(css: &str) -> String {
    const SEPARATORS: [char; 4] = ['{', '}', ';', ','];
    let mut shrunk = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(first) = rest.chars().next() {
        let (token, after) = rest.split_at(token_length(rest, first));
        rest = after;
        if first.is_whitespace() || token.starts_with("/*") {
            if !shrunk.is_empty() && !shrunk.ends_with(' ') && !shrunk.ends_with(SEPARATORS) {
                shrunk.push(' ');
            }
        } else {
            if SEPARATORS.contains(&first) && shrunk.ends_with(' ') {
                shrunk.pop();
            }
            shrunk.push_str(token);
        }
    }
    shrunk.truncate(shrunk.trim_end().len());
    shrunk
}

/// How many bytes the comment, string or character takes that `css` starts with.
fn token_length(css: &str, first: char) -> usize {
    if let Some(comment) = css.strip_prefix("/*") {
        return comment.find("*/").map_or(css.len(), |end| end + 4);
    }
    if !matches!(first, '"' | '\'') {
        return first.len_utf8();
    }
    let mut escaped = false;
    for (at, character) in css.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == first => return at + 1,
            _ => {}
        }
    }
    css.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shrinks_without_changing_the_meaning() {
        for (css, shrunk) in [
            ("/* a */\n@layer reset , base ;\n\n", "@layer reset,base;"),
            ("a  b ,\n c:hover > d {\n  color : red;\n}\n", "a b,c:hover > d{color : red;}"),
            ("p { width: calc(1px + 2px) }", "p{width: calc(1px + 2px)}"),
            ("a { content: \"/* no { comment\\\" \" ; }", "a{content: \"/* no { comment\\\" \";}"),
            ("a/* blank */b", "a b"),
            ("q { quotes: '«' '»' }", "q{quotes: '«' '»'}"),
        ] {
            assert_eq!(shrink(css), shrunk);
        }
    }

    #[test]
    fn joins_main_first_then_by_name() {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in [("b.css", "b{}"), ("main.css", "@layer a, b;"), ("a.css", "a{}"), ("notes.txt", "no")] {
            fs::write(directory.path().join(name), text).unwrap();
        }
        assert_eq!(sheet(directory.path()).unwrap(), "@layer a,b;\na{}\nb{}\n");
    }

    #[test]
    fn refuses_imports() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("main.css"), "@import \"a.css\";").unwrap();
        assert!(sheet(directory.path()).unwrap_err().to_string().contains("@import"));
    }
}
