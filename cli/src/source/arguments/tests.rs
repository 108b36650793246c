//! Which warehouse arguments come to.

use super::*;
use clap::Parser;

#[derive(Parser)]
struct Of {
    #[command(flatten)]
    arguments: Arguments,
}

const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";
const DATABASE: &str = "01234567-89ab-cdef-0123-456789abcdef";

fn address(more: &[&str], toml: &str, token: &str) -> Result<Address, Vec<String>> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), toml).unwrap();
    let of = Of::parse_from([&["sparrow", "--remote"], more].concat());
    let mut faults = Faults::default();
    let address = of.arguments.address(file.path(), token, &mut faults);
    address.filter(|_| faults.0.is_empty()).ok_or(faults.0)
}

const TOML: &str = "account_id = '0123456789abcdef0123456789abcdef'
[[d1_databases]]
binding = 'D1'
database_id = '00000000-0000-0000-0000-000000000000'
[[env.production.d1_databases]]
binding = 'OTHER'
database_id = 'other'
[[env.production.d1_databases]]
binding = 'D1'
database_id = '01234567-89ab-cdef-0123-456789abcdef'
";

#[test]
fn the_environments_database_is_asked_and_what_is_said_counts_before() {
    let found = address(&["--env", "production"], TOML, "t").unwrap();
    assert_eq!((found.account.as_str(), found.database.as_str()), (ACCOUNT, DATABASE));
    assert_eq!(found.base.as_str(), "https://api.cloudflare.com/");
    let (account, database) = (ACCOUNT.replace('0', "f"), DATABASE.replace('0', "f"));
    let said = ["--cloudflare-account", &account, "--d1-database", &database];
    let found = address(&said, TOML, "t").unwrap();
    assert_eq!((found.account, found.database), (account.clone(), database.clone()));
    assert!(address(&said, "no toml", "t").is_ok(), "the file is not needed");
}

#[test]
fn all_faults_are_told_at_once() {
    let faults =
        address(&["--cloudflare-api-base", "http://api.example"], "[[d1_databases]]", "").err().unwrap();
    let parts = ["CLOUDFLARE_ACCOUNT_ID", "development's D1", "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_BASE"];
    assert_eq!(faults.len(), parts.len(), "{faults:#?}");
    for (fault, part) in faults.iter().zip(parts) {
        assert!(fault.contains(part), "{fault} names {part}");
    }
    let said = ["--cloudflare-account", "a/../b", "--d1-database", "x"];
    assert_eq!(address(&said, "", "a b").err().unwrap().len(), 3);
}

#[test]
fn a_placeholder_is_no_database_and_an_unknown_environment_none() {
    let faults = address(&[], TOML, "t").err().unwrap();
    assert!(matches!(&faults[..], [fault] if fault.contains("development's D1")), "{faults:?}");
    let faults = address(&["--env", "stagin"], TOML, "t").err().unwrap();
    assert!(faults[0].ends_with("no environment `stagin`; it has production"), "{faults:?}");
}

/// Whoever reads the token on its way has the database.
#[test]
fn the_token_is_never_sent_over_plain_http_but_on_this_machine() {
    let with = |base| address(&["--env", "production", "--cloudflare-api-base", base], TOML, "t").is_ok();
    assert!(
        ["https://proxy.example", "http://127.0.0.1:1", "http://localhost", "http://[::1]:2"]
            .into_iter()
            .all(with)
    );
    assert!(
        !["http://proxy.example", "ftp://localhost", "https://a.example?x", "localhost"]
            .into_iter()
            .any(with)
    );
}
