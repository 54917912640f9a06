// Runs every server audit of graphql-http against the address given, and prints one JSON object.
import { serverAudits } from 'graphql-http';

const url = process.argv[2];
if (!url) {
  console.error('usage: node audit.js http://127.0.0.1:8080/graphql');
  process.exit(2);
}

const results = [];
for (const audit of serverAudits({ url, fetchFn: fetch })) {
  const { status, reason } = await audit.fn();
  results.push({ id: audit.id, name: audit.name, status, reason });
}

const failed = results.filter(({ status }) => status !== 'ok');
console.log(JSON.stringify({ audits: results.length, failed }, null, 2));
process.exitCode = results.length > 0 && failed.length === 0 ? 0 : 1;
