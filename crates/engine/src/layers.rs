//! Layers of a result: the pixels of its overlays, each at the size that the result needs. A file is fetched once, and
//! decoded once for each size, by flights that all results share. The layer caches of plugins keep files, sizes and
//! pixels under the version of the file. Called by `produce` once the header of the image is known.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use resizer_imaging::{
    ImageError, Instructions, Layer, Layout, Placement, Size, VERSION, decode_layer, layer_size, predict_layer,
};
use resizer_plugin_api::{
    Body, CacheKey, Drawing, EntryMeta, Error, ErrorKind, ImageRequest, OverlayContent, Room, SourceKey, Validator,
    Variant,
};

use crate::cancellation::Cancellation;
use crate::chain;
use crate::download::download;
use crate::header::header;
use crate::image_error::public;
use crate::located::{Located, LocatedOverlay};
use crate::pool::Turn;
use crate::produced::LayerPart;
use crate::purge_epoch::PurgeEpoch;
use crate::shared::Shared;
use crate::site::Site;

/// The predicted time of a drawing, good to a factor of some: a line of text is drawn in less.
const DRAWING_TIME: Duration = Duration::from_millis(5);

/// The layers of one result.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layers {
    drawn: Vec<DrawnLayer>,
    /// For each overlay the version of its file that was used.
    pub(crate) validators: Vec<Validator>,
}

#[derive(Clone, Debug)]
struct DrawnLayer {
    placement: Placement,
    natural: Size,
    part: LayerPart,
}

impl Layers {
    /// The layers as a job takes them.
    pub(crate) fn of_job(&self) -> Result<Vec<Layer<'_>>, ImageError> {
        let layers = self.drawn.iter();
        layers
            .map(|layer| Layer::new(layer.placement, layer.natural, layer.part.size, &layer.part.bytes))
            .collect()
    }
}

/// The part of a request that all its layers share.
#[derive(Clone)]
struct Asking {
    engine: Arc<Shared>,
    site: Arc<Site>,
    request: Arc<ImageRequest>,
}

/// Finds, or fetches and decodes, the layers of a result with this layout. One after another, as there are few.
///
/// # Errors
/// A file that is missing or cannot be decoded is the server's fault, and not that of the client: `Internal`. Failures
/// of stores and of admission are as for images.
pub(crate) async fn layers(
    engine: &Arc<Shared>,
    site: &Arc<Site>,
    request: &Arc<ImageRequest>,
    overlays: &[LocatedOverlay],
    layout: &Layout,
) -> Result<Layers, Error> {
    let asking = Asking {
        engine: Arc::clone(engine),
        site: Arc::clone(site),
        request: Arc::clone(request),
    };
    let mut layers = Layers::default();
    for overlay in overlays {
        let placement = overlay.overlay.placement;
        layers.validators.push(overlay.validator());
        // Nothing is fetched for a result that is too small for the layer.
        let Some(size) = placement.room(layout) else { continue };
        let (natural, part) = match (&overlay.overlay.content, &overlay.file) {
            (OverlayContent::Image { instructions, .. }, Some(file)) => {
                let natural = match asking.natural_size(file, instructions).await {
                    Err(error) if error.kind() == ErrorKind::NotFound && overlay.overlay.optional => continue,
                    natural => natural.map_err(|error| blamed(error, file))?,
                };
                layers.validators.pop();
                layers.validators.push(natural.validator.clone());
                let Some(placed) = placement.place(layout, natural.size) else {
                    continue;
                };
                let pixels = asking
                    .pixels(file, instructions, &natural.validator, placed.scaled)
                    .await;
                (natural.size, pixels.map_err(|error| blamed(error, file))?)
            }
            (OverlayContent::Drawing(drawing), _) => {
                let container = placement.container_size(layout);
                let part = asking.drawing(drawing, Room { size, container }).await?;
                (part.size, part)
            }
            _ => continue,
        };
        layers.drawn.push(DrawnLayer {
            placement,
            natural,
            part,
        });
    }
    Ok(layers)
}

