/** What makes the files that pages load, and what tells that the committed ones are of today's sources. */

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What both files have in common. */
const settings = {
    absWorkingDir: root,
    bundle: true,
    charset: "utf8",
    format: "esm",
    legalComments: "none",
    minify: true,
    target: "es2022",
    write: false,
};

/** The page of the demo imports the other file as it is, which stands beside it where it is served. */
const besideIt = {
    name: "beside it",
    setup: ({ onResolve }) =>
        onResolve({ filter: /^ticketgate-client$/ }, () => ({ path: "./ticketgate.js", external: true })),
};

const files = [
    {
        ...settings,
        banner: { js: "/* ticketgate-client, Apache-2.0 */" },
        entryPoints: ["src/index.ts"],
        outfile: "bundle/ticketgate.js",
    },
    {
        ...settings,
        banner: { js: "/* The page of `ticketgate demo`, Apache-2.0. Its sources are below web/demo/src. */" },
        entryPoints: ["demo/src/main.ts"],
        outfile: "demo/demo.js",
        plugins: [besideIt],
    },
];

for (const file of files) {
    const { outputFiles } = await build(file);
    const [fresh] = outputFiles;
    if (process.argv.includes("--verify")) {
        const committed = await readFile(fresh.path);
        if (!committed.equals(fresh.contents)) {
            console.error(`web/${file.outfile} is not what the sources make: npm run bundle`);
            process.exitCode = 1;
        }
    } else {
        await writeFile(fresh.path, fresh.contents);
    }
}
