/**
 * SPAKE against the vectors of RFC 9588 appendix B that have enctypes which are spoken here; MIT krb5 has the same in
 * src/plugins/preauth/spake/t_vectors.c.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { combine, prfPlus } from "../../src/kerberos/crypto/combine.js";
import { enctype } from "../../src/kerberos/crypto/enctype.js";
import { Key } from "../../src/kerberos/crypto/key.js";
import { Password } from "../../src/kerberos/crypto/password.js";
import { KerberosError } from "../../src/kerberos/error.js";
import { concat, hex, type Octets, uint32, utf8, unhex } from "../../src/kerberos/octets.js";
import { agree, deriveKey, EDWARDS25519, transcript } from "../../src/kerberos/spake/agreement.js";
import {
    add,
    base,
    decodePoint,
    encodePoint,
    isNeutral,
    negate,
    times,
} from "../../src/kerberos/spake/edwards25519.js";
import { decode, encode, multiply, small, subtract, zero } from "../../src/kerberos/spake/field.js";
import { readChallenge, SF_NONE, writeSupport } from "../../src/kerberos/spake/messages.js";
import { octets, rows } from "./vectors.js";

interface Vector {
    readonly enctype: number;
    readonly key: string;
    readonly w: string;
    readonly y: string;
    readonly t: string;
    readonly s: string;
    readonly k: string;
    readonly support: string;
    readonly challenge: string;
    readonly hash: string;
    readonly body: string;
    readonly keys: readonly string[];
}

const BODY =
    "3075a00703050000000000a1143012a003020101a10b30091b077261656275726ea2101b0e415448454e412e4d49542e454455a3233021" +
    "a003020102a11a30181b066b72627467741b0e415448454e412e4d49542e454455a511180f31393730303130313030303030305aa70302" +
    "0100a80530030201";

const VECTORS: readonly Vector[] = [
    {
        enctype: 17,
        key: "fca822951813fb252154c883f5ee1cf4",
        w: "0d591b197b667e083c2f5f98ac891d3c9f99e710e464e62f1fb7c9b67936f3eb",
        y: "b877afe8612b406d96be85bd9f19d423e95be96c0e1e0b5824127195c3ed5917",
        t: "9e9311d985c1355e022d7c3c694ad8d6f7ad6d647b68a90b0fe46992818002da",
        s: "fbe08f7f96cd5d4139e7c9eccb95e79b8ace41e270a60198c007df18525b628e",
        k: "c2f7f99997c585e6b686ceb62db42f17cc70932def3bb4cf009e36f22ea5473d",
        support: "a0093007a0053003020101",
        challenge:
            "a1363034a003020101a12204209e9311d985c1355e022d7c3c694ad8d6f7ad6d647b68a90b0fe46992818002daa2093007300" +
            "5a003020101",
        hash: "951285f107c87f0169b9c918a1f51f60cb1a75b9f8bb799a99f53d03add94b5f",
        body: `${BODY}11`,
        keys: [
            "548022d58a7c47eae8c49dccf6baa407",
            "b2c9ba0e13fc8ab3a9d96b51b601cf4a",
            "69f0ee5fdb6c237e7fcd38d9f87df1bd",
            "78f91e2240b5ee528a5cc8d7cbebfba5",
        ],
    },
    {
        enctype: 18,
        key: "01b897121d933ab44b47eb5494db15e50eb74530dbdae9b634d65020ff5d88c1",
        w: "e902341590a1b4bb4d606a1c643cccb3f2108f1b6aa97b381012b9400c9e3f4e",
        y: "88b859df58ef5c69bacdfe681c582754eaab09a74dc29cff50b328613c232f55",
        t: "6f301aacae1220e91be42868c163c5009aeea1e9d9e28afcfc339cda5e7105b5",
        s: "9e2cc32908fc46273279ec75354b4aeafa70c3d99a4d507175ed70d80b255dda",
        k: "cf57f58f6e60169d2ecc8f20bb923a8e4c16e5bc95b9e64b5dc870da7026321b",
        support: "a0093007a0053003020101",
        challenge:
            "a1363034a003020101a12204206f301aacae1220e91be42868c163c5009aeea1e9d9e28afcfc339cda5e7105b5a2093007300" +
            "5a003020101",
        hash: "1c605649d4658b58cbe79a5faf227acc16c355c58b7dade022f90c158fe5ed8e",
        body: `${BODY}12`,
        keys: [
            "a9bfa71c95c575756f922871524b65288b3f695573ccc0633e87449568210c23",
            "1865a9ee1ef0640ec28ac007391cac624c42639c714767a974e99aa10003015f",
            "e57781513fefdb978e374e156b0da0c1a08148f5eb26b8e157ac3c077e28bf49",
            "008e6487293c3cc9fabbbcdd8b392d6dcb88222317fd7fe52d12fbc44fa047f1",
        ],
    },
    {
        // An optimistic challenge: nothing was said before it.
        enctype: 18,
        key: "01b897121d933ab44b47eb5494db15e50eb74530dbdae9b634d65020ff5d88c1",
        w: "e902341590a1b4bb4d606a1c643cccb3f2108f1b6aa97b381012b9400c9e3f4e",
        y: "785d6801a2490df028903ac6449b105f2ff0db895b252953cdc2076649526103",
        t: "83523b35f1565006cbfc4f159885467c2fb9bc6fe23d36cb1da43d199f1a3118",
        s: "2a8f70f46cee9030700037b77f22cec7970dcc238e3e066d9d726baf183992c6",
        k: "d3c5e4266aa6d1b2873a97ce8af91c7e4d7a7ac456acced7908d34c561ad8fa6",
        support: "",
        challenge:
            "a1363034a003020101a122042083523b35f1565006cbfc4f159885467c2fb9bc6fe23d36cb1da43d199f1a3118a2093007300" +
            "5a003020101",
        hash: "26f07f9f8965307434d11ea855461d41e0cbabcc0a1bab48ecee0c6c1a4292b7",
        body: `${BODY}12`,
        keys: [
            "4569ec08b5de5c3cc19d941725913ace8d74524b521a341dc746acd5c3784d92",
            "0d96ce1a4ac0f2e280a0cfc31742b06461d83d04ae45433db2d80478dd882a4c",
            "58018c19315a1ba5d5bb9813b58029f0aec18a6f9ca59e0847de1c60bc25945c",
            "ed7e9bffd68c54d86fb19cd3c03f317f88a71ad9a5e94c28581d93fc4ec72b6a",
        ],
    },
];

function keyOf(number: number, digits: Octets): Promise<Key> {
    const kind = enctype(number);
    assert.ok(kind);
    return Key.import(kind, digits);
}

/** What tells a key from every other, as nobody can read it. */
async function mark(key: Key): Promise<string> {
    return hex(await key.derive(utf8("whose?"), 16));
}

