/** Every published known answer for the enctypes that are spoken, each with its origin in its table. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { decrypt, encrypt, importAes } from "../../src/kerberos/crypto/cts.js";
import { type Enctype, ENCTYPES, enctype } from "../../src/kerberos/crypto/enctype.js";
import { Key } from "../../src/kerberos/crypto/key.js";
import { nfold } from "../../src/kerberos/crypto/nfold.js";
import { MAX_ITERATIONS, Password } from "../../src/kerberos/crypto/password.js";
import { KerberosError } from "../../src/kerberos/error.js";
import { concat, hex, type Octets, random, uint32, utf8 } from "../../src/kerberos/octets.js";
import { octets, rows } from "./vectors.js";

const SPOKEN = [17, 18, 19, 20];

function known(column: string | undefined): Enctype {
    const found = enctype(Number(column));
    assert.ok(found);
    return found;
}

function keyOf(row: readonly string[], column: number): Promise<Key> {
    return Key.import(known(row[0]), octets(row[column]));
}

async function failsWith(name: string, promise: Promise<unknown>): Promise<void> {
    await assert.rejects(promise, (error) => error instanceof KerberosError && error.name === name);
}

test("foldings come out", () => {
    const all = rows("nfold");
    assert.ok(all.length >= 14);
    for (const [input, output] of all) {
        const expected = octets(output);
        assert.equal(hex(nfold(octets(input), expected.length)), hex(expected), input);
    }
});

test("stealings come out and go back", async () => {
    const all = rows("cts");
    assert.equal(all.length, 6);
    for (const [key, plain, sealed] of all) {
        const aes = await importAes(octets(key));
        assert.equal(hex(await encrypt(aes, octets(plain))), hex(octets(sealed)));
        assert.equal(hex(await decrypt(aes, octets(sealed))), hex(octets(plain)));
    }
});

test("what was encrypted decrypts at every length", async () => {
    const aes = await importAes(random(32));
    for (let length = 16; length < 100; length += 1) {
        const text = random(length);
        const sealed = await encrypt(aes, text);
        assert.equal(sealed.length, length);
        assert.equal(hex(await decrypt(aes, sealed)), hex(text), `${length}`);
    }
});

test("derived keys come out", async () => {
    const all = rows("derive", SPOKEN);
    assert.ok(all.length >= 12);
    for (const row of all) {
        const expected = octets(row[3]);
        const derived = await (await keyOf(row, 1)).derive(octets(row[2]), expected.length);
        assert.equal(hex(derived), hex(expected), row.join());
    }
});

test("keys of passwords come out", async () => {
    const all = rows("string_to_key", SPOKEN);
    assert.ok(all.length >= 14);
    for (const row of all) {
        const password = await Password.import(new TextDecoder().decode(octets(row[2])));
        const made = await password.hash(known(row[0]), octets(row[3]), Number(row[1]));
        // Nobody can read a key; what it derives tells it from every other.
        const derived = async (key: Key): Promise<string> => hex(await key.derive(utf8("whose?"), 16));
        assert.equal(await derived(made), await derived(await keyOf(row, 4)), row.join());
    }
});

test("rounds that would take hours or make guessing cheap are refused", async () => {
    const password = await Password.import("password");
    const salt = utf8("salt");
    for (const kind of ENCTYPES) {
        for (const count of [0, 1, kind.iterations - 1, MAX_ITERATIONS + 1, 0xffff_ffff]) {
            await failsWith("ITERATION_COUNT", password.key(kind, salt, uint32(count)));
        }
        for (const length of [0, 1, 3, 5, 8]) {
            await failsWith("ITERATION_COUNT", password.key(kind, salt, new Uint8Array(length)));
        }
        await password.key(kind, salt, uint32(kind.iterations + 1));
    }
    await failsWith("BAD_PASSWORD", Password.import(""));
});

test("sealed messages come out and open", async () => {
    const all = rows("seal", SPOKEN);
    assert.deepEqual(new Set(all.map(([first]) => Number(first))), new Set(SPOKEN));
    for (const row of all) {
        const key = await keyOf(row, 2);
        const usage = Number(row[1]);
        const sealed = await key.seal(usage, octets(row[4]), octets(row[3]));
        assert.equal(hex(sealed), hex(octets(row[5])), row.join());
        assert.equal(hex(await key.open(usage, sealed)), hex(octets(row[4])));
    }
});

test("checksums come out", async () => {
    const all = rows("checksum", SPOKEN);
    assert.equal(all.length, 4);
    for (const row of all) {
        const key = await keyOf(row, 2);
        assert.equal(hex(await key.checksum(Number(row[1]), octets(row[3]))), hex(octets(row[4])), row.join());
        await key.verify(Number(row[1]), octets(row[3]), octets(row[4]));
        await failsWith("INTEGRITY", key.verify(Number(row[1]), octets(row[3]), octets(row[4]).subarray(1)));
        await failsWith("INTEGRITY", key.verify(Number(row[1]), concat(octets(row[3]), utf8("x")), octets(row[4])));
    }
});

test("pseudo-random octets come out", async () => {
    for (const row of rows("prf", SPOKEN)) {
        assert.equal(hex(await (await keyOf(row, 1)).prf(octets(row[2]))), hex(octets(row[3])), row.join());
    }
});

test("what was altered, cut or sealed for another usage does not open", async () => {
    for (const kind of ENCTYPES) {
        const key = await Key.import(kind, random(kind.keyLength));
        const sealed = await key.seal(2, utf8("a ticket, say"));
        for (let place = 0; place < sealed.length; place += 1) {
            const altered = sealed.slice();
            altered[place] = (altered[place] ?? 0) ^ 1;
            await failsWith("INTEGRITY", key.open(2, altered));
            await failsWith("INTEGRITY", key.open(2, sealed.slice(0, place)));
        }
        await failsWith("INTEGRITY", key.open(3, sealed));
        await failsWith("INTEGRITY", (await Key.import(kind, random(kind.keyLength))).open(2, sealed));
    }
});

test("the octets of a key are wiped once it is imported, also where they do not fit", async () => {
    for (const kind of ENCTYPES) {
        const right: Octets = random(kind.keyLength);
        await Key.import(kind, right);
        assert.ok(right.every((octet) => octet === 0));
        const wrong = random(kind.keyLength + 1);
        await failsWith("ENCTYPE_LENGTH", Key.import(kind, wrong));
        assert.ok(wrong.every((octet) => octet === 0));
    }
});

test("a page without ciphers is told why", async () => {
    const whole = Object.getOwnPropertyDescriptor(globalThis, "crypto") ?? assert.fail();
    Object.defineProperty(globalThis, "crypto", { value: {}, configurable: true });
    try {
        await failsWith("NO_CIPHERS", Password.import("password"));
    } finally {
        Object.defineProperty(globalThis, "crypto", whole);
    }
});
