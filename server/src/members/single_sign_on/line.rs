//! What others say, as a line of the log. Pure.

/// The most characters of it.
const LENGTH: usize = 200;

/// One short line of text that can neither end the line nor colour a terminal.
pub(super) fn line(text: &str) -> String {
    let shown = |character: char| if character.is_ascii_graphic() { character } else { ' ' };
    text.chars().map(shown).take(LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_say_is_one_short_line() {
        assert_eq!(line("no\r\nWARN \u{1b}[31mmade up"), "no  WARN  [31mmade up");
        assert_eq!(line(&"a\n".repeat(1_000)).len(), LENGTH);
    }
}
