//! Keeps the layers apart: which crate may depend on what, and what each directory never does.
//!
//! Each rule is a function from the text of a file to what breaks it there, tried on small broken samples below.
//! The rules look at words, not at syntax trees: plain enough to be read, and a rule that is broken by accident is
//! found. They trust rustfmt to set spaces around operators.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What the domain may depend on. Nothing here does IO, reads a clock or is a framework.
const DEPENDENCIES_OF_MODEL: &[&str] = &["chrono", "serde", "serde_json", "thiserror", "utoipa"];

/// What belongs to the server alone.
const SERVER_ONLY: &[&str] = &["axum", "leptos_axum", "tokio", "sqlx", "server"];

/// What components may take from the app's client: its errors, to show them, and addresses, to link to them.
const CLIENT_WITHOUT_FETCHING: &[&str] = &["self", "ClientError", "csv_href", "rejects_href"];

#[test]
fn model_knows_no_framework() {
    holds(&["model/Cargo.toml"], model_dependencies);
}

#[test]
fn model_does_no_io_and_reads_no_clock() {
    holds(&["model/src"], io_or_clock);
}

#[test]
fn app_knows_nothing_of_the_server() {
    holds(&["app/Cargo.toml"], server_dependencies);
    holds(&["app/src"], server_words);
}

#[test]
fn only_the_store_knows_sqlx() {
    holds(&["model/src", "app/src", "frontend/src", "xtask/src"], sqlx);
    holds_except(&["server/src"], Some("server/src/store"), sqlx);
}

#[test]
fn the_way_of_an_event_never_turns_back() {
    holds(&["server/src/store"], |source| modules_named(source, &["routes", "ingest", "dashboards"]));
    holds(&["server/src/ingest"], |source| modules_named(source, &["routes", "dashboards"]));
    holds(&["server/src/dashboards"], |source| modules_named(source, &["routes", "ingest"]));
}

#[test]
fn routes_hold_no_sql() {
    holds(&["server/src/routes"], sql);
}

#[test]
fn routes_hold_no_arithmetic() {
    holds(&["server/src/routes"], arithmetic);
}

#[test]
fn components_never_fetch() {
    holds(&["app/src/components"], fetching);
}

/// Fails with every offence in these files, directories and modules.
fn holds(places: &[&str], rule: impl Fn(&str) -> Vec<String>) {
    holds_except(places, None, rule);
}

fn holds_except(places: &[&str], exception: Option<&str>, rule: impl Fn(&str) -> Vec<String>) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the server lies in the workspace");
    let excepted = |file: &Path| exception.is_some_and(|exception| file.starts_with(workspace.join(exception)));
    let mut offences = Vec::new();
    for place in places {
        let files = files_of(&workspace.join(place));
        assert!(!files.is_empty(), "{place} has no source: tell this test where it went");
        for file in files.iter().filter(|file| !excepted(file)) {
            let source = fs::read_to_string(file).expect("a text file");
            let found = rule(&source);
            offences.extend(found.into_iter().map(|offence| format!("{}: {offence}", file.display())));
        }
    }
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

/// A file itself; of a module, its file and all below it.
fn files_of(place: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut places = vec![place.to_owned(), place.with_extension("rs")];
    while let Some(place) = places.pop() {
        if place.is_dir() {
            let inside = fs::read_dir(&place).expect("a directory");
            places.extend(inside.map(|entry| entry.expect("an entry").path()));
        } else if place.is_file() && place.extension().is_some_and(|kind| kind == "rs" || kind == "toml") {
            files.push(place);
        }
    }
    files
}

fn model_dependencies(manifest: &str) -> Vec<String> {
    let unknown = |name: &String| !DEPENDENCIES_OF_MODEL.contains(&name.as_str());
    dependencies(manifest).into_iter().filter(unknown).map(|name| format!("depends on {name}")).collect()
}

fn server_dependencies(manifest: &str) -> Vec<String> {
    let server_only = |name: &String| SERVER_ONLY.contains(&name.replace('-', "_").as_str());
    dependencies(manifest).into_iter().filter(server_only).map(|name| format!("depends on {name}")).collect()
}

/// The packages a manifest names as dependencies, optional ones and those for some targets too, but not those for
/// tests.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut in_dependencies = false;
    for line in manifest.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let parts: Vec<&str> = section.split('.').collect();
            let dependencies = parts.iter().position(|part| matches!(*part, "dependencies" | "build-dependencies"));
            in_dependencies = dependencies.is_some_and(|index| index + 1 == parts.len());
            names.extend(dependencies.and_then(|index| parts.get(index + 1)).map(|name| (*name).to_owned()));
        } else if in_dependencies && let Some((name, value)) = line.split_once('=') {
            names.extend(name.split('.').next().map(|name| name.trim().to_owned()));
            let renamed = value.split_once("package").and_then(|(_, package)| package.split('"').nth(1));
            names.extend(renamed.map(str::to_owned));
        }
    }
    names
}

