//! The options of `serve` for single sign-on.

use super::Failure;
use crate::members::single_sign_on::{GroupRule, Settings};
use clap::Args;
use std::path::PathBuf;

/// What the client secret may be given as besides a file. There is no option: options can be seen by all on the machine.
const SECRET_VARIABLE: &str = "USAGE_MONITOR_OIDC_CLIENT_SECRET";

/// Which provider says who members are, and what follows from it.
#[derive(Args)]
pub(super) struct SingleSignOn {
    /// Let members sign in with the OpenID provider at this address, as it calls itself. It is the only outside host that
    /// is ever contacted
    #[arg(long, env = "USAGE_MONITOR_OIDC_ISSUER", value_name = "URL", requires_all = ["oidc_client_id", "public_url"])]
    oidc_issuer: Option<String>,

    /// What the provider calls this server
    #[arg(long, env = "USAGE_MONITOR_OIDC_CLIENT_ID", value_name = "ID")]
    oidc_client_id: Option<String>,

    /// A file with the secret by which the provider knows this server. The environment variable
    /// USAGE_MONITOR_OIDC_CLIENT_SECRET may hold it too
    #[arg(long, env = "USAGE_MONITOR_OIDC_CLIENT_SECRET_FILE", value_name = "FILE")]
    oidc_client_secret_file: Option<PathBuf>,

    /// What the provider is asked for besides "openid". Several are separated by commas
    #[arg(
        long,
        env = "USAGE_MONITOR_OIDC_SCOPE",
        value_name = "SCOPE",
        value_delimiter = ',',
        default_value = "email,profile"
    )]
    oidc_scope: Vec<String>,

    /// What the button on the page for signing in says
    #[arg(long, env = "USAGE_MONITOR_OIDC_LABEL", value_name = "TEXT", default_value = "Sign in with single sign-on")]
    oidc_label: String,

    /// What the provider calls the list of somebody's groups
    #[arg(long, env = "USAGE_MONITOR_OIDC_GROUPS_CLAIM", value_name = "NAME", default_value = "groups")]
    oidc_groups_claim: String,

    /// By what the provider says that an e-mail address is somebody's own
    #[arg(
        long,
        env = "USAGE_MONITOR_OIDC_EMAIL_VERIFIED_CLAIM",
        value_name = "NAME",
        default_value = "email_verified"
    )]
    oidc_email_verified_claim: String,

    /// What belonging to a group gives: GROUP=viewer, GROUP=administrator, GROUP=configure-tracking or GROUP=team:NAME.
    /// Who is in such a group becomes a member by signing in. Several by several, or separated by semicolons
    #[arg(long, env = "USAGE_MONITOR_OIDC_GROUP", value_name = "GROUP=WHAT", value_delimiter = ';')]
    oidc_group: Vec<GroupRule>,

    /// Let everybody become a member by signing in whose e-mail address has this domain. Several are separated by commas
    #[arg(long, env = "USAGE_MONITOR_OIDC_EMAIL_DOMAIN", value_name = "DOMAIN", value_delimiter = ',')]
    oidc_email_domain: Vec<String>,

    /// Where browsers reach this server, such as https://usage.example.com. The provider sends them back to
    /// /sign-in/oidc/callback there
    #[arg(long, env = "USAGE_MONITOR_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
}

impl SingleSignOn {
    /// What is said of the provider; none where there is none.
    pub(super) fn settings(self) -> Result<Option<Settings>, Failure> {
        let (Some(issuer), Some(client_id), Some(public_url)) =
            (self.oidc_issuer, self.oidc_client_id, self.public_url)
        else {
            return Ok(None);
        };
        let client_secret = match self.oidc_client_secret_file {
            Some(file) => {
                let secret = std::fs::read_to_string(&file);
                let secret = secret.map_err(|error| format!("can't read {}: {error}", file.display()))?;
                Some(secret.trim_end_matches(['\r', '\n']).to_owned())
            }
            None => std::env::var(SECRET_VARIABLE).ok(),
        };
        Ok(Some(Settings {
            issuer,
            client_id,
            client_secret: client_secret.filter(|secret| !secret.is_empty()),
            scopes: self.oidc_scope,
            public_url,
            label: self.oidc_label,
            groups_claim: self.oidc_groups_claim,
            email_verified_claim: self.oidc_email_verified_claim,
            groups: self.oidc_group,
            email_domains: self.oidc_email_domain.iter().map(|domain| domain.to_lowercase()).collect(),
        }))
    }
}
