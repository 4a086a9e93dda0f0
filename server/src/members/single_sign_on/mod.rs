//! Single sign-on with OpenID Connect: a provider says who somebody is, and which groups they are in. Here that becomes a
//! session like any other. HTTP with browsers is for the routes, with the provider for `provider`, SQL for the store.

mod attempt;
mod group;
mod line;
mod person;
mod provider;

use super::{Admission, Browser, Holder, MemberError, Members, begin};
use crate::{
    secret::RandomnessError,
    store::{self, StaysOut, StoreError, Vouched},
};
use attempt::Attempt;
use line::line;
use person::Person;
use provider::Provider;
use std::sync::Arc;
use tokio::task::JoinError;

pub(crate) use attempt::ATTEMPT_SECONDS;
pub use group::{GroupGives, GroupRule};
pub(crate) use provider::ProviderError;
pub use provider::SettingsError;

/// What an operator says of the provider, and of who comes in.
#[derive(Clone)]
pub struct Settings {
    /// The provider's address, exactly as it calls itself: `https://`, or on this machine `http://`.
    pub issuer: String,
    /// What the provider calls this server.
    pub client_id: String,
    /// What this server proves itself to the provider with; none where the provider asks for none.
    pub client_secret: Option<String>,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// Where browsers reach this server: scheme, host and port.
    pub public_url: String,
    /// What the button on the page for signing in says.
    pub label: String,
    /// The claim with the names of somebody's groups.
    pub groups_claim: String,
    /// The claim that says whether the e-mail address is theirs.
    pub email_verified_claim: String,
    /// What groups give.
    pub groups: Vec<GroupRule>,
    /// Domains of which everybody with an e-mail address may come in, in lower case.
    pub email_domains: Vec<String>,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignOnError {
    /// The browser has not begun this, or too long ago.
    #[error("this browser did not begin it, or too long ago")]
    NotBegun,
    /// Whoever was asked by the provider said no.
    #[error("it was declined at the provider")]
    Declined,
    /// The provider vouches for them, whom it calls this, and they stay out all the same.
    #[error("{1}: {0}")]
    StaysOut(StaysOut, String),
    /// Too many attempts failed; welcome again after so many seconds.
    #[error("too many attempts failed")]
    TooMany(u64),
    /// The provider does not do its part.
    #[error("{0}")]
    Provider(#[from] ProviderError),
    /// It could not be done here.
    #[error("{0}")]
    Member(#[from] MemberError),
}

impl From<RandomnessError> for SignOnError {
    fn from(error: RandomnessError) -> Self {
        Self::Member(error.into())
    }
}

impl From<JoinError> for SignOnError {
    fn from(error: JoinError) -> Self {
        Self::Member(error.into())
    }
}

impl From<StoreError> for SignOnError {
    fn from(error: StoreError) -> Self {
        Self::Member(error.into())
    }
}

/// What a browser takes along to the provider.
pub(crate) struct Departure {
    /// Where it goes.
    pub(crate) address: String,
    /// What it keeps meanwhile.
    pub(crate) attempt: String,
}

/// What a browser brings back from the provider.
#[derive(Debug, Default)]
pub(crate) struct Arrival {
    /// What it kept meanwhile.
    pub(crate) attempt: Option<String>,
    /// What it was sent off with.
    pub(crate) state: String,
    /// What the provider gives for it.
    pub(crate) code: String,
    /// Who sends it, where they say so.
    pub(crate) issuer: Option<String>,
    /// Why there is no code.
    pub(crate) error: Option<String>,
}

/// Single sign-on. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SingleSignOn {
    members: Members,
    provider: Arc<Provider>,
    settings: Arc<Settings>,
}

impl SingleSignOn {
    /// Single sign-on of members with a provider, which need not be there yet.
    pub(crate) fn new(members: Members, settings: Settings) -> Result<Self, SettingsError> {
        let settings = Arc::new(settings);
        let provider = Arc::new(Provider::new(settings.clone(), members.clock.clone())?);
        Ok(Self { members, provider, settings })
    }

    /// What the button says.
    pub(crate) fn label(&self) -> &str {
        &self.settings.label
    }

    /// Where browsers reach this server, without a slash at the end.
    pub(crate) fn public_url(&self) -> &str {
        self.provider.public_url()
    }

    /// Sends a browser off to the provider; it is to come back to an address. Nothing of it is kept here, so nobody fills
    /// memory or a database by it, and the browser may come back to another server.
    pub(crate) async fn depart(&self, to: &str) -> Result<Departure, SignOnError> {
        let attempt = Attempt::begin(to, self.members.clock.now())?;
        let address = self.provider.address_of(&attempt).await?;
        Ok(Departure { address, attempt: attempt.to_string() })
    }

    /// Where a browser wanted to go; empty where it began nothing.
    pub(crate) fn destination(arrival: &Arrival) -> String {
        arrival.attempt.as_deref().and_then(Attempt::read).map(|attempt| attempt.to).unwrap_or_default()
    }

    /// Signs in whom the provider vouches for. The browser gets another session than it had.
    pub(crate) async fn arrive(&self, arrival: Arrival, browser: &Browser) -> Result<Admission, SignOnError> {
        let Members { store, clock, throttle, .. } = &self.members;
        let attempt = arrival.attempt.as_deref().and_then(Attempt::read).ok_or(SignOnError::NotBegun)?;
        let is_ours = arrival.issuer.is_none_or(|issuer| issuer == self.settings.issuer);
        if !is_ours || !attempt.stands(clock.now()) || !attempt.has_state(&arrival.state) {
            return Err(SignOnError::NotBegun);
        }
        if arrival.error.as_deref() == Some("access_denied") {
            return Err(SignOnError::Declined);
        }
        // Anyone can make up an attempt, and have the log filled or the provider asked about it.
        let holders: Vec<Holder> = browser.address.map(Holder::of_arrival).into_iter().collect();
        throttle.take(&holders, clock.now()).map_err(SignOnError::TooMany)?;
        if let Some(error) = arrival.error {
            return Err(ProviderError::Answered(line(&error)).into());
        }
        let person = self.provider.person(&attempt, arrival.code).await;
        if !matches!(person, Err(ProviderError::Refused(_))) {
            throttle.give_back(&holders);
        }
        let who = self.vouched(person?);
        let (admission, session) = begin(browser, clock.now())?;
        let used = store::Attempt { digest: attempt.digest(), expires: attempt.expires() };
        let signed_on = store.sign_on(&who, used, &session, &browser.place()).await?;
        let called = who.email.as_ref().unwrap_or(&who.subject);
        signed_on.map_err(|why| SignOnError::StaysOut(why, line(called)))?;
        Ok(admission)
    }

    /// What is made here of what the provider says.
    fn vouched(&self, person: Person) -> Vouched {
        let Settings { groups: rules, groups_claim, .. } = &*self.settings;
        if person.groups.is_none() && !rules.is_empty() {
            let subject = line(&person.subject);
            tracing::warn!(
                subject,
                claim = groups_claim,
                "the provider says nothing of groups: they decide nothing now"
            );
        }
        let has_group = person.groups.iter().flatten().any(|group| rules.iter().any(|rule| rule.group == *group));
        let domain = person.email.as_deref().and_then(|email| email.split('@').next_back());
        let has_domain = domain.is_some_and(|domain| self.settings.email_domains.iter().any(|known| known == domain));
        Vouched {
            issuer: self.settings.issuer.clone(),
            given: person.groups.map(|groups| group::given(rules, &groups)).unwrap_or_default(),
            may_join: has_group || has_domain,
            subject: person.subject,
            email: person.email,
            name: person.name,
        }
    }
}
