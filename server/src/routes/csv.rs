//! Tables as CSV files.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use model::{
    api::usage::{Table, TableRow},
    change::Change,
    query::TableOf,
};

/// A table as a file to download: RFC 4180, UTF-8 with a byte order mark, without which Excel misreads names.
pub(super) fn of_table(of: TableOf, table: &Table) -> Response {
    let names = match of {
        TableOf::Activities => "module,action",
        TableOf::Modules => "module",
    };
    let mut file = begin(&format!("{names},actions,previous_actions,change,change_percent"));
    for row in &table.rows {
        // Writing to memory never fails.
        let _ = file.write_record(record(row));
    }
    let name = format!("{}-{}-{}.csv", of.name(), table.period.from, table.period.to);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, file.into_inner().unwrap_or_default()).into_response()
}

fn record(row: &TableRow) -> Vec<String> {
    let (kind, percent) = match row.change {
        Change::New => ("new", None),
        Change::Percent { percent } => ("percent", Some(percent)),
        Change::Stopped { percent } => ("stopped", Some(percent)),
        Change::None => ("none", None),
        Change::Unknown => ("unknown", None),
    };
    let names = std::iter::once(row.module.as_str()).chain(row.action.as_deref());
    let mut record: Vec<String> = names.map(inert).collect();
    record.extend([row.actions.to_string(), row.previous_actions.to_string(), kind.to_owned()]);
    record.push(percent.map(|percent| format!("{percent:.1}")).unwrap_or_default());
    record
}

/// A file with the names of its columns, for its rows.
pub(super) fn begin(columns: &str) -> ::csv::Writer<Vec<u8>> {
    writer(format!("\u{feff}{columns}\r\n").into_bytes())
}

/// Rows, after what is written already. Texts are quoted whatever is in them, because where a cell ends is for the reader
/// to say: spreadsheets of many languages take a semicolon for it, others a tab.
pub(super) fn writer(written: Vec<u8>) -> ::csv::Writer<Vec<u8>> {
    let mut builder = ::csv::WriterBuilder::new();
    builder.terminator(::csv::Terminator::CRLF).quote_style(::csv::QuoteStyle::NonNumeric).from_writer(written)
}

/// A text that a spreadsheet won't take for a formula or a number, which it would write in its own way, nor what may be a cell of its own in it, to a spreadsheet that takes
/// no notice of quotes: names come from whoever may send events.
pub(super) fn inert(text: &str) -> String {
    let is_formula = |part: &str| {
        let shown = part.trim_start_matches(|character: char| character == '"' || character.is_whitespace());
        shown.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
    };
    if is_number(text) {
        return format!("'{text}");
    }
    let parts = text.split_inclusive([';', '\t', '\r', '\n']);
    parts.map(|part| if is_formula(part) { format!("'{part}") } else { part.to_owned() }).collect()
}

/// Whether a spreadsheet takes it for a number, a day or a time, such as `1e5`, `007` and `1-2`.
fn is_number(text: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_digit() || " .,:/-+%eE".contains(letter);
    text.chars().any(|letter| letter.is_ascii_digit()) && text.chars().all(is_part)
        || text.trim().parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::usage::table_row;

    #[test]
    fn a_row_is_written_with_its_change() {
        let row = |module: &str, actions, previous| record(&table_row(module.into(), None, actions, previous, true));
        assert_eq!(row("Dashboard", 7, 8), ["Dashboard", "7", "8", "percent", "-12.5"]);
        assert_eq!(row("=HYPERLINK(1)", 1, 0), ["'=HYPERLINK(1)", "1", "0", "new", ""]);
    }

    #[test]
    fn no_cell_is_a_formula_wherever_a_spreadsheet_parts_cells() {
        for (text, expected) in [
            ("a;=1+1;b", "a;'=1+1;b"),
            ("a\t @SUM(1)", "a\t' @SUM(1)"),
            ("a;\"=1+1\"", "a;'\"=1+1\""),
            ("a\r\n-1", "a\r\n'-1"),
            ("a, -b; c=d", "a, -b; c=d"),
        ] {
            assert_eq!(inert(text), expected);
        }
        for number in ["1e5", "00123", "NaN", "-Infinity", "1,000", "2026-11", "3/4", "12:30", " 7 "] {
            assert_eq!(inert(number), format!("'{number}"));
        }
        for name in ["Report 7", "2nd", "e", "-", ""] {
            assert_eq!(inert(name).trim_start_matches('\''), name);
        }
        assert_eq!(inert("Report 7"), "Report 7");
        let mut file = begin("module,action,actions");
        file.write_record(["a;b", "c\td", "7"]).unwrap();
        let file = String::from_utf8(file.into_inner().unwrap()).unwrap();
        assert_eq!(file, "\u{feff}module,action,actions\r\n\"a;b\",\"c\td\",7\r\n");
    }
}
