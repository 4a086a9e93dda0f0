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
    let is_printable = !email.chars().any(|character| character.is_whitespace() || character.is_control());
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
        _ if name.chars().any(char::is_control) => Err("A name is one line".to_owned()),
        _ => Ok(name.to_owned()),
    }
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
    }

    #[test]
    fn a_name_is_one_line() {
        assert_eq!(name(" Lisa Ray ").as_deref(), Ok("Lisa Ray"));
        for wrong in [" ", "Lisa\nRay", &"a".repeat(101)] {
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
