//! The options of `serve` for single sign-on.

use super::Failure;
use crate::members::single_sign_on::{GroupRule, Settings};
use clap::Args;
use std::{convert::Infallible, path::PathBuf};

/// What the client secret may be given as besides a file. There is no option: options can be seen by all on the machine.
const SECRET_VARIABLE: &str = "USAGE_MONITOR_OIDC_CLIENT_SECRET";

/// Which provider says who members are, and what follows from it.
#[derive(Args)]
pub(super) struct SingleSignOn {
    /// Let members sign in with the OpenID provider at this address, as it calls itself. No other outside hosts are ever
    /// contacted than this and those that it names for its keys and the like, and these not by way of a proxy
    #[arg(long, env = "USAGE_MONITOR_OIDC_ISSUER", value_name = "URL", requires_all = ["oidc_client_id", "public_url"])]
    oidc_issuer: Option<String>,

    /// What the provider calls this server
    #[arg(long, env = "USAGE_MONITOR_OIDC_CLIENT_ID", value_name = "ID", requires = "oidc_issuer")]
    oidc_client_id: Option<String>,

    /// A file with the secret by which the provider knows this server. The environment variable
    /// USAGE_MONITOR_OIDC_CLIENT_SECRET may hold it too
    #[arg(long, env = "USAGE_MONITOR_OIDC_CLIENT_SECRET_FILE", value_name = "FILE", requires = "oidc_issuer")]
    oidc_client_secret_file: Option<PathBuf>,

    /// What the provider is asked for besides "openid". Several are separated by commas
    #[arg(
        long,
        env = "USAGE_MONITOR_OIDC_SCOPE",
        value_name = "SCOPE",
        value_delimiter = ',',
        value_parser = trimmed,
        requires = "oidc_issuer",
        default_value = "email,profile"
    )]
    oidc_scope: Vec<String>,

    /// What the button on the page for signing in says
    #[arg(
        long,
        env = "USAGE_MONITOR_OIDC_LABEL",
        value_name = "TEXT",
        default_value = "Sign in with single sign-on",
        requires = "oidc_issuer"
    )]
    oidc_label: String,

    /// What the provider calls the list of somebody's groups
    #[arg(
        long,
        env = "USAGE_MONITOR_OIDC_GROUPS_CLAIM",
        value_name = "NAME",
        default_value = "groups",
        requires = "oidc_issuer"
    )]
    oidc_groups_claim: String,

    /// By what the provider says that an e-mail address is somebody's own
    #[arg(
        long,
        env = "USAGE_MONITOR_OIDC_EMAIL_VERIFIED_CLAIM",
        value_name = "NAME",
        default_value = "email_verified",
        requires = "oidc_issuer"
    )]
    oidc_email_verified_claim: String,

    /// What belonging to a group gives: GROUP=viewer, GROUP=administrator, GROUP=configure-tracking or GROUP=team:NAME.
    /// Who is in such a group becomes a member by signing in. Several by several, or separated by semicolons
    #[arg(
        long,
        env = "USAGE_MONITOR_OIDC_GROUP",
        value_name = "GROUP=WHAT",
        value_delimiter = ';',
        requires = "oidc_issuer"
    )]
    oidc_group: Vec<GroupRule>,

    /// Let everybody become a member by signing in whose e-mail address has this domain. Several are separated by commas
    #[arg(
        long,
        env = "USAGE_MONITOR_OIDC_EMAIL_DOMAIN",
        value_name = "DOMAIN",
        value_delimiter = ',',
        value_parser = domain,
        requires = "oidc_issuer"
    )]
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
            email_domains: self.oidc_email_domain,
        }))
    }
}

fn trimmed(text: &str) -> Result<String, Infallible> {
    Ok(text.trim().to_owned())
}

/// The domain of e-mail addresses in lower case. Some write the @ before it.
fn domain(text: &str) -> Result<String, String> {
    let text = text.trim();
    let domain = text.strip_prefix('@').unwrap_or(text).to_lowercase();
    match domain.is_empty() || domain.contains('@') {
        true => Err("not the domain of e-mail addresses, such as example.com".to_owned()),
        false => Ok(domain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        single_sign_on: SingleSignOn,
    }

    const PROVIDER: [&str; 3] =
        ["--oidc-issuer=https://id.example.com", "--oidc-client-id=a", "--public-url=https://b"];

    fn read(options: &[&str]) -> Result<Option<Settings>, String> {
        let line = Line::try_parse_from([&["serve"], options].concat()).map_err(|error| error.to_string())?;
        line.single_sign_on.settings().map_err(|error| error.to_string())
    }

    #[test]
    fn space_around_one_of_several_is_nothing() {
        let options =
            ["--oidc-group=a=viewer; b=administrator", "--oidc-scope=email, groups", "--oidc-email-domain=B.c, @d"];
        let settings = read(&[&PROVIDER[..], &options].concat()).unwrap().unwrap();
        assert_eq!(settings.groups, ["a=viewer", "b=administrator"].map(|rule| rule.parse().unwrap()));
        assert_eq!(
            (settings.scopes, settings.email_domains),
            (vec!["email".into(), "groups".into()], vec!["b.c".into(), "d".into()])
        );
        for wrong in ["--oidc-email-domain=a@b", "--oidc-email-domain=@"] {
            assert!(read(&[&PROVIDER[..], &[wrong]].concat()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn options_of_no_provider_are_refused() {
        assert!(read(&[]).unwrap().is_none());
        for option in [
            "--oidc-client-id=a",
            "--oidc-client-secret-file=a",
            "--oidc-scope=a",
            "--oidc-label=a",
            "--oidc-groups-claim=a",
            "--oidc-email-verified-claim=a",
            "--oidc-group=a=viewer",
            "--oidc-email-domain=a",
        ] {
            let error = read(&[option]).err().unwrap_or_default();
            let name = option.split('=').next().unwrap();
            assert!(error.contains("--oidc-issuer") && error.contains(name), "{option}: {error}");
        }
    }
}
