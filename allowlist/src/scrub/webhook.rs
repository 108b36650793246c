//! Addresses of webhooks whose path is the credential: who knows it may post. What tells the workspace or the channel
//! stays, the rest of the path goes.
//!
//! - Slack: <https://api.slack.com/messaging/webhooks>
//! - Discord: <https://discord.com/developers/docs/resources/webhook>
//! - Microsoft Teams: <https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook>
//!
//! The work is linear in the text's length: after each host a bounded part of the path is read.

use super::character::characters;
use super::key::is_one_of;
use memchr::memmem::find_iter;

/// How a host ends, the first segments of the path, and how many of those that follow are no secret.
const HOOKS: [(&str, &[&str], usize); 7] = [
    ("hooks.slack.com", &["services"], 2),
    ("hooks.slack.com", &["workflows"], 3),
    ("hooks.slack.com", &["triggers"], 2),
    ("discord.com", &["api", "webhooks"], 1),
    ("discordapp.com", &["api", "webhooks"], 1),
    ("webhook.office.com", &["webhookb2"], 2),
    ("outlook.office.com", &["webhook"], 2),
];

/// Shortest secret, in bytes.
const MIN_SECRET: usize = 16;

/// How much of a path is read, in characters: Microsoft's has about 160, and encoded ones take no more.
const MAX_PATH: usize = 256;

/// The secret part of each webhook's address in `word`, which has no blanks.
pub fn paths(word: &str, push: &mut impl FnMut((usize, usize))) {
    // Every host or path has it.
    if find_iter(word.as_bytes(), b"hook").next().is_none() {
        return;
    }
    for (host, first, public) in HOOKS {
        for at in find_iter(word.as_bytes(), host.as_bytes()) {
            if let Some((start, end)) = secret(&word[at + host.len()..], first, public) {
                push((at + host.len() + start, at + host.len() + end));
            }
        }
    }
}

/// Where the secret stands in `path`.
fn secret(path: &str, first: &[&str], public: usize) -> Option<(usize, usize)> {
    let mut start = 0;
    let mut segments = 0;
    let mut end = 0;
    for (at, c, length) in characters(path).take(MAX_PATH) {
        let in_secret = segments > first.len() + public;
        if c == '/' && !in_secret {
            let is_first = (1..=first.len()).contains(&segments);
            if segments == 0 && at > 0
                || is_first && !is_one_of(&path[start..at], &first[segments - 1..segments])
            {
                return None;
            }
            segments += 1;
            start = at + length;
        } else if !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '@' | '/' | ':' | '%')) {
            break;
        }
        end = at + length;
    }
    (segments > first.len() + public && end >= start + MIN_SECRET).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use crate::scrub::scrub;

    const SECRET: &str = "q7VxZ2LmP9rKd4Wt6YbNc8Hs";

    fn left(text: &str) -> String {
        scrub(text, None).map_or_else(|| text.to_owned(), |scrubbed| scrubbed.text)
    }

    #[test]
    fn the_secret_part_of_a_webhooks_address_goes() {
        let id = "5f7c8ec7-c33c-4c00-9bba-fe82a1b2c3d4";
        let hex = "0123456789abcdef0123456789abcdef";
        let cases = [
            ("https://hooks.slack.com/services/T024BE7LD/B3F9A1C07/".to_owned(), SECRET.to_owned(), "/x?y=1"),
            (
                "https://hooks.slack.com/workflows/T024BE7LD/A3F9A1C07/351237/".to_owned(),
                SECRET.to_owned(),
                "",
            ),
            (
                "https://discord.com/api/webhooks/1096847384/".to_owned(),
                format!("{SECRET}-_{SECRET}"),
                "?wait=true",
            ),
            (
                format!("https://acme.webhook.office.com/webhookb2/{id}@{id}/IncomingWebhook/"),
                format!("{hex}/{id}"),
                "",
            ),
            (
                "?to=https%3A%2F%2Fhooks.slack.com%2Fservices%2FT024BE7LD%2FB3F9A1C07%2F".to_owned(),
                SECRET.to_owned(),
                "&x",
            ),
        ];
        for (before, secret, after) in cases {
            let text = format!("post to {before}{secret}{after}");
            assert!(!left(&text).contains(&secret[..8]), "{}", left(&text));
            assert!(left(&text).starts_with(&format!("post to {before}[url]")), "{}", left(&text));
        }
    }

    #[test]
    fn other_paths_of_the_hosts_stay() {
        for text in [
            "https://hooks.slack.com/services/T024BE7LD/B3F9A1C07",
            "https://discord.com/api/webhooks/1096847384",
            "https://discord.com/developers/docs/resources/webhook/execute-webhook",
            "https://example.com/api/webhooks/1096847384/q7VxZ2LmP9rKd4Wt6YbNc8Hs",
        ] {
            assert_eq!(left(text), text);
        }
    }
}
