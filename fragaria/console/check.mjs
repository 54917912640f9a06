// Builds the bundle aside and fails unless it is, byte for byte, the one in its place.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { bundle, committed } from "./bundle.mjs";

const fresh = await mkdtemp(path.join(tmpdir(), "console-"));
try {
  await bundle(fresh);
  const different = await differences(fresh, committed);
  for (const name of different) console.error(`differs from what the sources build: ${name}`);
  process.exitCode = different.length ? 1 : 0;
} finally {
  await rm(fresh, { recursive: true });
}

async function differences(left, right) {
  const names = new Set([...(await readdir(left)), ...(await readdir(right))]);
  const same = async (name) => {
    const [a, b] = await Promise.all([left, right].map((directory) => read(directory, name)));
    return a !== null && b !== null && a.equals(b);
  };
  const verdicts = await Promise.all([...names].map(async (name) => [name, await same(name)]));
  return verdicts.filter(([, equal]) => !equal).map(([name]) => name);
}

async function read(directory, name) {
  try {
    return await readFile(path.join(directory, name));
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}
