//! Events: the arguments of handlers at each step of a request, in the order of the steps. Events are synchronous and
//! cheap: a handler that needs a file or the network belongs into a service.
//!
//! All of them are `#[non_exhaustive]`: a new field breaks no plugin.

use http::{Extensions, HeaderMap, HeaderName, StatusCode};

use crate::service::HandlePlan;
use crate::{ImageRequest, Query, RequestHead, SourceKey, Stat};

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
}

/// Given to `on_image_missing`: no source has the image.
#[derive(Debug)]
#[non_exhaustive]
pub struct MissingEvent<'r> {
    /// The request.
    pub request: &'r ImageRequest,
    /// A path to serve in its place, with the same query. The engine asks once, not again if that path is missing too.
    pub substitute: &'r mut Option<String>,
}

impl<'r> MissingEvent<'r> {
    /// Called by the engine.
    #[doc(hidden)]
    pub fn new(request: &'r ImageRequest, substitute: &'r mut Option<String>) -> Self {
        Self { request, substitute }
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
