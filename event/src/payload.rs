//! A request body as it was received, in a form that any SQL database can keep.

use crate::context::{Context, Encoding};
use crate::time::Millis;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// One request body: a row of `raw`, and what Trace is asked to open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payload {
    /// The client's idempotency key, or a UUIDv7.
    pub id: String,
    /// When the last byte had arrived.
    pub received_at: Millis,
    /// The body: verbatim where it is UTF-8 without NUL, else base64 (`context.encoding` says which).
    pub data: String,
    /// What the request said besides its body.
    pub context: Context,
}

/// `data` claims to be base64 and is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the payload is marked as base64 but cannot be decoded; its row was changed after it was written")]
pub struct NotBase64;

impl Payload {
    /// Wraps a body without looking into it.
    ///
    /// SQL text cannot hold NUL everywhere and is never anything but UTF-8; such bodies become base64,
    /// from which [`Payload::body`] restores every byte.
    pub fn new(id: String, received_at: Millis, body: Vec<u8>, mut context: Context) -> Self {
        let text = match String::from_utf8(body) {
            Ok(text) if !text.contains('\0') => Ok(text),
            Ok(text) => Err(text.into_bytes()),
            Err(error) => Err(error.into_bytes()),
        };
        let data = match text {
            Ok(text) => {
                context.encoding = None;
                text
            }
            Err(bytes) => {
                context.encoding = Some(Encoding::Base64);
                BASE64_STANDARD.encode(bytes)
            }
        };
        Self { id, received_at, data, context }
    }

    /// The body, byte for byte as it was received.
    ///
    /// # Errors
    /// [`NotBase64`] where `data` was altered after [`Payload::new`] made it.
    pub fn body(&self) -> Result<Cow<'_, [u8]>, NotBase64> {
        match self.context.encoding {
            None => Ok(Cow::Borrowed(self.data.as_bytes())),
            Some(Encoding::Base64) => match BASE64_STANDARD.decode(&self.data) {
                Ok(bytes) => Ok(Cow::Owned(bytes)),
                Err(_) => Err(NotBase64),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn payload(body: &[u8]) -> Payload {
        Payload::new("p".into(), Millis(0), body.to_vec(), Context::default())
    }

    #[test]
    fn text_is_kept_as_it_is_even_with_a_byte_order_mark() {
        for text in ["", "{\"event\": \"é\"}\n", "\u{feff}{}", "not json"] {
            assert_eq!(payload(text.as_bytes()).data, text);
        }
    }

    #[test]
    fn nul_and_broken_utf8_become_base64() {
        for body in [&b"a\0b"[..], b"\xff\xfe", b"\xed\xa0\x80"] {
            let payload = payload(body);
            assert_eq!(payload.context.encoding, Some(Encoding::Base64));
            assert_eq!(payload.body().unwrap(), body);
        }
    }

    #[test]
    fn an_encoding_claimed_by_the_caller_is_not_believed() {
        let context = Context { encoding: Some(Encoding::Base64), ..Context::default() };
        let payload = Payload::new("p".into(), Millis(0), b"plain".to_vec(), context);
        assert_eq!(payload.body().unwrap(), &b"plain"[..]);
    }

    proptest! {
        #[test]
        fn any_body_is_restored_byte_for_byte(body: Vec<u8>) {
            prop_assert_eq!(payload(&body).body().unwrap().into_owned(), body);
        }
    }
}
