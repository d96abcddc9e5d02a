//! `console.toml` → values, or all that is wrong with it at once: file, line, what, remedy.

mod problem;
mod read;
mod secret;

pub use problem::{ConfigError, Problem};
pub use secret::Secret;

use crate::workload::Bound;
use read::Reader;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where people reach the console when nothing else is said: from this machine alone.
const LISTEN: &str = "127.0.0.1:8090";

/// What runs where.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where people, boxes and other machines reach it.
    pub listen: SocketAddr,
    /// People reach it by https: it speaks TLS itself, or something in front of it does.
    pub https: bool,
    /// With what it speaks TLS itself.
    pub door: Option<Door>,
    /// What stands in front, and says from whom it has each request (`x-forwarded-for`).
    pub proxy: Option<IpAddr>,
    /// Database and evidence.
    pub data_dir: PathBuf,
    /// What a newcomer sees.
    pub language: Language,
    /// A `PMTiles` file: the city's map, for pages. None for a plain one that they draw themselves.
    pub map: Option<PathBuf>,
    /// From when on a rule is proposed to be changed.
    pub bound: Bound,
    /// For how long what was told is kept.
    pub keep: Keep,
    /// Where boxes speak.
    pub mqtt: Mqtt,
}

/// For how long what was told is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Pictures of incidents that nobody confirmed or handed on, from when they arrived.
    pub pictures: Duration,
    /// Pictures of the others.
    pub confirmed_pictures: Duration,
    /// Incidents, from when they came; none for ever.
    pub incidents: Option<Duration>,
}

impl Default for Keep {
    /// Pictures show people, so they go once they serve nobody: those of a confirmed incident after the year within
    /// which an administrative violation may be fined, all others after a quarter (judgement). Incidents are words and
    /// numbers.
    fn default() -> Self {
        Self { pictures: DAY * 90, confirmed_pictures: DAY * 365, incidents: None }
    }
}

const DAY: Duration = Duration::from_hours(24);
/// Days that something may be kept.
const DAYS: RangeInclusive<f64> = 1.0..=36_500.0;

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Vietnamese.
    #[default]
    Vi,
    /// English.
    En,
}

/// A broker.
#[derive(Clone, Debug)]
pub struct Mqtt {
    /// Name or address.
    pub host: String,
    /// TCP.
    pub port: u16,
    /// User name and password.
    pub login: Option<(String, Secret)>,
    /// None without TLS.
    pub tls: Option<Tls>,
}

/// Certificates towards a broker, in PEM.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Who vouches for the broker.
    pub ca: PathBuf,
    /// Certificate and key of the console.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// Certificates towards people and boxes, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// The console's certificate, and those between it and an authority.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Who vouches for boxes. None: no box is known by a certificate.
    pub boxes: Option<Vouches>,
}

/// Who vouches for boxes, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouches {
    /// Certificates of authorities.
    pub ca: PathBuf,
    /// Their lists of what is revoked.
    pub revoked: Option<PathBuf>,
}

/// Reads `text`; relative paths in it are of `folder`, and `file` is what it is called in problems.
///
/// # Errors
/// All that is wrong.
pub fn parse(text: &str, file: &str, folder: &Path) -> Result<Config, ConfigError> {
    let mut reader = Reader::new(text, file, folder)?;
    reader.tables(&["console", "mqtt"]);
    let console_keys = ["listen", "https", "proxy", "data_dir", "language", "map"];
    let bound_keys = ["precision_bound", "precision_verdicts"];
    let keep_keys = ["pictures_days", "confirmed_pictures_days", "incidents_days"];
    let door_keys = ["cert", "key", "client_ca", "client_crl"];
    reader.keys("console", &[&console_keys[..], &door_keys, &bound_keys, &keep_keys].concat());
    let mqtt_keys = ["url", "username", "password", "ca", "cert", "key"];
    reader.keys("mqtt", &mqtt_keys);
    let listen = reader.text("console", "listen").unwrap_or_else(|| LISTEN.into());
    let listen = listen.parse().map_err(|_| {
        reader.wrong("console", "listen", "is no address with a port", "write 127.0.0.1:8090");
    });
    let door = read_door(&mut reader);
    let https = reader.flag("console", "https") || door.is_some();
    let proxy = reader.text("console", "proxy").and_then(|text| {
        let address = text.parse().ok().map(|address: IpAddr| address.to_canonical());
        if address.is_none() {
            reader.wrong("console", "proxy", "is no address", "write 127.0.0.1, without a port");
        }
        address
    });
    let data_dir = reader.path("console", "data_dir");
    if data_dir.is_none() {
        reader.missing("console", "data_dir", "write the folder for database and evidence");
    }
    let language = match reader.text("console", "language").as_deref() {
        None | Some("vi") => Language::Vi,
        Some("en") => Language::En,
        Some(_) => {
            reader.wrong("console", "language", "is not a language here", "write vi or en");
            Language::Vi
        }
    };
    let map = reader.path("console", "map");
    let (bound, keep) = (read_bound(&mut reader), read_keep(&mut reader));
    let mqtt = read_mqtt(&mut reader);
    reader.finish()?;
    let whole = listen.ok().zip(data_dir).zip(mqtt);
    let ((listen, data_dir), mqtt) = whole.ok_or(ConfigError { problems: Vec::new() })?;
    Ok(Config { listen, https, door, proxy, data_dir, language, map, bound, keep, mqtt })
}