fn io_or_clock(source: &str) -> Vec<String> {
    let code = Parts::of(source).code;
    let paths = ["std::fs", "std::io", "std::net", "std::env", "std::process", "std::time", "::now("];
    paths.iter().filter(|path| code.contains(**path)).map(|path| format!("uses {path}")).collect()
}

fn server_words(source: &str) -> Vec<String> {
    named(source, |word| SERVER_ONLY.contains(&word))
}

fn sqlx(source: &str) -> Vec<String> {
    named(source, |word| word == "sqlx")
}

/// Fetching of any kind, and whatever of the client is not known to do without.
fn fetching(source: &str) -> Vec<String> {
    let code = Parts::of(source).code;
    let mut offences = named(source, |word| {
        let words = ["gloo_net", "reqwest", "Request", "RequestInit", "XmlHttpRequest", "EventSource", "WebSocket"];
        words.contains(&word) || word.starts_with("fetch")
    });
    for (start, _) in code.match_indices("client").filter(|(start, _)| !code[..*start].ends_with(is_word)) {
        let after = &code[start + "client".len()..];
        let taken: Vec<&str> = if let Some(group) = after.strip_prefix("::{") {
            words(group.split('}').next().unwrap_or_default()).collect()
        } else if let Some(path) = after.strip_prefix("::") {
            path.split(|letter| !is_word(letter)).take(1).collect()
        } else {
            after.starts_with(" as ").then_some("all").into_iter().collect()
        };
        let fetching = taken.into_iter().filter(|name| !CLIENT_WITHOUT_FETCHING.contains(name));
        offences.extend(fetching.map(|name| format!("takes {name:?} from the client")));
    }
    offences
}

/// Words of the code, comments and strings left out.
fn named(source: &str, forbidden: impl Fn(&str) -> bool) -> Vec<String> {
    let code = Parts::of(source).code;
    let words: BTreeSet<&str> = words(&code).filter(|word| forbidden(word)).collect();
    words.into_iter().map(|word| format!("names {word}")).collect()
}

/// Modules of the server reached by a path.
fn modules_named(source: &str, modules: &[&str]) -> Vec<String> {
    let code = Parts::of(source).code;
    let reached = |module: &&&str| {
        code.match_indices(**module).any(|(start, _)| {
            let (before, after) = (&code[..start], &code[start + module.len()..]);
            let whole = !before.ends_with(is_word) && !after.starts_with(is_word);
            whole && (before.ends_with("crate::") || before.ends_with("super::") || after.starts_with("::"))
        })
    };
    modules.iter().filter(reached).map(|module| format!("reaches into {module}")).collect()
}

/// Strings that are SQL.
fn sql(source: &str) -> Vec<String> {
    let is_sql = |text: &String| {
        let text = text.to_lowercase();
        let words: Vec<&str> = words(&text).collect();
        (words.first() == Some(&"select") && words.contains(&"from"))
            || (words.first() == Some(&"update") && words.get(2) == Some(&"set"))
            || words.windows(2).any(|pair| pair == ["insert", "into"] || pair == ["delete", "from"])
            || words.windows(2).any(|pair| pair == ["group", "by"] || pair == ["order", "by"])
    };
    let strings = Parts::of(source).strings;
    strings.into_iter().filter(is_sql).map(|text| format!("holds SQL: {text:?}")).collect()
}

/// Calculating of any kind: operators with spaces around them, as rustfmt sets them, and the methods that stand for
/// them. The `+` between bounds of a type is none: a trait's name or a lifetime follows it. Nor is a constant
/// written out in numbers, such as `5 * 1024`.
fn arithmetic(source: &str) -> Vec<String> {
    let code = Parts::of(source).code;
    let tokens: Vec<&str> = code.split_whitespace().collect();
    let is_number = |token: &str| token.starts_with(|letter: char| letter.is_ascii_digit());
    let mut offences = Vec::new();
    for three in tokens.windows(3) {
        let calculates = match three[1] {
            "+" => !is_bound(three[2]),
            "-" | "*" | "/" | "%" | "+=" | "-=" | "*=" | "/=" | "%=" | "<<" | ">>" => true,
            _ => false,
        };
        if calculates && !(is_number(three[0]) && is_number(three[2])) {
            offences.push(format!("calculates: {}", three.join(" ")));
        }
    }
    let methods = ["sum", "product", "pow", "abs_diff", "div_ceil", "div_euclid", "rem_euclid"];
    let families = ["checked_", "saturating_", "wrapping_", "overflowing_"];
    let calculates = |word: &str| methods.contains(&word) || families.iter().any(|family| word.starts_with(family));
    offences.extend(named(source, calculates));
    offences
}

