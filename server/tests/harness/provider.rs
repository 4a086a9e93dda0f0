//! A provider of single sign-on that says what a test makes it say. It asks nobody who they are: each code it gives stands
//! for the claims it was given.

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use openidconnect::{
    JsonWebKeyId, PrivateSigningKey,
    core::{CoreEdDsaPrivateSigningKey, CoreJsonWebKey, CoreJwsSigningAlgorithm},
};
use serde_json::{Value, json};
use server::members::single_sign_on::Settings;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tokio::{
    net::TcpListener,
    sync::{RwLock, RwLockWriteGuard},
    task::JoinHandle,
};

/// What a server is known by.
const CLIENT_ID: &str = "usage-monitor";

/// What a server proves itself with. It must be written as a form writes it before it stands in a header.
pub(crate) const CLIENT_SECRET: &str = "a secret: with %";

/// The provider.
pub(crate) struct Provider {
    pub(crate) issuer: String,
    said: Arc<Said>,
    served: JoinHandle<()>,
}

/// What it says, and what it was told.
struct Said {
    issuer: String,
    /// The number of the key it signs with.
    key: Mutex<u8>,
    /// The answer for each code that was not redeemed yet.
    codes: Mutex<BTreeMap<String, Answer>>,
    /// What it tells at the address for whoever has an access token.
    told: Mutex<Option<Value>>,
    /// How often it was asked what it publishes.
    asked: Mutex<u32>,
    /// Held by a test while it does not answer what it publishes.
    hung: RwLock<()>,
}

/// What stands for a code.
#[derive(Clone)]
struct Answer {
    token: String,
    challenge: String,
}

