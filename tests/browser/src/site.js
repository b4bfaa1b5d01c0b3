// A site of somebody else: plain files of a folder, at an origin that is not the server's.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';

/** The types without which a browser does not take a page or a module. @type {Record<string, string>} */
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.map': 'application/json' };

/**
 * Serves the files of a folder, and says where.
 * @param {import('node:test').TestContext} test it ends with this
 * @param {string} folder
 */
export async function serveSite(test, folder) {
  const site = createServer(async (request, response) => {
    // The address has no `..` left when it has been parsed.
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    const type = TYPES[path.extname(pathname)] ?? 'application/octet-stream';
    const file = await readFile(path.join(folder, pathname)).catch(() => undefined);
    response.writeHead(file ? 200 : 404, { 'content-type': type }).end(file);
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  test.after(() => site.close());
  const address = /** @type {import('node:net').AddressInfo} */ (site.address());
  return `http://127.0.0.1:${address.port}`;
}
