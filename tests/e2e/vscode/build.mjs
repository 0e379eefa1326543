/** Bundle the page that stands in for VS Code's notebook webview: node build.mjs OUTPUT_FILE ANYWIDGET_AMD_FILE */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const [outfile, anywidget] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const sources = {
  "source:requirejs": require.resolve("requirejs/require.js"),
  "source:anywidget": anywidget,
};

/** Scripts that the page puts into itself as text, as the webview does. */
const asText = {
  name: "as-text",
  setup(build) {
    build.onResolve({ filter: /^source:/ }, ({ path }) => ({ path, namespace: "source" }));
    build.onLoad({ filter: /.*/, namespace: "source" }, ({ path }) => ({
      contents: readFileSync(sources[path], "utf8"),
      loader: "text",
    }));
  },
};

await esbuild.build({
  entryPoints: [fileURLToPath(new URL("host.js", import.meta.url))],
  outfile,
  bundle: true,
  format: "esm",
  minify: true,
  plugins: [asText],
  loader: { ".svg": "text" },
  define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
  logLevel: "warning",
});
