//! The page and the browser of an event, each field in the form in which it may leave.

use crate::allowed::Page;
use crate::changes::Changes;
use crate::parse::Raw;
use crate::policy::{ContextRule, ContextRules};
use crate::reduce;
use crate::scrub::scrub_to;
use event::{Context, IpPolicy, Rule};

/// Longest page title, in characters: GA4 takes 300.
const MAX_TITLE: usize = 300;

/// Longest user agent, in characters.
const MAX_USER_AGENT: usize = 512;

/// What some tracker may have of what the client says of its page, and of what the request says of the browser.
///
/// A request without `Origin` comes from a server, whose address and user agent are nobody's: they would put
/// every user into a data centre.
pub fn page(client: &Raw, server: &Context, rules: &ContextRules, changes: &mut Changes) -> Page {
    let leaves = |is_let_out: fn(&ContextRule) -> bool| rules.all().any(is_let_out);
    let browser = server.origin.as_ref().map(|_| server);
    let url = |text: &str| {
        reduce::url(text, |name| rules.all().any(|rule| rule.url && rule.allows_parameter(name)))
    };
    let mut fields = Fields { client, changes };
    Page {
        url: fields.reduced("url", leaves(|rule| rule.url), url),
        referrer: fields.reduced("referrer", leaves(|rule| rule.referrer), reduce::referrer),
        title: fields.title(leaves(|rule| rule.title)),
        locale: fields.reduced("locale", leaves(|rule| rule.locale), reduce::locale),
        screen: fields.reduced("screen", leaves(|rule| rule.screen), reduce::screen),
        ip: browser.and_then(|browser| widest_ip(rules).apply(browser.ip.as_deref()?)),
        country: browser.filter(|_| leaves(|rule| rule.country)).and_then(|browser| browser.country.clone()),
        user_agent: browser.filter(|_| leaves(|rule| rule.user_agent)).and_then(|browser| {
            text("userAgent", browser.user_agent.as_deref()?, MAX_USER_AGENT, fields.changes)
        }),
    }
}

fn widest_ip(rules: &ContextRules) -> IpPolicy {
    rules.all().map(|rule| rule.ip).min().unwrap_or(IpPolicy::None)
}

/// What one tracker may have of it.
pub fn narrow(page: &Page, rules: &ContextRules, tracker: &str) -> Page {
    let rule = rules.of(tracker);
    let text = |is_let_out: bool, text: &Option<String>| text.clone().filter(|_| is_let_out);
    let url = text(rule.url, &page.url);
    Page {
        url: if rules.agree_on_parameters() {
            url
        } else {
            url.and_then(|url| reduce::parameters(&url, |name| rule.allows_parameter(name)))
        },
        referrer: text(rule.referrer, &page.referrer),
        title: text(rule.title, &page.title),
        locale: text(rule.locale, &page.locale),
        screen: text(rule.screen, &page.screen),
        ip: page.ip.as_deref().and_then(|ip| rule.ip.apply(ip)),
        country: text(rule.country, &page.country),
        user_agent: text(rule.user_agent, &page.user_agent),
    }
}

/// What the client says of its page.
struct Fields<'a> {
    client: &'a Raw,
    changes: &'a mut Changes,
}

impl<'a> Fields<'a> {
    /// A text that was given and may leave.
    fn text(&mut self, name: &str, leaves: bool) -> Option<&'a str> {
        let given = match self.client {
            Raw::Object(members, _) => members.get(name)?,
            _ => return None,
        };
        let rule = match given {
            Raw::Absent => return None,
            Raw::Text(text) if text.is_empty() => return None,
            Raw::Text(text) if leaves => return Some(text),
            Raw::Text(_) => Rule::Drop,
            _ => Rule::WrongType,
        };
        self.changes.tell(format_args!("context.{name}"), rule);
        None
    }

    fn reduced(
        &mut self,
        name: &str,
        leaves: bool,
        reduce: impl Fn(&str) -> Option<String>,
    ) -> Option<String> {
        let given = self.text(name, leaves)?;
        let reduced = reduce(given);
        let rule = match &reduced {
            None => Rule::Malformed,
            Some(reduced) if *reduced != given => Rule::Reduced,
            Some(_) => return reduced,
        };
        self.changes.tell(format_args!("context.{name}"), rule);
        reduced
    }

    fn title(&mut self, leaves: bool) -> Option<String> {
        let given = self.text("title", leaves)?;
        text("context.title", given, MAX_TITLE, self.changes)
    }
}

