// Starts the built binary on the example project and runs every server audit of graphql-http.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { serverAudits } from 'graphql-http';

// The binary refuses variables of its own prefix that it does not know, and tests have such.
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('FRAGARIA_')),
);

function cargo(...args) {
  return execFileSync('cargo', args, { encoding: 'utf8', maxBuffer: 1 << 28 });
}

function binary() {
  cargo('build', '--quiet', '--package', 'fragaria');
  const metadata = JSON.parse(cargo('metadata', '--format-version', '1', '--no-deps'));
  return join(metadata.target_directory, 'debug', 'fragaria');
}

// Resolves to the address once the server tells it, and fails if it ends before.
function started(server) {
  return new Promise((resolve, reject) => {
    createInterface({ input: server.stdout }).once('line', (line) => {
      resolve(JSON.parse(line).graphql);
    });
    server.once('exit', (code) => reject(new Error(`the server ended with code ${code}`)));
  });
}

// The server is up before it has seen its database.
async function ready(url) {
  const deadline = Date.now() + 30_000;
  while (!(await fetch(new URL('/health/ready', url))).ok) {
    if (Date.now() > deadline) throw new Error('the server does not get ready');
  }
}

async function audit(url) {
  const results = [];
  for (const { id, name, fn } of serverAudits({ url, fetchFn: fetch })) {
    const { status, reason } = await fn();
    results.push({ id, name, status, reason });
  }
  return results;
}

const directory = mkdtempSync(join(tmpdir(), 'fragaria-http-'));
const project = join(directory, 'shop');
const args = ['dev', project, '--json', '--listen', '127.0.0.1:0', '--set', 'log.level=error'];
const server = spawn(binary(), args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
try {
  const url = await started(server);
  await ready(url);
  const results = await audit(url);
  const failed = results.filter(({ status }) => status !== 'ok');
  for (const { id, status, name, reason } of failed) {
    console.error(`${status} ${id} ${name}: ${reason}`);
  }
  console.log(`${results.length} audits, ${failed.length} not passed`);
  process.exitCode = results.length > 0 && failed.length === 0 ? 0 : 1;
} finally {
  server.kill('SIGTERM');
  rmSync(directory, { recursive: true, force: true });
}
