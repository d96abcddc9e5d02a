//! The centre of the demo: a console that hears the demo's box and gets its pictures.

use crate::exit::Exit;
use std::net::{Ipv4Addr, SocketAddr};
use viahe_console::config::{Config, Keep, Language, Mqtt};
use viahe_console::model::{Role, Scope};
use viahe_console::station::{Station, StationError, people_at_rest};
use viahe_console::workload::Bound;
use viahe_contract::id::Name;
use viahe_core::plan::{self, Ack, Console, Plan, Secret};

/// Where people look first; another port when something else listens there.
const PORT: u16 = 8090;

/// Starts a console at the broker of `plan`, and has the box send its pictures there.
pub(super) fn start(plan: &mut Plan) -> Result<Station, Exit> {
    let mut config = config(plan)?;
    // A token can be made only while nobody has the database open.
    let box_name = Name::try_from("demo-box").map_err(Exit::Failed)?;
    let site = Scope::Sites([plan.site.id.clone()].into());
    let token = people_at_rest(&config)
        .map_err(Exit::failed)?
        .add_token_here(box_name, Role::Box, site)
        .map_err(Exit::failed)?;
    let station = match Station::start(&config) {
        Err(StationError::Listen { .. }) => {
            config.listen.set_port(0);
            Station::start(&config)
        }
        other => other,
    };
    let station = station.map_err(Exit::failed)?;
    let url = format!("http://{}", station.address);
    plan.console = Some(Console { url, token: Some(Secret::new(token)), client: None, ca: None });
    if let Some(mqtt) = &mut plan.mqtt {
        mqtt.ack = Ack::Centre;
    }
    Ok(station)
}

fn config(plan: &Plan) -> Result<Config, Exit> {
    let broker = plan.mqtt.as_ref().ok_or_else(|| Exit::Failed("the demo has no broker".into()))?;
    Ok(Config {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)),
        https: false,
        door: None,
        proxy: None,
        data_dir: plan.engine.state_dir.join("console"),
        language: match plan.site.language {
            plan::Language::Vi => Language::Vi,
            plan::Language::En => Language::En,
        },
        map: None,
        bound: Bound::default(),
        keep: Keep::default(),
        mqtt: Mqtt { host: broker.host.clone(), port: broker.port, login: None, tls: None },
    })
}

/// Where it is, and who may log in: for whoever started the demo.
pub(super) fn introduction(station: &Station) -> String {
    let url = format!("http://{}/", station.address);
    match &station.first {
        Some((name, password)) => {
            format!("  console   {url} (log in as {name}, password {password})")
        }
        None => format!("  console   {url}"),
    }
}
