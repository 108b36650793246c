//! What counts: the command line, the environment, then the file, then what the option says itself.

use super::*;
use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    _config: Arguments,
    #[command(subcommand)]
    command: Sub,
}

#[derive(Subcommand)]
enum Sub {
    Ask(Ask),
}

#[derive(clap::Args)]
struct Ask {
    /// Of several, some.
    #[arg(long, env = "CONFIG_TEST_NAMES", value_delimiter = ',', default_value = "d1")]
    names: Vec<String>,
    #[arg(long, env = "CONFIG_TEST_DAYS", value_parser = clap::value_parser!(u32).range(1..=9))]
    days: Option<u32>,
    #[arg(long, env = "CONFIG_TEST_IS", value_parser = clap::builder::FalseyValueParser::new())]
    is: bool,
    /// In the environment of every `cargo test`.
    #[arg(long, env = "CARGO_PKG_NAME")]
    package: String,
    #[arg(long)]
    plain: Option<String>,
}

fn command() -> Command {
    use clap::CommandFactory;
    Cli::command()
}

fn parsed(text: &str, profile: Option<&str>, arguments: &[&str]) -> Ask {
    use clap::FromArgMatches;
    let values = read(FILE, text, profile, &names(&command())).unwrap();
    let command = with(command(), &values);
    let matches = command.try_get_matches_from([&["sparrow", "ask"], arguments].concat()).unwrap();
    let Sub::Ask(ask) = Cli::from_arg_matches(&matches).unwrap().command;
    ask
}

fn faults(text: &str) -> Vec<String> {
    match read(FILE, text, None, &names(&command())) {
        Err(ConfigError::Faults { faults, .. }) => faults,
        other => panic!("{other:?}"),
    }
}

const TEXT: &str = "config_test_days = 7
cargo_pkg_name = 'of the file'
[production]
config_test_days = 8
config_test_names = ['d1', 'bigquery']
config_test_is = true
[staging]
config_test_is = false
";

#[test]
fn the_file_stands_behind_flags_and_the_environment_and_before_defaults() {
    let ask = parsed(TEXT, None, &[]);
    assert_eq!((ask.days, ask.is, &ask.names[..]), (Some(7), false, &["d1".to_owned()][..]));
    assert_eq!(ask.package, env!("CARGO_PKG_NAME"), "the environment counts before the file");
    assert_eq!(parsed(TEXT, None, &["--days", "1"]).days, Some(1));
    assert_eq!(parsed("", None, &[]).days, None);
}

#[test]
fn a_profile_counts_before_what_stands_at_the_top() {
    let ask = parsed(TEXT, Some("production"), &[]);
    assert_eq!((ask.days, ask.is), (Some(8), true));
    assert_eq!(ask.names, ["d1", "bigquery"]);
    assert_eq!(parsed(TEXT, Some("staging"), &[]).days, Some(7), "what it does not say stays");
    let error = read(FILE, TEXT, Some("prod"), &names(&command())).unwrap_err().to_string();
    assert_eq!(error, "sparrow.toml has no profile `prod`; it has production, staging");
}

#[test]
fn a_value_that_an_option_does_not_take_is_told_as_of_the_command_line() {
    let values = read(FILE, "config_test_days = 10", None, &names(&command())).unwrap();
    let error = with(command(), &values).try_get_matches_from(["sparrow", "ask"]).err().unwrap();
    assert!(error.to_string().contains("10 is not in 1..=9"), "{error}");
}

#[test]
fn all_faults_are_told_with_what_was_meant() {
    let text = "config_test_day = 1\nplain = 'x'\nconfig = 'x'\nconfig_test_days = { a = 1 }
[production]\nconfig_test_days = 2020-01-01\nnothing_like_it = 1";
    let faults = faults(text);
    let has = |part: &str| faults.iter().any(|fault| fault.contains(part));
    assert!(has("no option `config_test_day`; did you mean `config_test_days`?"), "{faults:#?}");
    assert!(has("`plain`") && has("`config`"), "{faults:#?}");
    assert!(has("`production.config_test_days` is a text"), "{faults:#?}");
    assert!(has("`production.nothing_like_it`; the names are those"), "{faults:#?}");
}

#[test]
fn secrets_are_refused_and_not_repeated() {
    let text = "console_token = 'very-secret'\n[production]\ncloudflare_api_token = 'very-secret'
ga4_api_secret = 'very-secret'\nBIGQUERY_KEY = 'very-secret'";
    let faults = faults(text);
    assert_eq!(faults.len(), 4, "{faults:#?}");
    assert!(
        faults.iter().all(|fault| fault.contains("secret") && !fault.contains("very-secret")),
        "{faults:#?}"
    );
    let broken = read(FILE, "console_token = very-secret", None, &BTreeSet::new()).unwrap_err().to_string();
    assert!(!broken.contains("very-secret"), "{broken}");
}

#[test]
fn a_file_that_is_named_must_be_there_and_another_need_not() {
    let configured = |arguments: &[&str]| {
        let arguments: Vec<_> = arguments.iter().map(Into::into).collect();
        super::configured(command(), &arguments)
    };
    assert!(configured(&["sparrow", "ask"]).is_ok());
    for arguments in
        [["sparrow", "--config=nowhere.toml", "ask"], ["sparrow", "ask", "--config=nowhere.toml"]]
    {
        let error = configured(&arguments).err().unwrap().to_string();
        assert!(error.starts_with("nowhere.toml cannot be read"), "{error}");
    }
    assert_eq!(
        configured(&["sparrow", "ask", "--profile", "p"]).err(),
        Some(ConfigError::NoFile("p".to_owned()))
    );
}

/// What people copy.
#[test]
fn the_example_is_taken_with_each_of_its_profiles() {
    use clap::CommandFactory;
    let (text, names) = (include_str!("../../../sparrow.toml.example"), names(&crate::Cli::command()));
    for profile in [None, Some("production"), Some("bigquery")] {
        let values = read(FILE, text, profile, &names).unwrap();
        let command = with(crate::Cli::command(), &values);
        command.try_get_matches_from(["sparrow", "query", "SELECT 1"]).unwrap();
    }
}
