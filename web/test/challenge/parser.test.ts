/** Challenges as they stand in header fields, and what stands there that is none. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseChallenges, type Challenge } from "../../src/challenge/parser.js";

/** A challenge in short: scheme, rest, parameters. */
function short({ scheme, rest, parameters }: Challenge): [string, string | null, Record<string, string>] {
    return [scheme, rest, Object.fromEntries(parameters)];
}

const parse = (...values: string[]): ReturnType<typeof short>[] => parseChallenges(values).map(short);

describe("a field has", () => {
    const rows: [string, string, ReturnType<typeof short>[]][] = [
        ["a scheme alone", "Negotiate", [["Negotiate", null, {}]]],
        ["a scheme for scripts alone", "Application Token", [["Token", null, {}]]],
        ["a scheme and blanks behind it", "Application Token  ", [["Token", null, {}]]],
        ["a realm", 'Basic realm="demo"', [["Basic", 'realm="demo"', { realm: "demo" }]]],
        ["a realm for scripts", 'Application Basic realm="demo"', [["Basic", 'realm="demo"', { realm: "demo" }]]],
        ["the prefix in any case", 'application basic realm="d"', [["basic", 'realm="d"', { realm: "d" }]]],
        ["a token", "Negotiate oYG2MIGz==", [["Negotiate", "oYG2MIGz==", {}]]],
        ["a token for scripts", "Application Negotiate YII=", [["Negotiate", "YII=", {}]]],
        [
            "the words of a login module with blanks between them",
            'Application Token foo="bar" baz="quxx"',
            [["Token", 'foo="bar" baz="quxx"', { foo: "bar", baz: "quxx" }]],
        ],
        ["words of any form", "Application Token one two", [["Token", "one two", {}]]],
        [
            "where a TGG is",
            "Application Negotiate wss://tgg.example.com/kerberos5 joe@EXAMPLE.COM",
            [["Negotiate", "wss://tgg.example.com/kerberos5 joe@EXAMPLE.COM", {}]],
        ],
        [
            "several challenges",
            'Negotiate, Application Negotiate, Basic realm="a, b", charset="UTF-8", Application Token x=1, Digest a = "b" , c=d',
            [
                ["Negotiate", null, {}],
                ["Negotiate", null, {}],
                ["Basic", 'realm="a, b", charset="UTF-8"', { realm: "a, b", charset: "UTF-8" }],
                ["Token", "x=1", { x: "1" }],
                ["Digest", 'a = "b" , c=d', { a: "b", c: "d" }],
            ],
        ],
        [
            "a token and a challenge behind it",
            'Negotiate abc==, Basic realm="x"',
            [
                ["Negotiate", "abc==", {}],
                ["Basic", 'realm="x"', { realm: "x" }],
            ],
        ],
        ["quotes in quotes", 'Basic realm="a \\"b\\" \\\\ c"', [["Basic", 'realm="a \\"b\\" \\\\ c"', { realm: 'a "b" \\ c' }]]],
        ["a name twice", 'Basic realm="a", REALM="b"', [["Basic", 'realm="a", REALM="b"', { realm: "a" }]]],
        ["a scheme that is called like the prefix", 'Application realm="a"', [["Application", 'realm="a"', { realm: "a" }]]],
        ["empty elements", ', ,Basic realm="a", ,', [["Basic", 'realm="a", ,', { realm: "a" }]]],
        ["a quote without its end", 'Basic realm="a, Negotiate', [["Basic", 'realm="a, Negotiate', {}]]],
        ["nothing", "", []],
        ["no scheme", '="a"', []],
    ];
    for (const [name, value, expected] of rows) {
        test(name, () => assert.deepEqual(parse(value), expected));
    }
});

test("fields follow one another", () => {
    assert.deepEqual(
        parse("Negotiate", 'Basic realm="a"').map(([scheme]) => scheme),
        ["Negotiate", "Basic"],
    );
});

test("names of parameters do not reach what objects have of their own", () => {
    assert.equal(parseChallenges(['X __proto__="a"'])[0]?.parameters.get("__proto__"), "a");
    assert.equal(parseChallenges(["X"])[0]?.parameters.get("constructor"), undefined);
});

test("a flood is cut off, and soon", () => {
    const started = performance.now();
    for (const flood of [
        "A,".repeat(30_000),
        "A ".repeat(30_000),
        "Application ".repeat(6_000),
        `A ${'b="c" '.repeat(10_000)}`,
        `A ${"b = ".repeat(15_000)}`,
        `A "${'\\"'.repeat(30_000)}`,
        `A ${", ".repeat(30_000)}`,
        `A ${",\t ".repeat(20_000)}=`,
        `A x${" ".repeat(60_000)}y`,
        `A x,${" ".repeat(60_000)}=`,
        `A b="${"\\a".repeat(30_000)}`,
        "a".repeat(60_000),
    ]) {
        const challenges = parseChallenges([flood, flood]);
        assert.ok(challenges.length <= 16);
        assert.ok(challenges.every(({ parameters }) => parameters.size <= 64));
    }
    assert.ok(performance.now() - started < 2_000, `${performance.now() - started} ms`);
});

test("a challenge that is written is read", () => {
    const signs = ["a", "Z", "9", " ", ",", "=", '"', "\\", "ü", "\t"];
    let seed = 7;
    const random = (below: number): number => {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        return (seed >>> 8) % below;
    };
    for (let round = 0; round < 2_000; round += 1) {
        const realm = Array.from({ length: random(12) }, () => signs[random(signs.length)]).join("");
        const quoted = realm.replace(/["\\]/g, "\\$&");
        const [first, second, ...rest] = parse(`Application Basic realm="${quoted}", Negotiate`);
        assert.deepEqual(first?.[2], { realm });
        assert.deepEqual(second, ["Negotiate", null, {}]);
        assert.deepEqual(rest, []);
    }
});
