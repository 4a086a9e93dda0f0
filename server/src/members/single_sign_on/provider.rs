//! The provider: what it publishes of itself, kept for an hour, and what it says of who comes back from it. Every answer of
//! it is waited for and read within limits, and believed when signature, issuer, audience, time and nonce are right.

use super::{
    Settings,
    attempt::Attempt,
    person::{Claims, Person},
};
use crate::clock::Clock;
use chrono::{DateTime, Utc};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use model::instant::Instant;
use openidconnect::{
    AccessToken, AdditionalClaims, AsyncHttpClient, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId,
    ClientSecret, ConfigurationError, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, IdTokenClaims, IdTokenFields, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, StandardErrorResponse, StandardTokenResponse,
    SubjectIdentifier, TokenResponse, UserInfoClaims,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod, CoreErrorResponseType,
        CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
        CoreProviderMetadata, CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse,
        CoreTokenType,
    },
    url::{Host, Url},
};
use serde::{Deserialize, Serialize};
use std::{error::Error, future::Future, pin::Pin, sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// How long an answer of the provider is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most bytes of an answer.
const ANSWER_BYTES: usize = 1024 * 1024;

/// How long what the provider publishes is kept, in milliseconds.
const KEPT: i64 = 3_600_000;

/// How soon a provider is asked again what it publishes that did not answer, or whose keys may be others, in milliseconds.
const AGAIN: i64 = 10_000;

/// How far the clocks of provider and server may be apart, in milliseconds.
const LEEWAY: i64 = 60_000;

/// How the provider may sign. Never with what this server knows too, and never not at all.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Why what an operator says makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// An address is none, or goes over the network for all to read.
    #[error("{0:?} is no address of single sign-on: it must begin with https://, or on this machine with http://")]
    Address(String),
    /// Browsers reach this server at more than a host.
    #[error("{0:?} is more than scheme, host and port of where browsers reach this server")]
    PublicUrl(String),
    /// The system does not say which certificates to trust.
    #[error("the system's certificates can't be read: {0}")]
    Certificates(#[from] std::io::Error),
}

/// What the provider does wrong. None of it holds a secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderError {
    /// It does not answer, or not as a provider does.
    #[error("the provider does not answer as it should: {0}")]
    Unreachable(String),
    /// It says no.
    #[error("the provider answered with an error: {0}")]
    Answered(String),
    /// What it says of somebody can't be believed.
    #[error("what the provider says can't be believed: {0}")]
    Unbelievable(String),
}

/// Claims that the standard does not name.
#[derive(Debug, Deserialize, Serialize)]
struct OtherClaims {
    #[serde(flatten)]
    claims: Claims,
}

impl AdditionalClaims for OtherClaims {}

type Tokens = StandardTokenResponse<
    IdTokenFields<
        OtherClaims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

type Client = openidconnect::Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A provider of single sign-on.
pub(super) struct Provider {
    settings: Arc<Settings>,
    clock: Arc<dyn Clock>,
    issuer: IssuerUrl,
    public_url: String,
    redirect: RedirectUrl,
    http: Http,
    /// Held while the provider is asked what it publishes, so that many at once ask it once.
    known: Mutex<Known>,
}

/// What is known of the provider.
#[derive(Default)]
struct Known {
    /// What it published, and when.
    client: Option<(Arc<Client>, Instant)>,
    /// When it was asked last.
    asked: Option<Instant>,
}

impl Provider {
    pub(super) fn new(settings: Arc<Settings>, clock: Arc<dyn Clock>) -> Result<Self, SettingsError> {
        let wrong = |_| SettingsError::Address(settings.issuer.clone());
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(wrong)?;
        let wrong = |_| SettingsError::Address(settings.public_url.clone());
        let public = Url::parse(&settings.public_url).map_err(wrong)?;
        for address in [issuer.url(), &public] {
            if !is_private(address) {
                return Err(SettingsError::Address(address.to_string()));
            }
        }
        if public.path() != "/" || public.query().is_some() || public.fragment().is_some() {
            return Err(SettingsError::PublicUrl(public.to_string()));
        }
        let public_url = public.to_string().trim_end_matches('/').to_owned();
        let redirect = format!("{public_url}{}", app::view::SINGLE_SIGN_ON_BACK);
        let redirect = RedirectUrl::new(redirect).map_err(|_| SettingsError::Address(public_url.clone()))?;
        let http = Http::new(issuer.url().scheme() == "https")?;
        Ok(Self { settings, clock, issuer, public_url, redirect, http, known: Mutex::default() })
    }

