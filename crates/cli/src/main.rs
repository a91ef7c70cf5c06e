//! `bellwire-cli`: a client without a window.
//!
//! It calls and answers as any other device of an account does, with sound from a file or a
//! microphone and pictures from a file, and its exit code says how the call ended.

mod account;
mod arguments;
mod call;
mod ending;
mod words;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Task};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("BELLWIRE_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn")),
        )
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => {
            let ended = runtime.block_on(run(arguments));
            // A thread that waits for a line of input would wait for ever.
            runtime.shutdown_background();
            ended
        }
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(code) => code,
        Err(error) => {
            words::complain(&format!("{error:#}"));
            ExitCode::from(ending::ERROR)
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.task {
        Task::Devices => {
            words::devices(&bellwire_voice::devices::list());
            Ok(ExitCode::SUCCESS)
        }
        Task::SignIn { ref username } => account::sign_in(&arguments, username).await,
        Task::SignOut => account::sign_out(&arguments).await,
        Task::Status => account::status(&arguments).await,
        Task::Call { ref username, ref media } => call::place(&arguments, username, media).await,
        Task::Answer { auto, ref media } => call::answer(&arguments, auto, media).await,
    }
}