/// The error of a layer's file as the client sees it.
fn blamed(error: Error, file: &Located) -> Error {
    match error.kind() {
        ErrorKind::NotFound
        | ErrorKind::Forbidden
        | ErrorKind::BadRequest
        | ErrorKind::Unsupported
        | ErrorKind::Corrupt
        | ErrorKind::TooLarge => {
            let cause = match error.cause() {
                Some(cause) => format!("the overlay {}: {error} {cause}", file.key),
                None => format!("the overlay {}: {error}", file.key),
            };
            Error::new(ErrorKind::Internal, "An overlay of this server cannot be shown.").because(cause)
        }
        _ => error,
    }
}

impl Asking {
    /// The size of a file after its own commands, with the version of the file.
    async fn natural_size(&self, file: &Arc<Located>, instructions: &Instructions) -> Result<LayerPart, Error> {
        let key = file_key(file, &file.validator(), &["size", &instructions.canonical()]);
        let (asking, located) = (self.clone(), Arc::clone(file));
        let instructions = instructions.clone();
        self.shared(&file.epoch, key.clone(), move |cancellation| async move {
            let Asking { engine, site, request } = &asking;
            let source = download(engine, site, request, &located).await?;
            let limits = site.limits(&located.mount);
            let token = cancellation.token().clone();
            let info = header(engine, source.clone(), limits, asking.memory_timeout(), token).await?;
            let size = layer_size(&info, &instructions).map_err(public)?;
            // Without stats, look-ups are without a validator.
            let came = source
                .stat
                .validator
                .clone()
                .filter(|_| located.stat.validator.is_some());
            let part = LayerPart {
                size,
                bytes: Bytes::new(),
                validator: came.unwrap_or_else(|| located.validator()),
            };
            let bytes = LayerPart {
                bytes: source.bytes.clone(),
                ..part.clone()
            };
            asking
                .keep(&located.epoch, &file_key(&located, &part.validator, &["file"]), &bytes)
                .await;
            let key = CacheKey {
                validator: part.validator.clone(),
                ..key
            };
            asking.keep(&located.epoch, &key, &part).await;
            Ok(part)
        })
        .await
    }

    /// The pixels of a file after its own commands, in this size.
    async fn pixels(
        &self,
        file: &Arc<Located>,
        instructions: &Instructions,
        validator: &Validator,
        size: Size,
    ) -> Result<LayerPart, Error> {
        let key = file_key(
            file,
            validator,
            &["pixels", &size.to_string(), &instructions.canonical()],
        );
        let (asking, located) = (self.clone(), Arc::clone(file));
        let instructions = instructions.clone();
        self.shared(&file.epoch, key.clone(), move |cancellation| async move {
            let Asking { engine, site, request } = &asking;
            let limits = site.limits(&located.mount);
            let file = file_key(&located, &key.validator, &["file"]);
            // The memory of a download stays reserved for as long as its bytes are held.
            let (bytes, held) = match asking.cached(&located.epoch, &file).await {
                Some(part) => (part.bytes, None),
                None => {
                    let source = download(engine, site, request, &located).await?;
                    (source.bytes.clone(), Some(source))
                }
            };
            let (timeout, token) = (asking.memory_timeout(), cancellation.token().clone());
            let info = header(engine, (bytes.clone(), held.clone()), limits.clone(), timeout, token).await?;
            let cost = predict_layer(&info, &instructions, size, &limits).map_err(public)?;
            let mut reserved = engine.admission.pixels(cost.peak_bytes, timeout).await?;
            let token = cancellation.token().clone();
            let work = move || {
                let mut grow = |bytes| reserved.grow(bytes).is_ok();
                let pixels = decode_layer(&bytes, &instructions, size, &limits, &token, &mut grow).map_err(public);
                drop(held);
                // The jobs that take the pixels count them in their own predictions, and caches in their claims.
                drop(reserved);
                pixels.map(Bytes::from)
            };
            let done = engine.pool.run(Turn::of(&cost), cancellation, work).await?;
            let part = LayerPart {
                size,
                bytes: done.value,
                validator: key.validator.clone(),
            };
            asking.keep(&located.epoch, &key, &part).await;
            Ok(part)
        })
        .await
    }

