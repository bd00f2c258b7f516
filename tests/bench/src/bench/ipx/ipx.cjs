// ipx for `bench http`: serves the images of a folder on a free port, prints the address, and caches nothing.
'use strict';

const http = require('http');
const { createIPX, createIPXNodeServer, ipxFSStorage } = require('ipx');
const sharp = require('sharp');

sharp.cache(false);

const storage = ipxFSStorage({ dir: process.argv[2] });
const server = http.createServer(createIPXNodeServer(createIPX({ storage })));
server.listen(0, '127.0.0.1', () => {
  console.log(`127.0.0.1:${server.address().port} ${sharp.versions.sharp} ${sharp.versions.vips}`);
});
