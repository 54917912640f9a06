// A small server with the console and a fixed schema, for work on the console without Fragaria.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { buildSchema, graphql } from "graphql";

const folder = new URL("../../console/", import.meta.url);
const schema = buildSchema(`
  "Any number, with all its digits."
  scalar JSON
  type Query { "The price of everything." price: JSON  greeting(name: String = "world"): String }
`);
// More digits than a double holds; the stand-in writes them into the finished JSON.
const DIGITS = "12345678901234567890123456789012345678";
const roots = { price: "DIGITS", greeting: ({ name }) => `Hello, ${name}` };
const settings = {
  project: "stand-in",
  queries: [{ query: "query Greeting {\n  greeting\n}\n" }, { query: "query Price {\n  price\n}\n" }],
};
const types = { js: "text/javascript", css: "text/css", svg: "image/svg+xml" };

// Listens on a free port of the loopback address.
export async function standin() {
  const policy = (await readFile(new URL("policy.txt", folder), "utf8")).trim();
  const server = createServer((request, response) => {
    response.setHeader("content-security-policy", policy);
    answer(request, response).catch((error) => response.writeHead(500).end(String(error)));
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

async function answer(request, response) {
  if (request.url === "/") return page(response);
  if (request.url === "/graphql") return ask(request, response);
  const name = request.url.match(/^\/console\/(\w+\.(\w+))$/);
  if (!name) return response.writeHead(404).end();
  const zipped = name[2] === "svg" ? "" : ".gz";
  const bytes = await readFile(new URL(`bundle/${name[1]}${zipped}`, folder));
  if (zipped) response.setHeader("content-encoding", "gzip");
  response.writeHead(200, { "content-type": types[name[2]] }).end(bytes);
}

async function page(response) {
  const html = await readFile(new URL("bundle/index.html", folder), "utf8");
  const filled = html.replace(">{}</script>", `>${JSON.stringify(settings)}</script>`);
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(filled);
}

async function ask(request, response) {
  const { query, variables, operationName } = JSON.parse(await text(request));
  const result = await graphql({
    schema,
    source: query,
    rootValue: roots,
    variableValues: variables,
    operationName,
  });
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(result).replace('"DIGITS"', DIGITS));
}
