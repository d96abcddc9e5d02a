use super::*;

fn read(text: &str) -> Result<Config, Vec<String>> {
    let folder = Path::new("/etc/viahe");
    let error = |e: ConfigError| e.problems.iter().map(Problem::to_string).collect();
    parse(text, "console.toml", folder).map_err(error)
}

#[test]
fn a_small_file_is_enough() {
    let config = read("[console]\ndata_dir = \"data\"\n[mqtt]\nurl = \"mqtt://[::1]:1884\"\n");
    let config = config.unwrap();
    assert_eq!(config.listen.to_string(), LISTEN);
    assert_eq!(config.data_dir, Path::new("/etc/viahe/data"));
    assert_eq!((config.language, config.https, config.map), (Language::Vi, false, None));
    let mqtt = config.mqtt;
    assert_eq!((mqtt.host.as_str(), mqtt.port, mqtt.tls.is_none()), ("::1", 1884, true));
}

#[test]
fn all_problems_are_told_at_once_with_their_lines() {
    let text = "[console]\nlisten = \"here\"\nhttps = 1\nproxy = \"gate\"\nlanguage = \"fr\"\ndata = 1\n\
                [mqtt]\nurl = \"http://x\"\npassword = \"${env:VIAHE_NOT_SET}\"\nkey = \"k.pem\"\n\
                [people]\n";
    let problems = read(text).unwrap_err();
    let want = [
        "console.toml:1: console.data_dir is missing;",
        "console.toml:2: console.listen is no address",
        "console.toml:3: console.https is neither",
        "console.toml:4: console.proxy is no address;",
        "console.toml:5: console.language is not",
        "console.toml:6: console.data is not known; the keys are listen",
        "console.toml:8: mqtt.url is no address",
        "console.toml:9: mqtt.password VIAHE_NOT_SET is not set;",
        "console.toml:10: mqtt.key stands alone;",
        "console.toml:11: people is no table",
    ];
    assert_eq!(problems.len(), want.len(), "{problems:#?}");
    for (problem, want) in problems.iter().zip(want) {
        assert!(problem.starts_with(want), "{problem} is not {want}");
    }
}

#[test]
fn certificates_stand_with_what_they_need() {
    let with = |lines: &str| {
        read(&format!("[console]\ndata_dir = \"d\"\n{lines}\n[mqtt]\nurl = \"mqtt://b\"\n"))
    };
    let whole = "cert = \"c.pem\"\nkey = \"/k.pem\"\nclient_ca = \"ca.pem\"\nclient_crl = \"crl\"";
    let config = with(whole).unwrap();
    let boxes = Vouches { ca: "/etc/viahe/ca.pem".into(), revoked: Some("/etc/viahe/crl".into()) };
    let door = Door { cert: "/etc/viahe/c.pem".into(), key: "/k.pem".into(), boxes: Some(boxes) };
    assert_eq!((config.https, config.door), (true, Some(door)));
    for (line, want) in [
        ("cert = \"c\"", "console.toml:3: console.cert is of no use without key;"),
        ("key = \"k\"", "console.toml:3: console.key is of no use without cert;"),
        ("client_ca = \"a\"", "console.toml:3: console.client_ca is of no use without cert;"),
        (
            "client_crl = \"a\"",
            "console.toml:3: console.client_crl is of no use without client_ca;",
        ),
    ] {
        let problems = with(line).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with(want), "{}", problems[0]);
    }
}

#[test]
fn what_is_no_toml_is_told_and_no_secret_shown() {
    assert!(read("[console\n").unwrap_err()[0].starts_with("console.toml:1: "));
    let text = "[console]\ndata_dir = \"d\"\n[mqtt]\nurl = \"mqtts://b\"\nca = \"ca.pem\"\n\
                username = \"hue\"\npassword = \"geheim\"\n";
    let config = read(text).unwrap();
    assert!(!format!("{config:?}").contains("geheim"));
    assert_eq!(config.mqtt.port, 8883);
    let config = read(&text.replace("[mqtt]", "map = \"hue.pmtiles\"\n[mqtt]")).unwrap();
    assert_eq!(config.map.as_deref(), Some(Path::new("/etc/viahe/hue.pmtiles")));
}
