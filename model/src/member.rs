//! Members: the people who sign in to look at a workspace, and what is typed into their forms. Hashing passwords, keeping
//! sessions and deciding who may do what are for the server.

use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// How many characters a password may have. There is no other rule: length is what makes one hard to guess.
pub const PASSWORD_LENGTH: RangeInclusive<usize> = 12..=200;

/// The most characters of a name.
pub const NAME_LENGTH: usize = 100;

/// The most bytes of an e-mail address that mail can be sent to.
const EMAIL_BYTES: usize = 254;

/// What a member may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look at the dashboards.
    #[default]
    Viewer,
    /// That, and change what belongs to the workspace, its members above all.
    Administrator,
}

impl Role {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Viewer, Self::Administrator];

    /// The word for it in forms, on the command line and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Administrator => "administrator",
        }
    }

    /// The role of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// An e-mail address as it is stored: without space around it and in lower case, because nobody remembers in which case
/// they were invited.
///
/// # Errors
/// What is wrong with it, in words for who typed it.
pub fn email(text: &str) -> Result<String, String> {
    let email = text.trim().to_lowercase();
    let is_address = email
        .split_once('@')
        .is_some_and(|(mailbox, host)| !mailbox.is_empty() && !host.is_empty() && !host.contains('@'));
    let is_printable = !email.chars().any(|character| character.is_whitespace() || is_invisible(character));
    match is_address && is_printable && email.len() <= EMAIL_BYTES {
        true => Ok(email),
        false => Err("Give an e-mail address, such as lisa@example.com".to_owned()),
    }
}

/// A member's name without space around it.
///
/// # Errors
/// What is wrong with it, in words for who typed it.
pub fn name(text: &str) -> Result<String, String> {
    let name = text.trim();
    match name.chars().count() {
        0 => Err("Give a name".to_owned()),
        length if length > NAME_LENGTH => Err(format!("A name has at most {NAME_LENGTH} characters")),
        _ if name.chars().any(is_invisible) => Err("A name is one line, of characters that can be seen".to_owned()),
        _ => Ok(name.to_owned()),
    }
}

/// Whether nothing is seen of a character, but that it may turn round or hide its neighbours: two texts that look the same
/// would not be. Controls, and what Unicode calls format characters or says to ignore where it can't be shown.
pub fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
            | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Checks a new password of the member with this e-mail address.
///
/// # Errors
/// What is wrong with it, in words for who typed it.
pub fn check_password(password: &str, email: &str) -> Result<(), String> {
    let (least, most) = (PASSWORD_LENGTH.start(), PASSWORD_LENGTH.end());
    match password.chars().count() {
        length if length < *least => Err(format!("A password has at least {least} characters")),
        length if length > *most => Err(format!("A password has at most {most} characters")),
        _ if password.to_lowercase() == email => Err("The password must not be the e-mail address".to_owned()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_in_any_case() {
        assert_eq!(email("  Lisa.Ray@Example.COM ").as_deref(), Ok("lisa.ray@example.com"));
        assert_eq!(email("root@localhost").as_deref(), Ok("root@localhost"));
        for wrong in
            ["", "lisa", "@example.com", "lisa@", "a@b@c", "lisa ray@example.com", &format!("{}@b", "a".repeat(253))]
        {
            assert!(email(wrong).is_err(), "{wrong}");
        }
        for invisible in ["li\u{200b}sa@example.com", "lisa@example.com\u{202e}", "lisa@ex\u{ad}ample.com"] {
            assert!(email(invisible).is_err(), "{invisible:?}");
        }
    }

    #[test]
    fn a_name_is_one_line() {
        assert_eq!(name(" Lisa Ray ").as_deref(), Ok("Lisa Ray"));
        assert_eq!(name("李小龍 Ünal-Çelik").as_deref(), Ok("李小龍 Ünal-Çelik"));
        for wrong in [" ", "Lisa\nRay", "Li\u{200b}sa", "\u{202e}yaR", "\u{3164}", "Lisa\u{feff}", &"a".repeat(101)] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_password_is_judged_by_its_length_in_characters() {
        assert!(check_password("ääääääääääää", "lisa@example.com").is_ok());
        assert!(check_password("elevenchars", "lisa@example.com").is_err());
        assert!(check_password(&"a".repeat(201), "lisa@example.com").is_err());
        assert!(check_password("Lisa@Example.com", "lisa@example.com").is_err());
    }
}
