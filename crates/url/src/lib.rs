//! URL generator: writes the addresses of images for pages that link to this server, with commands of the right types,
//! percent-encoding, signatures, hosts of a CDN, `srcset` and `<picture>`.
//!
//! For programs that link to images, and for `resizer-host url`. The crate knows neither the engine nor the server: a
//! command with a wrong value is found by the server. The modules in `clients/js` and `clients/python` write the same
//! addresses, which `clients/vectors.json` tests in all three languages.
//!
//! ```
//! use resizer_url::{Candidates, Format, Generator, ImageUrl, Mode};
//!
//! let image = ImageUrl::new("/photos/lake at dusk.jpg").width(400).height(300).mode(Mode::Crop);
//! let generator = Generator::new().bases(["https://img.example.org"])?;
//! assert_eq!(
//!     generator.url(&image.clone().format(Format::Webp))?,
//!     "https://img.example.org/photos/lake%20at%20dusk.jpg?width=400&height=300&mode=crop&format=webp",
//! );
//! assert_eq!(
//!     Generator::new().srcset(&ImageUrl::new("/a.jpg"), &Candidates::Widths(vec![400, 800]))?,
//!     "/a.jpg?width=400 400w, /a.jpg?width=800 800w",
//! );
//! # Ok::<(), resizer_url::Error>(())
//! ```

mod error;
mod escape;
mod generator;
mod hosts;
mod image_url;
mod markup;
mod semicolons;
mod signing;
mod token;
mod words;

pub use error::Error;
pub use generator::Generator;
pub use image_url::{COMMANDS, ImageUrl, LARGEST_SIDE};
pub use markup::{Candidates, Picture};
pub use semicolons::{to_query, to_semicolons};
pub use signing::Key;
pub use token::Grant;
pub use words::{Anchor, Flip, Format, Mode, Scale};

/// The page's examples, which `cargo test` compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/urls.md")]
struct Page;
