// Makes the bundle: the files the binary carries, the same bytes on every machine.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { gzipSync } from "fflate";
import { licences } from "./licences.mjs";

const root = path.dirname(fileURLToPath(import.meta.url));
export const committed = path.join(root, "bundle");

// Writes the bundle into `directory`, which is emptied first.
export async function bundle(directory) {
  const { outputFiles, metafile } = await build(options());
  const inputs = Object.keys(metafile.inputs).map((input) => path.join(root, input));
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const write = (name, bytes) => writeFile(path.join(directory, name), bytes);
  for (const file of outputFiles) {
    await write(`${path.basename(file.path)}.gz`, compress(file.contents));
  }
  for (const name of ["index.html", "icon.svg"]) {
    await write(name, await readFile(path.join(root, "source", name)));
  }
  await write("THIRD-PARTY-LICENSES.txt", await licences(inputs));
}

function options() {
  return {
    absWorkingDir: root,
    entryPoints: { console: "source/entry.js" },
    bundle: true,
    write: false,
    outdir: "bundle",
    metafile: true,
    minify: true,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"' },
    alias: { "react-style-singleton": "./source/style-singleton.js" },
    plugins: [withoutFonts],
    logLevel: "warning",
  };
}

// GraphiQL's style sheet carries 300 kB of fonts; the system has some.
const withoutFonts = {
  name: "without-fonts",
  setup(build) {
    build.onLoad({ filter: /node_modules\/.*\.css$/ }, async ({ path }) => {
      const css = await readFile(path, "utf8");
      return { contents: css.replace(/@font-face\s*{[^}]*}/g, ""), loader: "css" };
    });
  },
};

// In JavaScript, as the zlib within Node packs differently from one processor to the next.
function compress(bytes) {
  return gzipSync(bytes, { level: 9, mtime: 0 });
}
