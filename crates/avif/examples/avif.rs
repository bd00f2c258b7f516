//! AVIF by hand: `decode IN OUT.pam` decodes a file's first frame; `encode IN.pam OUT.avif QUALITY SPEED` encodes one.
//! `mutate FILE COUNT` decodes copies with a byte changed.

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let limits = resizer_avif::Limits {
        frames: 2000,
        tiles: 1000,
        table_bytes: 16 << 20,
    };
    match arguments[..] {
        ["decode", source, target] => {
            let source = std::fs::read(source).unwrap();
            let file = match resizer_avif::File::read(&source, limits, &|| false) {
                Ok(file) => file,
                Err(error) => return println!("refused: {error}"),
            };
            println!("{:?}", file.header());
            let before = std::time::Instant::now();
            let mut decoder = match resizer_avif::Decoder::new(file) {
                Ok(decoder) => decoder,
                Err(error) => return println!("refused: {error}"),
            };
            if let Err(error) = decoder.next_frame() {
                return println!("refused: {error}");
            }
            let header = decoder.header().clone();
            let channels = if header.grey { 1 } else { 3 } + usize::from(header.alpha);
            let mut row = vec![0; header.width as usize * channels];
            let mut pixels = Vec::new();
            while decoder.next_row(&mut row).unwrap() {
                pixels.extend_from_slice(&row);
            }
            println!("{:?}", before.elapsed());
            let kind = ["GRAYSCALE", "GRAYSCALE_ALPHA", "RGB", "RGB_ALPHA"][channels - 1];
            let (width, height) = (header.width, header.height);
            let mut file =
                format!("P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {channels}\nMAXVAL 255\nTUPLTYPE {kind}\nENDHDR\n")
                    .into_bytes();
            file.extend(pixels);
            std::fs::write(target, file).unwrap();
            while let Ok(Some(_)) = decoder.next_frame() {
                while decoder.next_row(&mut row).unwrap() {}
            }
        }
        ["encode", source, target, quality, speed] => {
            let source = std::fs::read(source).unwrap();
            let text = String::from_utf8_lossy(&source[..30]).into_owned();
            let sides: Vec<usize> = text
                .split_whitespace()
                .skip(1)
                .take(2)
                .map(|side| side.parse().unwrap())
                .collect();
            let &[width, height] = &sides[..] else {
                panic!("a PPM begins with P6, width and height")
            };
            let pixels = &source[source.len() - width * height * 3..];
            let channel = |x: usize, y: usize, weights: [f32; 3], zero: f32| {
                let at = (y.min(height - 1) * width + x.min(width - 1)) * 3;
                let sum: f32 = (0..3).map(|index| weights[index] * f32::from(pixels[at + index])).sum();
                (sum + zero).round() as u8
            };
            let luma: Vec<u8> = (0..width * height)
                .map(|index| channel(index % width, index / width, [0.299, 0.587, 0.114], 0.0))
                .collect();
            let chroma = [[-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]].map(|weights| {
                let cells = width.div_ceil(2);
                let cell = |index: usize| channel(index % cells * 2, index / cells * 2, weights, 128.0);
                (0..cells * height.div_ceil(2)).map(cell).collect::<Vec<u8>>()
            });
            let samples = resizer_avif::Samples {
                width: width as u32,
                height: height as u32,
                luma: &luma,
                chroma: Some([&chroma[0], &chroma[1]]),
                alpha: None,
            };
            let begun = std::time::Instant::now();
            let (quality, speed) = (quality.parse().unwrap(), speed.parse().unwrap());
            let file = resizer_avif::encode(samples, quality, speed, || false).unwrap();
            println!("{} bytes in {:?}", file.len(), begun.elapsed());
            std::fs::write(target, file).unwrap();
        }
        ["mutate", source, count] => {
            let original = std::fs::read(source).unwrap();
            let mut state = 0x9e37_79b9_7f4a_7c15_u64;
            let (mut whole, mut refused) = (0, 0);
            let mut slowest = std::time::Duration::ZERO;
            for _ in 0..count.parse().unwrap() {
                let mut next = || {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    state as usize
                };
                let mut bytes = original.clone();
                let at = next() % bytes.len();
                bytes[at] = next() as u8;
                let begun = std::time::Instant::now();
                let decoded = (|| {
                    let mut decoder = resizer_avif::Decoder::new(resizer_avif::File::read(&bytes, limits, &|| false)?)?;
                    let header = decoder.header().clone();
                    if u64::from(header.width) * u64::from(header.height) > 100_000_000 {
                        return Err(resizer_avif::DecodeError::Corrupt("too large"));
                    }
                    let mut row = vec![0; header.width as usize * 4];
                    while decoder.next_frame()?.is_some() {
                        while decoder.next_row(&mut row)? {}
                    }
                    Ok(())
                })();
                slowest = slowest.max(begun.elapsed());
                match decoded {
                    Ok(()) => whole += 1,
                    Err(_) => refused += 1,
                }
            }
            println!("{source}: {whole} decoded, {refused} refused, slowest {slowest:?}");
        }
        _ => println!("see the first lines of this example"),
    }
}
