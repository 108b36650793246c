//! Why Trace gave no answer of use, told apart: a panic, an exception, a limit of the platform.
//!
//! The runtime tells of limits in words alone. They stand in
//! <https://developers.cloudflare.com/workers/observability/errors/>,
//! <https://developers.cloudflare.com/workers/platform/limits/> and
//! <https://developers.cloudflare.com/durable-objects/observability/troubleshooting/>.

/// Words of the platform, in lower case, and the reason that they mean. The first that occurs counts.
const WORDS: [(&str, &str); 10] = [
    ("cpu time limit", "trace_exceeded_cpu"),
    ("exceeded cpu", "trace_exceeded_cpu"),
    ("memory limit", "trace_exceeded_memory"),
    ("resource limits", "trace_exceeded_resources"),
    ("too many subrequests", "trace_too_many_subrequests"),
    ("subrequest depth", "trace_loop"),
    ("never generate a response", "trace_hung"),
    ("code had hung", "trace_hung"),
    ("network connection lost", "trace_connection_lost"),
    ("daily request limit", "trace_daily_limit"),
];

/// Codes of the pages that Cloudflare answers in a Worker's place.
const CODES: [(&str, &str); 4] = [
    ("1101", "trace_exception"),
    ("1102", "trace_exceeded_resources"),
    ("1019", "trace_loop"),
    ("1027", "trace_daily_limit"),
];

/// The reason of a call that threw, by what it threw.
pub fn thrown(words: &str) -> &'static str {
    by_words(words).unwrap_or("trace_exception")
}

/// The reason of an answer other than 200.
pub fn answered(status: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(MAX_PAGE)]);
    by_code(&text).or_else(|| by_words(&text)).map_or_else(|| format!("trace_{status}"), ToOwned::to_owned)
}

/// Bytes of an answer that are looked through.
const MAX_PAGE: usize = 16 * 1024;

fn by_words(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    WORDS.iter().find(|(words, _)| text.contains(words)).map(|(_, reason)| *reason)
}

/// `error code: 1102`, and in pages `Error 1102`.
fn by_code(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    let has = |code: &str| {
        ["error code: ", "error "].iter().any(|before| text.contains(&format!("{before}{code}")))
    };
    CODES.iter().find(|(code, _)| has(code)).map(|(_, reason)| *reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the platform documents them, and as its users have seen them.
    #[test]
    fn limits_are_told_from_exceptions_and_from_each_other() {
        let cases = [
            ("Error: Worker exceeded CPU time limit.", "trace_exceeded_cpu"),
            ("Durable Object exceeded its CPU time limit and was reset.", "trace_exceeded_cpu"),
            ("Error: Worker exceeded memory limit.", "trace_exceeded_memory"),
            ("Durable Object's isolate exceeded its memory limit and was reset.", "trace_exceeded_memory"),
            ("Error: Worker exceeded resource limits", "trace_exceeded_resources"),
            ("Error: Too many subrequests.", "trace_too_many_subrequests"),
            ("Error: Too many subrequests by single Worker invocation.", "trace_too_many_subrequests"),
            ("Error: Subrequest depth limit exceeded.", "trace_loop"),
            ("The script will never generate a response.", "trace_hung"),
            (
                "The Workers runtime canceled this request because it detected that your Worker's code had hung \
                 and would never generate a response.",
                "trace_hung",
            ),
            ("Error: Network connection lost.", "trace_connection_lost"),
            ("TypeError: x is not a function", "trace_exception"),
            ("", "trace_exception"),
        ];
        for (words, reason) in cases {
            assert_eq!(thrown(words), reason, "{words}");
        }
    }

    #[test]
    fn pages_that_the_platform_answers_are_told_from_our_own() {
        let reason = |body: &str| answered(503, body.as_bytes());
        assert_eq!(reason("error code: 1101"), "trace_exception");
        assert_eq!(reason("error code: 1102"), "trace_exceeded_resources");
        assert_eq!(reason("<h1>Error 1102</h1> Worker exceeded resource limits"), "trace_exceeded_resources");
        assert_eq!(reason("error code: 1027"), "trace_daily_limit");
        assert_eq!(reason("which policy counts is not known; the log says why"), "trace_503");
        assert_eq!(answered(500, &[0xff, 0xfe]), "trace_500");
    }
}
