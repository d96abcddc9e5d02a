//! `viahe`, the command. One file a subcommand, in `commands/`.

mod commands;
mod demo_mark;
mod exit;
mod eye;
mod files;
mod page;
mod pictures;
mod stop;
mod ui;

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use tracing::level_filters::LevelFilter;
use viahe_edge::telemetry::{LogFormat, init_logging};

const AFTER_HELP: &str = "\
Start here:
  viahe demo                         two simulated cameras, a broker, real incidents
  viahe check pipelines/demo.toml    is this pipeline right?
  viahe frame CAMERA --zones …       a picture with zones and a grid, to draw them by
  viahe capacity pipelines/my.toml   how many such cameras does this box bear?
  viahe tune pipelines/my.toml       how does this box look fastest?
  viahe test pipelines/my.toml       do recordings yield what they should?
  viahe model eval MODEL DATASET     what does a model find in labelled pictures?
  viahe run pipelines/my.toml        watch, until stopped
  viahe console console.toml         the centre's side: who sees, judges and acts
  viahe doctor                       is this machine able?

Exit codes:
  0 done   1 failed while running   2 bad usage or configuration
  3 a required part is missing (library, plugin, model)   130 interrupted

Logs go to standard error; VIAHE_LOG=debug shows more.";

/// Real-time urban video and sensor analytics on an edge box.
#[derive(Parser)]
#[command(version, about, after_help = AFTER_HELP, max_term_width = 100)]
struct Cli {
    /// How logs are written.
    #[arg(long, global = true, value_enum, default_value = "plain")]
    log: Log,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Log {
    /// For people.
    Plain,
    /// One JSON object a line.
    Json,
}

#[derive(Subcommand)]
enum Command {
    Run(commands::run::Args),
    Demo(commands::demo::Args),
    Console(commands::console::Args),
    Check(commands::check::Args),
    Capacity(commands::capacity::Args),
    Tune(commands::tune::Args),
    Frame(commands::frame::Args),
    Record(commands::record::Args),
    Replay(commands::replay::Args),
    Explain(commands::explain::Args),
    Test(commands::test::Args),
    Detect(commands::detect::Args),
    Dataset(commands::dataset::Args),
    Model(commands::model::Args),
    Track(commands::track::Args),
    Doctor(commands::doctor::Args),
    Schema(commands::schema::Args),
    CameraSim(commands::camera_sim::Args),
    Worker(commands::worker::Args),
    Shadow(commands::shadow::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let format = match cli.log {
        Log::Plain => LogFormat::Plain,
        Log::Json => LogFormat::Json,
    };
    if let Err(error) = init_logging(format, cli.command.log_level()) {
        eprintln!("viahe: {error}");
    }
    let result = match cli.command {
        Command::Run(args) => commands::run::run(&args),
        Command::Demo(args) => commands::demo::run(&args),
        Command::Console(args) => commands::console::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Capacity(args) => commands::capacity::run(&args),
        Command::Tune(args) => commands::tune::run(&args),
        Command::Frame(args) => commands::frame::run(&args),
        Command::Record(args) => commands::record::run(&args),
        Command::Replay(args) => commands::replay::run(&args),
        Command::Explain(args) => commands::explain::run(&args),
        Command::Test(args) => commands::test::run(&args),
        Command::Detect(args) => commands::detect::run(&args),
        Command::Dataset(args) => commands::dataset::run(&args),
        Command::Model(args) => commands::model::run(&args),
        Command::Track(args) => commands::track::run(&args),
        Command::Doctor(args) => commands::doctor::run(&args),
        Command::Schema(args) => commands::schema::run(&args),
        Command::CameraSim(args) => commands::camera_sim::run(&args),
        Command::Worker(args) => commands::worker::run(&args),
        Command::Shadow(args) => commands::shadow::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => {
            if let Some(message) = exit.message() {
                eprintln!("viahe: {message}");
            }
            exit.code()
        }
    }
}

impl Command {
    /// Commands that print their own progress log only what is wrong.
    fn log_level(&self) -> LevelFilter {
        match self {
            Self::Run(_) | Self::Console(_) | Self::Record(_) | Self::CameraSim(_) => {
                LevelFilter::INFO
            }
            _ => LevelFilter::WARN,
        }
    }
}