    pub(super) fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Where a browser goes to be asked who its reader is.
    pub(super) async fn address_of(&self, attempt: &Attempt) -> Result<String, ProviderError> {
        let client = self.client(self.clock.now().plus_millis(-KEPT)).await?;
        let verifier = PkceCodeVerifier::new(attempt.verifier());
        let (state, nonce) = (attempt.state(), attempt.nonce());
        let request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .add_scopes(self.settings.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        Ok(request.url().0.to_string())
    }

    /// Who came back with a code.
    pub(super) async fn person(&self, attempt: &Attempt, code: String) -> Result<Person, ProviderError> {
        let client = self.client(self.clock.now().plus_millis(-KEPT)).await?;
        let request = client.exchange_code(AuthorizationCode::new(code)).map_err(offers_nothing)?;
        let verifier = PkceCodeVerifier::new(attempt.verifier());
        let tokens = request.set_pkce_verifier(verifier).request_async(&self.http).await.map_err(refused)?;
        let nonce = Nonce::new(attempt.nonce());
        let (subject, claims) = match self.verified(&client, &tokens, &nonce) {
            // It may sign with another key since.
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                let client = self.client(self.clock.now().plus_millis(-AGAIN)).await?;
                self.verified(&client, &tokens, &nonce).map_err(unbelievable)?
            }
            verified => verified.map_err(unbelievable)?,
        };
        let mut all = vec![claims];
        if Person::is_left_out(&all[0], &self.settings) {
            all.extend(self.told_apart(&client, tokens.access_token(), &subject).await?);
        }
        Ok(Person::of_claims(subject.to_string(), &all, &self.settings))
    }

    /// What the provider vouches for.
    fn verified(
        &self,
        client: &Client,
        tokens: &Tokens,
        nonce: &Nonce,
    ) -> Result<(SubjectIdentifier, Claims), ClaimsVerificationError> {
        let now = self.clock.now().plus_millis(-LEEWAY);
        let now = move || DateTime::<Utc>::from_timestamp_millis(now.millis()).unwrap_or_default();
        let verifier = client.id_token_verifier().set_allowed_algs(SIGNATURES).set_time_fn(now);
        let missing = || ClaimsVerificationError::Other("there is no ID token".to_owned());
        let claims: &IdTokenClaims<OtherClaims, CoreGenderClaim> =
            tokens.id_token().ok_or_else(missing)?.claims(&verifier, nonce)?;
        let subject = claims.subject().clone();
        Ok((subject, as_object(claims).map_err(|error| ClaimsVerificationError::Other(error.to_string()))?))
    }

    /// What the provider tells of somebody besides, where it does.
    async fn told_apart(
        &self,
        client: &Client,
        token: &AccessToken,
        subject: &SubjectIdentifier,
    ) -> Result<Option<Claims>, ProviderError> {
        let request = match client.user_info(token.clone(), Some(subject.clone())) {
            Ok(request) => request,
            Err(_) => return Ok(None),
        };
        let told: UserInfoClaims<OtherClaims, CoreGenderClaim> =
            request.request_async(&self.http).await.map_err(unreachable)?;
        as_object(&told).map(Some).map_err(unreachable)
    }

    /// What is needed to work with the provider, published after `oldest` where it answers.
    async fn client(&self, oldest: Instant) -> Result<Arc<Client>, ProviderError> {
        let mut known = self.known.lock().await;
        let now = self.clock.now();
        let was_asked = known.asked.is_some_and(|asked| now < asked.plus_millis(AGAIN));
        if let Some((client, since)) = &known.client
            && (was_asked || *since > oldest)
        {
            return Ok(client.clone());
        }
        if was_asked {
            return Err(ProviderError::Unreachable("it did not a moment ago".to_owned()));
        }
        known.asked = Some(now);
        match (self.discover().await, &known.client) {
            (Ok(client), _) => {
                let client = Arc::new(client);
                known.client = Some((client.clone(), now));
                Ok(client)
            }
            (Err(error), Some((client, _))) => {
                tracing::warn!(%error, "the provider of single sign-on is taken to be what it was");
                Ok(client.clone())
            }
            (Err(error), None) => Err(error),
        }
    }

