//! Explanation of one request: runs the steps of a walk that need no source, and tells what they decided. For
//! `resizer-host explain`; nothing is fetched, and neither authorizers nor caches are asked.

mod explanation;

pub use explanation::{ExplainedSource, Explanation, FormatPart, IgnoredPair, KeyPart, PicturePart, SourcePart};

use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use resizer_imaging::{
    Cancel, Format, Instructions, Job, Layout, Limits, Size, SourceInfo, decode_scale, inspect, output_format, predict,
};
use resizer_plugin_api::engine::{Given, IgnoredByPlugins, MountedSource};
use resizer_plugin_api::{Error, ImageRequest, Overlay, OverlayContent, Reply, RequestHead, SourcePath, Stat};

use crate::config::Loaded;
use crate::located::{Located, LocatedOverlay};
use crate::negotiation::{Negotiation, negotiation};
use crate::prepare::{Output, Prepared, Task, prepare};
use crate::purge_epoch::PurgeEpochs;
use crate::respond::amend;
use crate::rewrite::rewrite;
use crate::site::{Site, below};
use crate::stop::Stop;
use crate::trail::Trail;
use crate::walk::begin;
use crate::warnings::unread;

/// Explains a request, with the plugins of a configuration.
#[must_use]
pub fn explain(loaded: Loaded, head: RequestHead, source: Option<ExplainedSource<'_>>) -> Explanation {
    let (site, head) = (Site::new(loaded), Arc::new(head));
    let mut trail = Trail::begin(head.arrived);
    trail.changes = Some(Vec::new());
    let mut told = Explanation {
        path: head.raw_path.clone(),
        query: head.raw_query.clone(),
        ..Explanation::default()
    };
    if let Err(stop) = steps(&site, &head, source, &mut trail, &mut told) {
        told.end = Some(stop.in_words());
    }
    told.changes = trail.changes.unwrap_or_default();
    told
}

fn steps(
    site: &Site,
    head: &Arc<RequestHead>,
    source: Option<ExplainedSource<'_>>,
    trail: &mut Trail,
    told: &mut Explanation,
) -> Result<(), Stop> {
    let draft = begin(site, head, trail)?;
    let request = rewrite(site, draft, trail)?;
    told.path.clone_from(&request.path);
    told.query = request.query.to_string();
    told.instructions = request.instructions.canonical();
    told.ignored = ignored(site, &request);
    let located = locate(site, &request)?;
    let limits = located
        .as_ref()
        .map_or_else(Limits::default, |located| site.limits(&located.mount));
    let (output, headers) = match located {
        Some(located) => {
            told.source = Some(SourcePart {
                plugin: located.plugin,
                prefix: located.mount.prefix.as_str().to_owned(),
                key: located.key.as_str().to_owned(),
            });
            let overlays = located.overlays.iter();
            let fast = |located: &Located| located.mount.policy.fast;
            let fast = fast(&located)
                && overlays
                    .filter_map(|overlay| overlay.file.as_ref())
                    .all(|file| fast(file));
            let prepared = prepare(site, &request, located, trail)?;
            let output = match prepared.task {
                Task::Process(output) => Some(output),
                Task::Relay => None,
            };
            told.processed = Some(output.is_some());
            told.cached = Some(prepared.caching);
            told.cache_key = Some(key(&request, &prepared, output, fast));
            (output, prepared.headers)
        }
        None => (Some(output(site, &request)), HeaderMap::new()),
    };
    let mut format = output.and_then(Output::format);
    told.format = output.map(|output| format_part(site, &request, output));
    if let (Some(output), Some(source)) = (output, source) {
        let job = header(&request, source, &limits).map(|info| (job(&request, &info, output, limits), info));
        match job.and_then(|((job, why), info)| Ok((picture(&info, &job, source)?, job.format, why))) {
            Ok((picture, chosen, why)) => {
                told.picture = Some(picture);
                if let (Some(part), Some(why)) = (&mut told.format, why) {
                    part.name = chosen.name();
                    part.reason = format!("{}: {why}", part.reason);
                    format = Some(chosen);
                }
            }
            Err(refusal) => told.refusal = Some(refusal),
        }
    }
    if told.source.is_some() {
        let mut reply = Reply::new(StatusCode::OK);
        reply.headers.extend(headers);
        if let Some(format) = format {
            let content_type = HeaderValue::from_static(format.content_type());
            reply.headers.insert(CONTENT_TYPE, content_type);
        }
        amend(site, head, Some(&request), trail, &mut reply);
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = reply.headers.iter();
        told.headers = headers.map(|(name, value)| (name.to_string(), text(value))).collect();
    }
    Ok(())
}

fn ignored(site: &Site, request: &ImageRequest) -> Vec<IgnoredPair> {
    let (_, ignored) = Instructions::parse_as(site.server().compat.into(), request.query.iter());
    let by_plugins = request
        .state
        .get()
        .map_or_else(Vec::new, |IgnoredByPlugins(pairs)| pairs.clone());
    let told = unread(site, ignored)
        .into_iter()
        .chain(by_plugins)
        .map(|pair| IgnoredPair {
            reason: pair.to_string(),
            nearest: pair.nearest().map(str::to_owned),
            key: pair.key,
            value: pair.value,
        });
    told.collect()
}

/// The source of the path, without a word from its store. `None` if no source is mounted at a prefix of the path.
fn locate(site: &Site, request: &ImageRequest) -> Result<Option<Located>, Stop> {
    let Some(mount) = site.mount(&request.path) else {
        return Ok(None);
    };
    let path = below(&mount.value, &request.path).map_err(|cause| Stop::Error(Error::not_found().because(cause)))?;
    let mut located = unasked(mount, path);
    located.overlays = request.overlays.iter().map(|overlay| overlaid(site, overlay)).collect();
    Ok(Some(located))
}

