// Apollo's client against the built binary: automatic persisted queries, and ids of a manifest.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { generatePersistedQueryIdsFromManifest } from '@apollo/persisted-query-lists';
import { print } from 'graphql';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shipped } from '../shipped.mjs';

const sha256 = (text) => createHash('sha256').update(text).digest('hex');

// What the client's cache makes of a document is what it sends.
const sent = (document) => new InMemoryCache().transformDocument(document);

const PRODUCTS = gql`query Products { products(limit: 2) { id name } }`;
const CHEAP = gql`query Cheap($most: Decimal!) { products(where: { price: { lt: $most } }, limit: 2) { id } }`;
const RENAME = gql`mutation Rename($name: String!) { updateProduct(id: 1, set: { name: $name }) { id name } }`;

// A client, and what it sends: the method, and whether hash and text are in it.
function client(graphql, options) {
  const log = [];
  const watched = async (url, init = {}) => {
    const response = await fetch(url, init);
    const text = init.body ?? decodeURIComponent(new URL(url).search);
    log.push([init.method ?? 'GET', text.includes('sha256Hash'), /[?&"]query[="]/.test(text), response.status]);
    return response;
  };
  const http = new HttpLink({ uri: graphql, fetch: watched });
  const link = ApolloLink.from([new PersistedQueryLink(options), http]);
  return { log, apollo: new ApolloClient({ link, cache: new InMemoryCache() }) };
}

const query = (apollo, query, variables) =>
  apollo.query({ query, variables, fetchPolicy: 'no-cache' });

async function automatic({ graphql }) {
  const { log, apollo } = client(graphql, { sha256, useGETForHashedQueries: true });
  const first = await query(apollo, PRODUCTS);
  const second = await query(apollo, PRODUCTS);
  assert.equal(first.data.products.length, 2);
  assert.deepEqual(second.data, first.data);
  const [[method, hash, text], [, again, withText, status], ...others] = log;
  assert.deepEqual([method, hash, text], ['GET', true, false], 'a hash alone comes first');
  assert.deepEqual([again, withText, status], [true, true, 200], 'then it is registered');
  assert.deepEqual(others, [['GET', true, false, 200]], 'then the hash is enough');
}

async function listed({ graphql }) {
  const manifest = async () => JSON.parse(MANIFEST);
  const ids = generatePersistedQueryIdsFromManifest({ loadManifest: manifest });
  const { log, apollo } = client(graphql, ids);
  const cheap = await query(apollo, CHEAP, { most: '1000' });
  assert.equal(cheap.data.products.length, 2);
  const renamed = await apollo.mutate({ mutation: RENAME, variables: { name: 'Quince' } });
  assert.equal(renamed.data.updateProduct.name, 'Quince');
  assert.deepEqual(log, [['POST', true, false, 200], ['POST', true, false, 200]]);
}

const operations = [CHEAP, RENAME].map((document) => {
  const [{ operation, name }] = document.definitions;
  const body = print(sent(document));
  // The tools take the hash by default; any id does.
  return { id: `web-${sha256(body).slice(0, 20)}`, name: name.value, type: operation, body };
});
const MANIFEST = JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations });

const scratch = mkdtempSync(join(tmpdir(), 'fragaria-'));
try {
  const path = join(scratch, 'manifest.json');
  writeFileSync(path, MANIFEST);
  const settings = ['documents.mode=permissive', `documents.manifests=['${path}']`];
  await shipped(async (addresses) => {
    await automatic(addresses);
    await listed(addresses);
  }, settings);
  console.log('Apollo names documents by hash and by id');
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
