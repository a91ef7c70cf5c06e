//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Calls people over a Bellwire relay, without a window.
#[derive(Debug, Parser)]
#[command(name = "bellwire-cli", version, about, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// The relay's address.
    #[arg(long, env = "BELLWIRE_RELAY", default_value = "http://localhost:8470")]
    pub(crate) relay: String,
    /// Sign in as this person for this run only, with the password in BELLWIRE_PASSWORD or from the
    /// terminal, and keep nothing. For machines without a keyring.
    #[arg(long, env = "BELLWIRE_USER", value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// Print one JSON object a line in place of words.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) task: Task,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Sign in and keep it in the system's keyring.
    SignIn {
        /// The user name.
        username: String,
    },
    /// Sign out and erase what is kept here.
    SignOut,
    /// Say who is signed in, whether the relay is reached, and who can be called.
    Status,
    /// List microphones and speakers.
    Devices,
    /// Call somebody.
    Call {
        /// Their user name.
        username: String,
        #[command(flatten)]
        media: MediaArguments,
    },
    /// Wait for a call and answer it.
    Answer {
        /// Answer the first call without asking.
        #[arg(long)]
        auto: bool,
        #[command(flatten)]
        media: MediaArguments,
    },
}

/// What is sent, and what becomes of what arrives.
#[derive(Debug, Args)]
pub(crate) struct MediaArguments {
    /// Send this film (IVF with VP8) as the camera's picture. Several renditions of one film may be
    /// named; the one that fits the path is sent.
    #[arg(long, value_name = "FILE")]
    pub(crate) video: Vec<PathBuf>,
    /// Send this sound (WAV, 48 kHz) again and again, or `microphone`.
    #[arg(long, value_name = "FILE|microphone", default_value = "microphone")]
    pub(crate) voice: String,
    /// Keep what arrives in this folder, as IVF and WAV.
    #[arg(long, value_name = "DIR")]
    pub(crate) record: Option<PathBuf>,
    /// Hang up after this many seconds of talking.
    #[arg(long = "for", value_name = "SECONDS")]
    pub(crate) seconds: Option<u64>,
    /// Play what arrives though the voice comes from a file.
    #[arg(long)]
    pub(crate) listen: bool,
    /// Offer loopback addresses too, for two ends on one machine.
    #[arg(long)]
    pub(crate) loopback: bool,
}

const EXIT_CODES: &str = "Exit codes: 0 the call was answered and ended by somebody; 1 something \
    failed before it; 3 declined; 4 busy or not to be disturbed; 5 nobody answered or was there; \
    6 the connection was lost; 7 media could not be set up; 8 not signed in";
