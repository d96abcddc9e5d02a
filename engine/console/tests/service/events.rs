//! What becomes different, as it happens: only of open sites, and from where one was.

use super::sample::{heard, id};
use super::support::{Console, Session};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

/// A stream of events, read line by line.
struct Events(BufReader<TcpStream>);

impl Events {
    fn open(console: &Console, who: &Session, last: Option<&str>) -> Self {
        let mut stream = TcpStream::connect(console.address).unwrap();
        let last = last.map(|last| format!("last-event-id: {last}\r\n")).unwrap_or_default();
        let ask = format!(
            "GET /v1/events HTTP/1.1\r\nhost: ioc.test\r\nconnection: close\r\ncookie: {}\r\n{last}\r\n",
            who.cookie
        );
        stream.write_all(ask.as_bytes()).unwrap();
        let mut events = Self(BufReader::new(stream));
        // It watches once it says so.
        events.line("retry:");
        events
    }

    /// The rest of the next line that begins so; none when the stream ends.
    fn line(&mut self, begin: &str) -> Option<String> {
        let mut line = String::new();
        while self.0.read_line(&mut line).unwrap() > 0 {
            if let Some(rest) = line.trim_end().strip_prefix(begin) {
                return Some(rest.trim().to_owned());
            }
            line.clear();
        }
        None
    }

    /// Sort, number and incident of the next event.
    fn next(&mut self) -> Option<(String, String, String)> {
        let mut lines = std::collections::BTreeMap::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if let Some((name, value)) = line.trim_end().split_once(": ") {
                lines.insert(name.to_owned(), value.to_owned());
                if lines.contains_key("event")
                    && lines.contains_key("id")
                    && lines.contains_key("data")
                {
                    let data: serde_json::Value = serde_json::from_str(&lines["data"]).unwrap();
                    let of = data["id"].as_str().unwrap_or_default().to_owned();
                    return Some((lines["event"].clone(), lines["id"].clone(), of));
                }
            }
        }
    }
}

#[test]
fn events_are_those_of_open_sites_and_go_on_where_they_ended() {
    let console = Console::start();
    let lan = console.log_in("lan", &console.person("lan", "operator", Some(&["hue"])));
    let (lan, admin) = (Session::of(&lan), console.admin());
    let take = |site: &str, n: u32| {
        console.runtime.block_on(console.store.take(vec![heard(site, n, 1)])).unwrap();
    };
    let mut events = Events::open(&console, &lan, None);
    take("da-nang", 1);
    take("hue", 2);
    let (event, first, of) = events.next().unwrap();
    assert_eq!((&*event, of), ("incident", id(2)), "the other site's is not told");
    let path = format!("/v1/incidents/{}/looking", id(2));
    assert_eq!(console.ask("PUT", &path, &lan.headers(), None).status, 204);
    assert_eq!(events.next().unwrap().0, "looking");
    drop(events);
    take("hue", 3);
    take("da-nang", 4);
    take("hue", 5);
    let mut events = Events::open(&console, &lan, Some(&first));
    let missed: Vec<String> = (0..2).map(|_| events.next().unwrap().2).collect();
    assert_eq!(missed, [id(3), id(5)]);
    take("hue", 6);
    assert_eq!(events.next().unwrap().2, id(6), "and then what comes, once");
    for unknown in ["99999", "-7", "x"] {
        let mut events = Events::open(&console, &admin, Some(unknown));
        assert_eq!(events.next().unwrap().0, "reset", "{unknown}");
        take("hue", 7 + u32::try_from(unknown.len()).unwrap());
        assert_eq!(events.next().unwrap().0, "incident");
    }
    // Who is sent away hears nothing more.
    let mut events = Events::open(&console, &lan, None);
    let body = serde_json::json!({ "disabled": true });
    let gone = console.ask("PATCH", "/v1/people/lan", &admin.headers(), Some(body));
    assert_eq!(gone.status, 200, "{}", gone.body);
    take("hue", 20);
    assert_eq!(events.next(), None);
}

#[test]
fn a_page_that_is_only_open_keeps_nobody_logged_in() {
    let console = Console::start();
    let admin = console.admin();
    let mut events = Events::open(&console, &admin, None);
    console.clock.forward(std::time::Duration::from_hours(5));
    console.runtime.block_on(console.store.take(vec![heard("hue", 1, 1)])).unwrap();
    assert_eq!(events.next().unwrap().2, id(1));
    console.clock.forward(std::time::Duration::from_hours(4));
    let me = console.ask("GET", "/v1/me", &admin.headers(), None);
    assert_eq!(me.status, 401, "nobody asked for anything in nine hours");
}
