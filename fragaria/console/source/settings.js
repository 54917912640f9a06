// What the server wrote into the page: `{"project": "shop", "queries": [{"query": "…"}]}`.

export function settings() {
  const written = JSON.parse(document.getElementById("console-settings").textContent);
  return {
    project: written.project ?? "default",
    // GraphiQL opens one tab for each; with none it opens an empty one.
    queries: written.queries?.length ? written.queries : undefined,
  };
}
