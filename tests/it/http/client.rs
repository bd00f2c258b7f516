//! HTTP/1.1 client over one raw connection: shows a test exactly the bytes on the socket, sends what no well-behaved
//! client would send, and hangs up at any time.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// Timeout of a test: longer than any step that works takes.
const TIMEOUT: Duration = Duration::from_secs(60);

/// One connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct Response {
    /// Its status.
    pub(crate) status: u16,
    /// Its headers as they came, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// Its body.
    pub(crate) body: Vec<u8>,
}

impl Client {
    /// Connects.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("cannot connect to {address}: {error}"));
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.set_write_timeout(Some(TIMEOUT)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Sends these bytes as they are.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// Sends a GET and does not wait for its answer.
    pub(crate) fn send_get(&mut self, target: &str) {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"));
    }

    /// A GET and its answer; the connection stays open.
    pub(crate) fn get(&mut self, target: &str) -> Response {
        self.request("GET", target, &[])
    }

    /// A request and its answer.
    pub(crate) fn request(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) -> Response {
        let headers: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        self.send(format!("{method} {target} HTTP/1.1\r\nHost: test\r\n{headers}\r\n"));
        self.response(method == "HEAD")
    }

    /// The next response. That to HEAD has no body, whatever its headers say.
    pub(crate) fn response(&mut self, to_head: bool) -> Response {
        self.try_response(to_head)
            .unwrap_or_else(|error| panic!("no whole response came: {error}"))
    }

    /// The next response, if it comes whole.
    pub(crate) fn try_response(&mut self, to_head: bool) -> std::io::Result<Response> {
        let mut response = self.head()?;
        let length = response
            .header("content-length")
            .map(|length| length.parse::<u64>().unwrap());
        if to_head || response.status == 204 || response.status == 304 {
            return Ok(response);
        }
        if response.header("transfer-encoding") == Some("chunked") {
            loop {
                let size = u64::from_str_radix(self.line()?.trim(), 16).unwrap();
                self.read_into(&mut response.body, size)?;
                self.line()?;
                if size == 0 {
                    return Ok(response);
                }
            }
        }
        match length {
            Some(length) => self.read_into(&mut response.body, length)?,
            None => _ = self.stream.read_to_end(&mut response.body)?,
        }
        Ok(response)
    }

    /// The next response's head; its body is left to be read, or not.
    pub(crate) fn head(&mut self) -> std::io::Result<Response> {
        let status = self.line()?;
        let status = status
            .split(' ')
            .nth(1)
            .unwrap_or_else(|| panic!("not a status line: {status}"));
        let mut response = Response {
            status: status.parse().unwrap(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else {
                return Ok(response);
            };
            response
                .headers
                .push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// Waits until the server has closed the connection; what it sent before that comes back.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // A reset is as good an end as any; being kept waiting is none.
        if let Err(error) = self.stream.read_to_end(&mut rest) {
            assert_eq!(
                error.kind(),
                std::io::ErrorKind::ConnectionReset,
                "the server does not close: {error}"
            );
        }
        rest
    }

    /// Sends this again and again until the server takes no more, on a thread of its own, and reads nothing.
    pub(crate) fn send_for_ever(&self, bytes: &'static str) {
        let mut stream = self.stream.get_ref().try_clone().unwrap();
        std::thread::spawn(move || while stream.write_all(bytes.as_bytes()).is_ok() {});
    }

    /// Sends this byte by byte on a thread of its own, until the server takes no more.
    pub(crate) fn send_slowly(&self, text: &'static str) {
        let mut stream = self.stream.get_ref().try_clone().unwrap();
        std::thread::spawn(move || {
            for byte in text.bytes().chain(std::iter::repeat(b'b')) {
                if stream.write_all(&[byte]).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        });
    }

    /// Sends these bytes if the server still takes them.
    pub(crate) fn try_send(&mut self, bytes: &str) {
        let _ = self.stream.get_mut().write_all(bytes.as_bytes());
    }

    /// Closes the side for sending, and goes on reading.
    pub(crate) fn finish_sending(&mut self) {
        self.stream.get_ref().shutdown(Shutdown::Write).unwrap();
    }

    /// Sends all of this on a thread of its own.
    pub(crate) fn send_beside(&self, bytes: String) {
        let mut stream = self.stream.get_ref().try_clone().unwrap();
        std::thread::spawn(move || stream.write_all(bytes.as_bytes()));
    }

    /// Hangs up, without a word.
    pub(crate) fn hang_up(self) {
        let _ = self.stream.get_ref().shutdown(Shutdown::Both);
    }

    fn line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line)? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }

    /// Reads this many bytes more of a body.
    pub(crate) fn read_into(&mut self, body: &mut Vec<u8>, length: u64) -> std::io::Result<()> {
        let read = (&mut self.stream).take(length).read_to_end(body)?;
        if read as u64 == length {
            Ok(())
        } else {
            Err(std::io::ErrorKind::UnexpectedEof.into())
        }
    }
}

impl Response {
    /// The first value of a header; the name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|header| header.0 == name)
            .map(|header| header.1.as_str())
    }

    /// Width and height of a JPEG.
    pub(crate) fn jpeg_size(&self) -> (u16, u16) {
        // The first frame header (ITU T.81, B.2.2): marker, length, precision, height, width.
        let at = self
            .body
            .windows(2)
            .position(|pair| matches!(pair, [0xFF, 0xC0 | 0xC2]))
            .unwrap();
        let number = |offset: usize| u16::from_be_bytes([self.body[at + offset], self.body[at + offset + 1]]);
        (number(7), number(5))
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}
