// Builds the bundle in its place.
import { bundle, committed } from "./bundle.mjs";

await bundle(committed);