/// How a token is signed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signed {
    /// As it should be.
    Well,
    /// Not at all.
    NotAtAll,
    /// With a key that the provider does not publish, under the name of one that it does.
    BySomebodyElse,
    /// With the secret that both know.
    WithTheSecret,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        Self::start_on(listener)
    }

    fn start_on(listener: TcpListener) -> Self {
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let said = Arc::new(Said {
            issuer: issuer.clone(),
            key: Mutex::new(1),
            codes: Mutex::default(),
            told: Mutex::default(),
            asked: Mutex::default(),
            hung: RwLock::default(),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(get_configuration))
            .route("/keys", get(get_keys))
            .route("/token", post(post_token))
            .route("/person", get(get_person))
            .with_state(said.clone());
        let served = tokio::spawn(async move { axum::serve(listener, router).await.expect("served") });
        Self { issuer, said, served }
    }

    /// Goes away. Nobody answers at its address any more.
    pub(crate) async fn stop(self) -> String {
        self.served.abort();
        let _ = self.served.await;
        self.issuer
    }

    /// Comes back at the address it had.
    pub(crate) async fn start_at(issuer: &str) -> Self {
        let address = issuer.trim_start_matches("http://");
        Self::start_on(TcpListener::bind(address).await.expect("the same port"))
    }

    /// What an operator says of it, with what groups give.
    pub(crate) fn settings(&self, groups: &[&str]) -> Settings {
        Settings {
            issuer: self.issuer.clone(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: Some(CLIENT_SECRET.to_owned()),
            scopes: vec!["email".to_owned(), "profile".to_owned()],
            public_url: String::new(),
            label: "Sign in with Example".to_owned(),
            groups_claim: "groups".to_owned(),
            email_verified_claim: "email_verified".to_owned(),
            groups: groups.iter().map(|rule| rule.parse().expect("a rule")).collect(),
            email_domains: Vec::new(),
        }
    }

    /// The right claims of somebody whom a server sent with this nonce, at a time in seconds.
    pub(crate) fn claims(&self, subject: &str, nonce: &str, now: i64) -> Value {
        json!({
            "iss": self.issuer, "aud": CLIENT_ID, "sub": subject, "nonce": nonce, "iat": now, "exp": now + 300,
            "email": format!("{subject}@example.com"), "email_verified": true, "name": subject, "groups": [],
        })
    }

    /// A code for these claims, for whoever knows what the challenge is made of.
    pub(crate) fn code(&self, claims: &Value, signed: Signed, challenge: &str) -> String {
        let code = server::secret::generate().expect("a secret");
        let token = token(claims, signed, *self.said.key.lock().expect("a key"));
        let answer = Answer { token, challenge: challenge.to_owned() };
        self.said.codes.lock().expect("codes").insert(code.clone(), answer);
        code
    }

    /// What is told of whoever has an access token.
    pub(crate) fn tell(&self, claims: Value) {
        *self.said.told.lock().expect("claims") = Some(claims);
    }

    /// Signs with another key from now on, and publishes that one alone.
    pub(crate) fn change_key(&self) {
        *self.said.key.lock().expect("a key") += 1;
    }

    /// How often it was asked what it publishes.
    pub(crate) fn asked(&self) -> u32 {
        *self.said.asked.lock().expect("a number")
    }

    /// Waits until it was asked so often.
    pub(crate) async fn is_asked(&self, times: u32) {
        while self.asked() < times {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    /// Does not answer what it publishes, until this is dropped.
    pub(crate) async fn hang(&self) -> RwLockWriteGuard<'_, ()> {
        self.said.hung.write().await
    }
}

/// The key of a number.
fn signing_key(number: u8) -> CoreEdDsaPrivateSigningKey {
    // PKCS #8 around 32 bytes.
    let begin = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
    let body = STANDARD.encode([&begin[..], &[number; 32]].concat());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    let id = JsonWebKeyId::new(format!("key {number}"));
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(id)).expect("a key")
}

fn token(claims: &Value, signed: Signed, key: u8) -> String {
    let algorithm = match signed {
        Signed::Well | Signed::BySomebodyElse => "EdDSA",
        Signed::NotAtAll => "none",
        Signed::WithTheSecret => "HS256",
    };
    let head = json!({"alg": algorithm, "typ": "JWT", "kid": format!("key {key}")});
    let parts = [head.to_string(), claims.to_string()].map(|part| URL_SAFE_NO_PAD.encode(part));
    let message = parts.join(".");
    let by = |key: &CoreEdDsaPrivateSigningKey| {
        key.sign(&CoreJwsSigningAlgorithm::EdDsa, message.as_bytes()).expect("a signature")
    };
    let signature = match signed {
        Signed::Well => by(&signing_key(key)),
        Signed::BySomebodyElse => by(&signing_key(200)),
        Signed::NotAtAll => Vec::new(),
        Signed::WithTheSecret => openidconnect::core::CoreHmacKey::new(CLIENT_SECRET)
            .sign(&CoreJwsSigningAlgorithm::HmacSha256, message.as_bytes())
            .expect("a signature"),
    };
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

async fn get_configuration(State(said): State<Arc<Said>>) -> Json<Value> {
    *said.asked.lock().expect("a number") += 1;
    let _answers = said.hung.read().await;
    let mut configuration = json!({
        "issuer": said.issuer, "authorization_endpoint": format!("{}/ask", said.issuer),
        "token_endpoint": format!("{}/token", said.issuer), "jwks_uri": format!("{}/keys", said.issuer),
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
    });
    if said.told.lock().expect("claims").is_some() {
        configuration["userinfo_endpoint"] = json!(format!("{}/person", said.issuer));
    }
    Json(configuration)
}

async fn get_keys(State(said): State<Arc<Said>>) -> Json<Value> {
    let key = signing_key(*said.key.lock().expect("a key"));
    let public: CoreJsonWebKey = key.as_verification_key();
    Json(json!({"keys": [public]}))
}

/// Gives what a code stands for, once, to the server that knows its secret and what the challenge is made of.
async fn post_token(
    State(said): State<Arc<Said>>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response();
    let encoded: String = form_urlencoded::byte_serialize(CLIENT_SECRET.as_bytes()).collect();
    let expected = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{encoded}")));
    if headers.get(header::AUTHORIZATION).and_then(|sent| sent.to_str().ok()) != Some(&expected) {
        return refused("invalid_client");
    }
    let answer = form.get("code").and_then(|code| said.codes.lock().expect("codes").remove(code));
    let verifier = form.get("code_verifier").cloned().unwrap_or_default();
    let verifier = openidconnect::PkceCodeVerifier::new(verifier);
    let challenge = openidconnect::PkceCodeChallenge::from_code_verifier_sha256(&verifier);
    match answer.filter(|answer| answer.challenge == challenge.as_str()) {
        Some(answer) => {
            let tokens = json!({"access_token": "access", "token_type": "Bearer", "id_token": answer.token});
            Json(tokens).into_response()
        }
        None => refused("invalid_grant"),
    }
}

async fn get_person(State(said): State<Arc<Said>>, headers: HeaderMap) -> Response {
    match (headers.get(header::AUTHORIZATION), said.told.lock().expect("claims").clone()) {
        (Some(sent), Some(told)) if sent == "Bearer access" => Json(told).into_response(),
        _ => StatusCode::UNAUTHORIZED.into_response(),
    }
}
