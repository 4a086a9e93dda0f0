//! `usage-monitor key`. It works while a server runs on the same database.

use super::{DatabaseUrl, Failure, author};
use crate::{
    clock::{Clock, SystemClock},
    key::Keys,
};
use clap::{Args, Subcommand, ValueEnum};
use model::{
    api::{self, team::TeamName},
    instant::Instant,
    key::{self, Grant, LONGEST_LIFE, LONGEST_OVERLAP, NewKey, OVERLAP, Rotation},
};
use std::sync::Arc;

/// An hour in seconds.
const HOUR: u32 = 3_600;

/// What can be done with keys.
#[derive(Subcommand)]
pub(super) enum Key {
    /// Make a key and print it, alone, on standard output: it is shown this once
    Create(Create),
    /// List every key: name, grant, how it begins, its team, and when it was made, last used and expires
    List(DatabaseUrl),
    /// Give a key another secret and print it, alone, on standard output; the one before works on for a while
    Rotate(Rotate),
    /// Take a key back for good: running servers notice within a second
    Revoke(Which),
}

/// The options of `key create`.
#[derive(Args)]
pub(super) struct Create {
    /// What to call the key, in at most 100 characters
    #[arg(long, value_parser = key::name)]
    name: String,

    /// What it may do
    #[arg(long)]
    grant: GrantName,

    /// Through the eyes of which team it reads; without one it reads everything
    #[arg(long, value_name = "NAME")]
    team: Option<String>,

    #[command(flatten)]
    life: Life,

    #[command(flatten)]
    database: DatabaseUrl,
}

/// The options of `key rotate`.
#[derive(Args)]
pub(super) struct Rotate {
    #[command(flatten)]
    which: Which,

    /// For how many hours the secret from before still works; 0 ends it at once
    #[arg(
        long,
        value_name = "HOURS",
        default_value_t = OVERLAP / HOUR,
        value_parser = clap::value_parser!(u32).range(0..=i64::from(LONGEST_OVERLAP / HOUR)),
    )]
    overlap: u32,

    #[command(flatten)]
    life: Life,
}

/// Which key.
#[derive(Args)]
pub(super) struct Which {
    /// What the key is called
    #[arg(long, value_parser = key::name)]
    name: String,

    #[command(flatten)]
    database: DatabaseUrl,
}

/// How long a secret lasts.
#[derive(Args)]
struct Life {
    /// After how many days it expires; a new key lasts unless told so, and another secret as long as the one before
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=i64::from(LONGEST_LIFE)))]
    expires_after: Option<u32>,
}

#[derive(Clone, Copy, ValueEnum)]
enum GrantName {
    /// Send events
    Ingest,
    /// Read the dashboards' data
    Read,
}

impl Key {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self {
            Self::Create(create) => create.run().await,
            Self::List(database) => list(&database).await,
            Self::Rotate(rotate) => rotate.run().await,
            Self::Revoke(which) => which.revoke().await,
        }
    }
}

impl Create {
    #[expect(clippy::print_stdout, reason = "the answer of a command")]
    async fn run(self) -> Result<(), Failure> {
        let grant = match self.grant {
            GrantName::Ingest => Grant::Ingest,
            GrantName::Read => Grant::Read,
        };
        let store = self.database.open().await?;
        let team = match self.team {
            None => None,
            Some(name) => {
                let found = store.team_names(None).await?.into_iter().find(|team| team.name == name);
                Some(found.ok_or_else(|| format!("no team is called {name}"))?.id)
            }
        };
        key::check_team(grant, team)?;
        let new = NewKey { name: self.name, grant, expires: self.life.expires(), team };
        println!("{}", Keys::new(store, Arc::new(SystemClock)).make(new, author()).await?.secret);
        Ok(())
    }
}

#[expect(clippy::print_stdout, reason = "the answer of a command")]
async fn list(database: &DatabaseUrl) -> Result<(), Failure> {
    let shown = |time: Option<Instant>| time.map_or_else(|| "never".to_owned(), |time| time.to_string());
    for api::key::Key { name, grant, team, secrets, .. } in open(database).await?.list().await?.keys {
        let sees = match &team {
            None => String::new(),
            Some(TeamName { name, .. }) if name.is_empty() => "\tsees nothing, as its team was deleted".to_owned(),
            Some(TeamName { name, .. }) => format!("\tsees what the team {name} sees"),
        };
        for api::key::KeySecret { prefix, created, last_used, expires } in secrets {
            let (used, expires) = (shown(last_used), shown(expires));
            let begins = if prefix.is_empty() { "unknown".to_owned() } else { format!("{prefix}…") };
            let grant = grant.as_str();
            println!("{name}\t{grant}\t{begins}\tmade {created}\tlast used {used}\texpires {expires}{sees}");
        }
    }
    Ok(())
}

impl Rotate {
    #[expect(clippy::print_stdout, reason = "the answer of a command")]
    async fn run(self) -> Result<(), Failure> {
        let (keys, id) = self.which.find().await?;
        let rotation = Rotation { overlap_seconds: self.overlap * HOUR, expires: self.life.expires() };
        println!("{}", keys.rotate(id, rotation, author()).await?.secret);
        Ok(())
    }
}

impl Which {
    async fn find(&self) -> Result<(Keys, i64), Failure> {
        let keys = open(&self.database).await?;
        let found = keys.list().await?.keys.into_iter().find(|key| key.name == self.name);
        let found = found.ok_or_else(|| format!("no key is called {}; see `usage-monitor key list`", self.name))?;
        Ok((keys, found.id))
    }

    async fn revoke(self) -> Result<(), Failure> {
        let (keys, id) = self.find().await?;
        Ok(keys.revoke(id, author()).await?)
    }
}

impl Life {
    fn expires(&self) -> Option<Instant> {
        self.expires_after.map(|days| key::expiry(SystemClock.now(), days))
    }
}

async fn open(database: &DatabaseUrl) -> Result<Keys, Failure> {
    Ok(Keys::new(database.open().await?, Arc::new(SystemClock)))
}
