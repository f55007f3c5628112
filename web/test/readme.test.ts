/** The examples of the README are programs that compile against what is installed. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

test("the examples of the README compile", () => {
    const readme = readFileSync(`${root}README.md`, "utf8");
    const examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ""]) => code);
    assert.equal(examples.length, 6);
    // Below the package, so that it is found by its own name.
    const folder = `${root}build/readme`;
    mkdirSync(folder, { recursive: true });
    const files = examples.map((code, at) => {
        writeFileSync(`${folder}/example-${at}.ts`, code);
        return `example-${at}.ts`;
    });
    const settings = { extends: "../../tsconfig.json", compilerOptions: { noEmit: true, rootDir: "../.." }, files };
    writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(settings));
    const compiler = `${root}node_modules/typescript/bin/tsc`;
    const compiled = spawnSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8" });
    assert.equal(compiled.stdout, "");
    assert.equal(compiled.status, 0);
});

test("the README names every failure and every option", () => {
    const readme = readFileSync(`${root}README.md`, "utf8");
    const named = (file: string, pattern: RegExp): string[] =>
        [...readFileSync(`${root}src/websocket/${file}`, "utf8").matchAll(pattern)].map(([, name = ""]) => name);
    const failures = named("error.ts", /^ {4}\| "([a-z-]+)"/gm);
    const options = named("options.ts", /^ {4}readonly ([a-zA-Z]+)\?:/gm);
    assert.ok(failures.length >= 14 && options.length >= 7);
    for (const name of [...failures, ...options]) {
        assert.ok(readme.includes(`\`${name}\``), name);
    }
});