/// Whether what follows a `+` is a bound: a lifetime, or a word in CamelCase that is neither called nor a path.
fn is_bound(after: &str) -> bool {
    let word: String = after.chars().take_while(|letter| is_word(*letter)).collect();
    let follows = &after[word.len()..];
    let camel_case = word.starts_with(char::is_uppercase) && word.contains(char::is_lowercase);
    let closure = ["Fn", "FnMut", "FnOnce"].contains(&word.as_str());
    after.starts_with(['\'', '?']) || closure || (camel_case && !follows.starts_with(['(', '{', ':', '.']))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter| !is_word(letter)).filter(|word| !word.is_empty())
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// A source file, taken apart; its tests, which come last, left out.
struct Parts {
    /// Without comments and with empty strings.
    code: String,
    /// What is in the strings, as it is written.
    strings: Vec<String>,
}

impl Parts {
    fn of(source: &str) -> Self {
        let source = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let mut parts = Parts { code: String::new(), strings: Vec::new() };
        let mut rest = source;
        while let Some(letter) = rest.chars().next() {
            let in_word = parts.code.ends_with(is_word);
            if rest.starts_with("//") {
                rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
            } else if rest.starts_with("/*") {
                rest = after_comment(rest);
            } else if letter == '"' {
                rest = parts.take_string(&rest[1..], "\"", true);
            } else if !in_word && let Some((hashes, string)) = raw_string(rest) {
                rest = parts.take_string(string, &format!("\"{hashes}"), false);
            } else if let Some(after) = after_char(rest) {
                rest = after;
            } else {
                parts.code.push(letter);
                rest = &rest[letter.len_utf8()..];
            }
        }
        parts
    }

    /// Takes a string up to its end and gives what comes after.
    fn take_string<'a>(&mut self, text: &'a str, end: &str, escapes: bool) -> &'a str {
        let mut length = 0;
        while length < text.len() && !text[length..].starts_with(end) {
            let escaped = escapes && text[length..].starts_with('\\');
            length += text[length..].chars().take(if escaped { 2 } else { 1 }).map(char::len_utf8).sum::<usize>();
        }
        self.strings.push(text[..length].to_owned());
        self.code.push_str("\"\"");
        text.get(length + end.len()..).unwrap_or_default()
    }
}

/// The hashes of a raw string, and all after its opening quote.
fn raw_string(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix("r").or_else(|| text.strip_prefix("br"))?;
    let hashes = text.len() - text.trim_start_matches('#').len();
    Some((&text[..hashes], text[hashes..].strip_prefix('"')?))
}

/// What comes after a character literal; nothing where a lifetime begins.
fn after_char(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('\'')?;
    match inside.strip_prefix('\\') {
        Some(escape) => {
            let letter = escape.chars().next()?;
            escape[letter.len_utf8()..].split_once('\'').map(|(_, after)| after)
        }
        None => inside[inside.chars().next()?.len_utf8()..].strip_prefix('\''),
    }
}

/// What comes after a block comment and those inside it.
fn after_comment(text: &str) -> &str {
    let (mut depth, mut rest) = (0, text);
    loop {
        if let Some(after) = rest.strip_prefix("/*") {
            (depth, rest) = (depth + 1, after);
        } else if let Some(after) = rest.strip_prefix("*/") {
            (depth, rest) = (depth - 1, after);
        } else {
            let Some(letter) = rest.chars().next() else { return rest };
            rest = &rest[letter.len_utf8()..];
        }
        if depth == 0 {
            return rest;
        }
    }
}

mod rules {
    use super::*;

    #[test]
    fn code_is_told_from_comments_and_strings() {
        let source = r##"a /* b /* c */ d */ "e\"f" r#"g"h"# '"' '\'' 'i' &'static str // j
            br"k" b"l" bar"" #[cfg(test)]
mod tests { m }"##;
        let parts = Parts::of(source);
        assert_eq!(words(&parts.code).collect::<Vec<_>>(), ["a", "static", "str", "b", "bar"]);
        assert_eq!(parts.strings, ["e\\\"f", "g\"h", "k", "l", ""]);
    }

