//! Secrets that are handed out, and what is kept of them.

use rand::{TryRng, rngs::SysRng};

pub use rand::rngs::SysError as RandomnessError;

/// A new secret: 256 bits of the system's randomness, in characters that an address and a cookie may hold.
pub fn generate() -> Result<String, RandomnessError> {
    let mut secret = [0; 32];
    SysRng.try_fill_bytes(&mut secret)?;
    Ok(base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, secret))
}

/// What is stored of a secret. A plain hash is enough: it holds more randomness than anyone can try.
pub fn digest(secret: &str) -> [u8; 32] {
    *blake3::hash(secret.as_bytes()).as_bytes()
}