for (const [place, vector] of VECTORS.entries()) {
    test(`vector ${place + 1} comes out, of enctype ${vector.enctype}`, async () => {
        const key = await keyOf(vector.enctype, unhex(vector.key));
        assert.equal(hex(await prfPlus(key, concat(utf8("SPAKEsecret"), uint32(EDWARDS25519)), 32)), vector.w);
        const challenge = readChallenge(unhex(vector.challenge));
        assert.deepEqual(challenge, { group: EDWARDS25519, pubkey: unhex(vector.t), factors: [SF_NONE] });
        const agreement = await agree(key, challenge.pubkey, unhex(vector.y));
        assert.equal(hex(agreement.pubkey), vector.s);
        assert.equal(hex(agreement.shared), vector.k);
        if (vector.support !== "") {
            assert.equal(hex(writeSupport([EDWARDS25519])), vector.support);
        }
        const first = await transcript(undefined, unhex(vector.support), unhex(vector.challenge));
        const hash = await transcript(first, agreement.pubkey);
        assert.equal(hex(hash), vector.hash);
        for (const [n, expected] of vector.keys.entries()) {
            const derived = await deriveKey(key, agreement, hash, unhex(vector.body), n);
            assert.equal(await mark(derived), await mark(await keyOf(vector.enctype, unhex(expected))), `K'[${n}]`);
        }
    });
}

