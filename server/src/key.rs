//! API keys: made here, checked here, stored by their hash only.

use rand::{TryRng, rngs::SysRng};

/// What every key begins with, so that a key found somewhere can be told from other secrets.
const PREFIX: &str = "um_";

/// A new key: 256 bits of the system's randomness.
pub fn generate() -> Result<String, rand::rngs::SysError> {
    let mut secret = [0; 32];
    SysRng.try_fill_bytes(&mut secret)?;
    Ok(format!("{PREFIX}{}", base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, secret)))
}

/// What is stored of a key. A plain hash is enough: a key holds more randomness than anyone can try.
pub fn digest(key: &str) -> [u8; 32] {
    *blake3::hash(key.as_bytes()).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_made_twice() {
        let (one, other) = (generate().unwrap(), generate().unwrap());
        assert!(one.starts_with(PREFIX) && one.len() == 46);
        assert_ne!(digest(&one), digest(&other));
    }
}
