// One GraphQL request over HTTP, whose answer is shown digit for digit.
import { parse } from "graphql";

const ACCEPT = "application/graphql-response+json, application/json;q=0.9";

export async function fetcher(request, { headers } = {}) {
  const response = await fetch("/graphql", {
    method: "POST",
    headers: { ...headers, accept: ACCEPT, "content-type": "application/json" },
    body: JSON.stringify(withoutStaleName(request)),
  });
  const text = await response.text();
  try {
    return readJson(text);
  } catch {
    throw new Error(`the server answered ${response.status} without JSON: ${text || "nothing"}`);
  }
}

// GraphiQL notices with a delay which operations a document holds: run right after a paste, it
// still sends the name of an operation that is gone.
function withoutStaleName({ operationName, ...request }) {
  return holds(request.query, operationName) ? { operationName, ...request } : request;
}

function holds(query, operationName) {
  try {
    return parse(query).definitions.some((it) => it.name?.value === operationName);
  } catch {
    // The server's message about a document that does not parse is the better one.
    return false;
  }
}

// A JSON column may hold numbers that a double cannot. A browser that lets us see a number's
// source text keeps it; an older one shows what its doubles make of it.
function readJson(text) {
  if (typeof JSON.rawJSON !== "function") return JSON.parse(text);
  return JSON.parse(text, (_key, value, context) =>
    typeof value === "number" && String(value) !== context.source
      ? JSON.rawJSON(context.source)
      : value,
  );
}
