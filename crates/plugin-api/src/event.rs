//! Events: the arguments of handlers at each step of a request, in the order of the steps. Events are synchronous and
//! cheap: a handler that needs a file or the network belongs into a service.
//!
//! All of them are `#[non_exhaustive]`: a new field breaks no plugin.

use std::time::Duration;

use http::{Extensions, HeaderMap, HeaderName, StatusCode};
use resizer_imaging::{Ignored, SizeLimits};

use crate::overlay::{IgnoredByPlugins, Overlays};
use crate::service::HandlePlan;
use crate::{Error, ErrorKind, ImageRequest, Overlay, Query, RequestHead, Seconds, SourceKey, Stat};

/// Given to `on_request`, `on_rewrite` and `on_post_rewrite`: path and query may be changed.
#[derive(Debug)]
#[non_exhaustive]
pub struct RewriteEvent<'r> {
    /// The request's head, as the client sent it.
    pub head: &'r RequestHead,
    /// The path, decoded once; begins with `/`.
    pub path: &'r mut String,
    /// The query.
    pub query: &'r mut Query,
    /// Set by a handler that wants this path treated as an image although its extension does not say so.
    pub any_extension: &'r mut bool,
    /// Values that the plugin keeps for its later handlers, keyed by a type of its own.
    pub state: &'r mut Extensions,
}

/// Given to `on_rewrite_defaults`: its type lets no handler overrule the URL.
#[derive(Debug)]
#[non_exhaustive]
pub struct DefaultsEvent<'r> {
    /// The request's head, as the client sent it.
    pub head: &'r RequestHead,
    /// The path, decoded once.
    pub path: &'r str,
    /// The query without the defaults.
    pub query: &'r Query,
    /// Values that the plugin keeps for its later handlers, keyed by a type of its own.
    pub state: &'r mut Extensions,
    defaults: &'r mut Query,
}

impl<'r> DefaultsEvent<'r> {
    /// Called by the engine.
    #[doc(hidden)]
    pub fn new(
        head: &'r RequestHead,
        path: &'r str,
        query: &'r Query,
        state: &'r mut Extensions,
        defaults: &'r mut Query,
    ) -> Self {
        Self {
            head,
            path,
            query,
            state,
            defaults,
        }
    }

    /// Gives a key a value where the URL gives none. Of two defaults for one key, the later handler's holds.
    pub fn set_default(&mut self, key: &str, value: impl Into<String>) {
        self.defaults.set(key, value);
    }
}

impl<'r> RewriteEvent<'r> {
    /// Called by the engine.
    #[doc(hidden)]
    pub fn new(
        head: &'r RequestHead,
        path: &'r mut String,
        query: &'r mut Query,
        any_extension: &'r mut bool,
        state: &'r mut Extensions,
    ) -> Self {
        Self {
            head,
            path,
            query,
            any_extension,
            state,
        }
    }

    /// Bounds the result, whatever the query asks for. Of several bounds on one side the smallest holds.
    pub fn limit_size(&mut self, limits: SizeLimits) {
        let known = self.state.get::<SizeLimits>().copied().unwrap_or_default();
        self.state.insert(known.narrowed(limits));
    }

    /// Changes the query by a rule of the operator. The same change is made to a second query, which holds what the
    /// operator's rules alone have said: [`RewriteEvent::own_query`].
    pub fn change_query(&mut self, change: impl Fn(&mut Query)) {
        change(self.query);
        // No entry for a change that leaves nothing, as most do that drop a key: an entry costs more than the change.
        if let Some(own) = self.state.get_mut::<OwnQuery>() {
            change(&mut own.0);
        } else {
            let mut own = Query::default();
            change(&mut own);
            if !own.is_empty() {
                self.state.insert(OwnQuery(own));
            }
        }
    }

    /// The query that there would be by now if the client had sent none. Changes count that were made by
    /// [`RewriteEvent::change_query`].
    #[must_use]
    pub fn own_query(&self) -> Query {
        self.state
            .get::<OwnQuery>()
            .map(|own| own.0.clone())
            .unwrap_or_default()
    }

    /// Lays an image or a drawing over the result, above those added before. The result is then processed, unless the
    /// query says `process=no`.
    pub fn add_overlay(&mut self, overlay: Overlay) {
        self.state.get_or_insert_default::<Overlays>().0.push(overlay);
    }

    /// Tells that a part of the query is ignored: in the log, and in a header of the response if the server's settings
    /// say so. For links that shall go on working.
    pub fn ignore(&mut self, ignored: Ignored) {
        self.state.get_or_insert_default::<IgnoredByPlugins>().0.push(ignored);
    }
}