test("combined keys come out", async () => {
    const all = rows("combine", [17, 18, 19, 20]);
    assert.equal(all.length, 4);
    for (const [number, first, second, firstWord, secondWord, expected] of all) {
        const kind = enctype(Number(number));
        assert.ok(kind);
        const make = async (column: string | undefined): Promise<Key> => {
            const text = octets(column);
            return (await Password.import(new TextDecoder().decode(text))).key(kind, text);
        };
        const word = (column: string | undefined): string => new TextDecoder().decode(octets(column));
        const combined = await combine(await make(first), word(firstWord), await make(second), word(secondWord));
        assert.equal(await mark(combined), await mark(await Key.import(kind, octets(expected))), number);
    }
});

test("the order of the group times the base point is neutral, and one more is the base point", () => {
    // 2^252 + 27742317777372353535851937790883648493 (RFC 8032 section 5.1).
    const order = unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    assert.ok(isNeutral(times(base(), order)));
    const more = order.slice();
    more[0] = 0xee;
    assert.equal(hex(encodePoint(times(base(), more))), hex(encodePoint(base())));
    assert.ok(isNeutral(add(base(), negate(base()))));
    assert.equal(hex(encodePoint(add(base(), base()))), hex(encodePoint(times(base(), unhex(`02${"00".repeat(31)}`)))));
});

test("numbers of the field have one form", () => {
    const modulus = unhex(`ed${"ff".repeat(30)}7f`);
    assert.equal(hex(encode(decode(modulus))), "00".repeat(32));
    assert.equal(hex(encode(subtract(zero(), small(1)))), `ec${"ff".repeat(30)}7f`);
    assert.equal(hex(encode(multiply(decode(modulus), small(7)))), "00".repeat(32));
    const most = decode(unhex(`${"ff".repeat(31)}7f`));
    assert.equal(hex(encode(most)), `12${"00".repeat(31)}`);
    assert.equal(hex(encode(multiply(most, most))), `4401${"00".repeat(30)}`);
});

test("octets that are no point, or not its one form, are refused", async () => {
    const key = await keyOf(17, unhex(VECTORS[0]?.key ?? ""));
    const never = [
        `02${"00".repeat(31)}`, // no point has this y
        `ee${"ff".repeat(30)}7f`, // one, with the modulus added
        `01${"00".repeat(30)}80`, // the neutral element with another sign
        "00".repeat(31),
        "",
    ];
    for (const digits of never) {
        assert.equal(decodePoint(unhex(digits)), undefined, digits);
        await assert.rejects(agree(key, unhex(digits), new Uint8Array(32).fill(9)), KerberosError);
    }
});

test("a KDC cannot choose a value that makes the outcome known", async () => {
    const { key: digits, w } = VECTORS[0] ?? assert.fail();
    const key = await keyOf(17, unhex(digits));
    // What is left without the mask is neutral, or of small order.
    const mask =
        decodePoint(unhex("d048032c6ea0b6d697ddc2e86bda85a33adac920f1bf18e1b0c6d166a5cecdaf")) ?? assert.fail();
    const masked = times(mask, unhex(w));
    const small = decodePoint(unhex(`ec${"ff".repeat(30)}7f`)) ?? assert.fail();
    for (const point of [masked, add(masked, small)]) {
        await assert.rejects(agree(key, encodePoint(point), new Uint8Array(32).fill(9)), { name: "MALFORMED_MESSAGE" });
    }
});
