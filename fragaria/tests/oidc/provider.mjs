// An OpenID provider for the tests of the built binary, and the hands that move it from outside.
//
// Everything below /fixture is the tests' own: it is not part of the provider.
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { exportJWK, exportSPKI, generateKeyPair, CompactSign } from 'jose';
import Provider from 'oidc-provider';

const options = JSON.parse(process.argv[2] ?? '{}');
const audience = 'https://api.example';

// What was asked of the provider, by path.
const asked = {};
// The keys it signs with, by kid; the first one that fits an algorithm is used.
let keys = [];
let provider;
let behaviour = 'answer';

async function key(alg, kid) {
  const pair = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 });
  const jwk = { ...(await exportJWK(pair.privateKey)), kid, use: 'sig', alg };
  return { alg, kid, jwk, ...pair };
}

function serve() {
  provider = new Provider(origin(), {
    jwks: { keys: keys.map(({ jwk }) => jwk) },
    clients: [
      { client_id: 'jwt-client', client_secret: 'the secret of jwt-client' },
      { client_id: 'opaque-client', client_secret: 'the secret of opaque-client' },
      { client_id: 'fragaria', client_secret: 'the secret of fragaria' },
    ],
    clientDefaults: {
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: keys[0].alg,
    },
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'] },
    scopes: ['read'],
    extraTokenClaims: () => ({ roles: ['clerk', 'auditor'], tenant: 'north' }),
    ttl: { ClientCredentials: 600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        getResourceServerInfo: (ctx, resource, { clientId }) => ({
          scope: 'read',
          audience,
          accessTokenTTL: 600,
          accessTokenFormat: clientId === 'opaque-client' ? 'opaque' : 'jwt',
          jwt: { sign: { alg: keys[0].alg } },
        }),
      },
    },
  });
}

const fixture = {
  // A new key comes first, so that tokens are signed with it; the others stay.
  async rotate({ alg, kid }) {
    keys.unshift(await key(alg, kid));
    serve();
    return {};
  },
  // A key is gone.
  async forget({ kid }) {
    keys = keys.filter((one) => one.kid !== kid);
    serve();
    return {};
  },
  // Whatever is to be signed, with one of the provider's keys or with one of nobody's.
  async sign({ header, claims, payload, signer }) {
    const own = keys.find(({ kid }) => kid === (signer ?? header.kid ?? keys[0].kid));
    const { privateKey } = own ?? (await generateKeyPair(header.alg));
    return { token: await signed(header, payload ?? JSON.stringify(claims), privateKey) };
  },
  // The public key of a token's issuer as the secret of a HMAC: the oldest confusion there is.
  async confuse({ header, claims }) {
    const pem = await exportSPKI(keys[0].publicKey);
    const secret = new TextEncoder().encode(pem);
    return { token: await signed(header, JSON.stringify(claims), secret) };
  },
  // How it behaves from now on where its keys are asked for.
  async behave(how) {
    behaviour = how.as;
    return {};
  },
  // The public half of the first key, for whoever would bring it along.
  async show() {
    return exportJWK(keys[0].publicKey);
  },
  async asked() {
    return asked;
  },
};

function signed(header, payload, secret) {
  return new CompactSign(new TextEncoder().encode(payload))
    .setProtectedHeader(header)
    .sign(secret, { crit: { b64: true } });
}

async function text(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

const KEYS = ['/jwks', '/.well-known/openid-configuration'];

function misbehave(response) {
  if (behaviour === 'hang') return;
  if (behaviour === 'break') return response.writeHead(500).end('broken');
  if (behaviour === 'nonsense') return response.end('{"keys":{}}');
  if (behaviour === 'flood') return response.end(`{"keys":[],"x":"${'x'.repeat(1 << 22)}"}`);
  if (behaviour === 'redirect') return response.writeHead(302, { location: '/elsewhere' }).end();
  const other = { issuer: 'https://other.example', jwks_uri: `${origin()}/jwks` };
  return response.end(JSON.stringify(other));
}

async function listener(request, response) {
  const path = request.url.split('?')[0];
  const act = path.startsWith('/fixture/') && fixture[path.slice('/fixture/'.length)];
  if (act) {
    const given = JSON.parse((await text(request)) || '{}');
    return response.end(JSON.stringify(await act(given)));
  }
  asked[path] = (asked[path] ?? 0) + 1;
  if (behaviour !== 'answer' && (KEYS.includes(path) || behaviour === 'hang')) {
    return misbehave(response);
  }
  return provider.callback()(request, response);
}

const server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener);
const scheme = options.tls ? 'https' : 'http';
const origin = () => `${scheme}://127.0.0.1:${server.address().port}`;

// Nothing is answered before there is a key to answer with.
keys = [await key('RS256', 'first')];
server.listen(options.port ?? 0, '127.0.0.1', () => {
  serve();
  console.log(JSON.stringify({ origin: origin(), port: server.address().port }));
});
// Whoever started it holds its standard input; it ends with them.
process.stdin.resume().on('end', () => process.exit(0));
