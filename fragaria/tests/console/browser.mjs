// Opens the console in a real browser, uses it, and fails on anything loaded from elsewhere, on
// any breach of the content security policy and on any error in the browser's console.
//
//   node browser.mjs [url] [query] [expected…]
//
// Without a URL it starts a stand-in of its own. `CHROMIUM` names the browser, `SCREENSHOT` a
// folder for pictures.
import assert from "node:assert/strict";
import path from "node:path";
import { chromium } from "playwright-core";
import { standin } from "./standin.mjs";

const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
// What the explorer panel says of an argument that is a list, which it leaves as it is.
const UNDRAWN = "arg mismatch between arg and selection";
const CLEAN = { foreign: [], breaches: [], complaints: [] };

const [given, query = "query Price { price }", ...expected] = process.argv.slice(2);
const server = given ? { url: given, close() {} } : await standin();
if (!given) expected.push('"price": 12345678901234567890123456789012345678');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ARGUMENTS,
});
try {
  await drive(await browser.newPage({ viewport: { width: 1360, height: 850 } }));
} finally {
  await browser.close();
  server.close();
}

async function drive(page) {
  const seen = await watch(page);
  await page.goto(server.url);
  await page.locator(".graphiql-query-editor .CodeMirror").waitFor();
  assert.equal(await page.title(), "Fragaria");
  await picture(page, "start");
  await openEverything(page);
  await ask(page);
  await picture(page, "answer");
  await judge(page, seen);
}

// Records what the page asks for and complains about, from before its first byte.
async function watch(page) {
  const seen = { requests: [], complaints: [] };
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("requestfailed", (request) => seen.complaints.push(`failed: ${request.url()}`));
  page.on("response", (response) => {
    if (response.status() >= 400) seen.complaints.push(`${response.status()}: ${response.url()}`);
  });
  page.on("websocket", (socket) => seen.requests.push(socket.url()));
  page.on("pageerror", (error) => seen.complaints.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type())) return;
    if (!message.text().startsWith(UNDRAWN)) seen.complaints.push(message.text());
  });
  await page.addInitScript(() => {
    window.breaches = [];
    addEventListener("securitypolicyviolation", (event) =>
      window.breaches.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`),
    );
  });
  return seen;
}

// Every panel, dialog and menu once, as each brings styles of its own.
async function openEverything(page) {
  for (const name of ["Documentation Explorer", "History", "GraphiQL Explorer"]) {
    await page.getByRole("button", { name: `Show ${name}` }).click();
    await page.locator(".graphiql-plugin").waitFor();
    await picture(page, name.toLowerCase().replace(" ", "-"));
    await page.getByRole("button", { name: `Hide ${name}` }).click();
  }
  for (const name of ["Open short keys dialog", "Open settings dialog"]) {
    await page.getByRole("button", { name }).click();
    await page.getByRole("dialog").waitFor();
    await picture(page, name.split(" ")[1]);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }
  await page.getByRole("button", { name: "Re-fetch GraphQL schema" }).hover();
  await page.getByRole("tooltip").waitFor();
}

// Types into a new tab with completion, runs it, and waits for the answer.
async function ask(page) {
  await page.getByRole("button", { name: "New tab" }).click();
  await page.locator(".graphiql-query-editor .CodeMirror").click();
  await page.keyboard.type("{ ");
  await page.keyboard.press("Control+Space");
  await page.locator(".CodeMirror-hints").waitFor();
  await picture(page, "completion");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(query);
  await page.keyboard.press("Control+Enter");
  await page.waitForFunction(shows, ['"data"', ...expected]);
}

// Runs in the page. The editor draws only the lines that can be seen, so it is asked for all.
function shows(texts) {
  const answer = document.querySelector(".result-window .CodeMirror").CodeMirror.getValue();
  return texts.every((text) => answer.includes(text));
}

async function judge(page, seen) {
  const origin = new URL(server.url).origin;
  const foreign = seen.requests.filter((url) => !own(url, origin));
  const breaches = await page.evaluate(() => window.breaches);
  console.log(`requests: ${seen.requests.length}, all to ${origin}: ${foreign.length === 0}`);
  assert.ok(seen.requests.length >= 4, "the page loads its parts and asks for the schema");
  assert.deepEqual({ foreign, breaches, complaints: seen.complaints }, CLEAN);
}

// A data: URL is part of what was loaded already.
function own(url, origin) {
  return url.startsWith("data:") || new URL(url).origin === origin;
}

async function picture(page, name) {
  const folder = process.env.SCREENSHOT;
  if (folder) await page.screenshot({ path: path.join(folder, `${name}.png`) });
}
