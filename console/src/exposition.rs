//! The texts that Prometheus reads: its [own format][text] and [OpenMetrics][open], which share most.
//!
//! Written here, since the registry's libraries write one of the two each and keep counters of their own; Console
//! only passes on what shards have counted.
//!
//! [text]: https://prometheus.io/docs/instrumenting/exposition_formats/
//! [open]: https://prometheus.io/docs/specs/om/open_metrics_spec/

use std::fmt::{self, Display, Write};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' own, version 0.0.4.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// The one that an `Accept` header likes better; [`Format::Text`] where it says nothing of either.
    pub fn accepted(accept: Option<&str>) -> Self {
        let accept = accept.unwrap_or_default();
        let open = quality(accept, &["application/openmetrics-text"]);
        let text = quality(accept, &["text/plain", "text/*"]);
        if open > 0 && open >= text { Self::OpenMetrics } else { Self::Text }
    }

    /// What the answer says it is.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// The highest `q` of these media types in versions that are written here, in thousandths; 0 where the header has none
/// of them.
fn quality(accept: &str, types: &[&str]) -> u32 {
    let qualities = accept.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let wanted = parts.next()?;
        types.iter().find(|name| name.eq_ignore_ascii_case(wanted))?;
        let mut quality = 1000;
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            match name.trim() {
                "q" => quality = thousandths(value.trim())?,
                "version" if !["0.0.4", "1.0.0"].contains(&value.trim()) => return None,
                _ => {}
            }
        }
        Some(quality)
    });
    qualities.max().unwrap_or(0)
}

/// `0.75` is 750.
fn thousandths(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{fraction:0<3}");
    Some(whole.parse::<u32>().ok()?.min(1) * 1000 + digits.get(..3)?.parse::<u32>().ok()?)
}

/// What a metric family is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Never steps back; its samples are named `…_total`.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Says something in its labels; its samples are named `…_info` and are 1.
    Info,
    /// Observations by upper bound.
    Histogram,
}

/// A text that is being written.
pub struct Exposition {
    format: Format,
    text: String,
}

impl Exposition {
    /// Nothing yet.
    pub fn new(format: Format) -> Self {
        Self { format, text: String::new() }
    }

    /// Begins a family. The name is without the suffix of its kind; it ends with the unit, where there is one.
    /// Families without a sample are left out.
    pub fn family(&mut self, kind: Kind, name: &'static str, help: &'static str) -> Family<'_> {
        Family { exposition: self, kind, name, help, begun: false }
    }

    /// The text.
    pub fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }
}

/// A family that is being written.
pub struct Family<'a> {
    exposition: &'a mut Exposition,
    kind: Kind,
    name: &'static str,
    help: &'static str,
    begun: bool,
}

impl Family<'_> {
    /// A sample of a counter, gauge or info.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        let suffix = match self.kind {
            Kind::Counter => "_total",
            Kind::Info => "_info",
            Kind::Gauge | Kind::Histogram => "",
        };
        self.line(suffix, labels, None, &value);
    }

    /// A histogram of times, from how many are up to each bound and above the one before, and at last above all.
    pub fn histogram(&mut self, labels: &[(&str, &str)], bounds_ms: &[i64], counts: &[i64], sum_ms: i64) {
        let mut up_to = 0;
        for (i, bound) in bounds_ms.iter().enumerate() {
            up_to += counts.get(i).copied().unwrap_or(0);
            self.line("_bucket", labels, Some(&Seconds(*bound).to_string()), &up_to);
        }
        let count: i64 = counts.iter().sum();
        self.line("_bucket", labels, Some("+Inf"), &count);
        self.line("_sum", labels, None, &Seconds(sum_ms));
        self.line("_count", labels, None, &count);
    }

    fn line(&mut self, suffix: &str, labels: &[(&str, &str)], bound: Option<&str>, value: &dyn Display) {
        if !self.begun {
            self.begun = true;
            self.describe();
        }
        let text = &mut self.exposition.text;
        text.push_str(self.name);
        text.push_str(suffix);
        let mut open = '{';
        for (name, value) in labels.iter().copied().chain(bound.map(|bound| ("le", bound))) {
            text.push(open);
            open = ',';
            text.push_str(name);
            text.push_str("=\"");
            escape(text, value);
            text.push('"');
        }
        if open == ',' {
            text.push('}');
        }
        // Writing to a String does not fail.
        let _ = writeln!(text, " {value}");
    }

    fn describe(&mut self) {
        let Self { kind, name, help, .. } = *self;
        let is_open = self.exposition.format == Format::OpenMetrics;
        // The older format names a family as its samples, and knows no info.
        let (suffix, kind) = match kind {
            Kind::Counter => ("_total", "counter"),
            Kind::Gauge => ("", "gauge"),
            Kind::Info => ("_info", if is_open { "info" } else { "gauge" }),
            Kind::Histogram => ("", "histogram"),
        };
        let suffix = if is_open { "" } else { suffix };
        let text = &mut self.exposition.text;
        let _ = writeln!(text, "# HELP {name}{suffix} {help}\n# TYPE {name}{suffix} {kind}");
        let unit = ["bytes", "seconds"].into_iter().find(|unit| name.ends_with(unit));
        if let Some(unit) = unit.filter(|_| is_open) {
            let _ = writeln!(text, "# UNIT {name} {unit}");
        }
    }
}

