//! The provider: what it publishes of itself, kept for an hour, and what it says of who comes back from it. Every answer of
//! it is waited for and read within limits, and believed when signature, issuer, audience, time and nonce are right.

use super::{
    Settings,
    attempt::Attempt,
    line::line,
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
    ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, IdTokenClaims, IdTokenFields, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
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
use std::{
    error::Error,
    future::Future,
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
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
    /// It did not answer a moment ago, and is not asked again yet.
    #[error("the provider did not answer a moment ago")]
    AskedBefore,
    /// It says no.
    #[error("the provider answered with an error: {0}")]
    Answered(String),
    /// It does not take the code, which whoever brought it may have made up.
    #[error("the provider does not take the code: {0}")]
    Refused(String),
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
    /// What it published.
    known: RwLock<Option<Known>>,
    /// When it was last asked for that, and had answered or not. Held meanwhile, so that many at once ask it once.
    asked: Mutex<Option<Instant>>,
}

/// What is known of the provider.
#[derive(Clone)]
struct Known {
    client: Arc<Client>,
    since: Instant,
}

impl Provider {
    pub(super) fn new(settings: Arc<Settings>, clock: Arc<dyn Clock>) -> Result<Self, SettingsError> {
        let wrong = |_| SettingsError::Address(settings.issuer.clone());
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(wrong)?;
        let wrong = |_| SettingsError::Address(settings.public_url.clone());
        let public = Url::parse(&settings.public_url).map_err(wrong)?;
        for address in [issuer.url(), &public] {
            if !is_sealed(address) {
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
        Ok(Self {
            settings,
            clock,
            issuer,
            public_url,
            redirect,
            http,
            known: RwLock::default(),
            asked: Mutex::default(),
        })
    }

    pub(super) fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Where a browser goes to be asked who its reader is.
    pub(super) async fn address_of(self: &Arc<Self>, attempt: &Attempt) -> Result<String, ProviderError> {
        let client = self.client().await?;
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
    pub(super) async fn person(self: &Arc<Self>, attempt: &Attempt, code: String) -> Result<Person, ProviderError> {
        let client = self.client().await?;
        let request = client.exchange_code(AuthorizationCode::new(code)).map_err(unreachable)?;
        let verifier = PkceCodeVerifier::new(attempt.verifier());
        let tokens = request.set_pkce_verifier(verifier).request_async(&self.http).await.map_err(refused)?;
        let nonce = Nonce::new(attempt.nonce());
        let (subject, claims) = match self.verified(&client, &tokens, &nonce) {
            // It may sign with another key since.
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                let client = self.renew(self.clock.now().plus_millis(-AGAIN)).await?;
                self.verified(&client, &tokens, &nonce).map_err(unbelievable)?
            }
            verified => verified.map_err(unbelievable)?,
        };
        let mut all = vec![claims];
        if Person::is_left_out(&all[0], &self.settings) {
            all.extend(self.user_info(&client, tokens.access_token(), &subject).await?);
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
    async fn user_info(
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

    /// What is needed to work with the provider. Where it is old the provider is asked again, and nobody waits for that.
    async fn client(self: &Arc<Self>) -> Result<Arc<Client>, ProviderError> {
        let oldest = self.clock.now().plus_millis(-KEPT);
        let Some(Known { client, since }) = self.known() else { return self.renew(oldest).await };
        let may_ask = || self.asked.try_lock().is_ok_and(|asked| !self.is_recent(*asked));
        if since <= oldest && may_ask() {
            let provider = self.clone();
            // Where it fails the log says so.
            tokio::spawn(async move { provider.renew(oldest).await });
        }
        Ok(client)
    }

    /// The same, published after `oldest` where the provider answers. It is not asked where it just was.
    async fn renew(&self, oldest: Instant) -> Result<Arc<Client>, ProviderError> {
        let mut asked = self.asked.lock().await;
        let was_asked = self.is_recent(*asked);
        let known = self.known();
        match &known {
            Some(Known { client, since }) if was_asked || *since > oldest => return Ok(client.clone()),
            None if was_asked => return Err(ProviderError::AskedBefore),
            _ => {}
        }
        let discovered = self.discover().await;
        // After it: those who waited meanwhile don't ask again, and who went away meanwhile has not asked.
        let now = self.clock.now();
        *asked = Some(now);
        match (discovered, known) {
            (Ok(client), _) => {
                let client = Arc::new(client);
                let known = Known { client: client.clone(), since: now };
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
                Ok(client)
            }
            (Err(error), Some(Known { client, .. })) => {
                tracing::warn!(%error, "the provider of single sign-on is taken to be what it was");
                Ok(client)
            }
            (Err(error), None) => Err(error),
        }
    }

    fn known(&self) -> Option<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it is too soon to ask again.
    fn is_recent(&self, asked: Option<Instant>) -> bool {
        asked.is_some_and(|asked| self.clock.now() < asked.plus_millis(AGAIN))
    }

    async fn discover(&self) -> Result<Client, ProviderError> {
        let discovery = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http);
        let metadata = discovery.await.map_err(unreachable)?;
        let page = metadata.authorization_endpoint().url();
        if !is_sealed(page) {
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
fn is_sealed(address: &Url) -> bool {
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
    ProviderError::Unreachable(line(&with_causes(&error)))
}

fn unbelievable(error: ClaimsVerificationError) -> ProviderError {
    ProviderError::Unbelievable(line(&with_causes(&error)))
}

fn refused(error: RequestTokenError<HttpError, StandardErrorResponse<CoreErrorResponseType>>) -> ProviderError {
    match error {
        RequestTokenError::ServerResponse(answer) => {
            let text = line(&answer.to_string());
            match answer.error() {
                CoreErrorResponseType::InvalidGrant | CoreErrorResponseType::InvalidRequest => {
                    ProviderError::Refused(text)
                }
                _ => ProviderError::Answered(text),
            }
        }
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
        if is_open || !Url::parse(&address).is_ok_and(|address| is_sealed(&address)) {
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
            assert_eq!(is_sealed(&Url::parse(address).unwrap()), private, "{address}");
        }
    }
}
