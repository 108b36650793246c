//! JSON Web Tokens: three parts of base64url with points between (RFC 7515), or five where they are encrypted
//! (RFC 7516). The first begins with `eyJ`, which is `{"`. Two parts that both do are one without its signature.

use super::run::runs;
use super::{Find, Kind};

/// `{"` in Base64.
const START: &str = "eyJ";

/// Shortest header, in characters: `{"alg":"…"}` has more.
const MIN_HEADER: usize = 12;

const MAX_PARTS: usize = 5;

pub fn find(text: &str, finds: &mut Vec<Find>) {
    for run in runs(text) {
        let mut at = run.start;
        while at < run.end {
            let part = first_part(&text[at..run.end]);
            let Some((start, length)) = header(part).and_then(|start| {
                token_length(&text[at + start..run.end]).map(|length| (at + start, length))
            }) else {
                at += part.len() + 1;
                continue;
            };
            finds.push(Find { span: start..start + length, kind: Kind::Jwt });
            at = start + length;
        }
    }
}

fn first_part(text: &str) -> &str {
    text.split('.').next().unwrap_or(text)
}

/// Where in a part a header starts that reaches its end.
fn header(part: &str) -> Option<usize> {
    let (start, _) = part
        .match_indices(START)
        .find(|&(at, _)| !part[..at].ends_with(|c: char| c.is_ascii_alphanumeric()))?;
    (part.len() - start >= MIN_HEADER).then_some(start)
}

/// Length of the token at the start of `text`, which begins with a header.
fn token_length(text: &str) -> Option<usize> {
    let mut parts = text.split('.');
    let header = parts.next()?;
    let claims = parts.next()?;
    let mut length = header.len() + 1 + claims.len();
    let mut count = 2;
    for part in parts.take(MAX_PARTS - 2) {
        // A point at the end may be that of a sentence.
        if part.is_empty() && length + 1 == text.len() {
            break;
        }
        length += 1 + part.len();
        count += 1;
    }
    (claims.starts_with(START) || count > 2).then_some(length)
}

#[cfg(test)]
mod tests {
    use crate::scrub::scrub;

    /// `{"alg":"HS256"}` and `{"sub":"1"}`, in parts, so that scanners of code hosts find nothing.
    const HEADER: &str = concat!("eyJ", "hbGciOiJIUzI1NiJ9");
    const CLAIMS: &str = concat!("eyJ", "zdWIiOiIxIn0");
    const SIGNATURE: &str = "c2lnbmF0dXJlLW9mLXRoZS10b2tlbg";

    fn left(text: &str) -> String {
        scrub(text, None).map_or_else(|| text.to_owned(), |scrubbed| scrubbed.text)
    }

    #[test]
    fn a_token_is_found_signed_unsigned_and_encrypted() {
        let tokens = [
            format!("{HEADER}.{CLAIMS}.{SIGNATURE}"),
            format!("{HEADER}.{CLAIMS}."),
            format!("{HEADER}.{CLAIMS}"),
            format!("{HEADER}..{SIGNATURE}.{SIGNATURE}.{SIGNATURE}"),
        ];
        for token in tokens {
            for (before, after) in
                [("", ""), ("jwt=", "&x"), ("\"", "\""), ("%3D", "%26"), (r"\n", r"\n"), ("は", "です")]
            {
                let text = format!("{before}{token}{after}");
                let left = left(&text);
                assert!(
                    left.contains("[jwt]") && !left.contains(SIGNATURE) && !left.contains(CLAIMS),
                    "{text} {left}"
                );
            }
        }
    }

    #[test]
    fn a_header_alone_is_none() {
        for text in [
            HEADER.to_owned(),
            format!("{HEADER}.js"),
            format!("x{HEADER}.{CLAIMS}.{SIGNATURE}"),
            "eyJ.eyJ.x-and-more-to-be-long".to_owned(),
        ] {
            assert_eq!(left(&text), text);
        }
    }
}
