//! A pipeline file → [`Plan`]. Pure: what other files say is fetched by the caller.
//!
//! First the whole file is checked against the key table, then its meaning; both tell all
//! problems, which [`Report`] puts into file order.

use super::common::refuse_repeats;
use super::drawn::{calibration, lines, zones};
use super::pipeline_keys::PIPELINE;
use super::problem::{ConfigError, Fault, FileKind, Report, Source, closest, listed};
use super::read::{Child, Node, document};
use super::rules::{Around, Catalogue, Measured, Ruled};
use super::sources::{Package, PipelineSources};
use super::{
    calendar, console, permits, refine, secret, sensors as measuring, shadow, tests_table, url,
    windows,
};
use crate::id::Name;
use crate::plan::Source as CameraSource;
use crate::plan::{
    Ack, Camera, Console, EngineOptions, Language, Mqtt, MqttTls, MqttVersion, Plan, Rule, Secret,
    Site, Transport,
};
use crate::tune::Provider;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use viahe_contract::message::EditFault;
use viahe_contract::place::Position;

/// Analysed frames per second of a camera without rules, when somebody wants to see what there is.
const IDLE_HZ: f32 = 1.0;
/// A subject must be missed in this many looks before it can count as absent.
const LOOKS_BEFORE_ABSENT: f32 = 2.0;

/// Reads and validates a pipeline.
///
/// # Errors
/// [`ConfigError`] with all problems of the file, and of the catalogue entries and the calendar that
/// it uses.
pub fn parse(sources: &PipelineSources) -> Result<Plan, ConfigError> {
    let report = Report::default();
    let source = Source {
        kind: FileKind::Pipeline,
        name: sources.file,
        text: sources.text,
        rank: 0,
        report: &report,
    };
    let plan = document(&source).and_then(|table| {
        let root = Node::root(&source, &table, PIPELINE);
        root.check();
        let folder = Path::new(sources.file).parent().unwrap_or(Path::new(""));
        Reader { sources, folder, report: &report }.plan(&root)
    });
    report.finish(plan, sources.file)
}

struct Reader<'a> {
    sources: &'a PipelineSources<'a>,
    folder: &'a Path,
    report: &'a Report,
}

