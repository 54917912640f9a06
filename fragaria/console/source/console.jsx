// GraphiQL on the server's own /graphql, set up by what the server wrote into the page.
import { createRoot } from "react-dom/client";
import { GraphiQL } from "graphiql";
import { explorerPlugin } from "@graphiql/plugin-explorer";
import { fetcher } from "./fetcher.js";
import { settings } from "./settings.js";
import { storageFor } from "./storage.js";

const { project, queries } = settings();

createRoot(document.getElementById("console")).render(
  <GraphiQL
    fetcher={fetcher}
    storage={storageFor(project)}
    defaultQuery=""
    defaultTabs={queries}
    plugins={[explorerPlugin()]}
    inputValueDeprecation
    schemaDescription
  >
    <GraphiQL.Logo>
      <span className="console-logo">
        <img src="/console/icon.svg" alt="" /> Fragaria
      </span>
    </GraphiQL.Logo>
  </GraphiQL>,
);