    /// The pixels of a drawing in this room.
    async fn drawing(&self, drawing: &Arc<dyn Drawing>, room: Room) -> Result<LayerPart, Error> {
        let Room { size, container } = room;
        let key = CacheKey {
            source: SourceKey::new(format!("drawing:{}", drawing.name())),
            validator: Validator::unasked(),
            variant: Variant::of(["drawing", &size.to_string(), &container.to_string()]),
        };
        let epoch = self.engine.purge_epochs.current(&key.source);
        let (asking, drawing, of_drawing) = (self.clone(), Arc::clone(drawing), epoch.clone());
        self.shared(&epoch, key.clone(), move |cancellation| async move {
            let engine = &asking.engine;
            let peak_bytes = drawing.peak_bytes(room);
            let reserved = engine.admission.pixels(peak_bytes, asking.memory_timeout()).await?;
            let token = cancellation.token().clone();
            let work = move || {
                let drawn = drawing.draw(room, &token);
                drop(reserved);
                drawn
            };
            let done = engine.pool.run(Turn::After(DRAWING_TIME), cancellation, work).await?;
            let part = LayerPart {
                size: done.value.size,
                bytes: done.value.pixels.into(),
                validator: key.validator.clone(),
            };
            asking.keep(&of_drawing, &key, &part).await;
            Ok(part)
        })
        .await
    }

    /// A part from the caches, or from the flight of all who want it.
    async fn shared<F>(
        &self,
        epoch: &PurgeEpoch,
        key: CacheKey,
        work: impl FnOnce(Cancellation) -> F,
    ) -> Result<LayerPart, Error>
    where
        F: Future<Output = Result<LayerPart, Error>> + Send + 'static,
    {
        if let Some(part) = self.cached(epoch, &key).await {
            return Ok(part);
        }
        let cap = self.site.server().deadline.0;
        let flight = (key, epoch.number());
        let flights = &self.engine.layer_flights;
        flights
            .join(flight, cap, |_, cancellation| work(cancellation))
            .await
            .result
    }

    async fn cached(&self, epoch: &PurgeEpoch, key: &CacheKey) -> Option<LayerPart> {
        let caches = &self.site.table.layer_caches;
        let found = chain::look(epoch, caches, &self.request, key, None).await?;
        let (width, height) = found.hit.meta.content_type.split_once('x')?;
        let Body::Bytes(bytes) = found.hit.body else {
            return None;
        };
        Some(LayerPart {
            size: Size::new(width.parse().ok()?, height.parse().ok()?),
            bytes,
            validator: found.hit.meta.validator,
        })
    }

    /// Keeps a part, with its size in place of a media type.
    async fn keep(&self, epoch: &PurgeEpoch, key: &CacheKey, part: &LayerPart) {
        let meta = EntryMeta::new(part.size.to_string(), part.validator.clone());
        let caches = &self.site.table.layer_caches;
        chain::keep(epoch, caches, &self.request, key, &meta, &part.bytes).await;
    }

    /// The longest wait for memory, as for images.
    fn memory_timeout(&self) -> Duration {
        self.site.server().deadline.0 / 2
    }
}

/// The key of a part of a file.
fn file_key(file: &Located, validator: &Validator, parts: &[&str]) -> CacheKey {
    let mut version = itoa::Buffer::new();
    let parts = ["layer", version.format(VERSION)]
        .into_iter()
        .chain(parts.iter().copied());
    CacheKey {
        source: file.key.clone(),
        validator: validator.clone(),
        variant: Variant::of(parts),
    }
}
