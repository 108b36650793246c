//! The settings of trackers: from a file such as `trace/.dev.vars`, or such that every tracker is on.

use trackers::settings::Settings;

/// What stands for settings that nobody gave, in the form that each has.
const PLACEHOLDERS: [(&str, &str); 7] = [
    ("GA4_MEASUREMENT_ID", "G-PLACEHOLDER"),
    ("GA4_API_SECRET", "sparrow-explain-ga4"),
    ("AMPLITUDE_API_KEY", "sparrow-explain-amplitude"),
    ("HEAP_APP_ID", "0000000000"),
    ("WEBHOOK_URL", "https://webhook.example/"),
    ("WEBHOOK_SECRET", "whsec_c3BhcnJvdyBhbGxvd2xpc3QgZXhwbGFpbiB3ZWJob29r"),
    ("POLICY_HASH_KEY", "a-placeholder-for-POLICY_HASH_KEY"),
];

/// Settings with which every tracker is on, and values are hashed.
pub fn placeholders() -> Settings {
    PLACEHOLDERS.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// A line that is none of a settings file. What it holds may be a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {0} is no setting; write it as NAME = \"value\", on one line")]
pub struct NoSetting(usize);

/// Reads a file of the form that Wrangler reads: `NAME=value` or `NAME="value"` and comments.
///
/// # Errors
/// [`NoSetting`], of the first line that is none.
pub fn parse(text: &str) -> Result<Settings, NoSetting> {
    let mut settings = Settings::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let setting = line.split_once('=').and_then(|(name, value)| Some((name.trim(), read(value.trim())?)));
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let Some((name, value)) = setting.filter(|(name, _)| is_name(name)) else {
            return Err(NoSetting(number));
        };
        settings.insert(name.to_owned(), value);
    }
    Ok(settings)
}

/// A value, without its quotes and the comment behind it. A quote behind a backslash ends no value, and both are part of
/// it: <https://github.com/motdotla/dotenv/blob/v16.3.1/lib/main.js>, which Wrangler has.
fn read(text: &str) -> Option<String> {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) else {
        return Some(text.split('#').next().unwrap_or(text).trim_end().to_owned());
    };
    let text = &text[1..];
    let is_end = |&(at, _): &(usize, &str)| !text[..at].ends_with('\\');
    let (end, _) = text.match_indices(quote).find(is_end)?;
    let (value, rest) = (&text[..end], text[end + 1..].trim_start());
    if !rest.is_empty() && !rest.starts_with('#') {
        return None;
    }
    Some(if quote == '"' { value.replace("\\n", "\n").replace("\\r", "\r") } else { value.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vendor that is added needs placeholders, too.
    #[test]
    fn every_tracker_is_on_with_placeholders() {
        let trackers = trackers::configure(&placeholders()).unwrap();
        assert!(trackers.iter().map(|tracker| tracker.name()).eq(trackers::NAMES));
    }

    #[test]
    fn a_file_is_read_as_wrangler_reads_it() {
        let text = "\
# a comment
A = \"x # y\" # z
B=x # y
export C='a\"b'
D=
E=\"a\\nb\"

F = `a=b`
G = \"a\\\"b \\\" c\" # \"z\"
H = 'a\\'b'
A = second";
        let expected = [
            ("A", "second"),
            ("B", "x"),
            ("C", "a\"b"),
            ("D", ""),
            ("E", "a\nb"),
            ("F", "a=b"),
            ("G", "a\\\"b \\\" c"),
            ("H", "a\\'b"),
        ];
        let settings = parse(text).unwrap();
        let read: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(read, expected);
    }

    #[test]
    fn a_line_that_is_no_setting_is_told_by_its_number_alone() {
        for line in
            ["s3cret", "A = \"s3cret", "A = \"s3cret\\\"", "A = 's3cret' s3cret", "= s3cret", "A B = s3cret"]
        {
            let error = parse(&format!("A = 1\n{line}")).unwrap_err();
            assert_eq!(error, NoSetting(2), "{line}");
            assert!(!error.to_string().contains("s3cret"));
        }
    }
}