impl Reader<'_> {
    fn plan(&self, root: &Node) -> Option<Plan> {
        let node = root.child("site");
        let has_calendar = node.as_ref().is_some_and(|node| node.has("calendar"));
        let site = node.and_then(|node| self.site(&node));
        let mqtt = root.child("mqtt").map(|node| self.mqtt(&node));
        let console = root.child("console").map(|node| self.console(&node));
        let engine = match root.child("engine") {
            Some(node) => self.engine(&node),
            None => self.engine(&root.absent("engine")?),
        };
        let models = self.models(root);
        let shadow = root.child("shadow").map(|node| shadow::read(&node, &models));
        let timezone = site.as_ref().map(|site| &site.timezone);
        let sensors = measuring::sensors(root, timezone);
        refuse_nothing(root);
        let windows = windows::read(root, sensors.as_deref(), timezone);
        let measured = sensors
            .as_deref()
            .zip(windows.as_deref())
            .map(|(sensors, windows)| Measured { sensors, windows });
        let mut catalogue = Catalogue::new(self.sources, self.report, has_calendar, measured);
        let cameras = self.cameras(root, &models, &mut catalogue);
        let rules = site_rules(root, &mut catalogue);
        let permits = permits::read(root, timezone, has_calendar);
        let tests = tests_table::read(root, self.folder);
        let mqtt = match mqtt {
            Some(mqtt) => Some(mqtt?),
            None => None,
        };
        let console = match console {
            Some(console) => Some(console?),
            None => None,
        };
        let shadow = match shadow {
            Some(shadow) => Some(shadow?),
            None => None,
        };
        Some(Plan {
            folder: self.folder.to_owned(),
            site: site?,
            mqtt,
            console,
            engine: engine?,
            shadow,
            cameras: cameras?,
            sensors: sensors.clone()?,
            windows: windows.clone()?,
            rules: rules?,
            permits: permits?,
            tests: tests?,
        })
    }

    fn site(&self, node: &Node) -> Option<Site> {
        let timezone = node.text("timezone").and_then(|name| TimeZone::get(name).ok());
        let calendar = calendar::of_site(node, self.sources, self.report);
        let language = match node.text("language") {
            Some("en") => Language::En,
            _ => Language::Vi,
        };
        Some(Site { id: node.name("id")?, timezone: timezone?, language, calendar })
    }

    fn mqtt(&self, node: &Node) -> Option<Mqtt> {
        let url = self.secret(node, "url", true);
        let username = self.secret(node, "username", false);
        let password = self.secret(node, "password", false);
        if node.has("password") && !node.has("username") {
            node.tell("password", Fault::new("there is no `username` to it", "add `username`"));
        }
        let url = url?;
        let broker = broker(&url).map_err(|fault| node.tell("url", fault)).ok();
        let tls = broker.as_ref().and_then(|broker| self.tls(node, broker.encrypted));
        let Broker { host, port, encrypted } = broker?;
        Some(Mqtt {
            host,
            port,
            tls: if encrypted { Some(tls?) } else { None },
            login: username.map(|name| (name, Secret::new(password.unwrap_or_default()))),
            ack: if node.text("ack")? == "centre" { Ack::Centre } else { Ack::Broker },
            version: match node.text("version") {
                Some("5") => Some(MqttVersion::V5),
                Some(_) => Some(MqttVersion::V311),
                None => None,
            },
        })
    }

    /// The files of an encrypted connection; tells those that are missing or too many.
    fn tls(&self, node: &Node, encrypted: bool) -> Option<MqttTls> {
        if !encrypted {
            for key in ["ca", "cert", "key"].into_iter().filter(|key| node.has(key)) {
                let what = format!("`{key}` is for encrypted connections, and the url is mqtt://");
                node.tell(key, Fault::new(what, "write the url as mqtts://, or remove the key"));
            }
            return None;
        }
        if !node.has("ca") {
            let remedy = "add `ca` with a PEM file; Debian's list of public authorities is \
                          \"/etc/ssl/certs/ca-certificates.crt\"";
            node.tell("ca", Fault::new("mqtts:// needs `ca`", remedy));
        }
        let client = self.client(node);
        Some(MqttTls { ca: self.path(node, "ca")?, client })
    }

    /// This box's certificate and its key; tells one that stands alone.
    fn client(&self, node: &Node) -> Option<(PathBuf, PathBuf)> {
        for (one, other) in [("cert", "key"), ("key", "cert")] {
            if node.has(one) && !node.has(other) {
                let what = format!("`{one}` is of no use without `{other}`");
                node.tell(one, Fault::new(what, format!("add `{other}`, or remove `{one}`")));
            }
        }
        self.path(node, "cert").zip(self.path(node, "key"))
    }

    fn console(&self, node: &Node) -> Option<Console> {
        let url = self
            .secret(node, "url", true)
            .and_then(|url| console::origin(&url).map_err(|fault| node.tell("url", fault)).ok());
        let token = self.secret(node, "token", false).filter(|token| {
            console::token(token).map_err(|fault| node.tell("token", fault)).is_ok()
        });
        if url.as_ref().is_some_and(|(_, encrypted)| !encrypted) {
            for key in ["ca", "cert", "key"].into_iter().filter(|key| node.has(key)) {
                let what = format!("`{key}` is for encrypted connections, and the url is http://");
                let remedy = format!("write the url as https://, or remove `{key}`");
                node.tell(key, Fault::new(what, remedy));
            }
        }
        if !node.has("token") && !node.has("cert") {
            let remedy = "add `token`, or `cert` and `key` with an https:// url";
            node.tell("token", Fault::new("nothing says which box this is", remedy));
        }
        let client = url.as_ref().filter(|(_, encrypted)| *encrypted);
        let client = client.and_then(|_| self.client(node));
        if token.is_none() && (node.has("token") || client.is_none()) {
            return None;
        }
        let (token, ca) = (token.map(Secret::new), self.path(node, "ca"));
        Some(Console { url: url?.0, token, client, ca })
    }

    fn engine(&self, node: &Node) -> Option<EngineOptions> {
        Some(EngineOptions {
            state_dir: self.path(node, "state_dir")?,
            listen: node.text("listen")?.parse().ok(),
            workers: node.number("workers").map(|n| n as usize),
            threads: node.number("threads").map(|n| n as usize),
            provider: Provider::of_label(node.text("provider")?)?,
            worker_memory_bytes_max: node
                .number("worker_memory_max_mb")
                .map(|mb| mb as u64 * 1_000_000),
            evidence_bytes_max: node.number("evidence_max_mb")? as u64 * 1_000_000,
            history_bytes_max: node.number("history_mb")? as u64 * 1_000_000,
            evidence_wait: Duration::from_millis(node.number("evidence_wait_ms")? as u64),
            lateness: Duration::from_secs_f64(node.number("lateness_secs")?),
        })
    }

    /// Declared models by their name in the file; `None` for those that are not usable.
    fn models(&self, root: &Node) -> BTreeMap<Name, Option<Package>> {
        let package = |Child { name, node }: &Child| {
            let package =
                node.name("package").and_then(|package| match (self.sources.models)(&package) {
                    Ok(info) => Some(Package { name: package, info, refine: Vec::new() }),
                    Err(reason) => {
                        node.tell("package", self.no_model(&package, &reason));
                        None
                    }
                });
            Some((name.clone()?, package))
        };
        let nodes = root.children("model");
        refine::models(&nodes, &nodes.iter().filter_map(package).collect())
    }

    fn no_model(&self, package: &Name, reason: &str) -> Fault {
        let names = self.sources.model_names;
        if names.is_empty() || names.contains(package) {
            let what = format!("the model {package} cannot be used: {reason}");
            return Fault::new(what, "repair it, or name another package");
        }
        let remedy = match closest(package.as_str(), names.iter().map(Name::as_str)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("installed models are {}", listed(names)),
        };
        let unknown = EditFault::Unknown { name: package.clone() };
        Fault::new(format!("no model {package} is installed"), remedy).coded(unknown)
    }

    fn cameras(
        &self,
        root: &Node,
        models: &BTreeMap<Name, Option<Package>>,
        catalogue: &mut Catalogue,
    ) -> Option<Vec<Camera>> {
        let nodes: Vec<Node> =
            root.children("camera").into_iter().map(|child| child.node).collect();
        refuse_repeats(&nodes, |node| node.name("id"), "cameras", "give each its own `id`");
        let cameras: Vec<Option<Camera>> =
            nodes.iter().map(|node| self.camera(node, models, catalogue)).collect();
        cameras.into_iter().collect()
    }

    fn camera(
        &self,
        node: &Node,
        models: &BTreeMap<Name, Option<Package>>,
        catalogue: &mut Catalogue,
    ) -> Option<Camera> {
        let model = model(node, models);
        let source = self.camera_source(node);
        let position = node.child("position").map(|node| position(&node));
        let zones = zones(node);
        let nodes: Vec<Node> = node.children("rule").into_iter().map(|child| child.node).collect();
        refuse_repeats(&nodes, rule_id, "rules of this camera", "give one of them another `id`");
        let lines = lines(node);
        let ground = match node.child("calibration") {
            Some(node) => Some(calibration(&node)?),
            None => None,
        };
        let around = Around {
            zones: &zones,
            lines: &lines,
            model,
            calibrated: ground.is_some(),
            placed: position.flatten().is_some(),
        };
        let rules: Vec<Option<Ruled>> =
            nodes.iter().map(|rule| catalogue.rule(rule, Some(&around))).collect();
        let asked = rules.iter().flatten().map(|ruled| ruled.look_hz).filter(|hz| *hz > 0.0);
        let asked = asked.reduce(f32::max);
        let set = node.number("analyse_hz").map(|hz| hz as f32);
        let analyse_hz = set.or(asked).unwrap_or(IDLE_HZ);
        for (node, ruled) in nodes.iter().zip(&rules) {
            refuse_short_absence(node, ruled.as_ref(), analyse_hz);
        }
        let position = match position {
            Some(position) => Some(position?),
            None => None,
        };
        Some(Camera {
            id: node.name("id")?,
            name: node.text("name").map(Into::into),
            substream: self.substream(node, source.as_ref()),
            source: source?,
            model: model?.name.clone(),
            refine: refine::asked(model?, rules.iter().flatten().map(|ruled| &ruled.rule)),
            position,
            analyse_hz,
            steady: set.is_some(),
            regions: node.text("regions") == Some("auto"),
            ground,
            zones: zones.good,
            lines,
            rules: rules.into_iter().map(|ruled| ruled.map(|r| r.rule)).collect::<Option<_>>()?,
        })
    }

    fn camera_source(&self, node: &Node) -> Option<CameraSource> {
        let url = self.secret(node, "url", true)?;
        let transport = match node.text("transport")? {
            "tcp" => Transport::Tcp,
            "udp" => Transport::Udp,
            _ => Transport::Auto,
        };
        let source = url::source(&url, transport, self.folder);
        let mut source = source.map_err(|fault| node.tell("url", fault)).ok()?;
        if node.has("transport") && !matches!(source, CameraSource::Rtsp { .. }) {
            let what = "`transport` is for rtsp:// and rtsps:// only";
            node.tell("transport", Fault::new(what, "remove it"));
        }
        if node.has("ca") && !self.authority(node, &mut source) {
            let what = "`ca` is for encrypted cameras, and the url is not rtsps://";
            let remedy = "write the url as rtsps://, or remove `ca`";
            node.tell("ca", Fault::new(what, remedy));
        }
        Some(source)
    }

    /// A second stream of a live camera, as it travels and is trusted.
    fn substream(&self, node: &Node, main: Option<&CameraSource>) -> Option<CameraSource> {
        if !node.has("substream") {
            return None;
        }
        let url = self.secret(node, "substream", true)?;
        let CameraSource::Rtsp { url: of_main, transport, .. } = main? else {
            let what = "`substream` is for cameras, and the url is not rtsp:// or rtsps://";
            node.tell("substream", Fault::new(what, "remove it"));
            return None;
        };
        let source = url::source(&url, *transport, self.folder);
        let mut source = source.map_err(|fault| node.tell("substream", fault)).ok()?;
        let CameraSource::Rtsp { url, .. } = &source else {
            let what = "`substream` is not the address of a camera";
            node.tell("substream", Fault::new(what, "write it as rtsp:// or rtsps://"));
            return None;
        };
        if url == of_main {
            let what = "`substream` is the same stream as `url`";
            let remedy = "write the address of the camera's small stream, or remove `substream`";
            node.tell("substream", Fault::new(what, remedy));
        }
        self.authority(node, &mut source);
        Some(source)
    }

    /// What an encrypted camera's certificate is checked against; false of one that is not.
    fn authority(&self, node: &Node, source: &mut CameraSource) -> bool {
        match source {
            CameraSource::Rtsp { url, ca, .. } if url.starts_with("rtsps://") => {
                *ca = self.path(node, "ca");
                true
            }
            _ => false,
        }
    }

    /// A text with its references resolved; tells why one cannot be.
    fn secret(&self, node: &Node, name: &str, in_url: bool) -> Option<String> {
        let text = node.text(name)?;
        secret::resolve(text, in_url, self.folder, self.sources.secrets)
            .map_err(|fault| node.tell(name, fault))
            .ok()
    }

    fn path(&self, node: &Node, name: &str) -> Option<PathBuf> {
        node.text(name).map(|path| self.folder.join(path))
    }
}