/// A source whose store is not asked.
fn unasked(mount: &Given<Arc<MountedSource>>, path: SourcePath) -> Located {
    let key = mount.value.source.identity(&path);
    Located {
        plugin: mount.plugin,
        mount: Arc::clone(&mount.value),
        path,
        epoch: Arc::new(PurgeEpochs::default()).current(&key),
        key,
        stat: Stat::unknown(),
        substitute: None,
        overlays: Vec::new(),
    }
}

/// An overlay with the source of its file, if a source is mounted there.
fn overlaid(site: &Site, overlay: &Overlay) -> LocatedOverlay {
    let file = match &overlay.content {
        OverlayContent::Image { path, .. } => site.mount(path).and_then(|mount| {
            let path = below(&mount.value, path).ok()?;
            Some(Arc::new(unasked(mount, path)))
        }),
        _ => None,
    };
    LocatedOverlay {
        overlay: overlay.clone(),
        file,
    }
}

/// An overlay in words.
fn overlay_text(overlay: &Overlay) -> String {
    match &overlay.content {
        OverlayContent::Image { path, instructions } => {
            let commands = instructions.canonical();
            let separator = if commands.is_empty() { "" } else { "?" };
            format!("overlay {path}{separator}{commands}: {}", overlay.placement)
        }
        OverlayContent::Drawing(drawing) => format!("overlay {}: {}", drawing.name(), overlay.placement),
        other => format!("overlay {other:?}: {}", overlay.placement),
    }
}

fn key(request: &ImageRequest, prepared: &Prepared, output: Option<Output>, fast: bool) -> KeyPart {
    let variant = match output {
        Some(output) => [
            format!("version {}", resizer_imaging::VERSION),
            output.key_part().to_owned(),
            request.instructions.canonical(),
        ]
        .into_iter()
        .chain(request.overlays.iter().map(overlay_text))
        .collect(),
        None => vec!["the source as it is".to_owned()],
    };
    KeyPart {
        digest: fast.then(|| prepared.key.digest()),
        variant: variant.into_iter().filter(|part| !part.is_empty()).collect(),
    }
}

/// The format of a request whose source is not known.
fn output(site: &Site, request: &ImageRequest) -> Output {
    let headers = &request.head.headers;
    match negotiation(site.server().negotiate, &request.instructions, headers) {
        Negotiation::None => Output::Format(output_format(&request.instructions, request.extension())),
        Negotiation::ByQuery(accepted) | Negotiation::ByHeader(accepted) => Output::Negotiated(accepted),
    }
}

/// The format and its reason, as far as they are known without the source.
fn format_part(site: &Site, request: &ImageRequest, output: Output) -> FormatPart {
    let accepted = match output {
        Output::Format(format) => {
            return FormatPart {
                name: format.name(),
                reason: reason(request, format),
            };
        }
        Output::Negotiated(accepted) => accepted,
    };
    let by = match negotiation(site.server().negotiate, &request.instructions, &request.head.headers) {
        Negotiation::ByQuery(_) => "by the query",
        _ => "by its header `Accept`",
    };
    FormatPart {
        name: "negotiated",
        reason: format!("the client is of the class `{}`, {by}", accepted.class()),
    }
}

/// The job, and why its format was chosen if it was negotiated.
fn job(request: &ImageRequest, info: &SourceInfo, output: Output, limits: Limits) -> (Job, Option<&'static str>) {
    let instructions = request.instructions.clone();
    match output {
        Output::Format(format) => {
            let job = Job {
                instructions,
                format,
                limits,
            };
            (job, None)
        }
        Output::Negotiated(accepted) => {
            let (job, why) = Job::negotiated(instructions, limits, info, accepted);
            (job, Some(why))
        }
    }
}

/// Why the result has this format.
fn reason(request: &ImageRequest, format: Format) -> String {
    if request.instructions.format().is_some() {
        return "the query names it".to_owned();
    }
    match request.extension() {
        Some(extension) if Format::from_extension(extension) == Some(format) => {
            format!("the format of the source, by its name's extension `{extension}`")
        }
        Some(extension) => format!("the query names none, and files named `{extension}` are not written"),
        None => "the query names none, and the path has no extension".to_owned(),
    }
}

/// The header of the source, or the usual one of a source of this size.
fn header(request: &ImageRequest, source: ExplainedSource<'_>, limits: &Limits) -> Result<SourceInfo, String> {
    let info = match source {
        ExplainedSource::Size(width, height) => {
            let format = request.extension().and_then(Format::from_extension);
            Ok(SourceInfo::of_size(format.unwrap_or(Format::Jpeg), width, height))
        }
        ExplainedSource::Bytes(bytes) => inspect(bytes, limits, &Cancel::new()),
    };
    info.map_err(|error| error.to_string())
}

fn picture(info: &SourceInfo, job: &Job, source: ExplainedSource<'_>) -> Result<PicturePart, String> {
    let layout = Layout::of(&job.instructions, info.size_for(&job.instructions)).map_err(|error| error.to_string())?;
    let cost = predict(info, job).map_err(|error| error.to_string())?;
    let pair = |size: Size| (size.width, size.height);
    Ok(PicturePart {
        source_format: info.format.name(),
        source: pair(layout.source),
        is_assumed: matches!(source, ExplainedSource::Size(..)),
        crop: layout.crop,
        scaled: layout.scaled.map(pair),
        pad: layout.pad,
        output: pair(layout.output),
        decode_scale: decode_scale(info, job).map_err(|error| error.to_string())?,
        memory_bytes: cost.peak_bytes,
        milliseconds: cost.time.as_millis() as u64,
    })
}