fn read_door(reader: &mut Reader) -> Option<Door> {
    let [cert, key, ca, revoked] =
        ["cert", "key", "client_ca", "client_crl"].map(|name| reader.path("console", name));
    for (alone, own, other) in [
        (cert.is_some() && key.is_none(), "cert", "key"),
        (key.is_some() && cert.is_none(), "key", "cert"),
        (ca.is_some() && cert.is_none(), "client_ca", "cert"),
        (revoked.is_some() && ca.is_none(), "client_crl", "client_ca"),
    ] {
        if alone {
            let remedy = format!("name {other} too, or remove {own}");
            reader.wrong("console", own, &format!("is of no use without {other}"), &remedy);
        }
    }
    let boxes = ca.map(|ca| Vouches { ca, revoked });
    cert.zip(key).map(|(cert, key)| Door { cert, key, boxes })
}

fn read_keep(reader: &mut Reader) -> Keep {
    let mut days = |key: &str| {
        let said = reader.number("console", key)?;
        if DAYS.contains(&said) && said.fract() == 0.0 {
            return Some(DAY * said as u32);
        }
        reader.wrong("console", key, "is not 1 to 36500", "write a whole number of days");
        None
    };
    let unsaid = Keep::default();
    let pictures = days("pictures_days").unwrap_or(unsaid.pictures);
    let confirmed = days("confirmed_pictures_days").unwrap_or(unsaid.confirmed_pictures);
    Keep {
        pictures,
        confirmed_pictures: confirmed.max(pictures),
        incidents: days("incidents_days"),
    }
}

fn read_bound(reader: &mut Reader) -> Bound {
    let unsaid = Bound::default();
    let precision = reader.number("console", "precision_bound").unwrap_or(unsaid.precision);
    if !(0.0..=1.0).contains(&precision) {
        let remedy = "write a share such as 0.5; 0 proposes nothing";
        reader.wrong("console", "precision_bound", "is not 0 to 1", remedy);
    }
    let verdicts = reader.number("console", "precision_verdicts");
    let verdicts = verdicts.unwrap_or(unsaid.verdicts_min as f64);
    if !(1.0..=100_000.0).contains(&verdicts) || verdicts.fract() != 0.0 {
        let remedy = "write a whole number such as 20";
        reader.wrong("console", "precision_verdicts", "is not 1 to 100000", remedy);
    }
    Bound { precision, verdicts_min: verdicts as u64 }
}

fn read_mqtt(reader: &mut Reader) -> Option<Mqtt> {
    const URL: &str = "write mqtt://HOST:1883 or mqtts://HOST:8883";
    let Some(url) = reader.text("mqtt", "url") else {
        reader.missing("mqtt", "url", URL);
        return None;
    };
    let address = address(&url);
    if address.is_none() {
        reader.wrong("mqtt", "url", "is no address of a broker", URL);
    }
    let name = reader.secret("mqtt", "username");
    let password = reader.secret("mqtt", "password");
    if password.is_some() && name.is_none() {
        reader.wrong("mqtt", "password", "stands without a username", "add username");
    }
    let [ca, cert, key] = ["ca", "cert", "key"].map(|name| reader.path("mqtt", name));
    if cert.is_some() != key.is_some() {
        let there = if cert.is_some() { "cert" } else { "key" };
        reader.wrong("mqtt", there, "stands alone", "name both cert and key, or neither");
    }
    let (host, port, secure) = address?;
    if secure && ca.is_none() {
        reader.missing("mqtt", "ca", "name the file with the certificate that vouches for it");
    }
    if !secure && (ca.is_some() || cert.is_some()) {
        reader.wrong("mqtt", "url", "has certificates and speaks no TLS", "write mqtts://");
    }
    let tls = ca.filter(|_| secure).map(|ca| Tls { ca, client: cert.zip(key) });
    let login = name.map(|name| (name.reveal().to_owned(), password.unwrap_or_default()));
    Some(Mqtt { host, port, login, tls })
}

/// Host, port, and whether by TLS.
fn address(url: &str) -> Option<(String, u16, bool)> {
    let (scheme, rest) = url.split_once("://")?;
    let (secure, default) = match scheme {
        "mqtt" => (false, 1883),
        "mqtts" => (true, 8883),
        _ => return None,
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, port.parse().ok().filter(|port| *port > 0)?)
        }
        _ => (rest, default),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty() && host.chars().all(plain)).then(|| (host.to_owned(), port, secure))
}

#[cfg(test)]
mod tests;
