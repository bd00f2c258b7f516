//! Reader settings: the settings that all readers share, as a macro that adds them to a reader's own. A macro, because
//! the place of a setting in `plugins.toml` is known only while its own struct is read. Settings gathered by
//! `#[serde(flatten)]` would lose the line that a mistake is on.

/// Declares a reader's `struct Config`: its own settings first, then those that all readers share, and the method
/// `policy`, which tells the engine how to treat the source.
///
/// ```
/// # fn main() {}
/// resizer_plugin_api::reader_settings! {
///     // The defaults that differ from reader to reader.
///     prefix = "/shelf/", check_modified = "5m", untrusted_data = false;
///
///     /// The settings of one entry.
///     pub struct Config {
///         /// The shelf that holds the pictures.
///         pub shelf: String,
///     }
/// }
/// ```
#[macro_export]
macro_rules! reader_settings {
    (
        prefix = $prefix:literal, check_modified = $check_modified:literal, untrusted_data = $untrusted_data:literal;
        $(#[$attribute:meta])*
        pub struct Config { $($own:tt)* }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, $crate::serde::Deserialize, $crate::schemars::JsonSchema)]
        #[serde(crate = "resizer_plugin_api::serde", deny_unknown_fields)]
        #[schemars(crate = "resizer_plugin_api::schemars")]
        pub struct Config {
            $($own)*
            /// The part of the URL's path under which the images appear.
            #[serde(default = "Config::default_prefix")]
            pub prefix: $crate::UrlPrefix,
            /// Take it that images never change: the store is not asked about an image before it is read, and a result
            /// that is cached is served without a question. The fastest way, one trip for each image; an image that is
            /// replaced under its name is not noticed until its results leave the caches.
            #[serde(default)]
            pub fast: bool,
            /// How long an image may be taken for unchanged before the store is asked again. A replaced image shows
            /// after this time at the latest. At `"0s"` every request asks.
            #[serde(default = "Config::default_check_modified")]
            pub check_modified: $crate::Seconds,
            /// How long the store may take to answer, and to send an image, before the request is given up.
            #[serde(default = "Config::default_fetch_timeout")]
            pub fetch_timeout: $crate::Seconds,
            /// Serve only what has an image's extension, such as `.jpg`. Without it, what an object holds decides
            /// whether it is an image.
            #[serde(default = "Config::default_require_image_extension")]
            pub require_image_extension: bool,
            /// Others than you decide what the store holds: every image is decoded and encoded anew, whatever the URL
            /// asks for, and nothing is passed on as it is. An extension is not required then.
            #[serde(default = "Config::default_untrusted_data")]
            pub untrusted_data: bool,
            /// Keep images that are sent as they are in the result caches too, as `cache=always` in every URL would.
            #[serde(default)]
            pub cache_unmodified_files: bool,
            /// Whether an image is shown whose file is damaged, in place of `damaged` of `[server]`.
            #[serde(default)]
            pub damaged: Option<$crate::Damaged>,
        }

        impl Config {
            fn default_prefix() -> $crate::UrlPrefix {
                $crate::built_in($prefix)
            }

            fn default_check_modified() -> $crate::Seconds {
                $crate::built_in($check_modified)
            }

            fn default_fetch_timeout() -> $crate::Seconds {
                $crate::built_in("30s")
            }

            fn default_require_image_extension() -> bool {
                true
            }

            fn default_untrusted_data() -> bool {
                $untrusted_data
            }

            /// How the engine shall treat the source.
            #[must_use]
            pub fn policy(&self) -> $crate::SourcePolicy {
                let mut policy = $crate::SourcePolicy::default();
                policy.fast = self.fast;
                policy.check_modified = self.check_modified.0;
                policy.fetch_timeout = self.fetch_timeout.0;
                policy.require_image_extension = self.require_image_extension;
                policy.untrusted_data = self.untrusted_data;
                policy.cache_unmodified_files = self.cache_unmodified_files;
                policy.damaged = self.damaged;
                policy
            }
        }
    };
}