fn text(field: &str, given: &str, length: usize, changes: &mut Changes) -> Option<String> {
    let left = match scrub_to(given, Some(field), length) {
        None => given.to_owned(),
        Some(scrubbed) => {
            if !scrubbed.found.is_empty() {
                changes.tell(field, Rule::Scrubbed { found: scrubbed.kinds() });
            }
            scrubbed.text
        }
    };
    Some(left).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn client() -> Raw {
        let members = [
            ("url", "https://shop.example/a?utm_source=news&gclid=g1&token=t"),
            ("referrer", "https://search.example/q"),
            ("title", "A page"),
            ("locale", "de"),
            ("screen", "1x1"),
        ];
        let members = members.map(|(name, text)| (name.to_owned(), Raw::Text(text.to_owned())));
        Raw::Object(members.into(), 0)
    }

    fn server() -> Context {
        Context {
            origin: Some("https://shop.example".into()),
            ip: Some("203.0.113.77".into()),
            country: Some("DE".into()),
            user_agent: Some("Agent/1".into()),
            ..Context::default()
        }
    }

    fn nothing() -> ContextRule {
        ContextRule {
            url: false,
            url_parameters: vec![],
            referrer: false,
            title: false,
            locale: false,
            screen: false,
            country: false,
            user_agent: false,
            ip: IpPolicy::None,
        }
    }

    #[test]
    fn every_tracker_has_what_its_own_rule_lets_out() {
        let everything = ContextRule {
            url_parameters: vec!["utm_*".into(), "gclid".into()],
            ip: IpPolicy::Full,
            ..ContextRule::default()
        };
        let no_parameter = ContextRule { url_parameters: vec![], ..ContextRule::default() };
        let trackers = [("all", everything), ("bare", no_parameter), ("none", nothing())];
        let trackers = trackers.map(|(name, rule)| (name.to_owned(), rule));
        let rules = ContextRules { rule: ContextRule::default(), trackers: trackers.into() };
        let page = page(&client(), &server(), &rules, &mut Changes::default());
        let url = |tracker| narrow(&page, &rules, tracker).url;
        let ip = |tracker| narrow(&page, &rules, tracker).ip;
        assert_eq!(url("all").as_deref(), Some("https://shop.example/a?utm_source=news&gclid=g1"));
        assert_eq!(url("other").as_deref(), Some("https://shop.example/a?utm_source=news"));
        assert_eq!(url("bare").as_deref(), Some("https://shop.example/a"));
        assert_eq!(ip("all").as_deref(), Some("203.0.113.77"));
        assert_eq!(ip("other").as_deref(), Some("203.0.113.0"));
        assert_eq!(narrow(&page, &rules, "all"), Page { url: url("all"), ..page.clone() });
        assert_eq!(narrow(&page, &rules, "none"), Page::default());
    }

    #[test]
    fn what_no_tracker_may_have_is_not_built_and_that_is_told() {
        let rules = ContextRules { rule: nothing(), trackers: BTreeMap::new() };
        let mut changes = Changes::default();
        assert_eq!(page(&client(), &server(), &rules, &mut changes), Page::default());
        let told: Vec<_> =
            changes.into_told().into_iter().map(|change| (change.field, change.rule)).collect();
        let fields = ["url", "referrer", "title", "locale", "screen"];
        assert_eq!(told, fields.map(|name| (format!("context.{name}"), Rule::Drop)));
    }

    #[test]
    fn a_server_is_no_browser() {
        let context = Context { origin: None, ..server() };
        let page = page(&Raw::Absent, &context, &ContextRules::default(), &mut Changes::default());
        assert_eq!(page, Page::default());
    }
}
