// PostGraphile as it is run in production: `node server.mjs DATABASE PORT WORKERS`.
//
// One process accepts connections and hands them to the workers in turn; NODE_ENV and GRAPHILE_ENV
// are set by who starts it.
import cluster from "node:cluster";
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { PostGraphileConnectionFilterPreset } from "postgraphile-plugin-connection-filter";

const [connectionString, port, workers] = process.argv.slice(2);

/** Nothing that is for development: no console, no watching, no plans in answers. */
const preset = {
  extends: [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset],
  pgServices: [makePgService({ connectionString, schemas: ["public"], poolConfig: { max: 16 } })],
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false, websockets: false },
  grafast: { explain: false },
  // Without it only columns with an index could be asked by.
  disablePlugins: ["PgIndexBehaviorsPlugin"],
};

if (cluster.isPrimary) {
  for (let count = 0; count < Number(workers); count += 1) {
    cluster.fork();
  }
  cluster.on("exit", (worker, code) => {
    console.error(`worker ${worker.process.pid} ended with ${code}`);
    process.exit(1);
  });
} else {
  const server = createServer();
  const serving = postgraphile(preset).createServ(grafserv);
  await serving.addTo(server);
  server.listen(Number(port), "127.0.0.1");
}
