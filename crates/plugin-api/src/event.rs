//! What a handler is given at each step of a request, in the order in which the steps happen. Events are synchronous
//! and cheap: a handler that needs a file or the network belongs into a service.
//!
//! All of these are `#[non_exhaustive]`: a new field breaks no plugin.

use http::{Extensions, HeaderMap, HeaderName, StatusCode};

use crate::service::HandlePlan;
use crate::{ImageRequest, Query, RequestHead, SourceKey, Stat};

/// Given to `on_request`, `on_rewrite` and `on_post_rewrite`: path and query may be changed.
#[derive(Debug)]
#[non_exhaustive]
pub struct RewriteEvent<'r> {
    /// What the client sent.
    pub head: &'r RequestHead,
    /// The path, decoded once; begins with `/`.
    pub path: &'r mut String,
    /// The query.
    pub query: &'r mut Query,
    /// Set by a handler that wants this path treated as an image although its extension does not say so.
    pub any_extension: &'r mut bool,
    /// What the plugin wants to remember for its later handlers, keyed by a type of its own.
    pub state: &'r mut Extensions,
}

/// Given to `on_rewrite_defaults`: what the URL says cannot be overruled, by type.
#[derive(Debug)]
#[non_exhaustive]
pub struct DefaultsEvent<'r> {
    /// What the client sent.
    pub head: &'r RequestHead,
    /// The path, decoded once.
    pub path: &'r str,
    /// The query without the defaults.
    pub query: &'r Query,
    /// What the plugin wants to remember for its later handlers.
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

    /// Gives a key a value where the URL gives none; of two defaults for one key the later handler's holds.
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
    /// A path to serve in its place, with the same query; asked for once, not again if that is missing too.
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
    /// What its store says of it.
    pub stat: &'r Stat,
    /// The media type of the answer, as far as it is known before the source is read.
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

    /// Makes another variant of the result; say only what changes its bytes.
    pub fn add_key_part(&mut self, part: impl Into<String>) {
        self.plan.key_parts.push(part.into());
    }

    /// The one way to let the answer depend on a request header: caches before us learn of it by `Vary`, and the key
    /// takes the class that the header's value falls into (`webp` or `none`, not the raw value).
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

/// Given to `on_response`: the answer is decided, errors included; its headers may be amended.
#[derive(Debug)]
#[non_exhaustive]
pub struct ResponseEvent<'r> {
    /// What the client sent.
    pub head: &'r RequestHead,
    /// The image request, if it came that far.
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
