//! `usage-monitor user`: members, for whoever runs the server. It works while one runs on the same database.

use super::{DatabaseUrl, Failure, author};
use crate::{
    clock::SystemClock,
    members::{MemberError, Members},
    store::{NewMember, Store},
};
use clap::{Args, Subcommand, ValueEnum};
use model::{
    api::member::{IssuedLink, Member, MemberState},
    member::{self, Role},
};
use std::{io::Read, sync::Arc};

/// What can be done with members.
#[derive(Subcommand)]
pub(super) enum User {
    /// List everyone who may sign in
    List(DatabaseUrl),
    /// Add somebody, and print the link by which they choose their password
    Create(Create),
    /// Print a link by which somebody chooses another password
    ResetPassword(ResetPassword),
    /// Keep somebody from signing in; they are signed out at once
    Disable(Who),
    /// Let somebody sign in again
    Enable(Who),
    /// Forget as whom the provider of single sign-on knows somebody, who is signed out at once: whoever comes next with
    /// their e-mail address, verified there, is them
    Unlink(Who),
}

/// The options of `user create`.
#[derive(Args)]
pub(super) struct Create {
    /// What they sign in with
    #[arg(long, value_parser = member::email)]
    email: String,

    /// What they are called
    #[arg(long, value_parser = member::name)]
    name: String,

    /// What they may do
    #[arg(long, default_value = "viewer")]
    role: RoleName,

    /// Let a viewer say what is tracked
    #[arg(long)]
    configures_tracking: bool,

    /// A team they belong to, by its name; several by several
    #[arg(long = "team", value_name = "NAME")]
    teams: Vec<String>,

    #[command(flatten)]
    password: Password,

    #[command(flatten)]
    database: DatabaseUrl,
}

/// The options of `user reset-password`.
#[derive(Args)]
pub(super) struct ResetPassword {
    #[command(flatten)]
    who: Who,

    #[command(flatten)]
    password: Password,
}

/// Who is meant.
#[derive(Args)]
pub(super) struct Who {
    /// What they sign in with
    #[arg(long, value_parser = member::email)]
    email: String,

    #[command(flatten)]
    database: DatabaseUrl,
}

/// How somebody comes by a password.
#[derive(Args)]
struct Password {
    /// Read the password from standard input instead of printing a link
    #[arg(long)]
    password_from_stdin: bool,

    /// Where browsers reach the server: how the link begins
    #[arg(long, default_value = "http://127.0.0.1:3000", value_name = "URL")]
    address: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleName {
    /// Look at the dashboards
    Viewer,
    /// That, and manage members and settings
    Administrator,
}

impl User {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self {
            Self::List(database) => list(&database).await,
            Self::Create(create) => create.run().await,
            Self::ResetPassword(reset) => reset.run().await,
            Self::Disable(who) => who.set_disabled(true).await,
            Self::Enable(who) => who.set_disabled(false).await,
            Self::Unlink(who) => who.unlink().await,
        }
    }
}

#[expect(clippy::print_stdout, reason = "the answer of a command")]
async fn list(database: &DatabaseUrl) -> Result<(), Failure> {
    for Member { email, name, role, configures_tracking, state, .. } in database.open().await?.members().await? {
        let state = match state {
            MemberState::Invited => "invited",
            MemberState::Active => "active",
            MemberState::Disabled => "disabled",
        };
        let tracking = if configures_tracking { ", configures tracking" } else { "" };
        println!("{email}\t{name}\t{}{tracking}\t{state}", role.as_str());
    }
    Ok(())
}

impl Create {
    async fn run(self) -> Result<(), Failure> {
        let password = self.password.read(&self.email)?;
        let role = match self.role {
            RoleName::Viewer => Role::Viewer,
            RoleName::Administrator => Role::Administrator,
        };
        let store = self.database.open().await?;
        let there = store.team_names(None).await?;
        let number = |name: &String| {
            let found = there.iter().find(|team| team.name == *name);
            found.map(|team| team.id).ok_or_else(|| Failure::from(format!("there is no team named “{name}”")))
        };
        let teams = self.teams.iter().map(number).collect::<Result<_, _>>()?;
        let Self { email, name, configures_tracking, .. } = self;
        let new = NewMember { email, name, role, configures_tracking, teams };
        let issued = members(store).invite(&new, &author()).await?;
        self.password.settle(&self.database, issued, password).await
    }
}

impl ResetPassword {
    async fn run(self) -> Result<(), Failure> {
        let password = self.password.read(&self.who.email)?;
        let (members, member) = self.who.find().await?;
        let issued = members.reset(member.member_no, &author()).await.map_err(|error| match error {
            MemberError::NoMember => Failure::from("they are disabled; `usage-monitor user enable` lets them in again"),
            error => error.into(),
        })?;
        self.password.settle(&self.who.database, issued, password).await
    }
}

impl Who {
    async fn find(&self) -> Result<(Members, Member), Failure> {
        let store = self.database.open().await?;
        let found = store.member_of_email(&self.email).await?;
        let found =
            found.ok_or_else(|| format!("nobody signs in with {}; see `usage-monitor user list`", self.email))?;
        Ok((members(store), found.member))
    }

    async fn set_disabled(self, disabled: bool) -> Result<(), Failure> {
        let (members, member) = self.find().await?;
        Ok(members.set_disabled(member.member_no, disabled, &author()).await?)
    }

    async fn unlink(self) -> Result<(), Failure> {
        let (members, member) = self.find().await?;
        Ok(members.unlink(member.member_no, &author()).await?)
    }
}

impl Password {
    /// The password on standard input, where it is asked for.
    fn read(&self, email: &str) -> Result<Option<String>, Failure> {
        if !self.password_from_stdin {
            return Ok(None);
        }
        let mut password = String::new();
        std::io::stdin().read_to_string(&mut password)?;
        let password = password.trim_end_matches(['\r', '\n']).to_owned();
        member::check_password(&password, email)?;
        Ok(Some(password))
    }

    /// Gives a member the password that was read, or prints the link.
    #[expect(clippy::print_stdout, reason = "the answer of a command")]
    async fn settle(
        &self,
        database: &DatabaseUrl,
        issued: IssuedLink,
        password: Option<String>,
    ) -> Result<(), Failure> {
        match password {
            Some(password) => {
                let members = members(database.open().await?);
                members.set_password(issued.member.member_no, password, &author()).await?;
            }
            None => println!("{}", link(&self.address, &issued.token)),
        }
        Ok(())
    }
}

fn members(store: Store) -> Members {
    Members::new(store, Arc::new(SystemClock))
}

/// The address of a link that opens once.
pub(super) fn link(address: &str, token: &str) -> String {
    format!("{}{}?token={token}", address.trim_end_matches('/'), app::view::LINK)
}
