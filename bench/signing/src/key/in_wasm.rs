//! `jsonwebtoken` with RustCrypto's `rsa`, compiled to WebAssembly.

use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use warehouse::bigquery::Unsigned;
use worker::Result;

/// Where in PKCS#8 the key itself begins (PKCS#1): after a header of 4 bytes, version and algorithm in 18, and a header
/// of 4 again. [`ServiceAccount`](warehouse::bigquery::ServiceAccount) takes no key whose first part differs.
const PKCS1: usize = 26;

/// The DER of a key: `jsonwebtoken` 11 reads it again for each signature.
pub struct Key(EncodingKey);

impl Key {
    pub fn import(der: &[u8]) -> Result<Self> {
        let key = der.get(PKCS1..).ok_or("the key is too short")?;
        Ok(Self(EncodingKey::from_rsa_der(key)))
    }

    /// By the last step of the crate's `encode`, which would make the text of the claims in its own way.
    pub fn token(&self, claims: &Unsigned) -> Result<String> {
        let signature =
            crypto::sign(claims.input(), &self.0, Algorithm::RS256).map_err(|error| error.to_string())?;
        Ok(format!("{}.{signature}", String::from_utf8_lossy(claims.input())))
    }
}
