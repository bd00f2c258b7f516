// sharp for `bench pixels`: measures jobs, decodes pictures for the comparison, and makes sources.
'use strict';

const fs = require('fs');
const sharp = require('sharp');

sharp.concurrency(1);
sharp.cache(false);

// Prints the median processor milliseconds of the jobs, the peak megabytes of the process, and those beyond the idle
// process and the source. Writes the last result.
async function measure(source, options, times, result) {
  const { resize, steps = [], format, output } = JSON.parse(options);
  const idle = resident('VmRSS');
  const measured = [];
  let length = 0;
  for (let index = 0; index < Number(times); index++) {
    const before = process.cpuUsage();
    const bytes = fs.readFileSync(source);
    let picture = sharp(bytes).resize(resize);
    for (const [method, ...values] of steps) picture = picture[method](...values);
    const made = await picture.toFormat(format, output).toBuffer();
    const { user, system } = process.cpuUsage(before);
    measured.push((user + system) / 1000);
    length = bytes.length;
    fs.writeFileSync(result, made);
  }
  measured.sort((a, b) => a - b);
  const peak = resident('VmHWM');
  console.log(measured[measured.length >> 1].toFixed(3));
  console.log((peak / 2 ** 20).toFixed(1));
  console.log(((peak - idle - length) / 2 ** 20).toFixed(1));
}

// Bytes of a line of the status of this process. The kernel's other count, ru_maxrss, has the parent's memory in it.
function resident(line) {
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  return Number(status.match(`${line}:\\s+(\\d+) kB`)[1]) * 1024;
}

// Writes the pixels on white, three bytes each, and prints width and height.
async function raw(source, result) {
  const whole = sharp(source, { limitInputPixels: false });
  const pixels = whole.flatten({ background: '#fff' }).raw();
  const { data, info } = await pixels.toBuffer({ resolveWithObject: true });
  fs.writeFileSync(result, data);
  console.log(info.width, info.height);
}

// Makes a picture of this size: the input beside and below itself, under grain, or scaled.
async function make(input, options, result) {
  const { width, height, tile, grain, channels, format, output } = JSON.parse(options);
  const unlimited = { limitInputPixels: false };
  let picture = sharp(input, unlimited).resize(width, height, { fit: 'fill' });
  if (tile) {
    const within = { width, height, fit: 'inside', withoutEnlargement: true };
    const layers = [{ input: await sharp(input).resize(within).png().toBuffer(), tile: true }];
    if (grain) {
      const noise = { type: 'gaussian', mean: 128, sigma: grain };
      layers.push({ input: { create: { width, height, channels: 3, noise } }, blend: 'overlay' });
    }
    const create = { width, height, channels: 4, background: '#0000' };
    const whole = await sharp({ create, ...unlimited }).composite(layers).raw().toBuffer();
    picture = sharp(whole, { raw: { width, height, channels: 4 }, ...unlimited });
  }
  if (channels === 3) picture = picture.removeAlpha();
  await picture.toFormat(format, output).toFile(result);
}

async function versions() {
  console.log(`sharp ${sharp.versions.sharp} with libvips ${sharp.versions.vips}, Node ${process.versions.node}`);
}

const [name, ...values] = process.argv.slice(2);
({ measure, raw, make, versions })[name](...values).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