    #[test]
    fn a_framework_in_the_model_is_found() {
        assert_eq!(
            model_dependencies("[dependencies]\nserde.workspace = true\n[dev-dependencies]\ntokio = \"1\""),
            [""; 0]
        );
        for manifest in [
            "[dependencies]\nleptos = \"0.8\"",
            "[dependencies]\n# why\naxum.workspace = true",
            "[dependencies]\ntokio = { workspace = true, optional = true }",
            "[dependencies]\nserde = { package = \"web-sys\", version = \"0.3\" }",
            "[dependencies.sqlx]\nworkspace = true",
            "[target.'cfg(not(target_arch = \"wasm32\"))'.dependencies]\ntokio = \"1\"",
            "[build-dependencies]\ntokio = \"1\"",
        ] {
            assert_eq!(model_dependencies(manifest).len(), 1, "{manifest}");
        }
    }

    #[test]
    fn io_and_clocks_in_the_model_are_found() {
        assert!(io_or_clock("// std::fs\nfn now() {}").is_empty());
        for source in ["use std::fs::File;", "let now = Utc::now();", "use std::time::SystemTime;"] {
            assert_eq!(io_or_clock(source).len(), 1, "{source}");
        }
    }

    #[test]
    fn the_server_in_the_app_is_found() {
        assert!(server_dependencies("[dependencies]\nleptos = \"0.8\"\n[dev-dependencies]\ntokio = \"1\"").is_empty());
        assert_eq!(server_dependencies("[dependencies]\nleptos_axum.workspace = true").len(), 1);
        assert!(server_words("// axum\nlet text = \"tokio\"; let tokio_like = 1;").is_empty());
        assert_eq!(server_words("use axum::Router;"), ["names axum"]);
    }

    #[test]
    fn sqlx_is_found() {
        assert!(sqlx("/// Not even sqlx.\nlet filter = \"sqlx=warn\";").is_empty());
        assert_eq!(sqlx("fn read(pool: &sqlx::SqlitePool) {}"), ["names sqlx"]);
        assert_eq!(sqlx("use sqlx as database;"), ["names sqlx"]);
    }

    #[test]
    fn a_way_back_is_found() {
        let way_back = |source| modules_named(source, &["routes"]);
        assert!(way_back("let routes = 1; // crate::routes\nuse crate::my_routes::a;").is_empty());
        for source in ["use crate::routes;", "use crate::{clock, routes::Problem};", "super::routes::answer()"] {
            assert_eq!(way_back(source), ["reaches into routes"], "{source}");
        }
    }

    #[test]
    fn sql_is_found() {
        for source in [
            r#"let title = "Select a period"; // "SELECT 1 FROM event""#,
            r#"let title = "Update the whole set";"#,
            r#"let title = "events from yesterday";"#,
        ] {
            assert_eq!(sql(source), [""; 0], "{source}");
        }
        for source in [
            r#"query("SELECT id FROM event")"#,
            "query(r\"\n  select id\n  from event\")",
            r#"query("INSERT INTO event VALUES (1)")"#,
            r#"query("UPDATE event SET id = 1")"#,
            r#"query("DELETE FROM event")"#,
            r#"push(" ORDER BY id")"#,
        ] {
            assert_eq!(sql(source).len(), 1, "{source}");
        }
    }

    #[test]
    fn arithmetic_is_found() {
        for source in [
            "fn a(b: &'static str) -> impl Stream + Send + 'static {}",
            "fn a<T: Read + ?Sized>(b: Box<dyn Fn() + Send>, c: Box<dyn Send + FnOnce(u8)>) -> u8 { *b }",
            "let a = \"b + c\"; // d * e",
            "match a { -1 => b, _ => c }",
            "let a = &b[1..];",
            "const A: usize = 5 * 1024 * 1024;",
        ] {
            assert_eq!(arithmetic(source), [""; 0], "{source}");
        }
        for source in [
            "let a = b + c;",
            "let a = b\n    + c;",
            "let a = b + LIMIT;",
            "let a = now + Duration::from_secs(1);",
            "let a = b - 1;",
            "let a = b * c;",
            "let a = b / c;",
            "let a = b % c;",
            "a += 1;",
            "let a: i64 = rows.map(|row| row.actions).sum();",
            "let a = b.saturating_sub(1);",
        ] {
            assert_eq!(arithmetic(source).len(), 1, "{source}");
        }
    }

    #[test]
    fn fetching_is_found() {
        for source in [
            "// fetch\nlet width = element.client_width();",
            "use crate::{\n    client::{self, ClientError},\n    view::View,\n};",
            "let href = client::csv_href(&query);",
        ] {
            assert_eq!(fetching(source), [""; 0], "{source}");
        }
        for source in [
            "client::today(&signal)",
            "use crate::client::{self, today};",
            "use crate::client::*;",
            "use crate::client as api;",
            "window.fetch_with_request(a)",
            "web_sys::Request::new()",
            "EventSource::new(a)",
        ] {
            assert_eq!(fetching(source).len(), 1, "{source}");
        }
    }
}
