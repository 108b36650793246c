//! Every command has an example that is taken as it stands.

use crate::Cli;
use clap::{Command, CommandFactory};

/// The words of a line, as a shell has them, up to a pipe or a redirection.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '|' | '>' | '<' | ';') => break,
            (None, ' ') => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Each command that has none below it, with its path.
fn leaves(command: &Command, path: &str, found: &mut Vec<(String, Command)>) {
    let path = format!("{path}{} ", command.get_name());
    command.get_subcommands().for_each(|below| leaves(below, &path, found));
    if command.get_subcommands().next().is_none() {
        found.push((path, command.clone()));
    }
}

/// The lines of help that begin with `sparrow`, also behind a pipe.
fn examples(help: &str) -> Vec<String> {
    let lines = help.lines().map(str::trim);
    let after_pipe = |line: &str| line.split(" | ").map(str::to_owned).collect::<Vec<_>>();
    lines.flat_map(after_pipe).filter(|part| part.starts_with("sparrow ")).collect()
}

#[test]
fn every_command_has_an_example_and_every_example_is_taken() {
    let mut commands = Vec::new();
    leaves(&Cli::command(), "", &mut commands);
    assert!(commands.len() > 10, "{commands:?}");
    for (path, command) in commands {
        let help = command.clone().term_width(100).render_long_help().to_string();
        assert!(help.contains("Example"), "{path}has no example");
        // Usage begins with the command's own name and not with all of its path.
        let examples = examples(&help);
        assert!(examples.iter().any(|line| format!("{line} ").starts_with(&path)), "{path}: {help}");
        for line in examples {
            if let Err(error) = Cli::command().try_get_matches_from(words(&line)) {
                panic!("{path}: {line}: {error}");
            }
        }
    }
}

#[test]
fn the_options_fit_each_other() {
    Cli::command().debug_assert();
}

#[test]
fn words_are_a_shells() {
    assert_eq!(
        words("sparrow query \"SELECT 'a' > 1\" '' > x.csv"),
        ["sparrow", "query", "SELECT 'a' > 1", ""]
    );
}
