// Collects the licences of the packages whose files really went into the bundle.
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const RULE = "=".repeat(80);
const HEAD =
  "The console of Fragaria is built from the packages named below, each under the\n" +
  "licence that follows its name.\n";
const MIT = fileURLToPath(new URL("mit.txt", import.meta.url));

// The text that goes with the bundle, from the paths of the bundled files.
export async function licences(inputs) {
  const directories = [...new Set(inputs.map(packageOf).filter(Boolean))];
  const found = await Promise.all(directories.map(licenceOf));
  const sections = [...byText(found)].map(([text, names]) => section(names, text));
  return [HEAD, ...sections.sort()].join("\n");
}

// The directory of the innermost package that owns the file; nothing for our own sources.
function packageOf(file) {
  return file.match(/^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0];
}

async function licenceOf(directory) {
  const about = JSON.parse(await readFile(path.join(directory, "package.json"), "utf8"));
  const text = (await licenceFile(directory)) ?? (await unwritten(about));
  return { name: `${about.name} ${about.version} (${about.license})`, text: text.trim() };
}

async function licenceFile(directory) {
  const names = (await readdir(directory)).sort();
  const found = names.find((name) => /^licen[cs]e(\.(md|txt))?$/i.test(name));
  return found && (await readFile(path.join(directory, found), "utf8")).replaceAll("\r\n", "\n");
}

// A few packages name the MIT licence and ship no text of it; any other has to be looked into.
async function unwritten(about) {
  if (about.license !== "MIT") throw new Error(`${about.name} ships no licence text`);
  const author = about.author?.name ?? about.author ?? `the authors of ${about.name}`;
  return `Copyright (c) ${author}\n\n${await readFile(MIT, "utf8")}`;
}

// Many packages share one text to the letter; it is printed once.
function byText(found) {
  const groups = new Map();
  for (const { name, text } of found) groups.set(text, [...(groups.get(text) ?? []), name]);
  return groups;
}

function section(names, text) {
  return `${RULE}\n${names.sort().join("\n")}\n${RULE}\n\n${text}\n`;
}
