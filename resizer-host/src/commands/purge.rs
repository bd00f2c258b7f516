//! `resizer-host purge`: asks the admin listener of a running server to purge, and prints its answer. The page that
//! answers is `admin/purge.rs`.

use std::env::VarError;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};

use http::HeaderValue;
use resizer_plugin_api::Query;

use super::loaded;
use crate::cli::{Purge, PurgeTarget};
use crate::complaint::Complaint;

/// The variable that holds the token of the admin listener.
const TOKEN_VARIABLE: &str = "RESIZER_ADMIN_TOKEN";
/// The most bytes that are read from a file with a token: more fit into no head of the admin listener.
const LONGEST_TOKEN: u64 = 16 << 10;

/// Asks the running server and prints its answer. With `--admin` no configuration is read.
pub(super) fn purge(purge: Purge) -> Result<u8, Complaint> {
    let given = given_token(&purge)?;
    let (address, token) = match purge.admin {
        Some(address) => (address, given),
        None => {
            let path = purge.config.path();
            let (_, settings) = loaded(&path)?;
            let configured = settings.admin_listen.0.filter(|address| address.port() != 0);
            let address = configured.ok_or_else(|| {
                let path = path.display();
                Complaint::new(format!(
                    "{path} does not say where the admin listener is; give its address with --admin"
                ))
            })?;
            let own = || settings.admin_token.as_ref().map(|token| token.expose().to_owned());
            (reachable(address).to_string(), given.or_else(own))
        }
    };
    let request = request(&purge.target, &address, token.as_deref())?;
    let answer = exchange(&address, &request)
        .map_err(|error| Complaint::new(format!("no answer from the admin listener at {address}: {error}")))?;
    let parts = answer.split_once("\r\n\r\n").and_then(|(head, body)| {
        let status: u16 = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        Some((status, body))
    });
    match parts {
        Some((200, said)) => crate::print(said),
        Some((_, said)) => Err(Complaint::new(format!(
            "the server at {address} says: {}",
            said.trim_end()
        ))),
        None => Err(Complaint::new(format!("the program at {address} is no admin listener"))),
    }
}

/// The token of the command line, of the file that it names, or of the environment.
#[expect(clippy::disallowed_methods, reason = "a command line tool blocks no request")]
fn given_token(purge: &Purge) -> Result<Option<String>, Complaint> {
    if purge.token.is_some() {
        return Ok(purge.token.clone());
    }
    let Some(path) = &purge.token_file else {
        return match std::env::var(TOKEN_VARIABLE) {
            Ok(token) => Ok(Some(token).filter(|token| !token.is_empty())),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(Complaint::new(format!("${TOKEN_VARIABLE} is not UTF-8"))),
        };
    };
    let cannot = |why: &dyn std::fmt::Display| {
        let path = path.display();
        Complaint::new(format!("cannot read the token from {path}: {why}"))
    };
    let mut text = String::new();
    let file = File::open(path).map_err(|error| cannot(&error))?;
    file.take(LONGEST_TOKEN)
        .read_to_string(&mut text)
        .map_err(|error| cannot(&error))?;
    match text.trim() {
        "" => Err(cannot(&"the file is empty")),
        token => Ok(Some(token.to_owned())),
    }
}

fn request(target: &PurgeTarget, address: &str, token: Option<&str>) -> Result<String, Complaint> {
    let mut query = Query::default();
    let given = [
        ("url", &target.url),
        ("source", &target.source),
        ("prefix", &target.prefix),
    ];
    match given
        .into_iter()
        .find_map(|(name, value)| Some((name, value.as_deref()?)))
    {
        Some((name, value)) => query.set(name, value),
        None => query.set("all", "true"),
    }
    let mut request = format!("POST /purge?{query} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\n");
    if let Some(token) = token {
        let token = HeaderValue::from_str(token).ok();
        let token = token.as_ref().and_then(|token| token.to_str().ok());
        let token = token.ok_or_else(|| Complaint::new("the token has characters that no header can hold"))?;
        let _ = write!(request, "Authorization: Bearer {token}\r\n");
    }
    request += "Connection: close\r\n\r\n";
    Ok(request)
}

/// The address at which this machine reaches a listener on all addresses.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn exchange(address: &str, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    // A listener that speaks TLS may break its answer off. The bytes that came before tell more than the error.
    if let Err(error) = stream.read_to_end(&mut answer)
        && answer.is_empty()
    {
        return Err(error);
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
