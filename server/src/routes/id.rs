//! Ids of what belongs to the workspace, as they stand in paths and parameters.

/// The number that an id stands for. Each has one: whatever the server would not write so itself names nothing.
pub(super) fn number(id: &str) -> Option<i64> {
    id.parse().ok().filter(|number: &i64| number.to_string() == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_in_one_way() {
        assert_eq!(number("17"), Some(17));
        for id in ["", "+1", "01", " 1", "-0", "1.0", "9223372036854775808", "x"] {
            assert_eq!(number(id), None, "{id}");
        }
    }
}
