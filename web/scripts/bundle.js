/** What makes the one file that pages load, and what tells that the committed one is of today's sources. */

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const path = "bundle/ticketgate.js";

const { outputFiles } = await build({
    absWorkingDir: root,
    banner: { js: "/* ticketgate-client, Apache-2.0 */" },
    bundle: true,
    charset: "utf8",
    entryPoints: ["src/index.ts"],
    format: "esm",
    legalComments: "none",
    minify: true,
    outfile: path,
    target: "es2022",
    write: false,
});
const [fresh] = outputFiles;

if (process.argv.includes("--verify")) {
    const committed = await readFile(new URL(`../${path}`, import.meta.url));
    if (!committed.equals(fresh.contents)) {
        console.error(`web/${path} is not what the sources make: npm run bundle`);
        process.exitCode = 1;
    }
} else {
    await writeFile(fresh.path, fresh.contents);
}
