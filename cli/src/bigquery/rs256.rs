//! RS256: RSASSA-PKCS1-v1_5 with SHA-256 (<https://www.rfc-editor.org/rfc/rfc7518#section-3.3>).

use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::rand_core::OsRng;
use rsa::sha2::Sha256;
use rsa::signature::{RandomizedSigner, SignatureEncoding};

/// A private key that signs.
pub struct Rs256(SigningKey<Sha256>);

/// The numbers of the key do not make one, or it is too short to sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the service account's private key is damaged: make a new one")]
pub struct KeyUnusable;

impl Rs256 {
    /// Takes a key as PKCS#8, DER.
    ///
    /// # Errors
    /// [`KeyUnusable`]
    pub fn new(der: &[u8]) -> Result<Self, KeyUnusable> {
        SigningKey::from_pkcs8_der(der).map(Self).map_err(|_| KeyUnusable)
    }

    /// The signature, which depends on nothing but key and input. Random numbers blind the key meanwhile, so that the time
    /// it takes says nothing of it.
    ///
    /// # Errors
    /// [`KeyUnusable`]
    pub fn sign(&self, input: &[u8]) -> Result<Vec<u8>, KeyUnusable> {
        let signature = self.0.try_sign_with_rng(&mut OsRng, input).map_err(|_| KeyUnusable)?;
        Ok(signature.to_vec())
    }
}
