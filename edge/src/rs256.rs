//! RS256: RSASSA-PKCS1-v1_5 with SHA-256 (<https://www.rfc-editor.org/rfc/rfc7518#section-3.3>), by the runtime's
//! own WebCrypto (<https://developers.cloudflare.com/workers/runtime-apis/web-crypto/>).

use js_sys::{Array, ArrayBuffer, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CryptoKey, SubtleCrypto, WorkerGlobalScope};
use worker::wasm_bindgen_futures::JsFuture;

const ALGORITHM: &str = "RSASSA-PKCS1-v1_5";

/// A private key that signs, and does not leave the runtime.
#[derive(Debug)]
pub struct SigningKey(CryptoKey);

/// The runtime takes no such key. Its words are not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the private key is damaged: make a new one")]
pub struct KeyUnusable;

impl SigningKey {
    /// Takes a key as PKCS#8, DER.
    ///
    /// # Errors
    /// [`KeyUnusable`]
    pub async fn import(der: &[u8]) -> Result<Self, KeyUnusable> {
        let import = async {
            let algorithm = Object::new();
            Reflect::set(&algorithm, &"name".into(), &ALGORITHM.into())?;
            Reflect::set(&algorithm, &"hash".into(), &"SHA-256".into())?;
            let der = Uint8Array::from(der);
            let usages = Array::of1(&"sign".into());
            let key = subtle()?.import_key_with_object("pkcs8", &der, &algorithm, false, &usages)?;
            JsFuture::from(key).await?.dyn_into()
        };
        import.await.map(Self).map_err(|_: JsValue| KeyUnusable)
    }

    /// The signature of `input`.
    ///
    /// # Errors
    /// [`KeyUnusable`]
    pub async fn sign(&self, input: &[u8]) -> Result<Vec<u8>, KeyUnusable> {
        let sign = async {
            let signature = subtle()?.sign_with_str_and_u8_array(ALGORITHM, &self.0, input)?;
            let signature: ArrayBuffer = JsFuture::from(signature).await?.dyn_into()?;
            Ok(Uint8Array::new(&signature).to_vec())
        };
        sign.await.map_err(|_: JsValue| KeyUnusable)
    }
}

fn subtle() -> Result<SubtleCrypto, JsValue> {
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    Ok(scope.crypto()?.subtle())
}