/// The query of the operator's rules alone.
#[derive(Clone, Debug, Default)]
struct OwnQuery(Query);

/// Given to `on_image_missing`: no source has the image, or its file cannot be decoded.
#[derive(Debug)]
#[non_exhaustive]
pub struct MissingEvent<'r> {
    /// The request.
    pub request: &'r ImageRequest,
    /// The error that the client gets without a substitute: `NotFound` for a missing image, `Corrupt` or `Unsupported`
    /// for one that cannot be decoded.
    pub error: &'r Error,
    /// An image to serve in its place. The engine asks once, not again if that image is missing too.
    pub substitute: &'r mut Option<Substitute>,
}

/// An image in place of a missing one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Substitute {
    /// Its path, as a request would have it after all rewriting.
    pub path: String,
    /// The commands for it. `None` stands for those of the request.
    pub query: Option<Query>,
    /// The status of the response: 200, or one that says that the image asked for is not there. With any other than 200
    /// the response has no validators, and is always sent whole.
    pub status: StatusCode,
    /// How long caches may keep the response where its status is not 200.
    pub max_age: Seconds,
}

impl Substitute {
    /// The image at this path, with the commands of the request and status 200.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            query: None,
            status: StatusCode::OK,
            max_age: Seconds(Duration::ZERO),
        }
    }
}

impl<'r> MissingEvent<'r> {
    /// Called by the engine.
    #[doc(hidden)]
    pub fn new(request: &'r ImageRequest, error: &'r Error, substitute: &'r mut Option<Substitute>) -> Self {
        Self {
            request,
            error,
            substitute,
        }
    }

    /// Whether the source has the image, and its file cannot be decoded.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.error.kind() != ErrorKind::NotFound
    }
}

/// Given to `on_pre_handle`: the source is found and the plan is made, but nothing is fetched.
#[derive(Debug)]
#[non_exhaustive]
pub struct PreHandleEvent<'r> {
    /// The request.
    pub request: &'r ImageRequest,
    /// The source.
    pub source: &'r SourceKey,
    /// The source's metadata, as its store says.
    pub stat: &'r Stat,
    /// The media type of the response, if it is known before the source is read.
    pub content_type: Option<&'static str>,
    /// Whether pixels will be touched.
    pub processing: bool,
    /// Whether the result will be cached.
    pub caching: bool,
    plan: &'r mut HandlePlan,
}

impl<'r> PreHandleEvent<'r> {
    /// Called by the engine.
    #[doc(hidden)]
    pub fn new(
        request: &'r ImageRequest,
        source: &'r SourceKey,
        stat: &'r Stat,
        content_type: Option<&'static str>,
        processing: bool,
        caching: bool,
        plan: &'r mut HandlePlan,
    ) -> Self {
        Self {
            request,
            source,
            stat,
            content_type,
            processing,
            caching,
            plan,
        }
    }

    /// Makes another variant of the result. Give only values that change its bytes.
    pub fn add_key_part(&mut self, part: impl Into<String>) {
        self.plan.key_parts.push(part.into());
    }

    /// Lets the response depend on a request header, as nothing else may: caches in front of this server learn of it by
    /// `Vary`, and the cache key takes the class that the header's value falls into (`webp` or `none`, not the raw
    /// value).
    pub fn vary(&mut self, header: HeaderName, class: &str) {
        self.plan.key_parts.push(format!("{header}={class}"));
        if !self.plan.vary.contains(&header) {
            self.plan.vary.push(header);
        }
    }

    /// The headers that the response will have.
    pub fn headers(&mut self) -> &mut HeaderMap {
        &mut self.plan.headers
    }
}

/// Given to `on_response`: the response is decided, errors included, and its headers may be amended.
#[derive(Debug)]
#[non_exhaustive]
pub struct ResponseEvent<'r> {
    /// The request's head, as the client sent it.
    pub head: &'r RequestHead,
    /// The image request, if the request came as far as that step.
    pub request: Option<&'r ImageRequest>,
    /// The final status.
    pub status: StatusCode,
    /// The headers.
    pub headers: &'r mut HeaderMap,
}

impl<'r> ResponseEvent<'r> {
    /// Called by the engine.
    #[doc(hidden)]
    pub fn new(
        head: &'r RequestHead,
        request: Option<&'r ImageRequest>,
        status: StatusCode,
        headers: &'r mut HeaderMap,
    ) -> Self {
        Self {
            head,
            request,
            status,
            headers,
        }
    }
}
