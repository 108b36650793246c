//! The bearer token (RFC 6750) that every operator's request carries.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Shortest token that is taken, in characters: 32 of base64 hold 192 bits, which nobody guesses.
pub const MIN_TOKEN_LENGTH: usize = 32;

/// What the configured token hashes to.
///
/// Digests are compared, not tokens: they have one length, so that the time it takes says nothing of either.
pub struct Token([u8; 32]);

impl Token {
    /// None where the token is too short to protect anything.
    pub fn new(token: &str) -> Option<Self> {
        (token.chars().count() >= MIN_TOKEN_LENGTH).then(|| Self(Sha256::digest(token).into()))
    }

    /// Whether the `Authorization` header carries the token.
    pub fn admits(&self, authorization: Option<&str>) -> bool {
        let Some((scheme, token)) = authorization.and_then(|value| value.split_once(' ')) else {
            return false;
        };
        let digest: [u8; 32] = Sha256::digest(token.trim()).into();
        scheme.eq_ignore_ascii_case("bearer") & bool::from(digest.ct_eq(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn the_token_alone_admits() {
        let token = Token::new(TOKEN).unwrap();
        for header in [format!("Bearer {TOKEN}"), format!("bearer  {TOKEN} ")] {
            assert!(token.admits(Some(&header)), "{header}");
        }
        let refused = [
            String::new(),
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            TOKEN.to_owned(),
            format!("Basic {TOKEN}"),
            format!("Bearer {}", &TOKEN[1..]),
            format!("Bearer {TOKEN}0"),
            format!("Bearer {}", TOKEN.to_uppercase()),
        ];
        for header in &refused {
            assert!(!token.admits(Some(header)), "{header}");
        }
        assert!(!token.admits(None));
    }

    #[test]
    fn a_token_that_could_be_guessed_is_none() {
        assert!(Token::new("").is_none());
        assert!(Token::new(&TOKEN[1..]).is_none());
    }
}
