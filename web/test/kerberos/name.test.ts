/** How names are read and written. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Reader } from "../../src/kerberos/der.js";
import { KerberosError } from "../../src/kerberos/error.js";
import {
    formatName,
    formatPrincipal,
    krbtgt,
    NAME_TYPE,
    parsePrincipal,
    readName,
    sameName,
    writeName,
} from "../../src/kerberos/name.js";

const { PRINCIPAL } = NAME_TYPE;

test("names are read as people write them", () => {
    const rows = [
        ["alice@EXAMPLE.COM", ["alice"], "EXAMPLE.COM"],
        ["HTTP/www.example.com", ["HTTP", "www.example.com"], undefined],
        ["a\\/b\\@c@R", ["a/b@c"], "R"],
        ["a\\\\b@R\\@S/T", ["a\\b"], "R@S/T"],
        ["a\\n\\t\\b\\0@R", ["a\n\t\b\0"], "R"],
        ["用户@R", ["用户"], "R"],
    ] as const;
    for (const [text, parts, realm] of rows) {
        const parsed = parsePrincipal(text, PRINCIPAL);
        assert.deepEqual(parsed.name, { type: PRINCIPAL, parts });
        assert.equal(parsed.realm, realm);
    }
});

test("what is no name is refused", () => {
    for (const text of ["", "@R", "a@", "a//b@R", "/a", "a/@R", "a@R@S", "a\\"]) {
        assert.throws(
            () => parsePrincipal(text, PRINCIPAL),
            (error) => error instanceof KerberosError && error.name === "BAD_NAME",
            text,
        );
    }
});

test("what is written reads the same, and no two names are written alike", () => {
    const seen = new Set<string>();
    for (const parts of [["a/b"], ["a", "b"], ["a@b"], ["a\\/b"], ["a\n"], ["a\\n"], ["a\0b"]]) {
        const principal = { name: { type: PRINCIPAL, parts }, realm: "R/@\\" };
        const text = formatPrincipal(principal);
        assert.ok(!seen.has(text), text);
        seen.add(text);
        assert.deepEqual(parsePrincipal(text, PRINCIPAL), principal);
    }
});

test("a hostile name cannot start a line, steer text or hide a character", () => {
    const written = (part: string): string => formatName({ type: PRINCIPAL, parts: [part] });
    assert.equal(written("a\n\r\u001b[2J\u007f"), "a\\n\\x0d\\x1b[2J\\x7f");
    assert.equal(written("\u0085\u2028\u202e"), "\\xc2\\x85\\xe2\\x80\\xa8\\xe2\\x80\\xae");
    assert.equal(written("al\u200bice\u3164"), "al\\xe2\\x80\\x8bice\\xe3\\x85\\xa4");
});

test("the type of a name is only a hint, its parts are not", () => {
    const name = krbtgt("R");
    assert.ok(sameName(name, { type: 0, parts: ["krbtgt", "R"] }));
    assert.ok(!sameName(name, { type: 2, parts: ["krbtgt"] }));
    assert.ok(!sameName({ type: 2, parts: ["krbtgt"] }, name));
    assert.deepEqual(readName(new Reader(writeName(name))), name);
});
