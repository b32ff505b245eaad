// What people write who have no Locum: a server of node's own that checks a credential and serialises 20 licences.
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';

const licenses = JSON.parse(readFileSync(0, 'utf8'));
const [token, customerCode] = process.argv.slice(2);

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://127.0.0.1');
  const send = (status, body) => {
    const text = JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  };
  if (url.pathname === '/readyz') return send(200, 'ready');
  if (url.pathname !== '/api/v1/customer/licenses') return send(404, { code: 'NOT_FOUND' });
  if (request.headers['x-api-key'] !== token || request.headers['x-customer-code'] !== customerCode) {
    return send(401, { code: 'INVALID_TOKEN' });
  }
  send(200, licenses.slice(0, Number(url.searchParams.get('perPage') ?? 100)));
});
server.listen(0, '127.0.0.1', () => console.log(`stub ready http://127.0.0.1:${server.address().port}`));
