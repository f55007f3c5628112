/** What the package promises to those who install it. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);

test("the package needs no other package at run time", async () => {
    const manifest = JSON.parse(await readFile(new URL("package.json", root), "utf8")) as Record<string, unknown>;
    assert.equal(manifest["dependencies"], undefined);
    assert.equal(manifest["sideEffects"], false);
});

test("the lock file sends nobody to a registry of its own", async () => {
    const lock = await readFile(new URL("package-lock.json", root), "utf8");
    assert.doesNotMatch(lock, /"resolved"/);
});