struct Broker {
    host: String,
    port: u16,
    encrypted: bool,
}

fn broker(text: &str) -> Result<Broker, Fault> {
    let encrypted = match text.split_once("://") {
        Some(("mqtt", _)) => false,
        Some(("mqtts", _)) => true,
        _ => {
            let what = "the address of the broker does not start with mqtt:// or mqtts://";
            return Err(Fault::new(what, "write mqtt://host:1883 or mqtts://host:8883"));
        }
    };
    let url = url::parse(text)?;
    if url.login.is_some() {
        let what = "the address of the broker holds credentials";
        return Err(Fault::new(what, "move them to `username` and `password`"));
    }
    if !matches!(url.path, "" | "/") {
        let what = "the address of the broker goes on after host and port";
        return Err(Fault::new(what, "remove the rest; topics follow from the site's id"));
    }
    let port = url.port.unwrap_or(if encrypted { 8883 } else { 1883 });
    Ok(Broker { host: url.host.into(), port, encrypted })
}

/// A site has cameras or sensors, and cameras have models.
fn refuse_nothing(root: &Node) {
    let [camera, sensor, model] = ["camera", "sensor", "model"].map(|key| root.has_any(key));
    if !camera && !sensor {
        let remedy = "add a table [[camera]], or [[sensor]]";
        root.tell("camera", Fault::new("there is neither a camera nor a sensor", remedy));
    }
    if camera && !model {
        let remedy = "add a table [model.NAME]";
        root.tell("model", Fault::new("there is no model for the cameras", remedy));
    }
}

