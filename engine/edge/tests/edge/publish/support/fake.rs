//! A broker that answers in exact bytes, as it is told to.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use viahe_testing::wait::LONG;

/// What a client asked for on connecting.
#[derive(Clone, Debug, PartialEq)]
pub struct Connect {
    /// 4 is MQTT 3.1.1.
    pub level: u8,
    pub client_id: String,
    pub has_will: bool,
    pub will_retain: bool,
    pub will_qos: u8,
}

/// A message of a client.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    pub topic: String,
    pub payload: Vec<u8>,
    pub qos: u8,
    pub retain: bool,
    /// Of the connection.
    pub level: u8,
}

/// How a packet is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Bytes(Vec<u8>),
    /// The last words.
    BytesAndClose(Vec<u8>),
    Close,
    Nothing,
}

/// How packets of a kind are answered: a code, or other bytes.
pub type Answers<P> = Box<dyn Fn(&P) -> Result<u8, Answer> + Send + Sync>;

/// What the broker does.
pub struct Manners {
    pub connect: Box<dyn Fn(&Connect) -> Answer + Send + Sync>,
    pub publish: Answers<Published>,
    pub subscribe: Answers<str>,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            connect: Box::new(|connect| welcome(connect.level)),
            publish: Box::new(|_| Ok(0)),
            subscribe: Box::new(|_| Ok(1)),
        }
    }
}

/// Success.
pub fn welcome(level: u8) -> Answer {
    Answer::Bytes(if level == 5 { vec![0x20, 3, 0, 0, 0] } else { vec![0x20, 2, 0, 0] })
}

/// CONNACK of MQTT 5 with a code and no properties.
pub fn refuse(code: u8) -> Answer {
    Answer::BytesAndClose(vec![0x20, 3, 0, code, 0])
}

/// DISCONNECT of MQTT 5 with a code and no properties.
pub fn goodbye(code: u8) -> Answer {
    Answer::BytesAndClose(vec![0xE0, 2, code, 0])
}

#[derive(Default)]
struct Log {
    connects: Vec<Connect>,
    published: Vec<Published>,
    subscribed: Vec<String>,
}

pub struct Fake {
    pub port: u16,
    log: Arc<Mutex<Log>>,
}

impl Fake {
    pub fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::new(Mutex::new(Log::default()));
        let (theirs, manners) = (Arc::clone(&log), Arc::new(manners));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, manners) = (Arc::clone(&theirs), Arc::clone(&manners));
                std::thread::spawn(move || serve(stream, &log, &manners));
            }
        });
        Self { port, log }
    }

    pub fn connects(&self) -> Vec<Connect> {
        self.log.lock().unwrap().connects.clone()
    }

    pub fn published(&self) -> Vec<Published> {
        self.log.lock().unwrap().published.clone()
    }

    pub fn subscribed(&self) -> Vec<String> {
        self.log.lock().unwrap().subscribed.clone()
    }

    /// Messages on incident topics.
    pub fn incidents(&self) -> Vec<Published> {
        self.published().into_iter().filter(|p| p.topic.contains("/incident/")).collect()
    }
}

/// First byte and body of a packet.
fn packet(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut byte = [0; 1];
    stream.read_exact(&mut byte).ok()?;
    let first = byte[0];
    let (mut length, mut shift) = (0, 0);
    loop {
        stream.read_exact(&mut byte).ok()?;
        length |= usize::from(byte[0] & 0x7F) << shift;
        shift += 7;
        if byte[0] & 0x80 == 0 {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((first, body))
}

/// Reads a packet's body.
struct Body<'a>(&'a [u8]);

impl<'a> Body<'a> {
    fn take(&mut self, n: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(n);
        self.0 = rest;
        taken
    }

    fn byte(&mut self) -> u8 {
        self.take(1)[0]
    }

    fn number(&mut self) -> u16 {
        let bytes = self.take(2);
        u16::from_be_bytes([bytes[0], bytes[1]])
    }

    fn text(&mut self) -> String {
        let length = usize::from(self.number());
        String::from_utf8(self.take(length).to_vec()).unwrap()
    }

    /// Skips properties; in tests they are short.
    fn properties(&mut self, level: u8) {
        if level == 5 {
            let length = usize::from(self.byte());
            assert!(length < 128, "long properties");
            self.take(length);
        }
    }
}

fn connect_of(body: &[u8]) -> Connect {
    let mut body = Body(body);
    assert_eq!(body.text(), "MQTT");
    let (level, flags) = (body.byte(), body.byte());
    body.number();
    body.properties(level);
    Connect {
        level,
        client_id: body.text(),
        has_will: flags & 4 != 0,
        will_qos: flags >> 3 & 3,
        will_retain: flags & 0x20 != 0,
    }
}

/// Says `answer`; whether the connection goes on.
fn say(stream: &mut TcpStream, answer: &Answer) -> bool {
    match answer {
        Answer::Bytes(bytes) => stream.write_all(bytes).is_ok(),
        Answer::BytesAndClose(bytes) => {
            let _ = stream.write_all(bytes);
            false
        }
        Answer::Close => false,
        Answer::Nothing => true,
    }
}

fn serve(mut stream: TcpStream, log: &Mutex<Log>, manners: &Manners) {
    stream.set_read_timeout(Some(LONG)).unwrap();
    let Some((0x10, body)) = packet(&mut stream) else { return };
    let connect = connect_of(&body);
    let level = connect.level;
    log.lock().unwrap().connects.push(connect.clone());
    let mut goes_on = say(&mut stream, &(manners.connect)(&connect));
    while goes_on && let Some((first, body)) = packet(&mut stream) {
        let mut body = Body(&body);
        let answer = match first >> 4 {
            3 => {
                let (topic, qos) = (body.text(), first >> 1 & 3);
                let pkid = if qos > 0 { body.number() } else { 0 };
                body.properties(level);
                let payload = body.0.to_vec();
                let message = Published { topic, payload, qos, retain: first & 1 == 1, level };
                log.lock().unwrap().published.push(message.clone());
                let [high, low] = pkid.to_be_bytes();
                match (manners.publish)(&message) {
                    _ if qos == 0 => Answer::Nothing,
                    Ok(0) => Answer::Bytes(vec![0x40, 2, high, low]),
                    Ok(code) => Answer::Bytes(vec![0x40, 3, high, low, code]),
                    Err(answer) => answer,
                }
            }
            8 => {
                let [high, low] = body.number().to_be_bytes();
                body.properties(level);
                let filter = body.text();
                log.lock().unwrap().subscribed.push(filter.clone());
                match (manners.subscribe)(&filter) {
                    Ok(code) if level == 5 => Answer::Bytes(vec![0x90, 4, high, low, 0, code]),
                    Ok(code) => Answer::Bytes(vec![0x90, 3, high, low, code]),
                    Err(answer) => answer,
                }
            }
            12 => Answer::Bytes(vec![0xD0, 0]),
            14 => Answer::Close,
            _ => Answer::Nothing,
        };
        goes_on = say(&mut stream, &answer);
    }
    // Closing with something unread would be a reset, which may overtake the last words.
    let _ = stream.shutdown(Shutdown::Write);
    let _ = std::io::copy(&mut stream, &mut std::io::sink());
}