/// A time in ms, written in seconds, the base unit in Prometheus; always with a point, as OpenMetrics has bounds of
/// buckets.
pub struct Seconds(pub i64);

// Not by way of f64: with it, and with `q` as one, the WASM is 19 kB larger.
impl Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, ms) = (self.0 / 1000, self.0 % 1000);
        match ms % 100 {
            0 => write!(f, "{seconds}.{}", ms / 100),
            _ => write!(f, "{seconds}.{ms:03}"),
        }
    }
}

fn escape(text: &mut String, value: &str) {
    for char in value.chars() {
        match char {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            // Prometheus' parser takes NUL for the end of the text.
            char if char.is_control() => text.push(char::REPLACEMENT_CHARACTER),
            char => text.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(write: impl Fn(&mut Exposition)) -> [String; 2] {
        [Format::Text, Format::OpenMetrics].map(|format| {
            let mut exposition = Exposition::new(format);
            write(&mut exposition);
            exposition.finish()
        })
    }

    #[test]
    fn a_counter_is_named_as_each_format_has_it() {
        let [text, open] = both(|out| {
            out.family(Kind::Counter, "sent_bytes", "What was sent.").sample(&[("to", "a"), ("by", "b")], 7);
        });
        let sample = "sent_bytes_total{to=\"a\",by=\"b\"} 7\n";
        assert_eq!(
            text,
            format!("# HELP sent_bytes_total What was sent.\n# TYPE sent_bytes_total counter\n{sample}")
        );
        let described =
            "# HELP sent_bytes What was sent.\n# TYPE sent_bytes counter\n# UNIT sent_bytes bytes\n";
        assert_eq!(open, format!("{described}{sample}# EOF\n"));
    }

    #[test]
    fn an_info_is_a_gauge_to_the_older_format() {
        let [text, open] =
            both(|out| out.family(Kind::Info, "policy", "It.").sample(&[("version", "1-a")], 1));
        assert_eq!(
            text,
            "# HELP policy_info It.\n# TYPE policy_info gauge\npolicy_info{version=\"1-a\"} 1\n"
        );
        assert_eq!(open, "# HELP policy It.\n# TYPE policy info\npolicy_info{version=\"1-a\"} 1\n# EOF\n");
    }

    #[test]
    fn buckets_hold_all_up_to_their_bound_and_the_last_one_all() {
        let [text, _] = both(|out| {
            let mut family = out.family(Kind::Histogram, "wait_seconds", "It.");
            family.histogram(&[("of", "a")], &[500, 1000], &[1, 2, 4], 12_345);
        });
        let samples: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let expected = [
            "wait_seconds_bucket{of=\"a\",le=\"0.5\"} 1",
            "wait_seconds_bucket{of=\"a\",le=\"1.0\"} 3",
            "wait_seconds_bucket{of=\"a\",le=\"+Inf\"} 7",
            "wait_seconds_sum{of=\"a\"} 12.345",
            "wait_seconds_count{of=\"a\"} 7",
        ];
        assert_eq!(samples, expected);
    }

    #[test]
    fn a_histogram_without_observations_or_of_another_release_is_consistent() {
        for (counts, total) in [(&[][..], 0), (&[1], 1), (&[1, 2, 3, 4], 10)] {
            let [text, _] = both(|out| {
                out.family(Kind::Histogram, "wait_seconds", "It.").histogram(&[], &[500], counts, 0);
            });
            assert!(text.contains(&format!("le=\"+Inf\"}} {total}\n")), "{text}");
            assert!(text.contains(&format!("wait_seconds_count {total}\n")), "{text}");
        }
    }

    #[test]
    fn no_label_breaks_out_of_its_line() {
        let [text, _] = both(|out| {
            out.family(Kind::Gauge, "up", "It.").sample(&[("event", "a\"} 1\nup{b=\"\\\r\0")], 0);
        });
        assert_eq!(text.lines().last(), Some("up{event=\"a\\\"} 1\\nup{b=\\\"\\\\\u{fffd}\u{fffd}\"} 0"));
    }

    #[test]
    fn a_family_without_samples_is_left_out() {
        let [text, open] = both(|out| {
            out.family(Kind::Gauge, "up", "It.");
        });
        assert_eq!((text.as_str(), open.as_str()), ("", "# EOF\n"));
    }

    #[test]
    fn the_format_is_the_one_that_is_liked_better() {
        let open = [
            "application/openmetrics-text",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            // Prometheus 2.42, and 3.
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        ];
        for accept in open {
            assert_eq!(Format::accepted(Some(accept)), Format::OpenMetrics, "{accept}");
        }
        let text = [
            "",
            "*/*",
            "text/html, */*;q=0.8",
            "text/plain;version=0.0.4",
            "text/plain, application/openmetrics-text;q=0.5",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;version=2.0.0",
            "application/openmetrics-text;q=much",
            "application/openmetrics-text;q=1.é",
        ];
        for accept in text {
            assert_eq!(Format::accepted(Some(accept)), Format::Text, "{accept}");
        }
        assert_eq!(Format::accepted(None), Format::Text);
    }
}