/// The package behind the camera's `model`; tells when there is none of that name.
fn model<'m>(camera: &Node, models: &'m BTreeMap<Name, Option<Package>>) -> Option<&'m Package> {
    let name = camera.name("model")?;
    if models.is_empty() {
        // Told once, where they should be.
        return None;
    }
    let Some(package) = models.get(&name) else {
        let remedy = match closest(name.as_str(), models.keys().map(Name::as_str)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("models in this file are {}", listed(models.keys())),
        };
        camera.tell("model", Fault::new(format!("there is no [model.{name}]"), remedy));
        return None;
    };
    if package.as_ref().is_some_and(|package| !package.info.refines.is_empty()) {
        let what = format!("[model.{name}] is a classifier, which finds nothing in a picture");
        let remedy = format!("name a detector here, and `refine = [\"{name}\"]` under it");
        camera.tell("model", Fault::new(what, remedy));
        return None;
    }
    package.as_ref()
}

fn position(node: &Node) -> Option<Position> {
    Some(Position { lat: node.number("lat")?, lon: node.number("lon")? })
}

fn site_rules(root: &Node, catalogue: &mut Catalogue) -> Option<Vec<Rule>> {
    let nodes: Vec<Node> = root.children("rule").into_iter().map(|child| child.node).collect();
    refuse_repeats(&nodes, rule_id, "rules of the site", "give one of them another `id`");
    let rules: Vec<Option<Ruled>> = nodes.iter().map(|rule| catalogue.rule(rule, None)).collect();
    rules.into_iter().map(|ruled| ruled.map(|r| r.rule)).collect()
}

