//! Keyed hashes of values that may leave only so.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Shortest secret, in bytes: as long as the hash (RFC 2104, section 3).
const MIN_SECRET: usize = 32;

/// The secret key of hashes, HMAC-SHA-256.
#[derive(Clone)]
pub struct HashKey(Hmac<Sha256>);

/// The secret cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be at least {MIN_SECRET} visible ASCII characters without spaces, as `openssl rand -hex 32` makes them"
)]
pub struct BadSecret;

impl HashKey {
    /// A key from a secret text.
    ///
    /// # Errors
    /// [`BadSecret`] where it is too short to keep a guess from succeeding, or was pasted with a space or a line break.
    pub fn new(secret: &str) -> Result<Self, BadSecret> {
        let is_usable = secret.len() >= MIN_SECRET && secret.bytes().all(|byte| byte.is_ascii_graphic());
        let key = Hmac::new_from_slice(secret.as_bytes()).map_err(|_| BadSecret)?;
        if is_usable { Ok(Self(key)) } else { Err(BadSecret) }
    }

    /// The hash of a text in lower-case hex.
    pub fn hash(&self, text: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(text.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }
}

/// Without the key.
impl std::fmt::Debug for HashKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by `printf %s ada@example.com | openssl dgst -sha256 -hmac KEY`.
    #[test]
    fn a_hash_is_what_others_make_of_the_same_secret() {
        let key = HashKey::new("0123456789abcdef0123456789abcdef").unwrap();
        assert_eq!(
            key.hash("ada@example.com"),
            "e3e30b4d50224a4ba14084607085d072402144212a122eb4501daddd6bbe0ee3"
        );
        assert!(!format!("{key:?}").contains("0123"));
    }

    #[test]
    fn a_secret_is_long_and_without_spaces() {
        for secret in ["", "short", &"x".repeat(31), &format!("{}\n", "x".repeat(40)), &"é".repeat(40)] {
            assert_eq!(HashKey::new(secret).err(), Some(BadSecret), "{secret:?}");
        }
        assert!(HashKey::new(&"x".repeat(32)).is_ok());
    }
}
