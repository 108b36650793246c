//! The ways to sign.

#[cfg(feature = "jsonwebtoken")]
mod in_wasm;

use warehouse::bigquery::Unsigned;
use worker::Result;

/// A private key, ready to sign.
pub enum Key {
    /// Leaves the signature empty.
    Nothing,
    /// The runtime signs, as in Dispatcher.
    #[cfg(feature = "subtle")]
    Subtle(edge::rs256::SigningKey),
    /// `jsonwebtoken` signs, in WebAssembly.
    #[cfg(feature = "jsonwebtoken")]
    Jsonwebtoken(in_wasm::Key),
}

impl Key {
    /// Takes a key as PKCS#8, DER.
    #[cfg_attr(not(any(feature = "jsonwebtoken", feature = "subtle")), expect(unused_variables))]
    pub async fn import(with: &str, der: &[u8]) -> Result<Self> {
        match with {
            "nothing" => Ok(Self::Nothing),
            #[cfg(feature = "subtle")]
            "subtle" => {
                let key = edge::rs256::SigningKey::import(der).await;
                key.map(Self::Subtle).map_err(|error| error.to_string().into())
            }
            #[cfg(feature = "jsonwebtoken")]
            "jsonwebtoken" => in_wasm::Key::import(der).map(Self::Jsonwebtoken),
            _ => Err(format!("this build cannot sign with {with}").into()),
        }
    }

    /// The claims with their signature.
    pub async fn token(&self, claims: Unsigned) -> Result<String> {
        match self {
            Self::Nothing => Ok(claims.signed(&[])),
            #[cfg(feature = "subtle")]
            Self::Subtle(key) => {
                let signature = key.sign(claims.input()).await.map_err(|error| error.to_string())?;
                Ok(claims.signed(&signature))
            }
            #[cfg(feature = "jsonwebtoken")]
            Self::Jsonwebtoken(key) => key.token(&claims),
        }
    }
}
