// Bundles src/main.ts into the one script that `minnorm explore --static` puts into a page: `node build.mjs [FOLDER]`.
import { build } from "esbuild";

const folder = process.argv[2] ?? "../src/minnorm/explore/static";
await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: ["src/main.ts"],
  outfile: `${folder}/page.js`,
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2023",
  charset: "utf8",
  legalComments: "inline",
  logLevel: "warning",
});
