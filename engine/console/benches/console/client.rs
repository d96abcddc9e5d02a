//! A client that keeps its connection and says just what it is told to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};

pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    /// Lines of each request, each with its end.
    headers: String,
}

impl Client {
    pub(crate) fn new(port: u16, headers: &str) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream), headers: headers.to_owned() }
    }

    /// Asks; the body of the answer, which must say that it went well.
    pub(crate) fn ask(&mut self, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let length = self.begin(method, path, body).expect("it has a length");
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).unwrap();
        answer
    }

    /// Asks for a stream; its lines.
    pub(crate) fn listen(mut self, path: &str) -> impl Iterator<Item = String> {
        self.begin("GET", path, &[]);
        self.stream.lines().map_while(Result::ok)
    }

    /// Asks; the length of the answer, if it has one, after its head.
    fn begin(&mut self, method: &str, path: &str, body: &[u8]) -> Option<usize> {
        let Self { headers, stream } = self;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: bench\r\n{headers}content-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        let bytes = [head.as_bytes(), body].concat();
        stream.get_mut().write_all(&bytes).unwrap();
        let (mut length, mut line) = (None, String::new());
        stream.read_line(&mut line).unwrap();
        assert!(line.contains(" 200 ") || line.contains(" 201 "), "{path}: {line}");
        loop {
            line.clear();
            stream.read_line(&mut line).unwrap();
            let Some((name, value)) = line.split_once(':') else { return length };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok();
            }
        }
    }
}
