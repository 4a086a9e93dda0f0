//! Who somebody is by the claims of a provider. Pure.

use super::Settings;
use model::member;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Claims as a provider makes them.
pub(super) type Claims = Map<String, Value>;

/// Somebody as a provider knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    /// What the provider calls them, always the same.
    pub(super) subject: String,
    /// Their e-mail address in lower case, where the provider says that it is theirs, and no letter of it becomes another by
    /// that, as the sign for Kelvin becomes a k.
    pub(super) email: Option<String>,
    /// What they are called.
    pub(super) name: String,
    /// The names of their groups, where the provider says anything of them.
    pub(super) groups: Option<BTreeSet<String>>,
}

impl Person {
    /// Whether claims leave out what is looked for.
    pub(super) fn is_left_out(claims: &Claims, settings: &Settings) -> bool {
        let looks_at_groups = !settings.groups.is_empty();
        !claims.contains_key("email") || (looks_at_groups && !claims.contains_key(&settings.groups_claim))
    }

    /// By the first claims that say something, whether an address is theirs by those that tell the address.
    pub(super) fn of_claims(subject: String, claims: &[Claims], settings: &Settings) -> Self {
        let first = |name: &str| claims.iter().find_map(|claims| claims.get(name));
        let of_email = claims.iter().find(|claims| claims.contains_key("email"));
        let email = of_email.and_then(|claims| {
            let text = claims.get("email")?.as_str()?;
            let address = member::email(text).ok()?;
            let stays_theirs = text.to_lowercase() == text.to_ascii_lowercase();
            (stays_theirs && is_true(claims.get(&settings.email_verified_claim)?)).then_some(address)
        });
        let called = ["name", "preferred_username"].into_iter().filter_map(|name| first(name)?.as_str());
        let mailbox = email.as_deref().and_then(|email| email.split('@').next());
        let name = called.chain(mailbox).find_map(|name| member::name(name).ok());
        let groups = first(&settings.groups_claim).filter(|claim| !claim.is_null()).map(texts);
        Self { name: name.unwrap_or_else(|| "Unknown".to_owned()), subject, email, groups }
    }
}

/// Some providers write truth values in other ways.
fn is_true(claim: &Value) -> bool {
    claim.as_bool() == Some(true) || claim.as_i64() == Some(1) || matches!(claim.as_str(), Some("true" | "1"))
}

/// Some providers leave out the array around a single group.
fn texts(claim: &Value) -> BTreeSet<String> {
    let texts = claim.as_array().map_or(std::slice::from_ref(claim), Vec::as_slice);
    texts.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings() -> Settings {
        Settings {
            issuer: "https://id.example.com".into(),
            client_id: "usage-monitor".into(),
            client_secret: None,
            scopes: Vec::new(),
            public_url: "https://usage.example.com".into(),
            label: String::new(),
            groups_claim: "groups".into(),
            email_verified_claim: "email_verified".into(),
            groups: vec!["admins=administrator".parse().unwrap()],
            email_domains: Vec::new(),
        }
    }

    fn claims(value: Value) -> Claims {
        value.as_object().unwrap().clone()
    }

    fn person(all: &[Value]) -> Person {
        let all: Vec<Claims> = all.iter().cloned().map(claims).collect();
        Person::of_claims("1".into(), &all, &settings())
    }

    #[test]
    fn an_address_counts_where_the_provider_says_it_is_theirs() {
        for (verified, counts) in [
            (json!(true), true),
            (json!("true"), true),
            (json!(1), true),
            (json!(false), false),
            (json!("false"), false),
            (json!(null), false),
        ] {
            let lisa = person(&[json!({"email": "Lisa@Example.com", "email_verified": verified})]);
            assert_eq!(lisa.email.as_deref(), counts.then_some("lisa@example.com"), "{verified}");
        }
        assert_eq!(person(&[json!({"email": "lisa@example.com"})]).email, None);
        let kelvin = json!({"email": "lisa@\u{212a}elvin.example", "email_verified": true});
        assert_eq!(person(&[kelvin]).email, None, "kelvin.example is another domain");
        // What is said of one address is not said of another.
        let two = [json!({"email": "lisa@example.com"}), json!({"email": "b@example.com", "email_verified": true})];
        assert_eq!(person(&two).email, None);
    }

    #[test]
    fn a_name_is_one_that_can_be_shown() {
        let verified = json!({"email": "lisa@example.com", "email_verified": true});
        assert_eq!(person(std::slice::from_ref(&verified)).name, "lisa");
        assert_eq!(person(&[json!({"name": " \n", "preferred_username": "lisa.r"}), verified]).name, "lisa.r");
        assert_eq!(person(&[json!({"name": "Lisa Ray", "preferred_username": "lisa.r"})]).name, "Lisa Ray");
    }

    #[test]
    fn groups_are_texts() {
        let groups = |claim: Value| Vec::from_iter(person(&[json!({"groups": claim})]).groups.unwrap());
        assert_eq!(groups(json!(["b", "a", 7, null])), ["a", "b"]);
        assert_eq!(groups(json!("admins")), ["admins"]);
        assert!(groups(json!({"admins": true})).is_empty());
        assert_eq!(person(&[json!({"groups": null})]).groups, None);
        assert_eq!(person(&[json!({})]).groups, None);
        let left_out = |value: Value| Person::is_left_out(&claims(value), &settings());
        assert!(left_out(json!({"email": "a@b"})) && left_out(json!({"groups": []})));
        assert!(!left_out(json!({"email": "a@b", "groups": []})));
    }
}
