//! Bodies of bounded size.

use futures_util::{Stream, StreamExt};
use js_sys::Uint8Array;
use worker::ByteStream;
use worker::wasm_bindgen_futures::JsFuture;

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is longer than the bound. The rest has been read and dropped.
    #[error("the body is longer than {0} bytes; send less at once")]
    TooLong(usize),
    /// The connection broke before the body's end.
    #[error("the body ended early: {0}")]
    Broken(#[from] worker::Error),
}

/// How much of a body that is too long is read and dropped. A client that is answered before it has sent
/// everything sees a broken connection in place of the answer; past this, it may.
const MAX_DRAINED: usize = 32 * 1024 * 1024;

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// [`BodyError`]
pub async fn read<S>(mut stream: S, limit: usize) -> Result<Vec<u8>, BodyError>
where
    S: Stream<Item = worker::Result<Vec<u8>>> + Unpin,
{
    let mut body = Vec::new();
    let mut seen = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        seen += chunk.len();
        if seen <= limit {
            body.extend_from_slice(&chunk);
        } else if seen > MAX_DRAINED {
            break;
        }
    }
    if seen > limit { Err(BodyError::TooLong(limit)) } else { Ok(body) }
}

/// The body of an answer, of at most `limit` bytes: in one piece where its length is known, since each piece costs.
///
/// # Errors
/// [`BodyError`]
pub async fn of(response: &web_sys::Response, limit: usize) -> Result<Vec<u8>, BodyError> {
    let headers = response.headers();
    let length = headers.get("content-length").map_err(worker::Error::from)?;
    // Else it is the length before it was unpacked.
    let is_plain = !headers.has("content-encoding").map_err(worker::Error::from)?;
    match length.and_then(|length| length.parse::<usize>().ok()) {
        Some(length) if is_plain && length <= limit => {
            let whole = response.array_buffer().map_err(worker::Error::from)?;
            let whole = JsFuture::from(whole).await.map_err(worker::Error::from)?;
            Ok(Uint8Array::new(&whole).to_vec())
        }
        _ => match response.body() {
            Some(stream) => read(ByteStream::from(stream), limit).await,
            None => Ok(Vec::new()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt, stream};

    fn read_now(chunks: Vec<worker::Result<Vec<u8>>>, limit: usize) -> Result<Vec<u8>, BodyError> {
        read(stream::iter(chunks), limit).now_or_never().unwrap()
    }

    #[test]
    fn a_body_is_read_up_to_its_bound_and_not_one_byte_past_it() {
        let chunks = || vec![Ok(vec![1, 2]), Ok(vec![3])];
        assert_eq!(read_now(chunks(), 3).unwrap(), [1, 2, 3]);
        assert!(matches!(read_now(chunks(), 2), Err(BodyError::TooLong(2))));
    }

    #[test]
    fn a_body_that_breaks_off_is_not_taken_for_a_short_one() {
        let broken = vec![Ok(vec![1]), Err(worker::Error::RustError("lost".into()))];
        assert!(matches!(read_now(broken, 10), Err(BodyError::Broken(_))));
    }
}
