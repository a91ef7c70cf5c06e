//! What may stand on the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

const SETTINGS: &str =
    "Settings come from FILE (TOML) and the environment; see docs/operations.md.";

/// The relay of Bellwire.
#[derive(Debug, Parser)]
#[command(name = "bellwire-relay", version, after_help = SETTINGS)]
struct Arguments {
    /// Read settings from FILE
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What the operator wants.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Run the relay (default)
    Serve {
        /// Make two accounts to try it with
        #[arg(long)]
        demo: bool,
    },
    /// Manage accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Manage invitations
    #[command(subcommand)]
    Invite(InviteCommand),
    /// Read the settings and say what is wrong
    CheckConfig,
    /// Print this text, which was asked for.
    #[command(skip)]
    Print(String),
}

/// What can be done with accounts.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum UserCommand {
    /// Make an account
    Add {
        /// Its name
        name: String,
        /// It administers
        #[arg(long)]
        admin: bool,
        /// Read the password from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Set a new password, and sign out everywhere
    Password {
        /// Whose
        name: String,
        /// Read the password from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Make a link with which somebody sets a new password, good for 24 hours and once
    Reset {
        /// Whose
        name: String,
    },
    /// Show the accounts
    List,
    /// Remove an account and everything of it
    Remove {
        /// Its name
        name: String,
    },
}

/// What can be done with invitations.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum InviteCommand {
    /// Make an invitation, good for 7 days
    Create,
}

/// Reads the arguments: the configuration file and the command.
///
/// # Errors
/// What is wrong with them.
pub fn parse(
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> anyhow::Result<(Option<PathBuf>, Command)> {
    let name = OsString::from("bellwire-relay");
    let given = std::iter::once(name).chain(arguments.into_iter().map(Into::into));
    match Arguments::try_parse_from(given) {
        Ok(Arguments { config, command }) => {
            Ok((config, command.unwrap_or(Command::Serve { demo: false })))
        }
        Err(error)
            if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) =>
        {
            Ok((None, Command::Print(error.to_string())))
        }
        Err(error) => {
            let words = error.to_string();
            Err(anyhow!("{}", words.trim().trim_start_matches("error: ")))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

    use super::*;

    fn read(line: &str) -> (Option<PathBuf>, Command) {
        parse(line.split_whitespace()).unwrap()
    }

    #[test]
    fn a_value_stands_behind_its_option_or_an_equals_sign_anywhere_on_the_line() {
        let file = Some(PathBuf::from("relay.toml"));
        for line in [
            "--config relay.toml serve",
            "--config=relay.toml serve",
            "serve --config relay.toml",
            "serve --config=relay.toml",
            "--config=relay.toml",
        ] {
            assert_eq!(read(line), (file.clone(), Command::Serve { demo: false }), "{line}");
        }
        assert_eq!(read("invite create --config=relay.toml").0, file);
        assert_eq!(read("serve --demo"), (None, Command::Serve { demo: true }));
        assert_eq!(read(""), (None, Command::Serve { demo: false }));
    }

    #[test]
    fn what_is_wrong_is_said_with_what_is_near() {
        for (line, words) in [
            ("servce", "serve"),
            ("dance", "unrecognized subcommand 'dance'"),
            ("serve --fast", "unexpected argument '--fast'"),
            ("serve --dem", "--demo"),
            ("serve --demo=yes", "--demo"),
            ("--confg=relay.toml", "--config"),
            ("--config", "--config"),
            ("user remove", "<NAME>"),
            ("user reset", "<NAME>"),
            ("user add grace", "--password-stdin"),
            ("user", "add"),
            ("serve twice", "twice"),
        ] {
            let error = parse(line.split_whitespace()).unwrap_err().to_string();
            assert!(error.contains(words), "{line}: {error}");
        }
    }

    #[test]
    fn help_and_version_are_printed() {
        for (line, words) in
            [("--help", "check-config"), ("-h", "docs/operations.md"), ("--version", "bellwire")]
        {
            let Command::Print(text) = read(line).1 else { panic!("{line}") };
            assert!(text.contains(words), "{text}");
        }
    }
}
