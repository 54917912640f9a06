// What the page loads: the styles in the order they override each other, then the console.
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./console.css";
import "./console.jsx";
