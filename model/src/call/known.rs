//! Whom a user belongs to, as calls tell it: from what a call says to an event with an account.

use super::{Call, Used};
use crate::{
    api::ingest::RejectionCode,
    event::{Event, IdScope, Rejection, missing},
    instant::Instant,
};
use std::collections::HashMap;

/// What a call told of a user for those that follow. The newest of a kind holds; of two at the same time the greater,
/// so that the order of arrival never decides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The user's id.
    pub user: String,
    /// What is told.
    pub kind: IdentityKind,
    /// When that was, corrected.
    pub at: Instant,
    /// The account's id, the user's name or the other id.
    pub value: String,
}

/// What can be told of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentityKind {
    /// To which account the user belongs.
    Account,
    /// What the user is called.
    Name,
    /// By which other id the user is known.
    Alias,
}

impl IdentityKind {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Account, Self::Name, Self::Alias];

    /// The word for it in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Name => "name",
            Self::Alias => "alias",
        }
    }
}

/// A name that comes without an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    /// The account that is called so, or the account of the user.
    pub account: String,
    /// The user that is called so; none where it is the account.
    pub user: Option<String>,
    /// The name.
    pub name: String,
    /// Since when, corrected.
    pub at: Instant,
}

/// What a call means, once it is known whom its user belongs to: what there is to store of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    /// The use of the product.
    pub event: Option<Event>,
    /// Names of what it names.
    pub namings: Vec<Naming>,
    /// What it told of its user.
    pub identities: Vec<Identity>,
}

/// What is known of users before a call is settled.
#[derive(Clone, Debug, Default)]
pub struct Known(HashMap<String, User>);

#[derive(Clone, Debug, Default)]
struct User {
    account: Option<String>,
    /// Since when, and the name.
    name: Option<(Instant, String)>,
}

impl Known {
    /// Adds what was told of a user earlier. What is added first stands.
    pub fn add(&mut self, user: &str, kind: IdentityKind, value: String, at: Instant) {
        let user = self.0.entry(user.to_owned()).or_default();
        match kind {
            IdentityKind::Account => {
                user.account.get_or_insert(value);
            }
            IdentityKind::Name => {
                user.name.get_or_insert((at, value));
            }
            IdentityKind::Alias => {}
        }
    }

    /// Lets a user of whom no account is known belong to the first one that calls sent together name: often a client
    /// tells of the account last.
    pub fn expect<'a>(&mut self, calls: impl IntoIterator<Item = &'a Call>) {
        for call in calls {
            if let (true, Some(user), Some(account)) = (call.ties, &call.user, &call.account) {
                self.add(user, IdentityKind::Account, account.clone(), call.time);
            }
        }
    }

    /// Settles a call that was `received` then, and knows what it tells for those that follow. Fails where a use of the
    /// product can't be an event because its account or its user is not known.
    pub fn settle(&mut self, call: Call, received: Instant) -> Result<Meaning, Rejection> {
        let mut meaning = Meaning::default();
        let Call { time, user, alias, user_name, account, account_name, account_attributes, ties, used } = call;
        let Some(user) = user else {
            if used.is_some() {
                return Err(missing("", "the user"));
            }
            meaning.name(account, None, account_name, time);
            return Ok(meaning);
        };
        let id_scope = if account.is_some() { IdScope::Account } else { IdScope::User };
        let account = self.learn(&user, alias, account, ties, time, &mut meaning);
        let Some(used) = used else {
            if let Some(name) = user_name {
                meaning.tell(&user, IdentityKind::Name, &name, time);
                self.rename(&user, &name, time);
                meaning.name(account.clone(), Some(user), Some(name), time);
            }
            meaning.name(account, None, account_name, time);
            return Ok(meaning);
        };
        let Some(account) = account else {
            let detail = format!("the call names no account, and none is known of “{user}”");
            return Err(Rejection::new(RejectionCode::UnknownAccount, "", detail));
        };
        if let Some((at, name)) = self.0.get(&user).and_then(|known| known.name.clone()) {
            meaning.name(Some(account.clone()), Some(user.clone()), Some(name), at);
        }
        let Used { id, module, kind } = used;
        meaning.event = Some(Event {
            id,
            id_scope,
            account,
            account_name,
            account_attributes,
            user,
            user_name,
            module,
            kind,
            time,
            received,
        });
        Ok(meaning)
    }

    /// Learns to which account a user belongs and by which other id it is known, and says which account the call is
    /// about.
    fn learn(
        &mut self,
        user: &str,
        alias: Option<String>,
        account: Option<String>,
        ties: bool,
        time: Instant,
        meaning: &mut Meaning,
    ) -> Option<String> {
        if let Some(alias) = alias.filter(|alias| alias != user) {
            meaning.tell(user, IdentityKind::Alias, &alias, time);
            meaning.tell(&alias, IdentityKind::Alias, user, time);
            let other = self.0.get(&alias).cloned().unwrap_or_default();
            let known = self.0.entry(user.to_owned()).or_default();
            known.account = known.account.take().or(other.account);
            known.name = known.name.take().or(other.name);
            let known = known.clone();
            let other = self.0.entry(alias).or_default();
            other.account = other.account.take().or(known.account);
            other.name = other.name.take().or(known.name);
        }
        if let (true, Some(account)) = (ties, &account) {
            meaning.tell(user, IdentityKind::Account, account, time);
            self.0.entry(user.to_owned()).or_default().account = Some(account.clone());
        }
        account.or_else(|| self.0.get(user)?.account.clone())
    }

    fn rename(&mut self, user: &str, name: &str, time: Instant) {
        let known = self.0.entry(user.to_owned()).or_default();
        known.name = known.name.take().max(Some((time, name.to_owned())));
    }
}

impl Meaning {
    fn tell(&mut self, user: &str, kind: IdentityKind, value: &str, at: Instant) {
        self.identities.push(Identity { user: user.to_owned(), kind, at, value: value.to_owned() });
    }

    fn name(&mut self, account: Option<String>, user: Option<String>, name: Option<String>, at: Instant) {
        if let (Some(account), Some(name)) = (account, name) {
            self.namings.push(Naming { account, user, name, at });
        }
    }
}