fn rule_id(rule: &Node) -> Option<Name> {
    if rule.has("id") { rule.name("id") } else { rule.name("use") }
}

/// An absence shorter than two looks would end incidents between one look and the next.
fn refuse_short_absence(node: &Node, ruled: Option<&Ruled>, analyse_hz: f32) {
    let looks = ruled.filter(|ruled| ruled.rule.program.looks());
    let Some(absence) = looks.map(|ruled| ruled.rule.absence.as_secs_f32()) else { return };
    // A rule takes no more looks than its entry asks for, however often the camera looks.
    let entry_hz = ruled.map_or(analyse_hz, |ruled| ruled.look_hz);
    let hz = analyse_hz.min(entry_hz);
    let least = LOOKS_BEFORE_ABSENT / hz;
    if absence < least {
        let what = format!("{absence} s are too short for a rule that looks {hz} times a second");
        let raise = if analyse_hz < entry_hz { ", or raise `analyse_hz`" } else { "" };
        let remedy = format!("set `absence_secs` to {least:.1} or more{raise}");
        let least_secs = (f64::from(least) * 10.0).ceil() / 10.0;
        let code = EditFault::AbsenceTooShort { least_secs };
        node.tell("absence_secs", Fault::new(what, remedy).coded(code));
    }
}
