//! Bodies that a client compressed.

use flate2::read::MultiGzDecoder;
use std::io::Read;

/// Most bytes that a compressed body may grow to. A megabyte of gzip can hold a gigabyte of zeros.
pub const MAX_INFLATED_BYTES: u64 = 8 * 1024 * 1024;

/// The bytes behind `Content-Encoding: gzip`, or nothing if they are broken or too many.
pub fn gunzip(body: &[u8]) -> Option<Vec<u8>> {
    let mut inflated = Vec::new();
    let read = MultiGzDecoder::new(body).take(MAX_INFLATED_BYTES + 1).read_to_end(&mut inflated).ok()?;
    (read as u64 <= MAX_INFLATED_BYTES).then_some(inflated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn inflates_what_a_client_compressed() {
        assert_eq!(gunzip(&gzip(b"{\"event\":\"a\"}")).unwrap(), b"{\"event\":\"a\"}");
    }

    #[test]
    fn a_bomb_is_refused_at_the_bound_and_broken_bytes_at_once() {
        let bound = usize::try_from(MAX_INFLATED_BYTES).unwrap();
        assert_eq!(gunzip(&gzip(&vec![0; bound])).unwrap().len(), bound);
        assert!(gunzip(&gzip(&vec![0; bound + 1])).is_none());
        assert!(gunzip(b"not gzip").is_none());
    }
}
