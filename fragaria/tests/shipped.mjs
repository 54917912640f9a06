// Starts the built binary on the example project, for checks in JavaScript.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PATIENCE_MS = 60_000;

// The binary refuses variables of its own prefix that it does not know, and tests have such.
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('FRAGARIA_')),
);

// Runs `use` with the addresses of a server that is ready, and ends the server. Each setting is `key=value`.
export async function shipped(use, settings = []) {
  const directory = mkdtempSync(join(tmpdir(), 'fragaria-'));
  const project = join(directory, 'shop');
  const args = ['dev', project, '--json', '--listen', '127.0.0.1:0', '--set', 'log.level=error'];
  args.push(...settings.flatMap((setting) => ['--set', setting]));
  const server = spawn(binary(), args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const addresses = await started(server);
    await ready(addresses.ready);
    return await use(addresses);
  } finally {
    server.kill('SIGTERM');
    rmSync(directory, { recursive: true, force: true });
  }
}

function cargo(...args) {
  return execFileSync('cargo', args, { encoding: 'utf8', maxBuffer: 1 << 28 });
}

function binary() {
  cargo('build', '--quiet', '--package', 'fragaria');
  const metadata = JSON.parse(cargo('metadata', '--format-version', '1', '--no-deps'));
  return join(metadata.target_directory, 'debug', 'fragaria');
}

// Resolves to the addresses once the server tells them, and fails if it ends before.
function started(server) {
  return new Promise((resolve, reject) => {
    createInterface({ input: server.stdout }).once('line', (line) => resolve(JSON.parse(line)));
    server.once('exit', (code) => reject(new Error(`the server ended with code ${code}`)));
  });
}

// The server is up before it has seen its database.
async function ready(url) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await fetch(url)).ok) {
    if (Date.now() > deadline) throw new Error('the server does not get ready');
  }
}
