// Every server audit of graphql-http, against the built binary.
import { serverAudits } from 'graphql-http';
import { shipped } from '../shipped.mjs';

const results = await shipped(async ({ graphql }) => {
  const results = [];
  for (const { id, name, fn } of serverAudits({ url: graphql, fetchFn: fetch })) {
    const { status, reason } = await fn();
    results.push({ id, name, status, reason });
  }
  return results;
});
const failed = results.filter(({ status }) => status !== 'ok');
for (const { id, status, name, reason } of failed) {
  console.error(`${status} ${id} ${name}: ${reason}`);
}
console.log(`${results.length} audits, ${failed.length} not passed`);
process.exitCode = results.length > 0 && failed.length === 0 ? 0 : 1;