    async fn discover(&self) -> Result<Client, ProviderError> {
        let discovery = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http);
        let metadata = discovery.await.map_err(unreachable)?;
        let page = metadata.authorization_endpoint().url();
        if !is_private(page) {
            return Err(ProviderError::Unreachable(format!("it asks who somebody is at {page}, for all to read")));
        }
        let ways = metadata.token_endpoint_auth_methods_supported();
        let takes_header = ways.is_none_or(|ways| ways.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let id = ClientId::new(self.settings.client_id.clone());
        let secret = self.settings.client_secret.clone().map(ClientSecret::new);
        Ok(Client::from_provider_metadata(metadata, id, secret)
            .set_redirect_uri(self.redirect.clone())
            .set_auth_type(if takes_header { AuthType::BasicAuth } else { AuthType::RequestBody }))
    }
}

/// Whether nobody on the way reads what is sent to an address.
fn is_private(address: &Url) -> bool {
    let is_here = match address.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match address.scheme() {
        "https" => address.has_host(),
        "http" => is_here,
        _ => false,
    }
}

fn as_object(claims: impl Serialize) -> serde_json::Result<Claims> {
    serde_json::from_value(serde_json::to_value(claims)?)
}

fn unreachable(error: impl Error) -> ProviderError {
    ProviderError::Unreachable(with_causes(&error))
}

fn unbelievable(error: ClaimsVerificationError) -> ProviderError {
    ProviderError::Unbelievable(with_causes(&error))
}

fn offers_nothing(error: ConfigurationError) -> ProviderError {
    unreachable(error)
}

fn refused(error: RequestTokenError<HttpError, StandardErrorResponse<CoreErrorResponseType>>) -> ProviderError {
    match error {
        RequestTokenError::ServerResponse(answer) => ProviderError::Answered(answer.to_string()),
        other => unreachable(other),
    }
}

/// An error, and what caused it.
fn with_causes(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", with_causes(cause)),
        None => error.to_string(),
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum HttpError {
    #[error("request: {0}")]
    Request(#[from] hyper::http::Error),
    #[error("{0} would go over the network for all to read")]
    Open(String),
    #[error("no connection")]
    Connection(#[from] hyper_util::client::legacy::Error),
    #[error("no answer in {} seconds", PATIENCE.as_secs())]
    Slow,
    #[error("answer: {0}")]
    Answer(Box<dyn Error + Send + Sync>),
}

/// Asks the provider, within limits, and goes nowhere it sends us instead.
struct Http {
    client: HttpClient<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// Whether nothing is asked without TLS, not on this machine either.
    over_tls: bool,
}

impl Http {
    fn new(over_tls: bool) -> Result<Self, SettingsError> {
        let connector = HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().build();
        Ok(Self { client: HttpClient::builder(TokioExecutor::new()).build(connector), over_tls })
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let address = request.uri().to_string();
        let is_open = self.over_tls && request.uri().scheme_str() != Some("https");
        if is_open || !Url::parse(&address).is_ok_and(|address| is_private(&address)) {
            return Err(HttpError::Open(address));
        }
        let request = request.map(|body| Full::new(Bytes::from(body)));
        let answer = async {
            let (parts, body) = self.client.request(request).await?.into_parts();
            let body = Limited::new(body, ANSWER_BYTES).collect().await.map_err(HttpError::Answer)?;
            Ok(HttpResponse::from_parts(parts, body.to_bytes().to_vec()))
        };
        tokio::time::timeout(PATIENCE, answer).await.unwrap_or(Err(HttpError::Slow))
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_asked_where_others_could_read_it() {
        for (address, private) in [
            ("https://id.example.com/realms/one", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://localhost:8080", true),
            ("http://id.localhost", true),
            ("http://id.example.com", false),
            ("http://localhost.example.com", false),
            ("http://192.168.1.7", false),
            ("ftp://127.0.0.1", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(is_private(&Url::parse(address).unwrap()), private, "{address}");
        }
    }
}
