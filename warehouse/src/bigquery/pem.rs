//! The private key inside a service account's key file: PKCS#8 as PEM (RFC 7468), of an RSA key (RFC 8017).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// What a PKCS#8 structure of an RSA key has after its outer header: version 0, the algorithm `rsaEncryption`
/// without parameters (1.2.840.113549.1.1.1), and the tag of the key itself.
const RSA_KEY: [u8; 19] = [
    0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05,
    0x00, 0x04,
];

/// The DER of the key, or what is wrong with its text.
pub fn rsa_key(pem: &str) -> Result<Vec<u8>, &'static str> {
    let Some(body) = pem.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)) else {
        return Err("is not in PEM: it must begin with `-----BEGIN PRIVATE KEY-----` and have its end");
    };
    let text: String = body.split_ascii_whitespace().collect();
    let der =
        STANDARD.decode(text).map_err(|_| "is damaged: between its first and last line is no Base64")?;
    let content = content(&der).ok_or("is damaged: it is shorter or longer than it says")?;
    if content.starts_with(&RSA_KEY) { Ok(der) } else { Err("is no RSA key in PKCS#8") }
}

/// What the outermost sequence holds, where it is all there and nothing else is. Its length has two bytes: an RSA key of
/// 512 bits has more than 255 already, and one of 16,384 has less than 65,536.
fn content(der: &[u8]) -> Option<&[u8]> {
    let [0x30, 0x82, high, low, content @ ..] = der else { return None };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    (content.len() == length).then_some(content)
}
