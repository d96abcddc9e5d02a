//! `viahe console`: the centre's side.

use crate::exit::{Exit, OrUsage};
use crate::stop::Stop;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use viahe_console::config::{self, Config};
use viahe_console::model::{Role, Scope};
use viahe_console::people::People;
use viahe_console::station::{HEAP, Station, people_at_rest};
use viahe_contract::id::Name;

/// Takes incidents and evidence from every box, and shows them to people.
///
/// Speaks with boxes over the broker of `[mqtt]`, keeps what they say under `data_dir` of `[console]`, and
/// serves people at `listen`. Stops on SIGTERM (exit code 0) and Ctrl-C (130).
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The console's file.
    config: PathBuf,
    /// Gives this person a new password, prints it once, and ends. The console must not run.
    #[arg(long, value_name = "NAME", group = "instead")]
    reset_password: Option<String>,
    /// Makes a token for a machine, prints it once, and ends. The console must not run.
    #[arg(long, value_name = "NAME", group = "instead", requires = "role")]
    add_token: Option<String>,
    /// What the token may do: viewer, operator, installer, ward, ml, or box.
    #[arg(long, requires = "add_token")]
    role: Option<Role>,
    /// A site of the token; again for more, none for all sites. A box stands at one.
    #[arg(long, value_name = "NAME", requires = "add_token")]
    site: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let config = load(&args.config)?;
    if let Some(name) = &args.reset_password {
        let password = people(&config)?.reset(name_of(name)?).map_err(Exit::failed)?;
        println!("{name} logs in with the password {password}");
        return Ok(());
    }
    if let (Some(name), Some(role)) = (&args.add_token, args.role) {
        let (name, scope) = (name_of(name)?, scope_of(&args.site)?);
        let token = people(&config)?.add_token_here(name, role, scope).map_err(Exit::failed)?;
        println!("{token}");
        return Ok(());
    }
    start_with_its_heap();
    let stop = Stop::new(None)?;
    let station = Station::start(&config).map_err(Exit::failed)?;
    let url = door(station.address, &config);
    if let Some((name, password)) = &station.first {
        println!("Log in at {url} as {name} with the password {password}. It is shown this once.");
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), url, "the console is open");
    // Closed means the same.
    let _ = stop.signal.recv();
    drop(station);
    tracing::info!("stopped");
    stop.end(())
}

/// Starts this program once more in its own place, so that glibc keeps memory as a console needs it; what the environment
/// says already stands.
fn start_with_its_heap() {
    if HEAP.iter().any(|(name, _)| std::env::var_os(name).is_some()) {
        return;
    }
    let failed = match std::env::current_exe() {
        Ok(program) => Command::new(program).args(std::env::args_os().skip(1)).envs(HEAP).exec(),
        Err(error) => error,
    };
    tracing::warn!(error = %failed, "it takes some 30 MiB more than it needs, as it could not set its heap");
}

/// Where people come in, as far as the console knows.
fn door(listens: SocketAddr, config: &Config) -> String {
    if config.https && config.door.is_none() {
        return format!("the https address of what stands before {listens}");
    }
    let (scheme, port) = (if config.https { "https" } else { "http" }, listens.port());
    if listens.ip().is_unspecified() {
        return format!("{scheme}://localhost:{port}/ (from elsewhere: this machine's name)");
    }
    format!("{scheme}://{listens}/")
}

/// Reads a console's file, or says all that is wrong with it.
fn load(path: &Path) -> Result<Config, Exit> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| format!("{name}: {e}")).or_usage()?;
    let folder = path.parent().unwrap_or(Path::new(""));
    config::parse(&text, &name, folder).or_usage()
}

fn people(config: &Config) -> Result<People, Exit> {
    people_at_rest(config).map_err(Exit::failed)
}

fn name_of(text: &str) -> Result<Name, Exit> {
    Name::try_from(text).or_usage()
}

fn scope_of(sites: &[String]) -> Result<Scope, Exit> {
    if sites.is_empty() {
        return Ok(Scope::All);
    }
    sites.iter().map(|site| name_of(site)).collect::<Result<_, _>>().map(Scope::Sites)
}
