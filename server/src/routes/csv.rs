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
    let mut file =
        ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer("\u{feff}".as_bytes().to_vec());
    let mut header_row = vec!["module"];
    if of == TableOf::Activities {
        header_row.push("action");
    }
    header_row.extend(["actions", "previous_actions", "change", "change_percent"]);
    // Writing to memory never fails.
    let _ = file.write_record(header_row);
    for row in &table.rows {
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

/// A text that a spreadsheet won't take for a formula: names come from whoever may send events.
pub(super) fn inert(text: &str) -> String {
    if text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
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
}
